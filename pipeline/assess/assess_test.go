package assess_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/assess"
)

// decision has the same thresholds for patient and level, but for alert.
func decision() neckfrac.Decision {
	point := func(n neckfrac.PointName, patient, level float64) neckfrac.OperatingPoint {
		return neckfrac.OperatingPoint{Name: n, Patient: neckfrac.Threshold{Probability: patient}, Level: neckfrac.Threshold{Probability: level}}
	}
	return neckfrac.Decision{
		Points: []neckfrac.OperatingPoint{
			point(neckfrac.PointSecondLook, 0.2, 0.1), point(neckfrac.PointBalanced, 0.5, 0.4), point(neckfrac.PointAlert, 0.9, 0.8),
		},
		Grades: neckfrac.GradeBands{Low: 0.1, Medium: 0.6, High: 0.85},
		Flag:   neckfrac.PointBalanced,
	}
}

// whole is an input with all levels in field at probability p.
func whole(p float64) assess.Input {
	in := assess.Input{
		ID: "a1", Study: neckfrac.Study{ID: "s1", UID: "1.2.3"}, Decision: decision(), Profile: neckfrac.Reading,
		Now: time.Unix(2000, 0).UTC(), T0: time.Unix(1000, 0).UTC(), Series: "1.2.3.1", Slices: 12,
	}
	in.Prediction.Pack = neckfrac.PackID{ID: "demo", Domain: neckfrac.DomainPatients}
	in.Prediction.Patient = p
	for i, v := range neckfrac.Vertebrae() {
		in.Prediction.Levels[i] = neckfrac.LevelPrediction{Vertebra: v, Coverage: neckfrac.CoverageFull, Probability: p}
	}
	return in
}

func ExampleAssess() {
	in := whole(0.05)
	in.Prediction.Levels[neckfrac.C5.Index()].Probability = 0.7
	in.Prediction.Levels[neckfrac.C7.Index()].Coverage = neckfrac.CoveragePartial
	a := assess.Assess(in)
	fmt.Println(a.Status, a.Presence, a.Point, a.Grade, a.Limits)
	for _, f := range a.Findings[4:] {
		fmt.Printf("%v %v %q %q\n", f.Vertebra, f.Presence, f.Point, f.Grade)
	}
	// Output:
	// analysed flagged balanced medium [coverage-partial]
	// C5 flagged "balanced" "medium"
	// C6 not-flagged "" ""
	// C7 not-imaged "" ""
}

func TestAssessLevel(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for _, tc := range []struct {
		name     string
		level    neckfrac.LevelPrediction
		presence neckfrac.Presence
		point    neckfrac.PointName
		grade    neckfrac.Grade
	}{
		{"zero", full(0), neckfrac.NotFlagged, "", ""},
		{"below second look", full(0.0999), neckfrac.NotFlagged, "", ""},
		{"at second look", full(0.1), neckfrac.NotFlagged, neckfrac.PointSecondLook, ""},
		{"below the flag", full(0.3999), neckfrac.NotFlagged, neckfrac.PointSecondLook, ""},
		{"at the flag", full(0.4), neckfrac.Suspected, neckfrac.PointBalanced, neckfrac.GradeLow},
		{"medium", full(0.6), neckfrac.Suspected, neckfrac.PointBalanced, neckfrac.GradeMedium},
		{"alert", full(0.8), neckfrac.Suspected, neckfrac.PointAlert, neckfrac.GradeMedium},
		{"high", full(0.85), neckfrac.Suspected, neckfrac.PointAlert, neckfrac.GradeHigh},
		{"one", full(1), neckfrac.Suspected, neckfrac.PointAlert, neckfrac.GradeHigh},
		{"nan", full(nan), neckfrac.Indeterminate, "", ""},
		{"infinite", full(math.Inf(1)), neckfrac.Indeterminate, "", ""},
		{"over one", full(1.01), neckfrac.Indeterminate, "", ""},
		{"negative", full(-0.01), neckfrac.Indeterminate, "", ""},
		{"other vertebra", neckfrac.LevelPrediction{Vertebra: neckfrac.C4, Coverage: neckfrac.CoverageFull, Probability: 0.9}, neckfrac.Indeterminate, "", ""},
		{"partial", neckfrac.LevelPrediction{Vertebra: neckfrac.C5, Coverage: neckfrac.CoveragePartial, Probability: 0.9}, neckfrac.NotImaged, "", ""},
		{"none", neckfrac.LevelPrediction{}, neckfrac.NotImaged, "", ""},
		{"unknown coverage", neckfrac.LevelPrediction{Vertebra: neckfrac.C5, Coverage: 9, Probability: 0.9}, neckfrac.NotImaged, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			in := whole(0.01)
			in.Prediction.Levels[neckfrac.C5.Index()] = tc.level
			a := assess.Assess(in)
			f, ok := a.Finding(neckfrac.C5)
			if !ok || f.Presence != tc.presence || f.Point != tc.point || f.Grade != tc.grade {
				t.Fatalf("finding %+v, want %v %q %q", f, tc.presence, tc.point, tc.grade)
			}
			wantPatient := tc.presence
			if tc.presence == neckfrac.NotImaged {
				wantPatient = neckfrac.NotFlagged
			}
			if a.Presence != wantPatient || a.Point != tc.point || a.Grade != tc.grade {
				t.Fatalf("patient %v %q %q, want %v %q %q", a.Presence, a.Point, a.Grade, wantPatient, tc.point, tc.grade)
			}
			if limited := slices.Contains(a.Limits, neckfrac.CoverageLimited); limited != (tc.presence == neckfrac.NotImaged) {
				t.Fatalf("limits %v for %v", a.Limits, tc.presence)
			}
		})
	}
}

