package input_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// axial is the usual orientation of a CT: columns to the left, rows to posterior,
// slices to the head.
var axial = [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}

// volumeOf fills a volume with a function of LPS millimetres.
func volumeOf(g neckfrac.Grid, hu func(mm neckfrac.Vec3) float64) *neckfrac.Volume {
	v := &neckfrac.Volume{Grid: g, HU: make([]int16, g.Len())}
	for k := range g.Dims[2] {
		for j := range g.Dims[1] {
			for i := range g.Dims[0] {
				mm := g.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)})
				v.HU[g.Index(i, j, k)] = int16(math.Round(hu(mm)))
			}
		}
	}
	return v
}

func gridOf(dims [3]int, spacing, origin neckfrac.Vec3, dir [3]neckfrac.Vec3) neckfrac.Grid {
	return neckfrac.Grid{Dims: dims, SpacingMM: spacing, OriginMM: origin, Direction: dir}
}

// tilted turns the axial directions about x by an angle.
func tilted(degrees float64) [3]neckfrac.Vec3 {
	s, c := math.Sincos(degrees * math.Pi / 180)
	return [3]neckfrac.Vec3{{1, 0, 0}, {0, c, s}, {0, -s, c}}
}

func ramp(mm neckfrac.Vec3) float64 { return 3*mm[0] - 2*mm[1] + 4*mm[2] }

func mustStack(t testing.TB, v *neckfrac.Volume) *input.Stack {
	t.Helper()
	s, err := input.NewStack(v)
	if err != nil {
		t.Fatalf("NewStack: %v", err)
	}
	return s
}

// TestFieldKeepsMillimetres checks that a linear ramp keeps its value at every
// millimetre, whatever the orientation and spacing of the source.
func TestFieldKeepsMillimetres(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		g    neckfrac.Grid
	}{
		{"axial, finer than the field", gridOf([3]int{120, 100, 80}, neckfrac.Vec3{0.5, 0.5, 0.7}, neckfrac.Vec3{-30, -20, 10}, axial)},
		{"axial, coarser than the field", gridOf([3]int{40, 30, 20}, neckfrac.Vec3{2, 2, 3}, neckfrac.Vec3{-40, -30, -25}, axial)},
		{"feet first slices", gridOf([3]int{60, 50, 40}, neckfrac.Vec3{0.8, 0.8, 1}, neckfrac.Vec3{-20, -20, 30},
			[3]neckfrac.Vec3{{1, 0, 0}, {0, -1, 0}, {0, 0, -1}})},
		{"prone", gridOf([3]int{60, 50, 40}, neckfrac.Vec3{0.8, 0.8, 1}, neckfrac.Vec3{20, 20, -20},
			[3]neckfrac.Vec3{{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}})},
		{"sagittal slices", gridOf([3]int{50, 60, 40}, neckfrac.Vec3{0.8, 0.8, 1}, neckfrac.Vec3{-20, -20, 20},
			[3]neckfrac.Vec3{{0, 1, 0}, {0, 0, -1}, {-1, 0, 0}})},
		{"tilted by 12 degrees", gridOf([3]int{60, 60, 50}, neckfrac.Vec3{0.8, 0.8, 1}, neckfrac.Vec3{-24, -24, -25}, tilted(12))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := volumeOf(tt.g, ramp)
			f, err := mustStack(t, v).Field(input.FirstForm().Segment)
			if err != nil {
				t.Fatal(err)
			}
			inner, checked := tt.g, 0
			for x := range f.Dims[0] {
				for y := range f.Dims[1] {
					for z := range f.Dims[2] {
						mm := f.ToMM(float64(x), float64(y), float64(z))
						p := inner.ToIndex(mm)
						margin := 2.0
						if p[0] < margin || p[1] < margin || p[2] < margin || p[0] > float64(inner.Dims[0])-1-margin ||
							p[1] > float64(inner.Dims[1])-1-margin || p[2] > float64(inner.Dims[2])-1-margin {
							continue
						}
						checked++
						if got, want := float64(f.HU[f.Index(x, y, z)]), ramp(mm); math.Abs(got-want) > 1.6 {
							t.Fatalf("at %v got %v, want %.1f", mm, got, want)
						}
					}
				}
			}
			if checked < 500 {
				t.Fatalf("only %d voxels lie well inside", checked)
			}
		})
	}
}

func TestFieldAveragesAndEndsInAir(t *testing.T) {
	t.Parallel()
	// A pattern at the pixel's own frequency must vanish in the mean, not alias.
	g := gridOf([3]int{90, 90, 30}, neckfrac.Vec3{0.5, 0.5, 1.5}, neckfrac.Vec3{}, axial)
	v := volumeOf(g, func(mm neckfrac.Vec3) float64 { return 0 })
	for i := range v.HU {
		if (i%90)%3 == 0 {
			v.HU[i] = 300
		}
	}
	f, err := mustStack(t, v).Field(input.FirstForm().Segment)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.HU[f.Index(15, 15, 10)]; got != 100 {
		t.Errorf("mean of one bright pixel in three = %d, want 100", got)
	}
	spec := input.FirstForm().Segment
	tensor := f.Sagittal(spec, []int{0}, nil)
	h, w := spec.Padded(f.Grid)
	if h != 32 || w != 32 || len(tensor) != 3*32*32 {
		t.Fatalf("tensor of %d values for %dx%d", len(tensor), h, w)
	}
	if tensor[0] != 0 {
		t.Error("the left neighbour of the first column is outside and must be 0")
	}
	for i, x := range tensor {
		if !(x >= 0 && x <= 1) {
			t.Fatalf("value %d is %v", i, x)
		}
	}
}

