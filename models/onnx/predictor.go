package onnx

import (
	"context"
	"math"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/input"
)

// Predictor runs a pack. It implements neckfrac.Predictor.
type Predictor struct {
	*Examiner
	pack *models.Manifest
	id   neckfrac.PackID
}

// Open loads the library and every network of a pack; the pack may be closed
// afterwards. Close the Predictor after use. Errors: Unavailable without a library or
// the device that was asked for, and where the pack's self-test fails; Invalid for a
// graph that it can't load.
func Open(p *models.Pack, o Options) (*Predictor, error) {
	specs, err := p.Manifest().Specs()
	if err != nil {
		return nil, err
	}
	e, err := newExaminer(p.Manifest().Models, specs, p.ReadFile, o)
	if err != nil {
		return nil, err
	}
	out := &Predictor{e, p.Manifest(), p.ID()}
	// A deadline of its own: a library that hangs must not hang the start.
	ctx, cancel := context.WithTimeout(context.Background(), e.engine.timeout)
	defer cancel()
	if err := out.selfTest(ctx); err != nil {
		e.Close()
		return nil, err
	}
	return out, nil
}

// Pack identifies the pack on outputs.
func (p *Predictor) Pack() neckfrac.PackID { return p.id }

// Decision gives the pack's thresholds and bands.
func (p *Predictor) Decision() neckfrac.Decision { return p.pack.Decision }

// Manifest is what the pack states; it must not be modified.
func (p *Predictor) Manifest() *models.Manifest { return p.pack }

// leastFull is how many levels wholly in field a study needs (contract: coverage).
const leastFull = 3

// Predict runs the ensemble on v. It refuses with CoverageShort a volume with fewer
// than three levels wholly in field, and with OutOfDomain one beyond the pack's
// outer bounds.
func (p *Predictor) Predict(ctx context.Context, v *neckfrac.Volume) (neckfrac.Prediction, error) {
	x, err := p.Examine(ctx, v)
	if err != nil {
		return neckfrac.Prediction{}, err
	}
	if x.Found.Full() < leastFull {
		return neckfrac.Prediction{}, &neckfrac.Error{Kind: neckfrac.Refused, Op: "predict",
			Err: &neckfrac.RefusedError{Reason: neckfrac.CoverageShort, Level: x.Found.Last()}}
	}
	limited, err := p.pack.Gate(x.Features)
	if err != nil {
		return neckfrac.Prediction{}, err
	}
	out := p.prediction(v, x)
	if limited {
		out.Reasons = append(out.Reasons, neckfrac.OutOfDomain)
	}
	return out, nil
}

// prediction calibrates an examination and places it in the volume.
func (p *Predictor) prediction(v *neckfrac.Volume, x *Examination) neckfrac.Prediction {
	probs := p.pack.Ensemble.Apply(x.Scores)
	out := neckfrac.Prediction{Pack: p.id, Patient: probs.Patient, Mask: input.ToLabels(x.Grid, x.Found.Labels)}
	if x.Found.Ambiguous {
		out.Reasons = append(out.Reasons, neckfrac.LevelAmbiguous)
	}
	if len(p.patient) > 0 && len(x.Slices) > 0 {
		out.PatientScores = []neckfrac.ModelScore{{Model: string(models.Model1Patient), Logit: x.Scores.Model1Patient}}
	}
	for _, l := range neckfrac.Vertebrae() {
		i := l.Index()
		f := x.Found.Levels[i]
		out.Levels[i] = neckfrac.LevelPrediction{Vertebra: l, Coverage: f.Coverage}
		if f.Coverage == neckfrac.CoverageNone {
			continue
		}
		q := &out.Levels[i]
		q.Probability, q.Extent, q.CentroidMM = probs.Levels[i], f.Region.BoxMM, f.Region.CentroidMM
		q.Lesion = x.Levels[i].LesionMM
		// Slices that lean pass the key height elsewhere at each place: the one through the
		// lesion is meant.
		at := q.Lesion.Center()
		at[2] = x.Levels[i].KeyZMM
		q.KeyIndex = nearestSlice(v, at)
		if q.KeyIndex < len(v.Source) {
			q.KeySlice = v.Source[q.KeyIndex]
		}
		q.Scores = []neckfrac.ModelScore{{Model: string(models.Classify), Logit: x.Scores.Levels[i].Classify}}
		if s := x.Scores.Levels[i].Model1; !math.IsNaN(s) { // no Model I network, or no slice
			q.Scores = append(q.Scores, neckfrac.ModelScore{Model: string(models.Model1Level(l)), Logit: s})
		}
	}
	return out
}

// nearestSlice is the source slice nearest to a point.
func nearestSlice(v *neckfrac.Volume, mm neckfrac.Vec3) int {
	k := int(v.ToIndex(mm)[2] + 0.5)
	return min(max(k, 0), v.Dims[2]-1)
}
