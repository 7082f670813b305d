package input

import "github.com/neckfrac/neckfrac"

// Region is where one label lies in a label field.
type Region struct {
	Label  uint8
	Voxels int
	// BoxMM goes through the outer faces of the voxels.
	BoxMM      neckfrac.Box
	CentroidMM neckfrac.Vec3
	// Lo and Hi are the first and last voxel on each axis.
	Lo, Hi [3]int
}

// Regions measures the labels 0..8 of a label field on g; a label that does not
// occur has no voxels. len(labels) must be g.Len().
func Regions(g Grid, labels []uint8) [neckfrac.LabelOtherBone + 1]Region {
	var out [neckfrac.LabelOtherBone + 1]Region
	var sum [len(out)][3]float64
	for l := range out {
		out[l] = Region{Label: uint8(l), Lo: g.Dims, Hi: [3]int{-1, -1, -1}}
	}
	o := 0
	for x := range g.Dims[0] {
		for z := range g.Dims[2] {
			for y := range g.Dims[1] {
				l := labels[o]
				o++
				if l == 0 || int(l) >= len(out) {
					continue
				}
				r := &out[l]
				r.Voxels++
				for c, i := range [3]int{x, y, z} {
					sum[l][c] += float64(i)
					r.Lo[c], r.Hi[c] = min(r.Lo[c], i), max(r.Hi[c], i)
				}
			}
		}
	}
	for l := range out {
		r := &out[l]
		if r.Voxels == 0 {
			continue
		}
		n := float64(r.Voxels)
		r.CentroidMM = g.ToMM(sum[l][0]/n, sum[l][1]/n, sum[l][2]/n)
		a := g.ToMM(float64(r.Lo[0])-0.5, float64(r.Lo[1])-0.5, float64(r.Hi[2])+0.5)
		b := g.ToMM(float64(r.Hi[0])+0.5, float64(r.Hi[1])+0.5, float64(r.Lo[2])-0.5)
		r.BoxMM = neckfrac.Box{Min: a, Max: b}
	}
	return out
}
