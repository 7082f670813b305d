package pipelinetest

import (
	"context"
	"sync"

	"github.com/neckfrac/neckfrac"
)

// Predictor is the fake of neckfrac.Predictor: all seven levels are in field, and a
// level's probability is low unless the test sets it. It does not look at voxels, so
// tests state what the model says instead of drawing it.
type Predictor struct {
	*Faults
	pack     neckfrac.PackID
	decision neckfrac.Decision

	mu      sync.Mutex
	levels  map[neckfrac.Vertebra]neckfrac.LevelPrediction
	reasons []neckfrac.Reason
	refuse  neckfrac.Reason
}

// unremarkable is the probability of a level that nobody set.
const unremarkable = 0.01

// NewPredictor returns a predictor of a synthetic pack whose level thresholds are
// 0.2 (second look), 0.5 (balanced, the flag) and 0.8 (alert).
func NewPredictor() *Predictor {
	point := func(n neckfrac.PointName, p float64) neckfrac.OperatingPoint {
		return neckfrac.OperatingPoint{Name: n, Patient: neckfrac.Threshold{Probability: p}, Level: neckfrac.Threshold{Probability: p}, Validation: "made up for tests"}
	}
	return &Predictor{
		Faults: newFaults("Predict"),
		pack:   neckfrac.PackID{ID: "fake", Version: "1", Digest: "0000000000000000000000000000000000000000000000000000000000000000", Domain: neckfrac.DomainSynthetic},
		decision: neckfrac.Decision{
			Points: []neckfrac.OperatingPoint{point(neckfrac.PointSecondLook, 0.2), point(neckfrac.PointBalanced, 0.5), point(neckfrac.PointAlert, 0.8)},
			Grades: neckfrac.GradeBands{Low: 0.2, Medium: 0.7, High: 0.9}, Flag: neckfrac.PointBalanced,
		},
		levels: map[neckfrac.Vertebra]neckfrac.LevelPrediction{},
	}
}

// Level sets what Predict says about a level.
func (p *Predictor) Level(l neckfrac.LevelPrediction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.levels[l.Vertebra] = l
}

// Limit adds reasons that limit the result.
func (p *Predictor) Limit(r ...neckfrac.Reason) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reasons = append(p.reasons, r...)
}

// Refuse lets Predict refuse every volume for a reason, "" ends that.
func (p *Predictor) Refuse(r neckfrac.Reason) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = r
}

// Pack implements neckfrac.Predictor.
func (p *Predictor) Pack() neckfrac.PackID { return p.pack }

// Decision implements neckfrac.Predictor.
func (p *Predictor) Decision() neckfrac.Decision { return p.decision }

// Predict implements neckfrac.Predictor.
func (p *Predictor) Predict(ctx context.Context, v *neckfrac.Volume) (neckfrac.Prediction, error) {
	return call(ctx, p.Faults, "Predict", func() (neckfrac.Prediction, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.refuse != "" {
			return neckfrac.Prediction{}, neckfrac.Refuse("predict", p.refuse, "asked for by the test")
		}
		out := neckfrac.Prediction{Pack: p.pack, Patient: unremarkable, Reasons: append([]neckfrac.Reason(nil), p.reasons...)}
		for i, level := range neckfrac.Vertebrae() {
			l, ok := p.levels[level]
			if !ok {
				l = neckfrac.LevelPrediction{Vertebra: level, Coverage: neckfrac.CoverageFull, Probability: unremarkable}
			}
			if l.KeySlice == "" && l.KeyIndex >= 0 && l.KeyIndex < len(v.Source) {
				l.KeySlice = v.Source[l.KeyIndex]
			}
			out.Levels[i] = l
			out.Patient = max(out.Patient, l.Probability)
		}
		return out, nil
	})
}
