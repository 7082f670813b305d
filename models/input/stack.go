package input

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

const (
	// MaxVoxels bounds a volume: 2^29 int16 voxels are 1 GiB.
	MaxVoxels = 1 << 29
	// maxAxis bounds one axis of a volume.
	maxAxis = 4096
	// maxAligned bounds the copy made of a tilted volume (256 MiB); above it the copy
	// is made coarser in plane.
	maxAligned = 1 << 27
	// maxDriftMM is the displacement at the far end of the volume up to which an axis
	// counts as aligned with the patient's. It is half a pixel of the finest tensor.
	maxDriftMM = 0.3
	// outsideHU is air.
	outsideHU = -1000
)

// Stack is a volume seen along the patient's axes x (to the left), y (to posterior)
// and depth (head to foot, depth = -z of LPS). It is safe for concurrent use, since
// nothing in it changes.
type Stack struct {
	hu   []int16
	base int
	ax   [3]axis
}

// axis is one direction of a Stack; index i lies at originMM + i*spacingMM.
type axis struct {
	n, stride           int
	spacingMM, originMM float64
}

func (a axis) index(mm float64) float64 { return (mm - a.originMM) / a.spacingMM }

// extent gives the faces of the first and the last voxel.
func (a axis) extent() (lo, hi float64) {
	lo = a.originMM - a.spacingMM/2
	return lo, lo + float64(a.n)*a.spacingMM
}

// NewStack looks at v along the patient's axes. It keeps v.HU and never writes it.
// A volume whose axes are tilted against the patient's is copied by trilinear
// resampling at its own spacing. The error is Invalid for a grid that is not
// orthogonal and finite, or whose size does not match its voxels, and Limit for a
// volume over MaxVoxels.
func NewStack(v *neckfrac.Volume) (*Stack, error) {
	if err := checkVolume(v); err != nil {
		return nil, err
	}
	perm := dominant(v.Grid)
	if drift(v.Grid, perm) > maxDriftMM {
		v = alignVolume(v, perm)
		perm = [3]int{0, 1, 2}
	}
	s := &Stack{hu: v.HU}
	strides := [3]int{1, v.Dims[0], v.Dims[0] * v.Dims[1]}
	first := canonical(v.OriginMM)
	for c, a := range perm {
		d := canonical(v.Direction[a])[c]
		x := axis{n: v.Dims[a], stride: strides[a], spacingMM: v.SpacingMM[a], originMM: first[c]}
		if d < 0 {
			s.base += (x.n - 1) * x.stride
			x.originMM -= float64(x.n-1) * x.spacingMM
			x.stride = -x.stride
		}
		s.ax[c] = x
	}
	return s, nil
}

// BoundsMM is the box of the voxel faces in LPS.
func (s *Stack) BoundsMM() neckfrac.Box {
	var b neckfrac.Box
	for c := range 3 {
		lo, hi := s.ax[c].extent()
		if c == 2 {
			lo, hi = -hi, -lo
		}
		b.Min[c], b.Max[c] = lo, hi
	}
	return b
}

// SpacingMM is the distance of voxels in x, y and z.
func (s *Stack) SpacingMM() neckfrac.Vec3 {
	return neckfrac.Vec3{s.ax[0].spacingMM, s.ax[1].spacingMM, s.ax[2].spacingMM}
}

func (s *Stack) at(x, y, z int) int16 {
	return s.hu[s.base+x*s.ax[0].stride+y*s.ax[1].stride+z*s.ax[2].stride]
}

// canonical turns an LPS vector so that its third component runs to the feet.
func canonical(v neckfrac.Vec3) neckfrac.Vec3 { return neckfrac.Vec3{v[0], v[1], -v[2]} }

func checkVolume(v *neckfrac.Volume) error {
	const op = "input: volume"
	if v == nil {
		return neckfrac.Errorf(neckfrac.Invalid, op, "no volume")
	}
	n := 1
	for a := range 3 {
		if v.Dims[a] < 1 || v.Dims[a] > maxAxis {
			return neckfrac.Errorf(neckfrac.Limit, op, "axis of %d voxels", v.Dims[a])
		}
		n *= v.Dims[a]
		if !finite(v.SpacingMM[a], v.OriginMM[a]) || v.SpacingMM[a] < 0.05 || v.SpacingMM[a] > 20 {
			return neckfrac.Errorf(neckfrac.Invalid, op, "spacing or origin out of bounds")
		}
		for b := range 3 {
			var dot float64
			for c := range 3 {
				dot += v.Direction[a][c] * v.Direction[b][c]
			}
			want := 0.0
			if a == b {
				want = 1
			}
			if !finite(dot) || math.Abs(dot-want) > 1e-3 {
				return neckfrac.Errorf(neckfrac.Invalid, op, "directions are not orthonormal")
			}
		}
	}
	if n > MaxVoxels {
		return neckfrac.Errorf(neckfrac.Limit, op, "%d voxels", n)
	}
	if len(v.HU) != n {
		return neckfrac.Errorf(neckfrac.Invalid, op, "%d values for %d voxels", len(v.HU), n)
	}
	return nil
}

// dominant gives for each patient axis the volume axis that follows it best, as a
// permutation: the best pair is fixed first.
func dominant(g neckfrac.Grid) [3]int {
	perm := [3]int{-1, -1, -1}
	var used [3]bool
	for range 3 {
		best, bc, ba := -1.0, 0, 0
		for c := range 3 {
			for a := range 3 {
				if d := math.Abs(g.Direction[a][c]); perm[c] < 0 && !used[a] && d > best {
					best, bc, ba = d, c, a
				}
			}
		}
		perm[bc], used[ba] = ba, true
	}
	return perm
}

// drift is the largest sideways displacement that reading the axes as aligned
// would make, in millimetres.
func drift(g neckfrac.Grid, perm [3]int) float64 {
	var worst float64
	for c, a := range perm {
		length := float64(g.Dims[a]-1) * g.SpacingMM[a]
		for o := range 3 {
			if o != c {
				worst = max(worst, length*math.Abs(g.Direction[a][o]))
			}
		}
	}
	return worst
}
