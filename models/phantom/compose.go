package phantom

import "math"

// canvas is the scene on a lattice before the scanner sees it.
type canvas struct {
	g      lattice
	hu     []float32
	label  []uint8
	lesion []lesion
}

// lesion is the change that one bone's fracture makes to the noise-free picture.
type lesion struct {
	b     *bone
	win   window    // of cells
	delta []float32 // broken minus whole, HU
	site  []uint8   // 1 where the change is at the break
}

// textures are the grains that a study's bone looks at.
type textures struct {
	strut, fine, coarse grain
	style               *style // of Phantom4
}

// paint draws the bones of a scene over its soft tissue. broken maps a bone to its
// fracture.
func paint(s *scene, g lattice, broken map[*bone]*breakage) *canvas {
	cv := &canvas{g: g, hu: s.softTissue(&g), label: make([]uint8, g.nx*g.ny*g.nz)}
	all := map[*bone]*drawn{}
	for _, b := range s.bones() {
		lo, hi := b.outerBox()
		k := broken[b]
		grow := 2.0
		if k != nil {
			grow = 8
		}
		win := g.around(lo, hi, grow)
		if win.empty() {
			continue
		}
		d := &drawn{whole: rasterize(&g, b, win, nil)}
		if k != nil {
			d.broken = rasterize(&g, b, win, k)
		}
		all[b] = d
	}
	for _, j := range s.joints {
		if a, b := all[j.a], all[j.b]; a != nil && b != nil {
			a.part(b, &g, float32(j.gap))
		}
	}
	r := stream(s.seed, "texture")
	tx := textures{newGrain(r, 0, r.between(0.55, 0.75)), newGrain(r, 1, 0.45), newGrain(r, 1, 2.2), s.style}
	for _, b := range s.bones() {
		if d := all[b]; d != nil {
			cv.bone(d, broken[b], &tx)
		}
	}
	return cv
}

// bone puts one bone onto the canvas and notes its lesion.
func (cv *canvas) bone(d *drawn, k *breakage, tx *textures) {
	w := d.whole.win
	var le *lesion
	if d.broken != nil {
		bz := cv.g.depth()
		full := window{
			[3]int{w.lo[0] * blockSide, w.lo[1] * blockSide, w.lo[2] * bz},
			[3]int{min(w.hi[0]*blockSide, cv.g.nx), min(w.hi[1]*blockSide, cv.g.ny), min(w.hi[2]*bz, cv.g.nz)},
		}
		le = &lesion{b: d.whole.b, win: full, delta: make([]float32, full.len()), site: make([]uint8, full.len())}
	}
	for bk := w.lo[2]; bk < w.hi[2]; bk++ {
		for bj := w.lo[1]; bj < w.hi[1]; bj++ {
			for bi := w.lo[0]; bi < w.hi[0]; bi++ {
				whole, broken := d.whole.start(bi, bj, bk), d.broken.start(bi, bj, bk)
				if le != nil && (whole >= 0 || broken >= 0) {
					cv.brokenBlock(d, k, tx, le, cv.g.cells(bi, bj, bk), whole, broken)
				} else if whole >= 0 {
					cv.wholeBlock(d.whole, tx, cv.g.cells(bi, bj, bk), whole)
				}
			}
		}
	}
	if le != nil {
		cv.lesion = append(cv.lesion, *le)
	}
}

// markOf is the label of a bone's voxels.
func markOf(b *bone) uint8 {
	if b.level.Valid() {
		return uint8(b.level)
	}
	return 8
}

func (cv *canvas) wholeBlock(f *field, tx *textures, c window, at int) {
	mark, sigma := markOf(f.b), cv.g.sigma()
	reach := float32(4 * sigma)
	for k := c.lo[2]; k < c.hi[2]; k++ {
		for j := c.lo[1]; j < c.hi[1]; j++ {
			out := (k*cv.g.ny+j)*cv.g.nx + c.lo[0]
			for i := c.lo[0]; i < c.hi[0]; i, at, out = i+1, at+1, out+1 {
				if f.d[at] > reach {
					continue
				}
				cv.hu[out] = float32(hounsfield(f, tx, cv.g.at(i, j, k), at, float64(cv.hu[out]), sigma))
				if f.d[at] < 0 && !f.b.unmarked {
					cv.label[out] = mark
				}
				if f.d[at] < 1 && f.b.metal {
					cv.hide(i, j, k)
				}
			}
		}
	}
}

