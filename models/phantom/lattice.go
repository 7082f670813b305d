package phantom

import "math"

// lattice is the grid on which a scene is painted: axis-aligned, x to the left, y to
// the back, z to the head.
type lattice struct {
	origin     vec
	px, dz     float64
	nx, ny, nz int
}

func (g *lattice) at(i, j, k int) vec {
	return vec{g.origin[0] + float64(i)*g.px, g.origin[1] + float64(j)*g.px, g.origin[2] + float64(k)*g.dz}
}

// sigma is the blur of painting: edges are painted as they look after a Gaussian of
// about half a cell, which is what partial volume does.
func (g *lattice) sigma() float64 { return 0.42 * (2*g.px + g.dz) / 3 }

// window is a block of cells, hi excluded.
type window struct{ lo, hi [3]int }

func (w window) empty() bool {
	return w.hi[0] <= w.lo[0] || w.hi[1] <= w.lo[1] || w.hi[2] <= w.lo[2]
}

func (w window) size() (nx, ny, nz int) {
	return w.hi[0] - w.lo[0], w.hi[1] - w.lo[1], w.hi[2] - w.lo[2]
}

func (w window) len() int {
	if w.empty() {
		return 0
	}
	nx, ny, nz := w.size()
	return nx * ny * nz
}

func (w window) has(i, j, k int) bool {
	return i >= w.lo[0] && i < w.hi[0] && j >= w.lo[1] && j < w.hi[1] && k >= w.lo[2] && k < w.hi[2]
}

func (w window) index(i, j, k int) int {
	nx, ny, _ := w.size()
	return ((k-w.lo[2])*ny+(j-w.lo[1]))*nx + (i - w.lo[0])
}

// around is the part of the lattice that a box in patient millimetres covers.
func (g *lattice) around(lo, hi vec, grow float64) window {
	var w window
	n := [3]int{g.nx, g.ny, g.nz}
	for a, step := range [3]float64{g.px, g.px, g.dz} {
		w.lo[a] = max(0, int(math.Floor((lo[a]-grow-g.origin[a])/step)))
		w.hi[a] = min(n[a], int(math.Ceil((hi[a]+grow-g.origin[a])/step))+1)
	}
	return w
}

// outerBox is the box of a bone in the patient.
func (b *bone) outerBox() (lo, hi vec) {
	lo, hi = vec{1e9, 1e9, 1e9}, vec{-1e9, -1e9, -1e9}
	for c := range 8 {
		var p vec
		for a := range 3 {
			p[a] = b.lo[a]
			if c>>a&1 == 1 {
				p[a] = b.hi[a]
			}
		}
		q := b.pose.outer(p)
		for a := range 3 {
			lo[a], hi[a] = min(lo[a], q[a]), max(hi[a], q[a])
		}
	}
	return lo, hi
}
