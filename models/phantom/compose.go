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
	win   window
	delta []float32 // broken minus whole, HU
	site  []uint8   // 1 where the change is at the break
}

// textures are the grains that a study's bone looks at.
type textures struct{ strut, fine, coarse grain }

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
			a.part(b, float32(j.gap))
		}
	}
	r := stream(s.seed, "texture")
	tx := textures{newGrain(r, 0, r.between(0.55, 0.75)), newGrain(r, 1, 0.45), newGrain(r, 1, 2.2)}
	for _, b := range s.bones() {
		if d := all[b]; d != nil {
			cv.bone(d, broken[b], &tx)
		}
	}
	return cv
}

// bone puts one bone onto the canvas and notes its lesion.
func (cv *canvas) bone(d *drawn, k *breakage, tx *textures) {
	f := d.whole
	b, w := f.b, f.win
	var le lesion
	if d.broken != nil {
		le = lesion{b: b, win: w, delta: make([]float32, w.len()), site: make([]uint8, w.len())}
	}
	mark := uint8(8)
	if b.level.Valid() {
		mark = uint8(b.level)
	}
	sigma := cv.g.sigma()
	reach := float32(4 * sigma)
	at := 0
	for kz := w.lo[2]; kz < w.hi[2]; kz++ {
		for j := w.lo[1]; j < w.hi[1]; j++ {
			out := (kz*cv.g.ny+j)*cv.g.nx + w.lo[0]
			for i := w.lo[0]; i < w.hi[0]; i, at, out = i+1, at+1, out+1 {
				dw := f.d[at]
				if d.broken == nil {
					if dw > reach {
						continue
					}
					cv.hu[out] = float32(hounsfield(b, tx, cv.g.at(i, j, kz), f, at, float64(cv.hu[out]), sigma))
					if dw < 0 {
						cv.label[out] = mark
					}
					continue
				}
				db := d.broken.d[at]
				if dw > reach && db > reach {
					continue
				}
				p := cv.g.at(i, j, kz)
				under := float64(cv.hu[out])
				whole := hounsfield(b, tx, p, f, at, under, sigma)
				now := hounsfield(b, tx, p, d.broken, at, under, sigma)
				c := float64(d.broken.cover[at])
				if c < 1 {
					fill := lerp(under, k.blood, phi(-float64(db)/sigma))
					now = lerp(fill, now, c)
				}
				cv.hu[out] = float32(now)
				if db < 0 {
					cv.label[out] = mark
				}
				le.delta[at] = float32(now - whole)
				le.site[at] = k.site(b.pose.local(p))
			}
		}
	}
	if d.broken != nil {
		cv.lesion = append(cv.lesion, le)
	}
}

// hounsfield is the value at a place whose bone is at a known depth, over what lies
// under it: compact shell, spongy inside, both blurred along the normal, so that a
// shell of half a millimetre looks as thick as the grid makes it.
func hounsfield(b *bone, tx *textures, p vec, f *field, at int, under, sigma float64) float64 {
	d := float64(f.d[at])
	if d > 4*sigma {
		return under
	}
	out := phi(d / sigma)
	t := float64(f.cortex[at])
	in := phi((-d - t) / sigma)
	v := under*out + b.hard*(1-out-in)
	if in > 0 {
		amp := 40 + 0.38*b.spongy
		s := b.spongy + float64(f.dense[at]) +
			amp*(2.2*(tx.strut.strut(p)-0.36)+0.35*tx.fine.at(p)) + 25*tx.coarse.at(p)
		v += math.Max(s, -60) * in
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
