package assess_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/assess"
)

// anyFloat draws probabilities, and everything a broken model could give.
func anyFloat() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.Float64Range(0, 1), rapid.Float64(),
		rapid.SampledFrom([]float64{0, 1, 0.1, 0.4, 0.5, 0.8, math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)}))
}

func anyInput(t *rapid.T) assess.Input {
	in := whole(0)
	in.Prediction.Patient = anyFloat().Draw(t, "patient")
	in.Decision.Flag = rapid.SampledFrom(neckfrac.PointNames()).Draw(t, "flag")
	for i := range in.Prediction.Levels {
		l := &in.Prediction.Levels[i]
		l.Probability = anyFloat().Draw(t, "level")
		l.Coverage = neckfrac.Coverage(rapid.IntRange(0, 3).Draw(t, "coverage"))
	}
	return in
}

// presenceRank orders what a reader is told, from least to most suspicious.
func presenceRank(p neckfrac.Presence) int {
	return slices.Index([]neckfrac.Presence{neckfrac.NotFlagged, neckfrac.Indeterminate, neckfrac.Suspected}, p)
}

func pointRank(p neckfrac.PointName) int { return slices.Index(neckfrac.PointNames(), p) }

func gradeRank(g neckfrac.Grade) int {
	return slices.Index([]neckfrac.Grade{neckfrac.GradeNone, neckfrac.GradeLow, neckfrac.GradeMedium, neckfrac.GradeHigh}, g)
}

// TestMonotone: raising one probability never lowers anything.
func TestMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		level := rapid.IntRange(-1, neckfrac.Levels-1).Draw(t, "which")
		p := &in.Prediction.Patient
		if level >= 0 {
			p = &in.Prediction.Levels[level].Probability
		}
		*p = rapid.Float64Range(0, 1).Draw(t, "low")
		low := assess.Assess(in)
		*p = rapid.Float64Range(*p, 1).Draw(t, "high")
		high := assess.Assess(in)
		if low.Status != high.Status {
			t.Fatalf("status changed from %s to %s", low.Status, high.Status)
		}
		if presenceRank(high.Presence) < presenceRank(low.Presence) || pointRank(high.Point) < pointRank(low.Point) ||
			gradeRank(high.Grade) < gradeRank(low.Grade) && sameSource(low, high) {
			t.Fatalf("%v %q %q fell to %v %q %q", low.Presence, low.Point, low.Grade, high.Presence, high.Point, high.Grade)
		}
		for i, f := range high.Findings {
			g := low.Findings[i]
			if f.Presence < g.Presence || pointRank(f.Point) < pointRank(g.Point) || gradeRank(f.Grade) < gradeRank(g.Grade) {
				t.Fatalf("%+v fell to %+v", g, f)
			}
		}
	})
}

// sameSource is false where the patient's grade moved from the joint head to the first
// flagged level: then the level's band stands, which may be lower.
func sameSource(low, high neckfrac.Assessment) bool {
	return len(low.Flagged()) > 0 || len(high.Flagged()) == 0
}

// TestInvariants holds for whatever a model returns.
func TestInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		before := in.Prediction
		a := assess.Assess(in)
		if _, err := json.Marshal(a); err != nil {
			t.Fatalf("result can't be written: %v", err)
		}
		if d := cmp.Diff(before, in.Prediction, nanEqual); d != "" {
			t.Fatalf("input changed: %s", d)
		}
		if a.Status == neckfrac.NotAnalysed {
			if a.Reason != neckfrac.CoverageShort || len(a.Findings) != 0 {
				t.Fatalf("refused %s with %d findings", a.Reason, len(a.Findings))
			}
			return
		}
		imaged := 0
		for i, f := range a.Findings {
			p := in.Prediction.Levels[i]
			valid := p.Probability >= 0 && p.Probability <= 1
			isFull := p.Coverage == neckfrac.CoverageFull
			switch {
			case !isFull && f.Presence != neckfrac.NotImaged, isFull && f.Presence == neckfrac.NotImaged:
				t.Fatalf("%v with coverage %v is %v", f.Vertebra, p.Coverage, f.Presence)
			case isFull && !valid && f.Presence != neckfrac.Indeterminate:
				t.Fatalf("%v at %v is %v", f.Vertebra, p.Probability, f.Presence)
			case (f.Presence == neckfrac.Suspected) != (f.Grade != neckfrac.GradeNone):
				t.Fatalf("%v is %v with grade %q", f.Vertebra, f.Presence, f.Grade)
			}
			if f.Presence != neckfrac.NotImaged {
				imaged++
			}
		}
		if imaged < assess.MinLevels || len(a.Findings) != neckfrac.Levels {
			t.Fatalf("analysed with %d of %d levels", imaged, len(a.Findings))
		}
		if (a.Presence == neckfrac.Suspected) != (a.Grade != neckfrac.GradeNone) || len(a.Flagged()) > 0 && a.Presence != neckfrac.Suspected {
			t.Fatalf("patient is %v with grade %q and %d flagged levels", a.Presence, a.Grade, len(a.Flagged()))
		}
		if p := in.Prediction.Patient; !(p >= 0 && p <= 1) && a.Presence == neckfrac.NotFlagged {
			t.Fatalf("patient at %v is not flagged", p)
		}
	})
}

var nanEqual = cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
