package neckfrac_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/neckfrac/neckfrac"
)

func TestGridRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Float64Range(-0.5, 0.5).Draw(t, "tilt")
		g := neckfrac.Grid{
			Dims:      [3]int{10, 20, 30},
			SpacingMM: neckfrac.Vec3{rapid.Float64Range(0.2, 5).Draw(t, "sx"), 0.7, 1.25},
			OriginMM:  neckfrac.Vec3{-100, rapid.Float64Range(-500, 500).Draw(t, "oy"), 3},
			Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, math.Cos(a), math.Sin(a)}, {0, -math.Sin(a), math.Cos(a)}},
		}
		ijk := neckfrac.Vec3{rapid.Float64Range(-5, 15).Draw(t, "i"), 3.5, rapid.Float64Range(0, 29).Draw(t, "k")}
		back := g.ToIndex(g.ToMM(ijk))
		for c := range 3 {
			if math.Abs(back[c]-ijk[c]) > 1e-9 {
				t.Fatalf("axis %d: got %v, want %v (grid %+v)", c, back, ijk, g)
			}
		}
	})
}

func TestBoxes(t *testing.T) {
	t.Parallel()
	if !neckfrac.EmptyBox().Empty() {
		t.Error("EmptyBox is not empty")
	}
	b := neckfrac.EmptyBox().Add(neckfrac.Vec3{1, 2, 3}).Add(neckfrac.Vec3{3, 0, 5})
	if got, want := b.Center(), (neckfrac.Vec3{2, 1, 4}); got != want {
		t.Errorf("center: got %v, want %v", got, want)
	}
	if !b.Grow(1).Contains(neckfrac.Vec3{0, -1, 6}) || b.Contains(neckfrac.Vec3{0, 0, 0}) {
		t.Error("containment is wrong")
	}
	g := neckfrac.Grid{Dims: [3]int{3, 3, 3}, SpacingMM: neckfrac.Vec3{1, 1, 2}, Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}
	if got, want := g.Bounds(), (neckfrac.Box{Max: neckfrac.Vec3{2, 2, 4}}); got != want {
		t.Errorf("bounds: got %v, want %v", got, want)
	}
}

func TestVertebraOrder(t *testing.T) {
	t.Parallel()
	for i, v := range neckfrac.Vertebrae() {
		if v.Index() != i {
			t.Errorf("%v: index %d, want %d", v, v.Index(), i)
		}
		p, err := neckfrac.ParseVertebra(v.String())
		if err != nil || p != v {
			t.Errorf("%v: parsed as %v, %v", v, p, err)
		}
		if c := v.Code(); c.System != neckfrac.SNOMED || c.Display != "" {
			t.Errorf("%v: code %+v", v, c)
		}
	}
	for _, s := range []string{"", "C0", "C8", "T1", "C10", "5"} {
		if v, err := neckfrac.ParseVertebra(s); err == nil {
			t.Errorf("%q parsed as %v", s, v)
		}
	}
}
