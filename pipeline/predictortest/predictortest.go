package predictortest

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
)

// Run checks p on a volume that it can judge.
func Run(t *testing.T, p neckfrac.Predictor, v *neckfrac.Volume) {
	t.Helper()
	identity(t, p)
	before := slices.Clone(v.HU)
	first, err := p.Predict(context.Background(), v)
	if err != nil {
		t.Fatalf("predict: %v", err)
	}
	if !slices.Equal(before, v.HU) {
		t.Error("Predict wrote the volume")
	}
	levels(t, first, v)
	if first.Pack != p.Pack() {
		t.Errorf("prediction of pack %+v, predictor has %+v", first.Pack, p.Pack())
	}
	second, err := p.Predict(context.Background(), v)
	if err != nil {
		t.Fatalf("predict again: %v", err)
	}
	a, err1 := json.Marshal(first)
	b, err2 := json.Marshal(second)
	if err1 != nil || err2 != nil || string(a) != string(b) {
		t.Errorf("two predictions differ (%v, %v):\n%s\n%s", err1, err2, a, b)
	}
}

// RunRefusal checks that p refuses a volume that it can't judge, with a reason of the
// closed list.
func RunRefusal(t *testing.T, p neckfrac.Predictor, v *neckfrac.Volume) {
	t.Helper()
	_, err := p.Predict(context.Background(), v)
	r, ok := neckfrac.AsRefused(err)
	if !ok || neckfrac.KindOf(err) != neckfrac.Refused || !r.Reason.Valid() {
		t.Fatalf("got %v, want a refusal with a reason", err)
	}
}

func identity(t *testing.T, p neckfrac.Predictor) {
	t.Helper()
	if id := p.Pack(); id.ID == "" || id.Version == "" || len(id.Digest) != 64 || id.Domain == "" {
		t.Errorf("pack is not identified: %+v", id)
	}
	d := p.Decision()
	last := 0.0
	for i, name := range neckfrac.PointNames() {
		if i >= len(d.Points) || d.Points[i].Name != name {
			t.Fatalf("points %+v, want %v in this order", d.Points, neckfrac.PointNames())
		}
		if th := d.Points[i].Level.Probability; th < last || th > 1 {
			t.Errorf("point %s: level threshold %v after %v", name, th, last)
		} else {
			last = th
		}
	}
	if _, ok := d.Point(d.Flag); !ok {
		t.Errorf("flag point %q is not among the points", d.Flag)
	}
}

func levels(t *testing.T, p neckfrac.Prediction, v *neckfrac.Volume) {
	t.Helper()
	if p.Patient < 0 || p.Patient > 1 || p.Patient != p.Patient {
		t.Errorf("patient probability %v", p.Patient)
	}
	for i, want := range neckfrac.Vertebrae() {
		l := p.Levels[i]
		if l.Vertebra != want {
			t.Errorf("place %d holds %v, want %v", i, l.Vertebra, want)
		}
		if l.Coverage == neckfrac.CoverageNone {
			continue
		}
		if l.Probability < 0 || l.Probability > 1 || l.Probability != l.Probability {
			t.Errorf("%v: probability %v", want, l.Probability)
		}
		if l.KeyIndex < 0 || l.KeyIndex >= len(v.Source) || v.Source[l.KeyIndex] != l.KeySlice {
			t.Errorf("%v: key slice %d of %d does not name its instance", want, l.KeyIndex, len(v.Source))
		}
	}
	for _, r := range p.Reasons {
		if !r.Valid() {
			t.Errorf("reason %q is not in the closed list", r)
		}
	}
}
