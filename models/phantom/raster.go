package phantom

import "math"

// lattice is the grid on which bones are drawn: axis-aligned, x to the left, y to
// the back, z to the head.
type lattice struct {
	origin     vec
	px, dz     float64
	nx, ny, nz int
}

func (g *lattice) at(i, j, k int) vec {
	return vec{g.origin[0] + float64(i)*g.px, g.origin[1] + float64(j)*g.px, g.origin[2] + float64(k)*g.dz}
}

// sigma is the blur of drawing: edges are drawn as they look after a Gaussian of
// about half a cell, which is what partial volume does.
func (g *lattice) sigma() float64 { return 0.42 * (2*g.px + g.dz) / 3 }

// window is a block of lattice cells, hi excluded.
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
			lo[a], hi[a] = math.Min(lo[a], q[a]), math.Max(hi[a], q[a])
		}
	}
	return lo, hi
}

// field is a bone drawn on its window of the lattice.
type field struct {
	b      *bone
	win    window
	d      []float32 // signed distance, mm
	cortex []float32
	dense  []float32
	cover  []float32 // nil, or the share of bone left beside gaps, 0..1
}

// sampler gives a bone's sample and the share of it that is not gap.
type sampler func(p vec) (sample, float64)

// rasterize evaluates a bone on its window. Blocks that lie wholly outside are skipped by
// one sample at their middle.
func rasterize(g *lattice, b *bone, win window, broken *breakage) *field {
	f := &field{b: b, win: win}
	n := win.len()
	if n == 0 {
		return f
	}
	f.d, f.cortex, f.dense = make([]float32, n), make([]float32, n), make([]float32, n)
	if broken != nil {
		f.cover = make([]float32, n)
	}
	for i := range f.d {
		f.d[i] = far
	}
	const bx = 4
	bz := max(1, int(math.Round(bx*g.px/g.dz)))
	margin := norm(vec{bx * g.px, bx * g.px, float64(bz) * g.dz})/2*1.15 + 4*g.sigma() + 0.8
	for k := win.lo[2]; k < win.hi[2]; k += bz {
		for j := win.lo[1]; j < win.hi[1]; j += bx {
			for i := win.lo[0]; i < win.hi[0]; i += bx {
				mid := g.at(i, j, k)
				mid[0] += (bx - 1) * g.px / 2
				mid[1] += (bx - 1) * g.px / 2
				mid[2] += float64(bz-1) * g.dz / 2
				local := b.pose.local(mid)
				if broken != nil {
					if broken.near(b, local) > margin {
						continue
					}
				} else if b.at(local).d > margin {
					continue
				}
				f.fill(g, broken, i, j, k, bx, bz)
			}
		}
	}
	return f
}

// fill draws one block.
func (f *field) fill(g *lattice, broken *breakage, i0, j0, k0, bx, bz int) {
	b := f.b
	rx := vec{b.pose.rot[0][0] * g.px, b.pose.rot[1][0] * g.px, b.pose.rot[2][0] * g.px}
	for k := k0; k < min(k0+bz, f.win.hi[2]); k++ {
		for j := j0; j < min(j0+bx, f.win.hi[1]); j++ {
			p := b.pose.local(g.at(i0, j, k))
			at := f.win.index(i0, j, k)
			for i := i0; i < min(i0+bx, f.win.hi[0]); i, at = i+1, at+1 {
				var s sample
				cover := 1.0
				if broken != nil {
					s, cover = broken.at(b, p, g.sigma())
				} else {
					s = b.at(p)
				}
				f.d[at], f.cortex[at], f.dense[at] = float32(s.d), float32(s.cortex), float32(s.dense)
				if broken != nil {
					f.cover[at] = float32(cover)
				}
				p = add(p, rx)
			}
		}
	}
}

// drawn is a bone without and, where it is broken, with its fracture.
type drawn struct {
	whole, broken *field
}

// part keeps a joint space open between two bones: a voxel belongs to a bone only if
// it is nearer to it than to the neighbour by the gap. Broken bones are measured
// against whole neighbours, so that a fracture changes its own bone alone.
func (a *drawn) part(b *drawn, gap float32) {
	w, o := a.whole.win, b.whole.win
	for k := max(w.lo[2], o.lo[2]); k < min(w.hi[2], o.hi[2]); k++ {
		for j := max(w.lo[1], o.lo[1]); j < min(w.hi[1], o.hi[1]); j++ {
			i0, i1 := max(w.lo[0], o.lo[0]), min(w.hi[0], o.hi[0])
			if i0 >= i1 {
				continue
			}
			m, n := w.index(i0, j, k), o.index(i0, j, k)
			for ; i0 < i1; i0, m, n = i0+1, m+1, n+1 {
				da, db := a.whole.d[m], b.whole.d[n]
				a.whole.d[m] = retreat(da, db, gap)
				b.whole.d[n] = retreat(db, da, gap)
				if a.broken != nil {
					a.broken.d[m] = retreat(a.broken.d[m], db, gap)
				}
				if b.broken != nil {
					b.broken.d[n] = retreat(b.broken.d[n], da, gap)
				}
			}
		}
	}
}

func retreat(own, other, gap float32) float32 {
	if own > 8 || other > 12 {
		return own
	}
	return max(own, (own-other+gap)/2)
}
