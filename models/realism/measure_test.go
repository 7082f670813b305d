package realism_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/realism"
)

// straight is a canal along z through x = y = 0, the head of the neck at top.
func straight(top float64) *realism.Place {
	return &realism.Place{TopMM: top, Canal: []neckfrac.Vec3{{0, 0, -200}, {0, 0, 200}}}
}

// Half fat, a quarter muscle, an eighth each of spongy bone and of shell, in stripes of
// whole cells: shares, medians and percentiles are known.
func TestMeasureHistogram(t *testing.T) {
	t.Parallel()
	stripes := [8]float64{-100, 50, -100, 300, -100, 50, -100, 900}
	v := drawn([3]int{40, 40, 60}, neckfrac.Vec3{4, 4, 2}, identity, func(p neckfrac.Vec3) float64 {
		if math.Abs(p[0]) > 64 || math.Abs(p[1]) > 64 {
			return -1000
		}
		return stripes[int((p[0]+64)/4)%8]
	})
	got, err := realism.Measure("stripes", v, nil, neckfrac.Vec3{4, 4, 2})
	if err != nil {
		t.Fatal(err)
	}
	if got.Region != "whole" || got.Name != "stripes" {
		t.Errorf("profile of %s, %s", got.Name, got.Region)
	}
	for name, want := range map[string]float64{
		"share_fat": 0.5, "share_muscle": 0.25, "share_200_600": 0.125, "share_over_600": 0.125,
		"share_air": 0, "share_edge": 0, "share_water": 0, "share_dense": 0,
		"fat_hu": -100, "muscle_hu": 50, "bone_share": 0.25, "bone_p25": 300, "bone_p95": 900,
	} {
		if g, ok := got.Value[name]; !ok || math.Abs(g-want) > 1e-9 {
			t.Errorf("%s = %v (%t), want %v", name, g, ok, want)
		}
	}
	if _, ok := got.Value["width_20"]; ok {
		t.Error("an outline without a place")
	}
}

// A ball's outline is known at every height; the canal is its axis.
func TestMeasureOutlineOfASphere(t *testing.T) {
	t.Parallel()
	const radius, top = 90.0, 60.0
	v := drawn([3]int{100, 100, 80}, neckfrac.Vec3{2.5, 2.5, 2.5}, identity, func(p neckfrac.Vec3) float64 {
		if math.Sqrt(p[0]*p[0]+p[1]*p[1]+p[2]*p[2]) < radius {
			if math.Hypot(p[0], p[1]-20) < 8 {
				return -1000 // an airway: inside the outline all the same
			}
			return 40
		}
		if p[1] > 100 {
			return -600 // a table, not connected and too light
		}
		return -1000
	})
	got, err := realism.Measure("ball", v, straight(top), neckfrac.Vec3{2.5, 2.5, 2.5})
	if err != nil {
		t.Fatal(err)
	}
	for _, mm := range []float64{20, 40, 60, 80} {
		r := math.Sqrt(radius*radius - (top-mm)*(top-mm))
		suffix := map[float64]string{20: "_20", 40: "_40", 60: "_60", 80: "_80"}[mm]
		for name, want := range map[string]struct{ value, within float64 }{
			"width": {2 * r, 5.1}, "depth": {2 * r, 5.1}, "front": {r, 4}, "back": {r, 4}, "filled": {math.Pi / 4, 0.03},
		} {
			if g := got.Value[name+suffix]; math.Abs(g-want.value) > want.within {
				t.Errorf("%s%s = %.2f, want %.2f", name, suffix, g, want.value)
			}
		}
	}
	if a := got.Value["share_air"]; a < 0.003 || a > 0.02 {
		t.Errorf("share of air %.4f: the airway should count", a)
	}
	if _, ok := got.Value["bone_p50"]; ok {
		t.Error("percentile of bone where there is none")
	}
}

// What touches the border of the field may go on there: it has no width.
func TestOutlineCutByTheField(t *testing.T) {
	t.Parallel()
	v := drawn([3]int{30, 30, 50}, neckfrac.Vec3{4, 4, 3}, identity, func(p neckfrac.Vec3) float64 { return 40 })
	got, err := realism.Measure("cut", v, straight(70), neckfrac.Vec3{4, 4, 3})
	if err != nil {
		t.Fatal(err)
	}
	if w, ok := got.Value["width_40"]; ok {
		t.Errorf("width %.0f of a body that fills the field", w)
	}
}

