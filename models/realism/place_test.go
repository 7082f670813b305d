package realism_test

import (
	"math"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/realism"
)

func labels(dims [3]int, spacing neckfrac.Vec3, at func(neckfrac.Vec3) uint8) *neckfrac.Labels {
	l := &neckfrac.Labels{Grid: neckfrac.Grid{Dims: dims, SpacingMM: spacing, Direction: identity}}
	l.OriginMM = neckfrac.Vec3{-spacing[0] * float64(dims[0]-1) / 2, -spacing[1] * float64(dims[1]-1) / 2, -spacing[2] * float64(dims[2]-1) / 2}
	l.Voxel = make([]uint8, l.Len())
	for k := range dims[2] {
		for j := range dims[1] {
			for i := range dims[0] {
				l.Voxel[l.Index(i, j, k)] = at(l.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)}))
			}
		}
	}
	return l
}

func TestPlaceByOrgans(t *testing.T) {
	t.Parallel()
	// A cord of 12 mm that leans: x = z/10, up to z = 20; the brainstem above it.
	p, err := realism.PlaceByOrgans(labels([3]int{40, 40, 40}, neckfrac.Vec3{3, 3, 3}, func(q neckfrac.Vec3) uint8 {
		switch inside := math.Hypot(q[0]-q[2]/10, q[1]-5) < 6; {
		case inside && q[2] > 20:
			return 2
		case inside:
			return 1
		}
		return 0
	}))
	if err != nil {
		t.Fatal(err)
	}
	if p.TopMM < 20 || p.TopMM > 24 {
		t.Errorf("head of the neck at %.1f, want the first slice above 20", p.TopMM)
	}
	for _, z := range []float64{-50, -20, 0, 15} {
		if x, y := p.At(z); math.Abs(x-z/10) > 1.5 || math.Abs(y-5) > 1.5 {
			t.Errorf("canal at z %.0f is %.1f, %.1f, want %.1f, 5", z, x, y, z/10)
		}
	}
}

// Rings of bone with a thick front and gaps between them, as vertebrae have: the canal is
// the hole, not the middle of the bone.
func TestPlaceByVertebrae(t *testing.T) {
	t.Parallel()
	for _, spacing := range []neckfrac.Vec3{{4, 4, 3}, {1, 1, 1.5}} {
		dims := [3]int{int(160 / spacing[0]), int(160 / spacing[1]), int(150 / spacing[2])}
		p, err := realism.PlaceByVertebrae(labels(dims, spacing, func(q neckfrac.Vec3) uint8 {
			level := int(math.Floor((70 - q[2]) / 20))
			if level < 0 || level > 6 || math.Mod(70-q[2], 20) > 14 {
				return 0
			}
			x, y := q[0]-4, q[1]-6
			ring := math.Hypot(x/1.4, y) > 8.5 && math.Hypot(x/1.4, y) < 13
			body := math.Hypot(x/1.3, y+16) < 9
			spinous := math.Abs(x) < 3 && y > 8 && y < 35
			if ring || body || spinous {
				return uint8(level + 1)
			}
			return 0
		}))
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(p.TopMM-70) > spacing[2] {
			t.Errorf("head of the neck at %.1f, want 70", p.TopMM)
		}
		for z := -50.0; z <= 60; z += 10 {
			if x, y := p.At(z); math.Abs(x-4) > 3 || math.Abs(y-6) > 3.5 {
				t.Errorf("spacing %v: canal at z %.0f is %.1f, %.1f, want 4, 6", spacing, z, x, y)
			}
		}
	}
}

func TestPlaceRefuses(t *testing.T) {
	t.Parallel()
	none := labels([3]int{8, 8, 8}, neckfrac.Vec3{4, 4, 4}, func(neckfrac.Vec3) uint8 { return 0 })
	block := labels([3]int{8, 8, 8}, neckfrac.Vec3{4, 4, 4}, func(neckfrac.Vec3) uint8 { return 2 })
	if _, err := realism.PlaceByOrgans(none); neckfrac.KindOf(err) != neckfrac.NotFound {
		t.Errorf("no organ: %v", err)
	}
	if _, err := realism.PlaceByVertebrae(none); neckfrac.KindOf(err) != neckfrac.NotFound {
		t.Errorf("no vertebra: %v", err)
	}
	if _, err := realism.PlaceByVertebrae(block); neckfrac.KindOf(err) != neckfrac.NotFound {
		t.Errorf("a block without a hole: %v", err)
	}
	if _, err := realism.PlaceByOrgans(&neckfrac.Labels{Grid: neckfrac.Grid{Dims: [3]int{3, 3, 3}}}); neckfrac.KindOf(err) != neckfrac.Invalid {
		t.Errorf("labels without voxels: %v", err)
	}
}
