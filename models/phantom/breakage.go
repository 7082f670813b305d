package phantom

import "math"

// cut is one break of a bone: a rough plane with a gap, and the rigid move of what
// lies on its positive side. Places are in the bone's local frame, mm.
type cut struct {
	at, n  vec
	u, v   vec // span the plane
	gap    float64
	rough  float64 // amplitude of the plane's roughness
	bow    float64 // 1/mm: the plane bends towards +n away from at along u
	reach  float64 // the gap closes beyond this distance from at; 0 for a full break
	lo, hi vec     // the cut acts inside this box only
	move   vec     // of the fragment
	spin   mat     // turn of the fragment about at; zero for none
	decay  float64 // the move fades with this radius; 0 for a rigid fragment
	phase  float64
}

// squash lowers the upper part of a body: a wedge when the back keeps its height.
type squash struct {
	half          float64 // of the body's height
	front, back   float64 // loss in mm at both walls
	depth, width  float64 // half sizes of the body
	buckle        float64 // bulge of the front wall, mm
	band          float64 // HU of the impaction band
	bandZ, bandMM float64
	phase         float64
}

// breakage is all that a fracture event does to one bone.
type breakage struct {
	cuts   []cut
	squash *squash
	blood  float64 // HU in gaps
}

// newCut completes a cut's frame.
func newCut(c cut) cut {
	c.n = unit(c.n)
	up := vec{0, 0, 1}
	if math.Abs(c.n[2]) > 0.8 {
		up = vec{0, 1, 0}
	}
	c.u = unit(cross(up, c.n))
	c.v = cross(c.n, c.u)
	return c
}

// side is the signed distance to the rough plane.
func (c *cut) side(p vec) float64 {
	d := sub(p, c.at)
	s, a, b := dot(d, c.n), dot(d, c.u), dot(d, c.v)
	s -= c.bow * a * a
	if s > 6 || s < -6 {
		return s
	}
	q := vec{a + c.phase, b, c.phase}
	return s + c.rough*(0.75*roughGrain.at(q)+0.35*roughGrain.at(scale(q, 2.7)))
}

// roughGrain shapes breaks, with a grain of some 5 mm.
var roughGrain = grain{t: &tiles()[1], inv: 1 / 2.4}

func (c *cut) inside(p vec) bool {
	for a := range 3 {
		if p[a] < c.lo[a] || p[a] > c.hi[a] {
			return false
		}
	}
	return true
}

// back takes a place in the broken bone to the place that its material came from, if
// it belongs to the fragment.
func (c *cut) back(p vec) vec {
	if c.decay > 0 {
		d := sub(p, c.at)
		return sub(p, scale(c.move, math.Exp(-dot(d, d)/(c.decay*c.decay))))
	}
	p = sub(p, c.move)
	if c.spin != (mat{}) {
		p = add(c.at, c.spin.mul(sub(p, c.at)))
	}
	return p
}

// shares says how much of p is filled by the part that stays and by the fragment.
func (c *cut) shares(p, from vec, sigma float64) (stay, moved float64) {
	gap := c.gap
	if c.reach > 0 {
		d := sub(p, c.at)
		gap *= smooth(c.reach, c.reach*0.6, norm(sub(d, scale(c.n, dot(d, c.n)))))
	}
	stay = 1
	if c.inside(p) {
		stay = phi((-c.side(p) - gap/2) / sigma)
	}
	switch {
	case c.inside(from):
		moved = phi((c.side(from) - gap/2) / sigma)
	case stay < 0.5 && c.side(p) > gap/2:
		// What would come here lies outside the box: at the box's side the fragment
		// hangs on to the rest, without a slit.
		stay = 1
	}
	return stay, moved
}

// source maps a place in the squashed body to its origin and gives the HU of the
// impaction band there.
func (s *squash) source(p vec) (vec, float64) {
	t := clamp((p[1]/s.depth+1)/2, 0, 1)
	// Posterior elements keep their place: the loss fades behind the body.
	fade := smooth(s.depth+5, s.depth-0.5, p[1]) * smooth(s.width+7, s.width+1, math.Abs(p[0]))
	loss := lerp(s.front, s.back, t) * fade
	if loss <= 0 {
		return p, 0
	}
	wave := roughGrain.at(vec{p[0] + s.phase, p[1], s.phase})
	top := s.half - loss
	q := p
	switch {
	case p[2] >= top:
		q[2] = p[2] + loss
	case p[2] > -s.half:
		q[2] = -s.half + (p[2]+s.half)*2*s.half/(2*s.half-loss)
	}
	mid := (p[2] + s.half) / (2*s.half - loss)
	q[1] += s.buckle * fade * smooth(0.2, -0.9, p[1]/s.depth) * math.Sin(math.Pi*clamp(mid, 0, 1))
	z := (p[2] - (top - s.bandZ) + wave*0.8) / s.bandMM
	return q, s.band * math.Exp(-z*z) * fade * min(1, loss/1.5)
}

// at samples the broken bone: the sample of the material that lies at p, and its
// share of the place; the rest is blood.
func (k *breakage) at(b *bone, p vec, sigma float64) (sample, float64) {
	var extra float64
	if k.squash != nil {
		p, extra = k.squash.source(p)
	}
	s, share := k.through(b, p, 0, sigma)
	s.dense += extra
	return s, share
}

func (k *breakage) through(b *bone, p vec, i int, sigma float64) (sample, float64) {
	if i == len(k.cuts) {
		return b.at(p), 1
	}
	c := &k.cuts[i]
	from := c.back(p)
	stay, moved := c.shares(p, from, sigma)
	const none = 1e-3
	if moved < none {
		s, share := k.through(b, p, i+1, sigma)
		return s, share * stay
	}
	if stay < none {
		s, share := k.through(b, from, i+1, sigma)
		return s, share * moved
	}
	s1, h1 := k.through(b, p, i+1, sigma)
	s2, h2 := k.through(b, from, i+1, sigma)
	h1, h2 = h1*stay, h2*moved
	if s2.d < s1.d {
		s1, s2, h1, h2 = s2, s1, h2, h1
	}
	if s2.d < 0.5 {
		h1 += h2
	}
	return s1, min(h1, 1)
}

// near is the least distance to the bone over the places that p may come from.
func (k *breakage) near(b *bone, p vec) float64 {
	d := b.at(p).d
	if k.squash != nil {
		q, _ := k.squash.source(p)
		d = min(d, b.at(q).d)
		p = q
	}
	for i := range k.cuts {
		from := k.cuts[i].back(p)
		d = min(d, b.at(from).d)
		for j := i + 1; j < len(k.cuts); j++ {
			d = min(d, b.at(k.cuts[j].back(from)).d)
		}
	}
	return d
}
