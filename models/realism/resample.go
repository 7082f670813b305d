package realism

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// maxVoxels bounds a volume: 2^28 int16 values are half a gigabyte, more than any neck.
const maxVoxels = 1 << 28

// tolerance admits spacings that differ by rounding alone.
const tolerance = 0.005

// minCosine of a voxel axis to its patient axis: 2.5 degrees, over which a row of 200 mm
// strays by less than two cells of the grids that this is for.
const minCosine = 0.999

// Image is a volume on a common grid: Direction is the identity, slices rise to the head.
type Image struct {
	neckfrac.Grid
	// HU has one mean value per cell, in the order of neckfrac.Volume.
	HU []float32
}

// Resample takes a volume to cells of the given size in LPS by averaging the voxels that
// each cell covers, weighted by the share covered. Cells that the volume does not fill
// are left out; the rest is split between both ends. Errors: Invalid for a volume that
// does not fit its grid, Unsupported for oblique axes or a volume coarser than the cells,
// Limit for one too large.
func Resample(v *neckfrac.Volume, cellMM neckfrac.Vec3) (Image, error) {
	const op = "realism: resample"
	if err := check(v.Grid, len(v.HU)); err != nil {
		return Image{}, neckfrac.E(op, err)
	}
	axes, err := upright(v.Grid)
	if err != nil {
		return Image{}, neckfrac.E(op, err)
	}
	out := Image{Grid: neckfrac.Grid{Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, SpacingMM: cellMM}}
	var cover [3][]cell
	for a, ax := range axes {
		if !(cellMM[a] > 0) {
			return Image{}, neckfrac.Errorf(neckfrac.Invalid, op, "cell has no size")
		}
		if ax.stepMM > cellMM[a]*(1+tolerance) {
			return Image{}, neckfrac.Errorf(neckfrac.Unsupported, op, "axis %d is coarser than the common grid", a)
		}
		var first float64
		cover[a], first = cells(ax, cellMM[a])
		if len(cover[a]) == 0 {
			return Image{}, neckfrac.Errorf(neckfrac.Unsupported, op, "axis %d is shorter than a cell", a)
		}
		out.Dims[a], out.OriginMM[a] = len(cover[a]), first
	}
	out.HU = average(v.HU, axes, cover)
	return out, nil
}

func check(g neckfrac.Grid, n int) error {
	total := int64(1)
	for _, d := range g.Dims {
		if d < 1 || int64(d) > maxVoxels/total {
			return neckfrac.Errorf(neckfrac.Limit, "check", "sides: want 1 to %d voxels in all", maxVoxels)
		}
		total *= int64(d)
	}
	if int64(n) != total {
		return neckfrac.Errorf(neckfrac.Invalid, "check", "values do not fill the grid")
	}
	return nil
}

// axis is how a patient axis runs through a volume's values.
type axis struct {
	n      int
	stepMM float64
	// start is the first value's offset, stride the way to the next.
	start, stride int
	// lowMM is the outer edge of the first voxel.
	lowMM float64
}

// upright finds for each patient axis the voxel axis that runs along it.
func upright(g neckfrac.Grid) (axes [3]axis, err error) {
	strides := [3]int{1, g.Dims[0], g.Dims[0] * g.Dims[1]}
	taken := [3]bool{}
	for a := range 3 {
		found := -1
		for v := range 3 {
			if math.Abs(g.Direction[v][a]) >= minCosine && !taken[v] {
				found = v
			}
		}
		if found < 0 || !(g.SpacingMM[found] > 0) {
			return axes, neckfrac.Errorf(neckfrac.Unsupported, "axes", "volume is oblique or has no spacing")
		}
		taken[found] = true
		ax := axis{n: g.Dims[found], stepMM: g.SpacingMM[found], stride: strides[found]}
		var end neckfrac.Vec3
		end[found] = float64(ax.n - 1)
		lo, hi := g.OriginMM[a], g.ToMM(end)[a]
		if hi < lo {
			ax.start, ax.stride, lo = (ax.n-1)*ax.stride, -ax.stride, hi
		}
		ax.lowMM = lo - ax.stepMM/2
		axes[a] = ax
	}
	return axes, nil
}

// cell is the run of voxels that a cell covers: from, and the weight of each.
type cell struct {
	from   int
	weight []float32
}

// cells lays cells of a size along an axis and returns the first one's middle.
func cells(ax axis, size float64) ([]cell, float64) {
	extent := float64(ax.n) * ax.stepMM
	n := int(extent/size + tolerance)
	low := (extent - float64(n)*size) / 2
	out := make([]cell, n)
	for i := range out {
		from, to := (low+float64(i)*size)/ax.stepMM, (low+float64(i+1)*size)/ax.stepMM
		first := min(max(int(math.Floor(from+1e-9)), 0), ax.n-1)
		last := min(max(int(math.Ceil(to-1e-9)), first+1), ax.n)
		c := cell{from: first, weight: make([]float32, last-first)}
		var sum float64
		for j := range c.weight {
			w := max(min(to, float64(first+j+1))-max(from, float64(first+j)), 0)
			c.weight[j] = float32(w)
			sum += w
		}
		for j := range c.weight {
			c.weight[j] /= float32(sum)
		}
		out[i] = c
	}
	return out, ax.lowMM + low + size/2
}

// average applies the weights along one axis after the other.
func average(hu []int16, axes [3]axis, cover [3][]cell) []float32 {
	nx, ny, nz := len(cover[0]), len(cover[1]), len(cover[2])
	ay, az := axes[1], axes[2]
	out := make([]float32, nx*ny*nz)
	rows := make([]float32, nx*ay.n)
	for k, cz := range cover[2] {
		for dz, wz := range cz.weight {
			base := axes[0].start + ay.start + az.start + (cz.from+dz)*az.stride
			for j := range ay.n {
				along(rows[j*nx:][:nx], hu, base+j*ay.stride, axes[0].stride, cover[0])
			}
			for j, cy := range cover[1] {
				dst := out[(k*ny+j)*nx:][:nx]
				for dy, wy := range cy.weight {
					for i, v := range rows[(cy.from+dy)*nx:][:nx] {
						dst[i] += wz * wy * v
					}
				}
			}
		}
	}
	return out
}

func along(dst []float32, hu []int16, base, stride int, cover []cell) {
	for i, c := range cover {
		var s float32
		for d, w := range c.weight {
			s += w * float32(hu[base+(c.from+d)*stride])
		}
		dst[i] = s
	}
}
