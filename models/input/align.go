package input

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// alignVolume resamples a tilted volume to the patient's axes at its own spacing.
// Between voxels it is trilinear; a coarser copy, made only where the aligned box
// would pass maxAligned, loses detail in plane and not along the stack.
func alignVolume(v *neckfrac.Volume, perm [3]int) *neckfrac.Volume {
	b := v.Bounds()
	out := &neckfrac.Volume{Grid: neckfrac.Grid{
		OriginMM:  neckfrac.Vec3{b.Min[0], b.Min[1], b.Max[2]},
		Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, -1}},
	}}
	for c, a := range perm {
		out.SpacingMM[c] = v.SpacingMM[a]
	}
	for {
		n := 1.0
		for c := range 3 {
			out.Dims[c] = 1 + int(math.Ceil((b.Max[c]-b.Min[c])/out.SpacingMM[c]-1e-6))
			n *= float64(out.Dims[c])
		}
		if n <= maxAligned {
			break
		}
		out.SpacingMM[0] *= 1.25
		out.SpacingMM[1] *= 1.25
	}
	out.HU = make([]int16, out.Len())
	parallel(out.Dims[2], func(lo, hi int) {
		for k := lo; k < hi; k++ {
			for j := range out.Dims[1] {
				alignRow(v, out, j, k)
			}
		}
	})
	return out
}

func alignRow(v, out *neckfrac.Volume, j, k int) {
	p := v.ToIndex(out.ToMM(neckfrac.Vec3{0, float64(j), float64(k)}))
	q := v.ToIndex(out.ToMM(neckfrac.Vec3{1, float64(j), float64(k)}))
	row := out.HU[out.Index(0, j, k):][:out.Dims[0]]
	for i := range row {
		t := float64(i)
		row[i] = trilinear(v, p[0]+t*(q[0]-p[0]), p[1]+t*(q[1]-p[1]), p[2]+t*(q[2]-p[2]))
	}
}

// trilinear samples v at a fractional index; up to half a voxel beyond the border
// the border's value holds, further out it is air.
func trilinear(v *neckfrac.Volume, x, y, z float64) int16 {
	i, fx, okx := cell(x, v.Dims[0])
	j, fy, oky := cell(y, v.Dims[1])
	k, fz, okz := cell(z, v.Dims[2])
	if !okx || !oky || !okz {
		return outsideHU
	}
	dx, dy, dz := 1, v.Dims[0], v.Dims[0]*v.Dims[1]
	if v.Dims[0] == 1 {
		dx = 0
	}
	if v.Dims[1] == 1 {
		dy = 0
	}
	if v.Dims[2] == 1 {
		dz = 0
	}
	o := v.Index(i, j, k)
	line := func(o int) float64 { return float64(v.HU[o])*(1-fx) + float64(v.HU[o+dx])*fx }
	near := line(o)*(1-fy) + line(o+dy)*fy
	far := line(o+dz)*(1-fy) + line(o+dz+dy)*fy
	return int16(math.Round(near*(1-fz) + far*fz))
}

// cell splits a fractional index into the lower voxel of its cell and the share of
// the upper one, so that both exist whenever the axis has two voxels.
func cell(x float64, n int) (i int, f float64, ok bool) {
	if !(x >= -0.5 && x <= float64(n)-0.5) {
		return 0, 0, false
	}
	x = min(max(x, 0), float64(n-1))
	i = min(int(x), max(n-2, 0))
	return i, x - float64(i), true
}
