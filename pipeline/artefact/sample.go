package artefact

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// sampler reads a volume between its voxels. It holds the inverse of the grid so that
// a walk along a line costs three additions a step.
type sampler struct {
	v *neckfrac.Volume
}

// line samples n places from start in equal steps, in mm.
func (s sampler) line(start, step neckfrac.Vec3, out []float64) {
	at := s.v.ToIndex(start)
	end := s.v.ToIndex(neckfrac.Vec3{start[0] + step[0], start[1] + step[1], start[2] + step[2]})
	var d neckfrac.Vec3
	for a := range 3 {
		d[a] = end[a] - at[a]
	}
	for i := range out {
		out[i] = s.at(at[0]+float64(i)*d[0], at[1]+float64(i)*d[1], at[2]+float64(i)*d[2])
	}
}

// at is the trilinear value at fractional indices. Half a voxel beyond the outer
// centres still belongs to the volume; farther out is outside, the floor of HU.
func (s sampler) at(i, j, k float64) float64 {
	var lo [3]int
	var f neckfrac.Vec3
	for a, x := range [3]float64{i, j, k} {
		n := s.v.Dims[a]
		if !(x >= -0.5 && x <= float64(n)-0.5) {
			return outside
		}
		x = min(max(x, 0), float64(n-1))
		lo[a] = min(int(math.Floor(x)), max(n-2, 0))
		f[a] = x - float64(lo[a])
	}
	sum := 0.0
	for c := range 8 {
		w := 1.0
		var at [3]int
		for a := range 3 {
			bit := c >> a & 1
			at[a] = min(lo[a]+bit, s.v.Dims[a]-1)
			if bit == 1 {
				w *= f[a]
			} else {
				w *= 1 - f[a]
			}
		}
		if w != 0 {
			sum += w * float64(s.v.HU[s.v.Index(at[0], at[1], at[2])])
		}
	}
	return sum
}

// outside is what a picture shows where there is no scan.
const outside = -1024

// The bone window: HU from -500 to 1300 over the grey scale.
const (
	windowWidth = 1800
	windowLevel = 400
)

// grey maps HU to 8 bits.
func grey(hu float64) uint8 {
	g := (hu - (windowLevel - windowWidth/2)) / windowWidth * 255
	return uint8(math.Round(min(max(g, 0), 255)))
}