func full(p float64) neckfrac.LevelPrediction {
	return neckfrac.LevelPrediction{Vertebra: neckfrac.C5, Coverage: neckfrac.CoverageFull, Probability: p}
}

func TestAssessPatient(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		patient  float64
		flag     neckfrac.PointName
		presence neckfrac.Presence
		point    neckfrac.PointName
		grade    neckfrac.Grade
	}{
		{"below", 0.4999, neckfrac.PointBalanced, neckfrac.NotFlagged, neckfrac.PointSecondLook, ""},
		{"joint head alone", 0.5, neckfrac.PointBalanced, neckfrac.Suspected, neckfrac.PointBalanced, neckfrac.GradeLow},
		{"joint head high", 0.95, neckfrac.PointBalanced, neckfrac.Suspected, neckfrac.PointAlert, neckfrac.GradeHigh},
		{"site flags at second look", 0.2, neckfrac.PointSecondLook, neckfrac.Suspected, neckfrac.PointSecondLook, neckfrac.GradeLow},
		{"site flags at alert", 0.6, neckfrac.PointAlert, neckfrac.NotFlagged, neckfrac.PointBalanced, ""},
		{"nan", math.NaN(), neckfrac.PointBalanced, neckfrac.Indeterminate, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			in := whole(0.01)
			in.Prediction.Patient, in.Decision.Flag = tc.patient, tc.flag
			a := assess.Assess(in)
			if a.Presence != tc.presence || a.Point != tc.point || a.Grade != tc.grade {
				t.Fatalf("got %v %q %q, want %v %q %q", a.Presence, a.Point, a.Grade, tc.presence, tc.point, tc.grade)
			}
			if _, err := json.Marshal(a); err != nil {
				t.Fatalf("result can't be written: %v", err)
			}
		})
	}
}

// TestAssessFlagBeatsUnknown: one flagged level stands, whatever else is unknown.
func TestAssessFlagBeatsUnknown(t *testing.T) {
	t.Parallel()
	in := whole(math.NaN())
	in.Prediction.Levels[neckfrac.C2.Index()].Probability = 0.9
	in.Prediction.Levels[neckfrac.C3.Index()].Extent = neckfrac.EmptyBox()
	a := assess.Assess(in)
	if a.Presence != neckfrac.Suspected || a.Grade != neckfrac.GradeHigh || len(a.Flagged()) != 1 {
		t.Fatalf("got %v %q with %d flagged, want one flag", a.Presence, a.Grade, len(a.Flagged()))
	}
	if _, err := json.Marshal(a); err != nil {
		t.Fatalf("result can't be written: %v", err)
	}
}

