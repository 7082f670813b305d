package phantom

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// airHU is what lies beside the drawn volume.
const airHU = -1024

// sampler reads a volume whose axes are the patient's between its voxels.
type sampler struct {
	grid neckfrac.Grid
	hu   []int16
}

// onVoxel forgives rounding of places that are voxels, in voxels.
const onVoxel = 1e-7

// cut makes the pixels of a series' planes: linear between voxels, and averaged along
// the normal where a plane is thicker than the volume's own slices of ownMM.
func (s *series) cut(from sampler, ownMM float64) func(plane) []int16 {
	shape := *s
	return func(p plane) []int16 {
		sum := make([]float32, shape.rows*shape.cols)
		normal := cross(shape.row, shape.col)
		// Slabs of ownMM and of w, one over the other, spread as much as one of thickMM.
		w := math.Sqrt(max(0, sq(p.thickMM)-sq(ownMM)))
		n := int(math.Ceil(w/from.grid.SpacingMM[2]))*2 + 1
		if w < 1e-6 {
			n = 1
		}
		for q := range n {
			off := (float64(q)+0.5)/float64(n)*w - w/2
			from.add(sum, &shape, add(p.at, scale(normal, off)))
		}
		out := make([]int16, len(sum))
		for i, v := range sum {
			out[i] = int16(math.Round(float64(v) / float64(n)))
		}
		return out
	}
}

// add adds the values of a plane whose first pixel is at a place.
func (m sampler) add(sum []float32, s *series, at vec) {
	toVoxel := func(d vec) vec {
		return vec{d[0] / m.grid.SpacingMM[0], d[1] / m.grid.SpacingMM[1], d[2] / m.grid.SpacingMM[2]}
	}
	first := toVoxel(sub(at, m.grid.OriginMM))
	di, dj := toVoxel(scale(s.row, s.colMM)), toVoxel(scale(s.col, s.rowMM))
	for j := range s.rows {
		row := sum[j*s.cols:][:s.cols]
		q := add(first, scale(dj, float64(j)))
		for i := range row {
			f := float64(i)
			row[i] += m.at(q[0]+f*di[0], q[1]+f*di[1], q[2]+f*di[2])
		}
	}
}

// at is the value at a place in voxels, linear between them, air outside.
func (m sampler) at(x, y, z float64) float32 {
	d := m.grid.Dims
	i, fx, ok1 := split(x, d[0])
	j, fy, ok2 := split(y, d[1])
	k, fz, ok3 := split(z, d[2])
	if !ok1 || !ok2 || !ok3 {
		return airHU
	}
	// A step of 0 where the fraction is 0 keeps the last voxel's neighbours inside.
	dx, dy, dz := int(math.Ceil(fx)), d[0]*int(math.Ceil(fy)), d[0]*d[1]*int(math.Ceil(fz))
	at := (k*d[1]+j)*d[0] + i
	line := func(at int) float64 { return lerp(float64(m.hu[at]), float64(m.hu[at+dx]), fx) }
	return float32(lerp(lerp(line(at), line(at+dy), fy), lerp(line(at+dz), line(at+dy+dz), fy), fz))
}

// split is a place as a voxel and the share of the way to the next.
func split(x float64, n int) (i int, f float64, ok bool) {
	r := math.Round(x)
	if math.Abs(x-r) < onVoxel {
		x = r
	}
	if !(x >= 0 && x <= float64(n-1)) {
		return 0, 0, false
	}
	i = int(x)
	return i, x - float64(i), true
}