// hide takes a cell that metal covers out of the lesions.
func (cv *canvas) hide(i, j, k int) {
	for n := range cv.lesion {
		if le := &cv.lesion[n]; le.win.has(i, j, k) {
			le.delta[le.win.index(i, j, k)] = 0
		}
	}
}

// brokenBlock paints a block of a broken bone and notes what the fracture changed.
// Either field may lack the block.
func (cv *canvas) brokenBlock(d *drawn, br *breakage, tx *textures, le *lesion, c window, whole, broken int) {
	mark, sigma := markOf(le.b), cv.g.sigma()
	n := 0
	for k := c.lo[2]; k < c.hi[2]; k++ {
		for j := c.lo[1]; j < c.hi[1]; j++ {
			out := (k*cv.g.ny+j)*cv.g.nx + c.lo[0]
			for i := c.lo[0]; i < c.hi[0]; i, n, out = i+1, n+1, out+1 {
				p := cv.g.at(i, j, k)
				under := float64(cv.hu[out])
				was, now := under, under
				if whole >= 0 {
					was = hounsfield(d.whole, tx, p, whole+n, under, sigma)
				}
				if broken >= 0 {
					f, at := d.broken, broken+n
					now = hounsfield(f, tx, p, at, under, sigma)
					if cover := float64(f.cover[at]); cover < 1 {
						fill := lerp(under, br.blood, phi(-float64(f.d[at])/sigma))
						now = lerp(fill, now, cover)
					}
					if f.d[at] < 0 {
						cv.label[out] = mark
					}
				}
				if now == under && was == under {
					continue
				}
				cv.hu[out] = float32(now)
				at := le.win.index(i, j, k)
				le.delta[at] = float32(now - was)
				le.site[at] = br.site(le.b.pose.local(p))
			}
		}
	}
}

// hounsfield is the value at a place whose bone is at a known depth, over what lies
// under it: compact shell, spongy inside, both blurred along the normal, so that a
// shell of half a millimetre looks as thick as the grid makes it.
func hounsfield(f *field, tx *textures, p vec, at int, under, sigma float64) float64 {
	d := float64(f.d[at])
	if d > 4*sigma {
		return under
	}
	b := f.b
	out := phi(d / sigma)
	shell := float64(f.cortex[at])
	if tx.style != nil && shell < solidAll {
		shell *= tx.style.shell
	}
	in := phi((-d - shell) / sigma)
	v := under*out + b.hard*(1-out-in)
	if in > 0 {
		if tx.style != nil {
			return v + max(b.spongy+float64(f.dense[at])+tx.spongy(b.spongy, p), -70)*in
		}
		amp := 40 + 0.38*b.spongy
		s := b.spongy + float64(f.dense[at]) +
			amp*(2.2*(tx.strut.strut(p)-0.36)+0.35*tx.fine.at(p)) + 25*tx.coarse.at(p)
		v += max(s, -60) * in
	}
	return v
}

// site says whether a local place is near a break.
func (k *breakage) site(p vec) uint8 {
	const zone = 2.5
	if s := k.squash; s != nil {
		if math.Abs(p[0]) < s.width+2 && math.Abs(p[1]) < s.depth+3 && p[2] > -s.half-1 && p[2] < s.half+2 {
			return 1
		}
	}
	for i := range k.cuts {
		c := &k.cuts[i]
		if c.inside(p) || c.inside(c.back(p)) {
			if c.reach > 0 && norm(sub(p, c.at)) > c.reach+2 {
				continue
			}
			if math.Abs(c.side(p)) < zone+c.gap/2 || math.Abs(c.side(c.back(p))) < zone+c.gap/2 {
				return 1
			}
		}
	}
	return 0
}