func TestAssessRefuses(t *testing.T) {
	t.Parallel()
	coverage := func(levels ...neckfrac.Vertebra) func(*assess.Input) {
		return func(in *assess.Input) {
			for i, v := range neckfrac.Vertebrae() {
				if !slices.Contains(levels, v) {
					in.Prediction.Levels[i].Coverage = neckfrac.CoveragePartial
				}
			}
		}
	}
	threshold := func(p float64) func(*assess.Input) {
		return func(in *assess.Input) { in.Decision.Points[1].Level.Probability = p }
	}
	for _, tc := range []struct {
		name   string
		edit   func(*assess.Input)
		reason neckfrac.Reason
		level  neckfrac.Vertebra
	}{
		{"zero value", func(in *assess.Input) { *in = assess.Input{} }, neckfrac.PackFault, 0},
		{"no prediction", func(in *assess.Input) { in.Prediction = neckfrac.Prediction{} }, neckfrac.CoverageShort, 0},
		{"two levels", coverage(neckfrac.C1, neckfrac.C2), neckfrac.CoverageShort, neckfrac.C2},
		{"two lowest levels", coverage(neckfrac.C6, neckfrac.C7), neckfrac.CoverageShort, 0},
		{"identity", func(in *assess.Input) { in.Study.Conflict = true }, neckfrac.IdentityConflict, 0},
		{"refusing reason of the pack", func(in *assess.Input) { in.Prediction.Reasons = []neckfrac.Reason{neckfrac.IntraOperative} }, neckfrac.IntraOperative, 0},
		{"no flag point", func(in *assess.Input) { in.Decision.Flag = "" }, neckfrac.PackFault, 0},
		{"threshold nan", threshold(math.NaN()), neckfrac.PackFault, 0},
		{"threshold zero", threshold(0), neckfrac.PackFault, 0},
		{"threshold over one", threshold(1.1), neckfrac.PackFault, 0},
		{"thresholds fall", threshold(0.05), neckfrac.PackFault, 0},
		{"bands fall", func(in *assess.Input) { in.Decision.Grades.High = 0.2 }, neckfrac.PackFault, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			in := whole(0.9)
			tc.edit(&in)
			a := assess.Assess(in)
			if a.Status != neckfrac.NotAnalysed || a.Reason != tc.reason || a.ReasonLevel != tc.level {
				t.Fatalf("got %s %s %v, want %s %v", a.Status, a.Reason, a.ReasonLevel, tc.reason, tc.level)
			}
			if a.Presence != neckfrac.Indeterminate || len(a.Findings) != 0 || a.Probability != 0 {
				t.Fatalf("a refusal says %v with %d findings", a.Presence, len(a.Findings))
			}
		})
	}
}

func TestAssessThreeLevelsAreEnough(t *testing.T) {
	t.Parallel()
	in := whole(0.01)
	for _, v := range []neckfrac.Vertebra{neckfrac.C4, neckfrac.C5, neckfrac.C6, neckfrac.C7} {
		in.Prediction.Levels[v.Index()].Coverage = neckfrac.CoverageNone
	}
	in.Limits = []neckfrac.Reason{neckfrac.Resolution, neckfrac.Resolution}
	in.Prediction.Reasons = []neckfrac.Reason{neckfrac.Motion, "made-up"}
	a := assess.Assess(in)
	want := []neckfrac.Reason{neckfrac.CoverageLimited, neckfrac.Motion, neckfrac.Resolution}
	if a.Status != neckfrac.Analysed || !slices.Equal(a.Limits, want) {
		t.Fatalf("got %s with %v, want analysed with %v", a.Status, a.Limits, want)
	}
}

func TestNotAnalysed(t *testing.T) {
	t.Parallel()
	in := whole(0.9)
	in.Profile = neckfrac.Triage
	cs := []neckfrac.Candidate{{Series: "1.2.3.4", Lost: "It is a localizer."}}
	got := assess.NotAnalysed(in, &neckfrac.RefusedError{Reason: neckfrac.Gap, Candidates: cs})
	want := neckfrac.Assessment{
		ID: "a1", StudyID: "s1", StudyUID: "1.2.3", Status: neckfrac.NotAnalysed, Reason: neckfrac.Gap, Created: in.Now, T0: in.T0,
		Series: "1.2.3.1", Slices: 12, Candidates: cs, Pack: in.Prediction.Pack, Decision: in.Decision, Profile: neckfrac.Triage,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("-want +got\n%s", d)
	}
	for _, r := range []*neckfrac.RefusedError{nil, {Reason: "made-up"}} {
		if a := assess.NotAnalysed(in, r); a.Reason != neckfrac.WorkerFailed {
			t.Errorf("reason %q, want worker-failed", a.Reason)
		}
	}
}

func TestWithdrawn(t *testing.T) {
	t.Parallel()
	in := whole(0.9)
	in.Profile = neckfrac.Triage
	want := neckfrac.Assessment{
		ID: "a1", StudyID: "s1", StudyUID: "1.2.3", Status: neckfrac.Withdrawn, Created: in.Now, T0: in.T0,
		Pack: in.Prediction.Pack, Profile: neckfrac.Triage,
	}
	if d := cmp.Diff(want, assess.Withdrawn(in)); d != "" {
		t.Fatalf("-want +got\n%s", d)
	}
}

// TestAssessSyntheticPack is W13: the site's profile does not count.
func TestAssessSyntheticPack(t *testing.T) {
	t.Parallel()
	in := whole(0.9)
	in.Prediction.Pack.Domain = neckfrac.DomainSynthetic
	if a := assess.Assess(in); a.Profile != neckfrac.Research {
		t.Errorf("a patient's study: %s, want research", a.Profile)
	}
	in.Study.Patient.Key = neckfrac.PatientKey{Issuer: neckfrac.PhantomIssuer, ID: neckfrac.PhantomIDPrefix + "1"}
	if a := assess.Assess(in); a.Profile != neckfrac.Reading {
		t.Errorf("a phantom's study: %s, want reading", a.Profile)
	}
}

