package phantom

import (
	"math"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/stl"
)

// distGrid is a signed distance on a box of cubic cells, in steps of distUnit.
type distGrid struct {
	lo   vec
	step float64
	n    [3]int
	v    []int16
}

// distUnit is a thousandth of a millimetre or so: int16 then reaches 31 mm, more than
// any bone is thick and more than a grid reaches beyond its bone.
const distUnit = 1.0 / 1024

// gridMargin is how far a grid reaches beyond its bone, mm.
const gridMargin = 3.0

// maxGridCells bounds one grid: 48 million cells take 96 MB and, while they are made,
// three times as much.
const maxGridCells = 48 << 20

// newDistGrid measures the distance to a mesh: exact within two cells of the surface,
// by sweeps of the eikonal equation elsewhere. Inside is what at least two of three
// bundles of rays call inside, by winding number: shells inside shells, overlaps and a
// stray shell of two triangles do no harm, and a hole in the mesh only costs the rays
// that go through it.
func newDistGrid(mesh []stl.Triangle, step float64) (*distGrid, error) {
	lo, hi := meshBox(mesh)
	g := &distGrid{lo: vec{lo[0] - gridMargin, lo[1] - gridMargin, lo[2] - gridMargin}, step: step}
	cells := int64(1)
	for a := range 3 {
		side := (hi[a]-lo[a]+2*gridMargin)/step + 2
		if !(side >= 3 && side < 4096) {
			return nil, neckfrac.Errorf(neckfrac.Limit, "distance grid", "mesh of %.0f mm: too large or empty", hi[a]-lo[a])
		}
		g.n[a] = int(side)
		cells *= int64(g.n[a])
	}
	if cells > maxGridCells {
		return nil, neckfrac.Errorf(neckfrac.Limit, "distance grid", "%d cells, at most %d are made", cells, maxGridCells)
	}
	d := make([]float32, cells)
	for i := range d {
		d[i] = far
	}
	g.band(mesh, d)
	fixed := make([]bool, cells)
	for i, v := range d {
		fixed[i] = v < far
	}
	sweep(d, fixed, g.n, float32(step))
	vote := g.vote(mesh)
	g.v = make([]int16, cells)
	for i, v := range d {
		q := int16(math.Round(min(float64(v)/distUnit, math.MaxInt16)))
		if vote[i] > 0 {
			q = -q
		}
		g.v[i] = q
	}
	return g, nil
}

// band fills in the exact distance round every triangle.
func (g *distGrid) band(mesh []stl.Triangle, d []float32) {
	reach := 1.8 * g.step
	for i := range mesh {
		t := &mesh[i]
		var lo, hi [3]int
		for a := range 3 {
			lo[a] = max(0, int(math.Ceil((min(t[0][a], t[1][a], t[2][a])-reach-g.lo[a])/g.step)))
			hi[a] = min(g.n[a]-1, int(math.Floor((max(t[0][a], t[1][a], t[2][a])+reach-g.lo[a])/g.step)))
		}
		normal := t.Normal()
		for k := lo[2]; k <= hi[2]; k++ {
			for j := lo[1]; j <= hi[1]; j++ {
				row := (k*g.n[1] + j) * g.n[0]
				for i := lo[0]; i <= hi[0]; i++ {
					p := vec{g.lo[0] + float64(i)*g.step, g.lo[1] + float64(j)*g.step, g.lo[2] + float64(k)*g.step}
					off := math.Abs(dot(normal, sub(p, t[0])))
					if off > reach || off >= float64(d[row+i]) {
						continue
					}
					if v := norm(sub(p, nearest(p, t))); v < float64(d[row+i]) && v <= reach {
						d[row+i] = float32(v)
					}
				}
			}
		}
	}
}

