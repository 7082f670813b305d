package phantom

import "math"

// blockSide is the side of a block in the plane, cells. Bones are drawn by blocks,
// which all share one raster, and blocks that a bone does not touch are not stored.
const blockSide = 4

// groupSide is the number of blocks along a group, skipped by one sample.
const groupSide = 4

// field is a bone drawn on the blocks that it touches.
type field struct {
	b   *bone
	win window  // of blocks
	at  []int32 // start of a block's cells, -1 where there is none
	// One value per cell, block after block.
	d      []float32 // signed distance, mm
	cortex []float32 // mm
	dense  []float32 // HU
	cover  []float32 // share of bone left beside gaps, 0..1; nil for a whole bone
}

// drawn is a bone without and, where it is broken, with its fracture.
type drawn struct {
	whole, broken *field
}

// depth is the number of slices of a block, so that blocks are about cubes.
func (g *lattice) depth() int { return max(1, int(math.Round(blockSide*g.px/g.dz))) }

// blocks takes a window of cells to the window of the blocks that hold it.
func (g *lattice) blocks(w window) window {
	m := [3]int{blockSide, blockSide, g.depth()}
	var out window
	if w.empty() {
		return out
	}
	for c := range 3 {
		out.lo[c], out.hi[c] = w.lo[c]/m[c], (w.hi[c]+m[c]-1)/m[c]
	}
	return out
}

// cells is the window of cells of the block (i,j,k), cut at the lattice's end.
func (g *lattice) cells(i, j, k int) window {
	bz := g.depth()
	return window{
		[3]int{i * blockSide, j * blockSide, k * bz},
		[3]int{min((i+1)*blockSide, g.nx), min((j+1)*blockSide, g.ny), min((k+1)*bz, g.nz)},
	}
}

// rasterize draws a bone, whole or broken, on a window of cells. Groups and blocks
// that lie wholly outside are skipped by one sample at their middle.
func rasterize(g *lattice, b *bone, cells window, broken *breakage) *field {
	f := &field{b: b, win: g.blocks(cells)}
	f.at = make([]int32, f.win.len())
	for i := range f.at {
		f.at[i] = -1
	}
	w := f.win
	for k := w.lo[2]; k < w.hi[2]; k += groupSide {
		for j := w.lo[1]; j < w.hi[1]; j += groupSide {
			for i := w.lo[0]; i < w.hi[0]; i += groupSide {
				if g.touches(b, broken, i, j, k, groupSide) {
					f.group(g, broken, i, j, k)
				}
			}
		}
	}
	return f
}

// touches reports whether a cube of n blocks may hold something of the bone.
func (g *lattice) touches(b *bone, broken *breakage, i, j, k, n int) bool {
	bz := g.depth()
	half := vec{float64(n*blockSide-1) / 2, float64(n*blockSide-1) / 2, float64(n*bz-1) / 2}
	mid := vec{
		g.origin[0] + (float64(i*blockSide)+half[0])*g.px,
		g.origin[1] + (float64(j*blockSide)+half[1])*g.px,
		g.origin[2] + (float64(k*bz)+half[2])*g.dz,
	}
	radius := norm(vec{half[0] * g.px, half[1] * g.px, half[2] * g.dz})
	margin := radius*1.15 + 4*g.sigma() + 0.8
	p := b.pose.local(mid)
	for a := range 3 {
		if p[a] < b.lo[a]-radius-9 || p[a] > b.hi[a]+radius+9 {
			return false
		}
	}
	if broken != nil {
		return broken.near(b, p) <= margin
	}
	return b.at(p).d <= margin
}

func (f *field) group(g *lattice, broken *breakage, i0, j0, k0 int) {
	w := f.win
	for k := k0; k < min(k0+groupSide, w.hi[2]); k++ {
		for j := j0; j < min(j0+groupSide, w.hi[1]); j++ {
			for i := i0; i < min(i0+groupSide, w.hi[0]); i++ {
				if g.touches(f.b, broken, i, j, k, 1) {
					f.block(g, broken, i, j, k)
				}
			}
		}
	}
}

// block draws one block.
func (f *field) block(g *lattice, broken *breakage, bi, bj, bk int) {
	b := f.b
	f.at[f.win.index(bi, bj, bk)] = int32(len(f.d))
	c := g.cells(bi, bj, bk)
	step := vec{b.pose.rot[0][0] * g.px, b.pose.rot[1][0] * g.px, b.pose.rot[2][0] * g.px}
	sigma := g.sigma()
	for k := c.lo[2]; k < c.hi[2]; k++ {
		for j := c.lo[1]; j < c.hi[1]; j++ {
			p := b.pose.local(g.at(c.lo[0], j, k))
			for i := c.lo[0]; i < c.hi[0]; i++ {
				var s sample
				if broken != nil {
					var cover float64
					s, cover = broken.at(b, p, sigma)
					f.cover = append(f.cover, float32(cover))
				} else {
					s = b.at(p)
				}
				f.d = append(f.d, float32(s.d))
				f.cortex = append(f.cortex, float32(s.cortex))
				f.dense = append(f.dense, float32(s.dense))
				p[0] += step[0]
				p[1] += step[1]
				p[2] += step[2]
			}
		}
	}
}

// start is where a block's cells start, or -1.
func (f *field) start(i, j, k int) int {
	if f == nil || !f.win.has(i, j, k) {
		return -1
	}
	return int(f.at[f.win.index(i, j, k)])
}

// part keeps a joint space open between two bones: a cell belongs to a bone only if
// it is nearer to it than to the neighbour by the gap. Broken bones are measured
// against whole neighbours, so that a fracture changes its own bone alone.
func (a *drawn) part(b *drawn, g *lattice, gap float32) {
	w := a.whole.win
	for k := w.lo[2]; k < w.hi[2]; k++ {
		for j := w.lo[1]; j < w.hi[1]; j++ {
			for i := w.lo[0]; i < w.hi[0]; i++ {
				a.partBlock(b, g, gap, i, j, k)
			}
		}
	}
}

func (a *drawn) partBlock(b *drawn, g *lattice, gap float32, i, j, k int) {
	wa, wb := a.whole.start(i, j, k), b.whole.start(i, j, k)
	ba, bb := a.broken.start(i, j, k), b.broken.start(i, j, k)
	for n := range g.cells(i, j, k).len() {
		switch {
		case wa >= 0 && wb >= 0:
			da, db := a.whole.d[wa+n], b.whole.d[wb+n]
			a.whole.d[wa+n], b.whole.d[wb+n] = retreat(da, db, gap), retreat(db, da, gap)
			if ba >= 0 {
				a.broken.d[ba+n] = retreat(a.broken.d[ba+n], db, gap)
			}
			if bb >= 0 {
				b.broken.d[bb+n] = retreat(b.broken.d[bb+n], da, gap)
			}
		case wa >= 0 && bb >= 0:
			b.broken.d[bb+n] = retreat(b.broken.d[bb+n], a.whole.d[wa+n], gap)
		case wb >= 0 && ba >= 0:
			a.broken.d[ba+n] = retreat(a.broken.d[ba+n], b.whole.d[wb+n], gap)
		default:
			return
		}
	}
}

func retreat(own, other, gap float32) float32 {
	if own > 8 || other > 12 {
		return own
	}
	return max(own, (own-other+gap)/2)
}
