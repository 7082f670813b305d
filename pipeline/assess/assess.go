package assess

import (
	"slices"
	"time"

	"github.com/neckfrac/neckfrac"
)

// MinLevels is the number of vertebrae wholly in the field that an analysis needs.
const MinLevels = 3

// Input is everything that an Assessment is made of.
type Input struct {
	ID    neckfrac.AssessmentID
	Study neckfrac.Study
	// Prediction is the pack's answer; only its Pack matters for NotAnalysed.
	Prediction neckfrac.Prediction
	Decision   neckfrac.Decision
	// Limits were found before the prediction; its own Reasons are added.
	Limits []neckfrac.Reason
	// Profile is the site's, before W13.
	Profile  neckfrac.Profile
	Now      time.Time
	T0       time.Time
	Series   neckfrac.SeriesUID
	Slices   int
	Contrast neckfrac.Contrast
	// ShearDegrees is what volume undid of the series.
	ShearDegrees float64
	// Basis is the job's.
	Basis      neckfrac.Basis
	Candidates []neckfrac.Candidate
	Artefacts  []neckfrac.Artefact
}

// Assess makes the Assessment. It always answers: an input that can't be judged is
// NotAnalysed with its reason (coverage, identity-conflict, pack-fault for a decision
// without usable thresholds, or a refusing reason of the prediction).
func Assess(in Input) neckfrac.Assessment {
	if refusal := refuse(in); refusal != nil {
		return NotAnalysed(in, refusal)
	}
	a := base(in)
	a.Status = neckfrac.Analysed
	a.Artefacts = slices.Clone(in.Artefacts)
	flag, _ := in.Decision.Point(in.Decision.Flag)
	partial := false
	for i, v := range neckfrac.Vertebrae() {
		f := finding(v, in.Prediction.Levels[i], in.Decision, flag.Level)
		partial = partial || f.Presence == neckfrac.NotImaged
		a.Findings = append(a.Findings, f)
	}
	if partial {
		a.Limits = append(a.Limits, neckfrac.CoverageLimited)
	}
	a.Limits = ordered(append(a.Limits, in.Prediction.Reasons...))
	patient(&a, in.Prediction.Patient, in.Decision, flag.Patient)
	return a
}

// NotAnalysed makes the Assessment of a study without an analysis. Candidates of the
// refusal are kept where the input has none. A reason outside the closed list becomes
// worker-failed: a reader must never meet a word it does not know.
func NotAnalysed(in Input, r *neckfrac.RefusedError) neckfrac.Assessment {
	a := base(in)
	a.Status = neckfrac.NotAnalysed
	a.Reason, a.ReasonLevel = neckfrac.WorkerFailed, 0
	if r != nil && r.Reason.Valid() {
		a.Reason, a.ReasonLevel = r.Reason, r.Level
	}
	if a.ReasonLevel == neckfrac.C7 {
		a.ReasonLevel = 0 // the field is cut above: "stops at C7" would say the opposite
	}
	if len(a.Candidates) == 0 && r != nil {
		a.Candidates = slices.Clone(r.Candidates)
	}
	a.Limits = ordered(a.Limits)
	return a
}

// Withdrawn makes the Assessment of a study whose source took every image back as a
// mistake. It has the study's names and nothing that was ever said of the images.
func Withdrawn(in Input) neckfrac.Assessment {
	a := base(Input{ID: in.ID, Study: in.Study, Basis: in.Basis, Prediction: neckfrac.Prediction{Pack: in.Prediction.Pack}, Profile: in.Profile, Now: in.Now, T0: in.T0})
	a.Status = neckfrac.Withdrawn
	return a
}

// base fills what both kinds of result have.
func base(in Input) neckfrac.Assessment {
	a := neckfrac.Assessment{
		ID: in.ID, StudyID: in.Study.ID, StudyUID: in.Study.UID, Created: in.Now, T0: in.T0,
		Limits: slices.Clone(in.Limits), Series: in.Series, Slices: in.Slices, Basis: in.Basis, ShearDegrees: in.ShearDegrees,
		Contrast: in.Contrast, Candidates: slices.Clone(in.Candidates),
		Pack: in.Prediction.Pack, Decision: in.Decision,
		Profile: neckfrac.EffectiveProfile(in.Profile, in.Prediction.Pack.Domain, in.Study.Patient.Key),
	}
	// The generator's own patients are there to be shown (W13); nothing of others leaves.
	if p := in.Study.Patient; p.Key.IsPhantom() {
		a.Limits = slices.DeleteFunc(a.Limits, func(r neckfrac.Reason) bool { return r == neckfrac.TestPatient })
	} else if p.IsTest() || slices.Contains(a.Limits, neckfrac.TestPatient) {
		a.Limits = append(a.Limits, neckfrac.TestPatient)
		a.Profile = neckfrac.Research
	}
	return a
}

// ordered sorts reasons as the closed list and drops doubles and unknown words.
func ordered(rs []neckfrac.Reason) []neckfrac.Reason {
	var out []neckfrac.Reason
	for _, r := range neckfrac.Reasons() {
		if slices.Contains(rs, r) {
			out = append(out, r)
		}
	}
	return out
}