// nearest is the point of a triangle that is nearest to p.
func nearest(p vec, t *stl.Triangle) vec {
	a, b, c := t[0], t[1], t[2]
	ab, ac, ap := sub(b, a), sub(c, a), sub(p, a)
	d1, d2 := dot(ab, ap), dot(ac, ap)
	if d1 <= 0 && d2 <= 0 {
		return a
	}
	bp := sub(p, b)
	d3, d4 := dot(ab, bp), dot(ac, bp)
	if d3 >= 0 && d4 <= d3 {
		return b
	}
	if vc := d1*d4 - d3*d2; vc <= 0 && d1 >= 0 && d3 <= 0 && d1 != d3 {
		return add(a, scale(ab, d1/(d1-d3)))
	}
	cp := sub(p, c)
	d5, d6 := dot(ab, cp), dot(ac, cp)
	if d6 >= 0 && d5 <= d6 {
		return c
	}
	vb := d5*d2 - d1*d6
	if vb <= 0 && d2 >= 0 && d6 <= 0 && d2 != d6 {
		return add(a, scale(ac, d2/(d2-d6)))
	}
	va := d3*d6 - d5*d4
	if e := (d4 - d3) + (d5 - d6); va <= 0 && d4 >= d3 && d5 >= d6 && e != 0 {
		return add(b, scale(sub(c, b), (d4-d3)/e))
	}
	sum := va + vb + (d1*d4 - d3*d2)
	if sum == 0 {
		return a
	}
	return add(a, add(scale(ab, vb/sum), scale(ac, (d1*d4-d3*d2)/sum)))
}

// sweep solves |grad d| = 1 outwards from the fixed cells, one sweep in each of the
// eight directions. Cells of the box's rim take the value of their neighbour and a step.
func sweep(d []float32, fixed []bool, n [3]int, h float32) {
	sy, sz := n[0], n[0]*n[1]
	for dir := range 8 {
		var from, to, by [3]int
		for a := range 3 {
			from[a], to[a], by[a] = 1, n[a]-1, 1
			if dir>>a&1 == 1 {
				from[a], to[a], by[a] = n[a]-2, 0, -1
			}
		}
		for k := from[2]; k != to[2]; k += by[2] {
			for j := from[1]; j != to[1]; j += by[1] {
				row := k*sz + j*sy
				for i := from[0]; i != to[0]; i += by[0] {
					at := row + i
					if fixed[at] {
						continue
					}
					x, y, z := min(d[at-1], d[at+1]), min(d[at-sy], d[at+sy]), min(d[at-sz], d[at+sz])
					if min(x, y, z)+0.577*h >= d[at] {
						continue // no neighbour can lower it
					}
					if v := eikonal(x, y, z, h); v < d[at] {
						d[at] = v
					}
				}
			}
		}
	}
	for k := range n[2] {
		for j := range n[1] {
			for i := range n[0] {
				in := [3]int{clampInt(i-1, n[0]-2) + 1, clampInt(j-1, n[1]-2) + 1, clampInt(k-1, n[2]-2) + 1}
				if in != [3]int{i, j, k} {
					d[k*sz+j*sy+i] = d[in[2]*sz+in[1]*sy+in[0]] + h
				}
			}
		}
	}
}

// eikonal is the first-order upwind solution.
func eikonal(a, b, c, h float32) float32 {
	if a > b {
		a, b = b, a
	}
	if b > c {
		b, c = c, b
	}
	if a > b {
		a, b = b, a
	}
	v := a + h
	if v <= b {
		return v
	}
	v = (a + b + float32(math.Sqrt(float64(2*h*h-(a-b)*(a-b))))) / 2
	if v <= c {
		return v
	}
	s := a + b + c
	q := s*s - 3*(a*a+b*b+c*c-h*h)
	if q < 0 {
		return v
	}
	return (s + float32(math.Sqrt(float64(q)))) / 3
}

// vote asks a bundle of rays along each axis which cells are inside: above zero is yes.
// Rays that do not come out again abstain.
func (g *distGrid) vote(mesh []stl.Triangle) []int8 {
	out := make([]int8, g.n[0]*g.n[1]*g.n[2])
	stride := [3]int{1, g.n[0], g.n[0] * g.n[1]}
	for axis := range 3 {
		u, v := (axis+1)%3, (axis+2)%3
		b := bundle{axis: axis, u: u, v: v, lo: g.lo, step: g.step, nu: g.n[u], nv: g.n[v]}
		all := b.crossings(mesh)
		next := 0
		for ray := range g.n[u] * g.n[v] {
			first, total := next, 0
			for next < len(all) && int(all[next].ray) == ray {
				total += int(all[next].sign)
				next++
			}
			if total != 0 {
				continue
			}
			at := ray%g.n[u]*stride[u] + ray/g.n[u]*stride[v]
			wind, q := 0, first
			for i := range g.n[axis] {
				z := g.lo[axis] + float64(i)*g.step
				for q < next && float64(all[q].at) <= z {
					wind += int(all[q].sign)
					q++
				}
				if wind != 0 {
					out[at+i*stride[axis]]++
				} else {
					out[at+i*stride[axis]]--
				}
			}
		}
	}
	return out
}
