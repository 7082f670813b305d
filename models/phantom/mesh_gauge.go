package phantom

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// The marks of a mesh bone are measured in its frame by rays to the zero of its distance
// grid, which finds a surface to a tenth of a cell.

// inside says whether a place lies in the bone.
func (g *distGrid) inside(p vec) bool {
	d, _ := g.at(p)
	return d < 0
}

// near is the distance at the cell next to p; beyond the grid it is far.
func (g *distGrid) near(p vec) float64 {
	i, j, k := int((p[0]-g.lo[0])/g.step+0.5), int((p[1]-g.lo[1])/g.step+0.5), int((p[2]-g.lo[2])/g.step+0.5)
	if i < 0 || j < 0 || k < 0 || i >= g.n[0] || j >= g.n[1] || k >= g.n[2] {
		return far
	}
	return float64(g.v[(k*g.n[1]+j)*g.n[0]+i]) * distUnit
}

// edge is the way from p along the unit vector dir to the first change between inside
// and outside, or most where there is none.
func (g *distGrid) edge(p, dir vec, most float64) float64 {
	const step = 0.25
	was, _ := g.at(p)
	for t := step; t < most; t += step {
		d, _ := g.at(add(p, scale(dir, t)))
		if (d < 0) != (was < 0) {
			return t - step*d/(d-was)
		}
		was = d
	}
	return most
}

// across is the way through p between the edges on both sides of an axis, and the
// coordinate of its middle.
func (g *distGrid) across(p vec, axis int, most float64) (width, mid float64) {
	var dir vec
	dir[axis] = 1
	up, down := g.edge(p, dir, most), g.edge(p, scale(dir, -1), most)
	return up + down, p[axis] + (up-down)/2
}

// move puts the origin of the grid's frame to a place in it.
func (b *meshBone) move(to vec) {
	b.grid.lo = sub(b.grid.lo, to)
	b.frame.at = b.frame.outer(to)
}

// middle is the centroid of the bone within a box and its volume in mm3.
func (g *distGrid) middle(lo, hi vec) (mid vec, volume float64) {
	var from, to [3]int
	for a := range 3 {
		from[a] = max(0, int(math.Ceil((lo[a]-g.lo[a])/g.step)))
		to[a] = min(g.n[a]-1, int(math.Floor((hi[a]-g.lo[a])/g.step)))
	}
	var n float64
	for k := from[2]; k <= to[2]; k++ {
		for j := from[1]; j <= to[1]; j++ {
			for i := from[0]; i <= to[0]; i++ {
				if g.v[(k*g.n[1]+j)*g.n[0]+i] < 0 {
					n++
					mid[0], mid[1], mid[2] = mid[0]+float64(i), mid[1]+float64(j), mid[2]+float64(k)
				}
			}
		}
	}
	if n == 0 {
		return scale(add(lo, hi), 0.5), 0
	}
	for a := range 3 {
		mid[a] = g.lo[a] + mid[a]/n*g.step
	}
	return mid, n * g.step * g.step * g.step
}

// utmost is the mean place of the bone within 2 mm of its furthest point along axis in
// the direction of sign, among places in a box.
func (g *distGrid) utmost(axis int, sign float64, lo, hi vec) vec {
	end := math.Inf(-1)
	g.each(lo, hi, func(p vec) {
		end = max(end, sign*p[axis])
	})
	if math.IsInf(end, -1) {
		return scale(add(lo, hi), 0.5)
	}
	var sum vec
	var n float64
	g.each(lo, hi, func(p vec) {
		if sign*p[axis] > end-2 {
			sum, n = add(sum, p), n+1
		}
	})
	return scale(sum, 1/n)
}

// each calls f for every cell of the bone within a box.
func (g *distGrid) each(lo, hi vec, f func(p vec)) {
	at := 0
	for k := range g.n[2] {
		z := g.lo[2] + float64(k)*g.step
		for j := range g.n[1] {
			y := g.lo[1] + float64(j)*g.step
			for i := range g.n[0] {
				if g.v[at] < 0 {
					p := vec{g.lo[0] + float64(i)*g.step, y, z}
					if p[0] >= lo[0] && p[0] <= hi[0] && p[1] >= lo[1] && p[1] <= hi[1] && p[2] >= lo[2] && p[2] <= hi[2] {
						f(p)
					}
				}
				at++
			}
		}
	}
}

// everywhere is a box that holds every bone.
const everywhere = 500.0

// foramen is the middle of the transverse foramen of a side and its width: the mean over
// planes in which bone, grown by shut, surrounds an opening of 3 to 90 mm2 beside the
// canal. Planes are horizontal or fall or rise outwards and forwards, and bone is grown,
// since the bars that close the foramen do not lie at one height; the direction with most
// such planes is taken, and found says that it has at least three.
func (g *distGrid) foramen(x, beside float64, low, high float64) (mid vec, width float64, found bool) {
	most := 2.0
	for _, out := range []float64{0, 20, 35, 50, -20, -35} {
		for _, fore := range []float64{0, 20, -20} {
			rot := turn(vec{0, 1, 0}, x*out).then(turn(vec{1, 0, 0}, fore))
			var sum vec
			var n, area float64
			for z := low; z <= high; z += 0.5 {
				root := vec{x * (beside + 5), 0, z}
				for _, h := range g.openings(root, rot) {
					p := add(root, rot.tmul(vec{h.x, h.y, 0}))
					if h.area < 3 || h.area > 90 || x*p[0] < beside {
						continue
					}
					sum, area, n = add(sum, p), area+h.area, n+1
				}
			}
			if n > most {
				most, found = n, true
				mid, width = scale(sum, 1/n), 2*(math.Sqrt(area/n/math.Pi)+shut)
			}
		}
	}
	return mid, width, found
}

// shut is how far bone is grown to close foramina, mm.
const shut = 0.8

// openings are what bone surrounds in a plane patch of 32 mm about root.
func (g *distGrid) openings(root vec, rot mat) []hole {
	const step, side = 0.6, 54
	var flags [side * side]bool
	dx, dy := rot.tmul(vec{step, 0, 0}), rot.tmul(vec{0, step, 0})
	start := sub(root, scale(add(dx, dy), side/2))
	for j := range side {
		p := add(start, scale(dy, float64(j)))
		for i := range side {
			flags[j*side+i] = g.near(p) > shut
			p = add(p, dx)
		}
	}
	return enclosed(flags[:], [2]int{side, side}, [2]float64{-side / 2 * step, -side / 2 * step}, step)
}

// odd is the error of a bone that lacks what every vertebra has.
func odd(what string) error {
	return neckfrac.Errorf(neckfrac.Invalid, "marks", "%s", what)
}