// TestTestPatientsStayHere: by name or number in the ledger, or by the images' own word;
// analysed or refused, it never leaves. The generator's own patients are W13's.
func TestTestPatientsStayHere(t *testing.T) {
	t.Parallel()
	own := neckfrac.PatientKey{Issuer: neckfrac.PhantomIssuer, ID: neckfrac.PhantomIDPrefix + "1"}
	for name, tc := range map[string]struct {
		patient neckfrac.Patient
		limits  []neckfrac.Reason
		want    neckfrac.Profile
	}{
		"a person":              {neckfrac.Patient{Key: neckfrac.PatientKey{Issuer: "H", ID: "1"}, Name: "Example^Erika"}, nil, neckfrac.Reading},
		"a name":                {neckfrac.Patient{Key: neckfrac.PatientKey{Issuer: "H", ID: "1"}, Name: "TEST^PATIENT"}, nil, neckfrac.Research},
		"a number":              {neckfrac.Patient{Key: neckfrac.PatientKey{Issuer: "H", ID: "NF-TEST-1"}}, nil, neckfrac.Research},
		"the images":            {neckfrac.Patient{Key: neckfrac.PatientKey{Issuer: "H", ID: "1"}}, []neckfrac.Reason{neckfrac.TestPatient}, neckfrac.Research},
		"the generator's":       {neckfrac.Patient{Key: own, Name: "TEST^SYNTHETIC"}, nil, neckfrac.Reading},
		"images of its patient": {neckfrac.Patient{Key: own}, []neckfrac.Reason{neckfrac.TestPatient}, neckfrac.Reading},
	} {
		in := whole(0.9)
		in.Study.Patient, in.Limits = tc.patient, tc.limits
		for _, a := range []neckfrac.Assessment{assess.Assess(in), assess.NotAnalysed(in, &neckfrac.RefusedError{Reason: neckfrac.Gap})} {
			if limited := slices.Contains(a.Limits, neckfrac.TestPatient); a.Profile != tc.want || limited != (tc.want == neckfrac.Research) {
				t.Errorf("%s, %s: profile %s, limits %v, want %s", name, a.Status, a.Profile, a.Limits, tc.want)
			}
		}
	}
}

// TestCoverageAndKeySliceAreKept in the finding of a level.
func TestCoverageAndKeySliceAreKept(t *testing.T) {
	t.Parallel()
	in := whole(0.9)
	in.Basis, in.ShearDegrees = neckfrac.BasisContiguous, 12
	for i, c := range []neckfrac.Coverage{neckfrac.CoverageNone, neckfrac.CoveragePartial, neckfrac.CoverageFull, 9} {
		in.Prediction.Levels[i].Coverage = c
	}
	l := &in.Prediction.Levels[neckfrac.C3.Index()]
	l.KeySlice, l.KeyFrame, l.KeyIndex = "1.2.3.1", 7, 6
	a := assess.Assess(in)
	var got []neckfrac.Coverage
	for _, f := range a.Findings[:4] {
		got = append(got, f.Coverage)
	}
	if want := []neckfrac.Coverage{neckfrac.CoverageNone, neckfrac.CoveragePartial, neckfrac.CoverageFull, neckfrac.CoverageNone}; !slices.Equal(got, want) {
		t.Errorf("coverage %v, want %v", got, want)
	}
	if f := a.Findings[neckfrac.C3.Index()]; f.KeySlice != "1.2.3.1" || f.KeyFrame != 7 || f.KeyIndex != 6 {
		t.Errorf("key slice %+v", f)
	}
	if a.Basis != neckfrac.BasisContiguous || a.ShearDegrees != 12 {
		t.Errorf("basis %q, %v°", a.Basis, a.ShearDegrees)
	}
}

func TestFieldCutAboveNeverStopsAtC7(t *testing.T) {
	t.Parallel()
	in := whole(0.1)
	got := assess.NotAnalysed(in, &neckfrac.RefusedError{Reason: neckfrac.CoverageShort, Level: neckfrac.C7})
	if got.ReasonLevel != 0 {
		t.Errorf("reason level %v: the sentence would be %q", got.ReasonLevel, neckfrac.RefusalSentence(got.Reason, got.ReasonLevel))
	}
	if got := assess.NotAnalysed(in, &neckfrac.RefusedError{Reason: neckfrac.CoverageShort, Level: neckfrac.C2}); got.ReasonLevel != neckfrac.C2 {
		t.Errorf("reason level %v, want C2", got.ReasonLevel)
	}
}
