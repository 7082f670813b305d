package input_test

import (
	"math"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// necklace is a volume whose HU give the position, and a label field on it with one
// box per level, 18 mm apart.
func necklace(t testing.TB, hu func(neckfrac.Vec3) float64) (*input.Stack, input.Grid, []uint8) {
	t.Helper()
	g := gridOf([3]int{160, 160, 180}, neckfrac.Vec3{0.7, 0.7, 1}, neckfrac.Vec3{-56, -56, -90}, axial)
	s := mustStack(t, volumeOf(g, hu))
	f, err := s.Field(input.FirstForm().Segment)
	if err != nil {
		t.Fatal(err)
	}
	labels := make([]uint8, f.Len())
	for x := range f.Dims[0] {
		for y := range f.Dims[1] {
			for z := range f.Dims[2] {
				mm := f.ToMM(float64(x), float64(y), float64(z))
				level := int(math.Floor((70-mm[2])/18)) + 1
				within := math.Mod(70-mm[2], 18)
				if level >= 1 && level <= 7 && within < 14 && math.Abs(mm[0]-4) < 15 && math.Abs(mm[1]+6) < 12 {
					labels[f.Index(x, y, z)] = uint8(level)
				}
			}
		}
	}
	return s, f.Grid, labels
}

func unwindow(w input.Window, v float32) float64 { return w[0] + float64(v)*(w[1]-w[0]) }

func TestCropFollowsTheRegion(t *testing.T) {
	t.Parallel()
	hu := func(mm neckfrac.Vec3) float64 { return 400 + 3*mm[0] - 2*mm[1] + 4*mm[2] }
	s, g, labels := necklace(t, hu)
	spec := input.FirstForm().Classify
	r := input.Regions(g, labels)[neckfrac.C4]
	c := spec.CropGeometry(r)
	if math.Abs(c.CenterMM[0]-4) > 1 || math.Abs(c.CenterMM[1]+6) > 1 {
		t.Fatalf("centre %v, want 4, -6", c.CenterMM)
	}
	if want := (r.BoxMM.Max[2] - r.BoxMM.Min[2] + 4) / 16; math.Abs(c.StepMM-want) > 1e-9 {
		t.Fatalf("step %v, want %v", c.StepMM, want)
	}
	out := make([]float32, spec.Len())
	s.Crop(c, g, labels, uint8(neckfrac.C4), out)
	n := spec.SizePx
	for _, at := range []struct{ t, ch, row, col int }{{0, 1, 10, 10}, {7, 1, 40, 40}, {15, 1, 70, 20}, {8, 0, 40, 40}, {8, 2, 40, 40}} {
		mm := neckfrac.Vec3{
			c.CenterMM[0] + (float64(at.col)-39.5)*spec.SpacingMM,
			c.CenterMM[1] + (float64(at.row)-39.5)*spec.SpacingMM,
			c.SliceZMM(at.t) - float64(at.ch-1)*c.StepMM/3,
		}
		got := unwindow(spec.Window, out[((at.t*4+at.ch)*n+at.row)*n+at.col])
		if math.Abs(got-hu(mm)) > 2 {
			t.Errorf("%+v: got %.1f HU, want %.1f", at, got, hu(mm))
		}
	}
	mask := func(tt, row, col int) float32 { return out[((tt*4+3)*n+row)*n+col] }
	if mask(8, 40, 40) != 1 || mask(8, 2, 2) != 0 {
		t.Errorf("mask inside %v, outside %v", mask(8, 40, 40), mask(8, 2, 2))
	}
	soft := 0
	for col := range n {
		if m := mask(8, 40, col); m > 0 && m < 1 {
			soft++
		}
	}
	if soft == 0 {
		t.Error("the mask's edge is hard")
	}
}

func TestCropOutsideIsAirAndFinite(t *testing.T) {
	t.Parallel()
	s, g, _ := necklace(t, func(neckfrac.Vec3) float64 { return 1000 })
	labels := make([]uint8, g.Len())
	labels[g.Index(0, 0, 0)] = uint8(neckfrac.C1) // a corner: most of the crop is outside
	spec := input.FirstForm().Classify
	out := make([]float32, spec.Len())
	s.Crop(spec.CropGeometry(input.Regions(g, labels)[1]), g, labels, 1, out)
	var bright, air int
	for i, v := range out {
		if math.IsNaN(float64(v)) || v < 0 || v > 1 {
			t.Fatalf("value %d is %v", i, v)
		}
		switch {
		case v == 0:
			air++
		case v > 0.7:
			bright++
		}
	}
	if air < len(out)/2 || bright == 0 {
		t.Errorf("%d air, %d bright of %d", air, bright, len(out))
	}
}

func TestCellAndCellBoxAgree(t *testing.T) {
	t.Parallel()
	_, g, labels := necklace(t, ramp)
	c := input.FirstForm().Classify.CropGeometry(input.Regions(g, labels)[neckfrac.C2])
	for _, want := range [][3]int{{0, 0, 0}, {3, 4, 5}, {15, 9, 9}} {
		b := c.CellBox(want[0], want[1], want[2], want[0], want[1], want[2])
		at, row, col := c.Cell(b.Center())
		if int(at) != want[0] || row != want[1] || col != want[2] {
			t.Errorf("cell %v has its centre in %v %v %v", want, at, row, col)
		}
	}
}

func TestSlicesFollowTheSpine(t *testing.T) {
	t.Parallel()
	hu := func(mm neckfrac.Vec3) float64 { return 900 + 3*mm[0] - 2*mm[1] + 4*mm[2] }
	s, g, labels := necklace(t, hu)
	spec := input.FirstForm().Model1
	sl := spec.Slices(g, labels)
	// 7 levels 18 mm apart, the last 14 mm high: 122 mm.
	if len(sl) < 47 || len(sl) > 50 {
		t.Fatalf("%d slices", len(sl))
	}
	var seen uint8
	for i, x := range sl {
		seen |= x.Levels
		if i > 0 && math.Abs(sl[i-1].CenterMM[2]-x.CenterMM[2]-2.5) > 1e-9 {
			t.Fatalf("slices %d and %d are not 2.5 mm apart", i-1, i)
		}
		if math.Abs(x.CenterMM[0]-4) > 1 || math.Abs(x.CenterMM[1]-4) > 1 {
			t.Fatalf("slice %d centred on %v, want 4, -6+10", i, x.CenterMM)
		}
	}
	if seen != 0x7f || sl[0].Levels != 1 || sl[len(sl)-1].Levels != 1<<6 {
		t.Errorf("levels: all %07b, first %07b, last %07b", seen, sl[0].Levels, sl[len(sl)-1].Levels)
	}
	out := make([]float32, spec.Len())
	s.Slice(spec, sl[20], out)
	mm := neckfrac.Vec3{sl[20].CenterMM[0] + (90-63.5)*0.7, sl[20].CenterMM[1] + (30-63.5)*0.7, sl[20].CenterMM[2] - 0.8}
	if got := unwindow(spec.Window, out[(2*128+30)*128+90]); math.Abs(got-hu(mm)) > 2.5 {
		t.Errorf("lower neighbour: got %.1f, want %.1f", got, hu(mm))
	}
	if got := spec.Slices(g, make([]uint8, g.Len())); got != nil {
		t.Errorf("%d slices without a label", len(got))
	}
}

func TestLabelsRoundTrip(t *testing.T) {
	t.Parallel()
	_, g, labels := necklace(t, ramp)
	l := input.ToLabels(g, labels)
	back, err := input.SampleLabels(l, g)
	if err != nil {
		t.Fatal(err)
	}
	for i := range labels {
		if labels[i] != back[i] {
			t.Fatalf("voxel %d: %d became %d", i, labels[i], back[i])
		}
	}
	l.Voxel = l.Voxel[1:]
	if _, err := input.SampleLabels(l, g); err == nil {
		t.Error("accepted a label volume that lacks a voxel")
	}
}

// TestLabelsOfAnyOrientation compares the tables of aligned volumes with the truth
// of each point, which a tilted volume is sampled by.
func TestLabelsOfAnyOrientation(t *testing.T) {
	t.Parallel()
	g := input.Grid{Dims: [3]int{20, 24, 28}, SpacingMM: 1.5, OriginMM: neckfrac.Vec3{-15, -18, 21}}
	block := func(mm neckfrac.Vec3) uint8 {
		if mm[0] > 3 && mm[1] > -6 && mm[1] < 9 && mm[2] < 12 && mm[2] > -9 {
			return 5
		}
		return 0
	}
	for name, dir := range map[string][3]neckfrac.Vec3{
		"axial": axial, "feet first": {{1, 0, 0}, {0, -1, 0}, {0, 0, -1}}, "sagittal": {{0, 1, 0}, {0, 0, -1}, {-1, 0, 0}}, "tilted": tilted(8),
	} {
		grid := gridOf([3]int{80, 80, 80}, neckfrac.Vec3{0.5, 0.5, 0.5}, neckfrac.Vec3{}, dir)
		middle := grid.ToMM(neckfrac.Vec3{39.5, 39.5, 39.5})
		for a := range 3 {
			grid.OriginMM[a] -= middle[a]
		}
		l := &neckfrac.Labels{Grid: grid, Voxel: make([]uint8, grid.Len())}
		for k := range 80 {
			for j := range 80 {
				for i := range 80 {
					l.Voxel[grid.Index(i, j, k)] = block(grid.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)}))
				}
			}
		}
		out, err := input.SampleLabels(l, g)
		if err != nil {
			t.Fatal(err)
		}
		for x := range g.Dims[0] {
			for y := range g.Dims[1] {
				for z := range g.Dims[2] {
					mm := g.ToMM(float64(x), float64(y), float64(z))
					edge := false
					for _, d := range []neckfrac.Vec3{{1.5, 0, 0}, {0, 1.5, 0}, {0, 0, 1.5}} {
						for _, s := range []float64{-1, 1} {
							edge = edge || block(neckfrac.Vec3{mm[0] + s*d[0], mm[1] + s*d[1], mm[2] + s*d[2]}) != block(mm)
						}
					}
					if p := grid.ToIndex(mm); edge || p[0] < 1 || p[1] < 1 || p[2] < 1 || p[0] > 78 || p[1] > 78 || p[2] > 78 {
						continue
					}
					if got := out[g.Index(x, y, z)]; got != block(mm) {
						t.Fatalf("%s: %v is %d, want %d", name, mm, got, block(mm))
					}
				}
			}
		}
	}
}

func BenchmarkSampleLabels(b *testing.B) {
	_, g, labels := necklace(b, ramp)
	l := input.ToLabels(g, labels)
	g.SpacingMM, g.Dims = 0.75, [3]int{2 * g.Dims[0], 2 * g.Dims[1], 2 * g.Dims[2]}
	for b.Loop() {
		if _, err := input.SampleLabels(l, g); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(g.Len()), "voxels")
}

func BenchmarkCrop(b *testing.B) {
	s, g, labels := necklace(b, ramp)
	spec := input.FirstForm().Classify
	r := input.Regions(g, labels)[neckfrac.C4]
	out := make([]float32, spec.Len())
	for b.Loop() {
		s.Crop(spec.CropGeometry(r), g, labels, 4, out)
	}
}
