package input

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// Grid is an isotropic lattice along the patient's axes: x to the left, y to
// posterior, z from head to foot. Values are stored as sagittal slices: y fastest,
// then z, then x.
type Grid struct {
	// Dims is X, Y, Z.
	Dims      [3]int
	SpacingMM float64
	// OriginMM is the centre of voxel (0,0,0) in LPS.
	OriginMM neckfrac.Vec3
}

// Len is the number of voxels.
func (g Grid) Len() int { return g.Dims[0] * g.Dims[1] * g.Dims[2] }

// Index is the offset of voxel (x,y,z).
func (g Grid) Index(x, y, z int) int { return (x*g.Dims[2]+z)*g.Dims[1] + y }

// ToMM maps voxel indices, which may be fractional, to LPS millimetres.
func (g Grid) ToMM(x, y, z float64) neckfrac.Vec3 {
	return neckfrac.Vec3{g.OriginMM[0] + x*g.SpacingMM, g.OriginMM[1] + y*g.SpacingMM, g.OriginMM[2] - z*g.SpacingMM}
}

// ToIndex maps LPS millimetres to fractional voxel indices x, y, z.
func (g Grid) ToIndex(mm neckfrac.Vec3) neckfrac.Vec3 {
	return neckfrac.Vec3{(mm[0] - g.OriginMM[0]) / g.SpacingMM, (mm[1] - g.OriginMM[1]) / g.SpacingMM,
		(g.OriginMM[2] - mm[2]) / g.SpacingMM}
}

// Field is a volume in HU on a Grid.
type Field struct {
	Grid
	HU []int16
}

// Field resamples the stack to the segmenter's isotropic grid. Where the volume is
// larger than the spec allows, x and y are cropped around the body and z keeps the
// part nearest to the head, since a neck lies at the upper end of any stack that
// holds more than a neck. The error is Invalid for a spec out of bounds.
func (s *Stack) Field(spec SegmentSpec) (*Field, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	f := &Field{Grid: Grid{SpacingMM: spec.SpacingMM}}
	center := s.bodyCenter()
	for c := range 3 {
		lo, hi := s.ax[c].extent()
		n := max(int(math.Round((hi-lo)/spec.SpacingMM)), 1)
		first := (lo+hi)/2 - float64(n-1)/2*spec.SpacingMM
		if most := max(int(spec.MaxMM[c]/spec.SpacingMM), 1); n > most {
			if c < 2 {
				at := center[c] - float64(most-1)/2*spec.SpacingMM
				first = min(max(at, first), first+float64(n-most)*spec.SpacingMM)
			}
			n = most
		}
		f.Dims[c], f.OriginMM[c] = n, first
	}
	f.OriginMM[2] = -f.OriginMM[2]
	f.HU = make([]int16, f.Len())
	tz := newTaps(s.ax[2], f.Dims[2], f.SpacingMM, -f.OriginMM[2])
	parallel(f.Dims[2], func(lo, hi int) { s.fillField(f, &tz, lo, hi) })
	return f, nil
}

// fillField makes the slices lo..hi of f, each source slice once.
func (s *Stack) fillField(f *Field, tz *taps, lo, hi int) {
	nx, ny := f.Dims[0], f.Dims[1]
	p := s.planes(nx, ny, f.SpacingMM, f.OriginMM[0], f.OriginMM[1])
	acc := make([]float32, nx*ny)
	for z := lo; z < hi; z++ {
		if !tz.inside[z] {
			fill(acc, outsideHU)
		} else {
			k := int(tz.first[z])
			p.forget(k)
			clear(acc)
			for _, w := range tz.weight[tz.start[z]:tz.start[z+1]] {
				addScaled(acc, p.plane(k), w)
				k++
			}
		}
		for x := range nx {
			dst := f.HU[f.Index(x, 0, z):][:ny]
			for y := range dst {
				dst[y] = int16(math.Round(float64(acc[y*nx+x])))
			}
		}
	}
}

// bodyCenter is the centroid in x and y of what is denser than fat, on every fourth
// voxel; without a body it is the centre of the volume.
func (s *Stack) bodyCenter() [2]float64 {
	const bodyHU, step = -200, 4
	var n, sx, sy float64
	for z := 0; z < s.ax[2].n; z += step {
		for y := 0; y < s.ax[1].n; y += step {
			for x := 0; x < s.ax[0].n; x += step {
				if s.at(x, y, z) > bodyHU {
					n++
					sx += float64(x)
					sy += float64(y)
				}
			}
		}
	}
	if n == 0 {
		n, sx, sy = 1, float64(s.ax[0].n-1)/2, float64(s.ax[1].n-1)/2
	}
	return [2]float64{s.ax[0].originMM + sx/n*s.ax[0].spacingMM, s.ax[1].originMM + sy/n*s.ax[1].spacingMM}
}
