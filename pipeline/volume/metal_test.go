package volume_test

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// necklace is a volume of 1 mm with two vertebrae, C4 over C5, boxes of 40×40×16 mm round
// x = y = 0, their masks filling them, and a mouth 60 mm in front of them.
type necklace struct {
	*neckfrac.Volume
	p neckfrac.Prediction
}

func newNecklace() necklace {
	n := necklace{Volume: &neckfrac.Volume{Grid: neckfrac.Grid{Dims: [3]int{100, 160, 60}, SpacingMM: neckfrac.Vec3{1, 1, 1},
		OriginMM: neckfrac.Vec3{-50, -100, -10}, Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}}}
	n.HU = make([]int16, n.Len())
	m := &neckfrac.Labels{Grid: n.Grid, Voxel: make([]uint8, n.Len())}
	n.p.Mask = m
	for at := range n.HU {
		n.HU[at] = 300
	}
	for i, level := range []neckfrac.Vertebra{neckfrac.C4, neckfrac.C5} {
		top := 40 - 18*float64(i)
		l := &n.p.Levels[level.Index()]
		l.Vertebra, l.Coverage = level, neckfrac.CoverageFull
		l.Extent = neckfrac.Box{Min: neckfrac.Vec3{-20, -20, top - 16}, Max: neckfrac.Vec3{20, 20, top}}
		n.paint(l.Extent, func(at int) { m.Voxel[at] = uint8(level) })
	}
	return n
}

func (n necklace) paint(b neckfrac.Box, f func(at int)) {
	var lo, hi [3]int
	from, to := n.ToIndex(b.Min), n.ToIndex(b.Max)
	for a := range 3 {
		lo[a], hi[a] = max(int(math.Ceil(from[a])), 0), min(int(to[a]), n.Dims[a]-1)
	}
	for z := lo[2]; z <= hi[2]; z++ {
		for y := lo[1]; y <= hi[1]; y++ {
			for x := lo[0]; x <= hi[0]; x++ {
				f(n.Index(x, y, z))
			}
		}
	}
}

func (n necklace) fill(hu int16, x0, y0, z0, x1, y1, z1 float64) {
	n.paint(neckfrac.Box{Min: neckfrac.Vec3{x0, y0, z0}, Max: neckfrac.Vec3{x1, y1, z1}}, func(at int) { n.HU[at] = hu })
}