func TestFieldCropsAroundTheBodyAndKeepsTheHead(t *testing.T) {
	t.Parallel()
	g := gridOf([3]int{200, 200, 150}, neckfrac.Vec3{2, 2, 4}, neckfrac.Vec3{-200, -200, -600}, axial)
	body := neckfrac.Vec3{50, -30, 0}
	v := volumeOf(g, func(mm neckfrac.Vec3) float64 {
		if math.Hypot(mm[0]-body[0], mm[1]-body[1]) < 70 {
			return 40
		}
		return -1000
	})
	f, err := mustStack(t, v).Field(input.FirstForm().Segment)
	if err != nil {
		t.Fatal(err)
	}
	if f.Dims != [3]int{192, 192, 266} {
		t.Fatalf("dims %v", f.Dims)
	}
	mid := f.ToMM(95.5, 95.5, 0)
	if math.Abs(mid[0]-body[0]) > 3 || math.Abs(mid[1]-body[1]) > 3 {
		t.Errorf("field centred on %v, body on %v", mid, body)
	}
	if top := f.OriginMM[2]; math.Abs(top-(-600+149*4+2-0.75)) > 1e-6 {
		t.Errorf("first slice at %v, not at the head end", top)
	}
}

func TestNewStackRefuses(t *testing.T) {
	t.Parallel()
	good := gridOf([3]int{4, 4, 4}, neckfrac.Vec3{1, 1, 1}, neckfrac.Vec3{}, axial)
	tests := []struct {
		name string
		edit func(v *neckfrac.Volume)
	}{
		{"voxels missing", func(v *neckfrac.Volume) { v.HU = v.HU[1:] }},
		{"no slices", func(v *neckfrac.Volume) { v.Dims[2] = 0 }},
		{"huge axis", func(v *neckfrac.Volume) { v.Dims[2] = 1 << 40 }},
		{"NaN spacing", func(v *neckfrac.Volume) { v.SpacingMM[1] = math.NaN() }},
		{"zero spacing", func(v *neckfrac.Volume) { v.SpacingMM[0] = 0 }},
		{"skewed axes", func(v *neckfrac.Volume) { v.Direction[2] = neckfrac.Vec3{0, 0.2, 0.98} }},
		{"NaN direction", func(v *neckfrac.Volume) { v.Direction[0][0] = math.NaN() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := volumeOf(good, ramp)
			tt.edit(v)
			if _, err := input.NewStack(v); err == nil {
				t.Error("accepted")
			}
		})
	}
	if _, err := input.NewStack(nil); err == nil {
		t.Error("accepted no volume")
	}
}

func TestSpecCheck(t *testing.T) {
	t.Parallel()
	if err := input.FirstForm().Check(); err != nil {
		t.Fatalf("the first form: %v", err)
	}
	for i, edit := range []func(*input.Specs){
		func(s *input.Specs) { s.Segment.SpacingMM = 0 },
		func(s *input.Specs) { s.Segment.MaxMM[2] = math.Inf(1) },
		func(s *input.Specs) { s.Segment.Window = input.Window{100, 100} },
		func(s *input.Specs) { s.Segment.Classes = 8 },
		func(s *input.Specs) { s.Classify.SizePx = 1 << 30 },
		func(s *input.Specs) { s.Classify.MapPx = 7 },
		func(s *input.Specs) { s.Model1.StepMM = 0 },
		func(s *input.Specs) { s.Model1.TopK = 0 },
	} {
		s := input.FirstForm()
		edit(&s)
		if s.Check() == nil {
			t.Errorf("spec %d accepted: %+v", i, s)
		}
	}
}

func TestNoiseHU(t *testing.T) {
	t.Parallel()
	g := gridOf([3]int{64, 64, 12}, neckfrac.Vec3{1, 1, 1}, neckfrac.Vec3{}, axial)
	v := volumeOf(g, func(neckfrac.Vec3) float64 { return 40 })
	if got := mustStack(t, v).NoiseHU(); got != 0 {
		t.Errorf("noise of a flat volume = %v", got)
	}
	rng := uint32(1)
	for i := range v.HU { // a sum of uniform numbers with SD 20
		sum := 0.0
		for range 12 {
			rng = rng*1664525 + 1013904223
			sum += float64(rng>>8)/(1<<24) - 0.5
		}
		v.HU[i] += int16(20 * sum)
	}
	if got := mustStack(t, v).NoiseHU(); math.Abs(got-20) > 2.5 {
		t.Errorf("noise = %v, want about 20", got)
	}
}

func BenchmarkField(b *testing.B) {
	g := gridOf([3]int{512, 512, 300}, neckfrac.Vec3{0.45, 0.45, 0.6}, neckfrac.Vec3{-115, -115, 0}, axial)
	v := &neckfrac.Volume{Grid: g, HU: make([]int16, g.Len())}
	s := mustStack(b, v)
	for b.Loop() {
		if _, err := s.Field(input.FirstForm().Segment); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleStack_Field() {
	g := gridOf([3]int{32, 32, 32}, neckfrac.Vec3{0.75, 0.75, 0.75}, neckfrac.Vec3{}, axial)
	s, err := input.NewStack(volumeOf(g, func(neckfrac.Vec3) float64 { return 40 }))
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := s.Field(input.FirstForm().Segment)
	fmt.Println(f.Dims, f.HU[f.Index(8, 8, 8)], err)
	// Output: [16 16 16] 40 <nil>
}
