package volume_test

import (
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// TestCoverOfALeaningScan: near the ends of a scan that leans, whether a level is whole
// depends on how far in front it lies, and an upright box round the scan does not tell.
func TestCoverOfALeaningScan(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		tilt  float64
		y, z  float64 // middle of the level, from that of the scan
		whole bool
	}{
		{"upright, in the middle", 0, 0, 0, true},
		{"upright, at the end", 0, 0, 57, false},
		{"upright, near the end", 0, 0, 50, true},
		{"in the middle", 20, 0, 0, true},
		{"top, behind: the slices rise there", 20, 25, 54, true},
		{"top, in front: they do not", 20, -25, 54, false},
		{"top in front, leaning the other way", -20, -25, 54, true},
		{"foot, behind", 20, 25, -54, false},
		{"foot, in front", 20, -25, -54, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := neck()
			s.n, s.stepMM, s.firstMM, s.rows, s.cols = 61, 2, -60, 60, 60
			s.extra = pixelsOf(2)
			if tc.tilt != 0 {
				s = s.tilted(tc.tilt)
			}
			s.edit = paint(func(neckfrac.Vec3) float64 { return 0 })
			got, err := volume.Assemble(t.Context(), s.files(t), volume.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			p := cube(got.Volume, tc.y, tc.z, 4)
			got.Cover(&p)
			if whole := p.Levels[neckfrac.C5.Index()].Coverage == neckfrac.CoverageFull; whole != tc.whole {
				t.Errorf("whole: %v, want %v", whole, tc.whole)
			}
			if c := p.Levels[neckfrac.C6.Index()].Coverage; c != neckfrac.CoverageFull {
				t.Errorf("a level without a mask became %v", c)
			}
		})
	}
}

// TestCoverBesideTheSlices: what undoing the tilt left as air holds no level.
func TestCoverBesideTheSlices(t *testing.T) {
	t.Parallel()
	s := neck()
	s.n, s.stepMM, s.firstMM, s.rows, s.cols, s.extra = 61, 2, -60, 40, 40, pixelsOf(2)
	s = s.tilted(25)
	s.edit = paint(func(neckfrac.Vec3) float64 { return 0 })
	got, err := volume.Assemble(t.Context(), s.files(t), volume.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	// In slice k the pixels stand from 0 to 39 of their own rows; the grid has more.
	for _, k := range []int{5, 30, 55} {
		for _, row := range []float64{0, 5, 20, 35, 39} {
			mm := middleOf(s, k, row)
			p := cubeAt(mm, 2)
			got.Cover(&p)
			whole := p.Levels[neckfrac.C5.Index()].Coverage == neckfrac.CoverageFull
			if want := row >= 5 && row <= 35; whole != want {
				t.Errorf("slice %d, row %v: whole %v, want %v", k, row, whole, want)
			}
		}
	}
}

// pixelsOf sets the distance of pixels.
func pixelsOf(mm float64) dataset.Dataset {
	return dataset.Dataset{dataset.NewFloat(dataset.TagPixelSpacing, mm, mm)}
}

// middleOf is the place of the middle pixel of a row.
func middleOf(s scan, k int, row float64) neckfrac.Vec3 {
	c := s.corner(k)
	for a := range 3 {
		c[a] += 2 * (s.row[a]*float64(s.cols-1)/2 + s.col[a]*row) // pixels of 2 mm
	}
	return c
}

// cube is a prediction with C5 as a cube of side 2·half round the middle of the scan.
func cube(v *neckfrac.Volume, y, z, half float64) neckfrac.Prediction {
	b := v.Bounds()
	mid := b.Center()
	return cubeAt(neckfrac.Vec3{mid[0], mid[1] + y, mid[2] + z}, half)
}

func cubeAt(mm neckfrac.Vec3, half float64) neckfrac.Prediction {
	n := int(2*half) + 1
	m := &neckfrac.Labels{Grid: neckfrac.Grid{Dims: [3]int{n, n, n}, SpacingMM: neckfrac.Vec3{1, 1, 1},
		OriginMM: neckfrac.Vec3{mm[0] - half, mm[1] - half, mm[2] - half}, Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}}
	m.Voxel = make([]uint8, m.Len())
	for i := range m.Voxel {
		m.Voxel[i] = uint8(neckfrac.C5)
	}
	p := neckfrac.Prediction{Mask: m}
	for i, l := range neckfrac.Vertebrae() {
		p.Levels[i] = neckfrac.LevelPrediction{Vertebra: l, Coverage: neckfrac.CoverageFull}
	}
	return p
}

// TestCite names the slice of a level by instance, and by frame where there are several.
func TestCite(t *testing.T) {
	t.Parallel()
	s := neck()
	v := assembled(t, s.files(t)).Volume
	if u, f := v.Cite(3); string(u) != s.instance(3) || f != 0 {
		t.Errorf("single frames: %s %d", u, f)
	}
	m := s.enhanced(dataset.EnhancedCTImageStorage, dataset.ExplicitVRLittleEndian)
	v = assembled(t, []volume.Input{m.input(t)}).Volume
	if u, f := v.Cite(3); string(u) != m.instance || f != 4 {
		t.Errorf("frames: %s %d, want %s 4", u, f, m.instance)
	}
	for _, k := range []int{-1, len(v.Source)} {
		if u, f := v.Cite(k); u != "" || f != 0 {
			t.Errorf("slice %d: %s %d", k, u, f)
		}
	}
}