func TestMetal(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		draw func(necklace)
		want []neckfrac.Reason
	}{
		{"none", func(necklace) {}, nil},
		{"dense bone", func(n necklace) { n.fill(2400, -10, -10, 25, 10, 10, 35) }, nil},
		{"a screw in C5", func(n necklace) { n.fill(3071, 5, -15, 10, 7, 0, 12) }, []neckfrac.Reason{neckfrac.Hardware}},
		{"a screw on an extended scale", func(n necklace) { n.fill(14000, 5, -15, 10, 7, 0, 12) }, []neckfrac.Reason{neckfrac.Hardware}},
		{"a plate in front of C4 and C5", func(n necklace) {
			n.fill(8000, -8, -24, 8, 8, -22, 38)
			n.fill(8000, 3, -22, 10, 5, -8, 12)
			n.fill(8000, 3, -22, 30, 5, -8, 32)
		}, []neckfrac.Reason{neckfrac.Hardware, neckfrac.PostOp}},
		{"a bullet in C5", func(n necklace) { n.fill(20000, -3, -3, 10, 3, 3, 16) }, []neckfrac.Reason{neckfrac.Hardware}},
		{"noise at the end of the scale", func(n necklace) { n.fill(3071, 0, 0, 10, 1, 1, 12) }, nil},
		{"fillings without bands", func(n necklace) { n.fill(9000, -30, -80, 30, 30, -75, 34) }, nil},
		{"fillings with bands over C4", func(n necklace) {
			n.fill(9000, -30, -80, 30, 30, -75, 34)
			n.fill(-600, -20, -5, 31, 20, 5, 33)
		}, []neckfrac.Reason{neckfrac.Metal}},
		{"fillings above, air in C5", func(n necklace) {
			n.fill(9000, -30, -80, 40, 30, -75, 44)
			n.fill(-900, -20, -5, 8, 20, 5, 14)
		}, nil},
		{"air without metal", func(n necklace) { n.fill(-900, -20, -5, 8, 20, 5, 14) }, nil},
		{"a screw with bands", func(n necklace) {
			n.fill(-600, -20, -5, 10, 20, 5, 13)
			n.fill(9000, 5, -15, 10, 7, 0, 12)
		}, []neckfrac.Reason{neckfrac.Hardware, neckfrac.Metal}},
		{"metal above the vertebrae", func(n necklace) { n.fill(9000, -5, -5, 52, 5, 5, 58) }, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			n := newNecklace()
			tc.draw(n)
			if got := volume.Metal(n.Volume, n.p); !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// TestMetalNeedsAPlace: a prediction that found nothing, or boxes that are none, give no
// reason and no index out of range.
func TestMetalNeedsAPlace(t *testing.T) {
	t.Parallel()
	n := newNecklace()
	n.fill(9000, -50, -100, -10, 50, 60, 50)
	if got := volume.Metal(n.Volume, neckfrac.Prediction{}); got != nil {
		t.Errorf("nothing found: %v", got)
	}
	for _, b := range []neckfrac.Box{neckfrac.EmptyBox(), {Min: neckfrac.Vec3{math.NaN()}, Max: neckfrac.Vec3{1, 1, 1}},
		{Min: neckfrac.Vec3{1e9, 1e9, 1e9}, Max: neckfrac.Vec3{2e9, 2e9, 2e9}}, {Min: neckfrac.Vec3{-20, -20, 900}, Max: neckfrac.Vec3{20, 20, 950}}} {
		p := n.p
		for i := range p.Levels {
			p.Levels[i].Extent = b
		}
		if got := volume.Metal(n.Volume, p); slices.Contains(got, neckfrac.Hardware) {
			t.Errorf("%v: %v", b, got)
		}
	}
	n.p.Mask.Voxel = n.p.Mask.Voxel[:5]
	if got := volume.Metal(n.Volume, n.p); !slices.Equal(got, []neckfrac.Reason{neckfrac.Hardware, neckfrac.PostOp}) {
		t.Errorf("a mask that does not fill its grid: %v", got)
	}
}

// TestMetalInRealScans has scans without implants: whatever box they are asked about,
// there is none. They hold teeth, and the pixels of a head rest.
func TestMetalInRealScans(t *testing.T) {
	t.Parallel()
	root := realCT(t)
	for _, folder := range []string{"openkbp-dicom/pt_78", "openkbp-dicom/pt_144", "openkbp-dicom/pt_332"} {
		got, err := volume.Assemble(t.Context(), realFiles(t, filepath.Join(root, folder), ""), volume.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		v := got.Volume
		// The middle of the body, where the spine is, over the whole scan.
		mid := v.ToMM(neckfrac.Vec3{float64(v.Dims[0]) / 2, float64(v.Dims[1]) / 2, float64(v.Dims[2]) / 2})
		var p neckfrac.Prediction
		half := v.SpacingMM[2] * float64(v.Dims[2]) / 2
		p.Levels[0] = neckfrac.LevelPrediction{Vertebra: neckfrac.C1, Coverage: neckfrac.CoverageFull,
			Extent: neckfrac.Box{Min: neckfrac.Vec3{mid[0] - 40, mid[1] - 20, mid[2] - half}, Max: neckfrac.Vec3{mid[0] + 40, mid[1] + 60, mid[2] + half}}}
		if got := volume.Metal(v, p); len(got) > 0 {
			t.Errorf("%s: %v, highest %d HU", folder, got, slices.Max(v.HU))
		}
		t.Logf("%s: highest %d HU", folder, slices.Max(v.HU))
	}
}

// BenchmarkMetal looks through a scan of 300 slices of 512×512 with fillings.
func BenchmarkMetal(b *testing.B) {
	n := newNecklace()
	v := &neckfrac.Volume{Grid: n.Grid, HU: make([]int16, 512*512*300)}
	v.Dims, v.SpacingMM, v.OriginMM = [3]int{512, 512, 300}, neckfrac.Vec3{0.4, 0.4, 0.6}, neckfrac.Vec3{-100, -140, -60}
	for k := 200; k < 220; k++ {
		for i := range 40 * 40 {
			v.HU[v.Index(236+i%40, 30+i/40, k)] = 3071
		}
	}
	for i, l := range n.p.Levels {
		if l.Coverage == neckfrac.CoverageNone {
			n.p.Levels[i] = neckfrac.LevelPrediction{Vertebra: l.Vertebra, Coverage: neckfrac.CoverageFull,
				Extent: neckfrac.Box{Min: neckfrac.Vec3{-20, -20, -50 + 15*float64(i)}, Max: neckfrac.Vec3{20, 20, -36 + 15*float64(i)}}}
		}
	}
	for b.Loop() {
		if got := volume.Metal(v, n.p); slices.Contains(got, neckfrac.Hardware) {
			b.Fatal(got)
		}
	}
}