// noise has a spectrum of frequency to the power of slope, made of waves in the plane.
func noise(slope float64, seed uint64) *neckfrac.Volume {
	const n, side = 96, 384.0
	r := rand.New(rand.NewPCG(seed, 7))
	type wave struct{ fx, fy, a, phase float64 }
	var waves []wave
	for range 600 {
		f := 0.004 * math.Pow(35, r.Float64()) // 0.004 to 0.14 cycles a mm, even in log f
		turn := r.Float64() * 2 * math.Pi
		// Even in log f is a density of 1/f² in the plane: the rest is amplitude.
		waves = append(waves, wave{f * math.Cos(turn), f * math.Sin(turn), math.Pow(f/0.02, slope/2+1), r.Float64() * 2 * math.Pi})
	}
	return drawn([3]int{n, n, 4}, neckfrac.Vec3{side / n, side / n, 3}, identity, func(p neckfrac.Vec3) float64 {
		var s float64
		for _, w := range waves {
			s += w.a * math.Cos(2*math.Pi*(w.fx*p[0]+w.fy*p[1])+w.phase+0.4*p[2])
		}
		return min(max(40+3*s, -150), 190)
	})
}

func TestSpectrumHasTheSlopeThatWasDrawn(t *testing.T) {
	t.Parallel()
	var got []float64
	for _, slope := range []float64{-3, -2, -1} {
		p, err := realism.Measure("waves", noise(slope, 5), nil, neckfrac.Vec3{4, 4, 3})
		if err != nil {
			t.Fatal(err)
		}
		s, ok := p.Value["soft_slope"]
		if !ok || math.Abs(s-slope) > 0.6 {
			t.Errorf("slope %.2f (%t), drawn %.1f", s, ok, slope)
		}
		got = append(got, s)
	}
	if !(got[0] < got[1] && got[1] < got[2]) {
		t.Errorf("slopes %v are out of order", got)
	}
}

// White noise of a known SD: the level of the spectrum is variance times cell area, the
// roughness is the SD.
func TestWhiteNoiseHasItsLevel(t *testing.T) {
	t.Parallel()
	const sd = 10.0
	r := rand.New(rand.NewPCG(3, 4))
	v := drawn([3]int{96, 96, 8}, neckfrac.Vec3{4, 4, 3}, identity, func(neckfrac.Vec3) float64 { return 50 + sd*r.NormFloat64() })
	p, err := realism.Measure("white", v, nil, neckfrac.Vec3{4, 4, 3})
	if err != nil {
		t.Fatal(err)
	}
	want := math.Log10(sd * sd * 16)
	for _, name := range []string{"soft_power_2", "soft_power_3", "soft_power_4"} {
		if g := p.Value[name]; math.Abs(g-want) > 0.1 {
			t.Errorf("%s = %.3f, want %.3f", name, g, want)
		}
	}
	for _, name := range []string{"rough_plane", "rough_slices"} {
		if g := p.Value[name]; math.Abs(g-sd) > 0.5 {
			t.Errorf("%s = %.2f, want %.0f", name, g, sd)
		}
	}
}

func TestMeasureNamesAreListed(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	for _, f := range realism.Figures() {
		if listed[f.Name] || f.Unit == "" || f.Text == "" {
			t.Errorf("figure %+v is double or bare", f)
		}
		listed[f.Name] = true
	}
	v := drawn([3]int{60, 60, 60}, neckfrac.Vec3{4, 4, 3}, identity, func(p neckfrac.Vec3) float64 {
		switch r := math.Hypot(p[0], p[1]); {
		case r > 90:
			return -1000
		case r < 20 && r > 10:
			return 400
		}
		return 50
	})
	p, err := realism.Measure("tube", v, straight(80), neckfrac.Vec3{4, 4, 3})
	if err != nil {
		t.Fatal(err)
	}
	for name := range p.Value {
		if !listed[name] {
			t.Errorf("measure %s is not listed", name)
		}
	}
	if len(p.Value) < len(listed)-12 {
		t.Errorf("%d of %d measures given by a whole tube: %v", len(p.Value), len(listed), p.Value)
	}
}

func TestMeasureRefuses(t *testing.T) {
	t.Parallel()
	v := drawn([3]int{20, 20, 20}, neckfrac.Vec3{4, 4, 4}, identity, func(neckfrac.Vec3) float64 { return 0 })
	for _, tt := range []struct {
		name string
		p    *realism.Place
		cell neckfrac.Vec3
		want neckfrac.Kind
	}{
		{"no neck in the stack", straight(400), neckfrac.Vec3{4, 4, 4}, neckfrac.Unsupported},
		{"place without a canal", &realism.Place{}, neckfrac.Vec3{4, 4, 4}, neckfrac.Invalid},
		{"cells not square", nil, neckfrac.Vec3{4, 5, 4}, neckfrac.Invalid},
	} {
		if _, err := realism.Measure("x", v, tt.p, tt.cell); neckfrac.KindOf(err) != tt.want {
			t.Errorf("%s: error %v, want kind %v", tt.name, err, tt.want)
		}
	}
}
