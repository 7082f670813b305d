package phantom

import "math"

// facet breaks an articular process by an oblique plane, the upper one twice as often.
func (b *breaker) facet() {
	s, x := b.side()
	k := &b.b.marks
	p, h := k.pillar[s], k.pillarHalf
	up := 1.0
	if b.r.chance(0.35) {
		up = -1
	}
	tan := math.Tan(b.m.facetDeg * math.Pi / 180)
	frag := b.r.between(4, 9)
	// The tip of the upper process lies in front of the pillar's middle, that of the
	// lower one behind it.
	y := p[1] - up*h[1]*0.55
	at := vec{p[0], y, p[2] + up*(h[2]-frag*0.75) - tan*(y-p[1])}
	tilt := b.r.between(-0.5, 0.6)
	lo, hi := half(x)
	lo[1], hi[1] = p[1]-h[1]-4, p[1]+h[1]+4
	if x > 0 {
		lo[0] = p[0] - h[0] - 1.5
	} else {
		hi[0] = p[0] + h[0] + 1.5
	}
	b.cut(cut{
		at: at, n: vec{b.r.spread(0, 0.35), tilt * up, up}, lo: lo, hi: hi,
		move: vec{x * b.step(0.8), -up * b.step(2), up * b.width * 0.25},
		spin: turn(vec{1, 0, 0}, b.r.spread(0, 7)*smooth(0.3, 1.2, b.width)),
	})
}

// pedicle cuts a pedicle, and the lamina of the same side in half of the cases: the
// floating articular mass.
func (b *breaker) pedicle() {
	s, x := b.side()
	k := &b.b.marks
	p := k.pedicle[s]
	lo, hi := half(x)
	lo[1], hi[1] = p[1]-6, p[1]+6
	d := sub(k.pillar[s], vec{x * k.halfWidth, k.halfDepth - 3, 0})
	b.cut(cut{at: p, n: vec{d[0], d[1], b.r.spread(0, 2)}, lo: lo, hi: hi, reach: 9, move: vec{x * b.step(0.8), b.step(0.8), 0}, decay: 12})
	if b.r.chance(0.5) {
		b.laminaOn(s, x)
	}
}

func (b *breaker) lamina() {
	s, x := b.side()
	b.laminaOn(s, x)
}

// laminaOn cuts one lamina by a steep plane.
func (b *breaker) laminaOn(s int, x float64) {
	k := &b.b.marks
	d := k.laminaDir[s]
	at := add(k.lamina[s], scale(d, b.r.spread(0, 2)))
	lo, hi := half(x)
	lo[1] = k.canal[1] - 2
	b.cut(cut{at: at, n: add(d, vec{0, 0, b.r.spread(0, 0.25)}), lo: lo, hi: hi, reach: 12, move: add(scale(vec{0, -1, 0}, b.step(1.6)), vec{0, 0, b.r.spread(0, 0.3)}), decay: 10})
}

// transverse cuts a transverse process near its tip or through the foramen.
func (b *breaker) transverse() {
	s, x := b.side()
	k := &b.b.marks
	tip := k.tip[s]
	at := vec{tip[0] - x*b.r.between(3.5, 7), tip[1], tip[2]}
	if b.r.chance(0.45) {
		at[0] = k.foramen[s][0] + x*b.r.between(-0.5, 1.5)
		at[1] = k.foramen[s][1]
	}
	lo, hi := half(x)
	hi[1] = k.pillar[s][1] - 1
	b.cut(cut{
		at: at, n: vec{x, b.r.spread(0, 0.45), b.r.spread(0, 0.3)}, lo: lo, hi: hi,
		move: vec{x * b.step(1), b.r.spread(0, 0.3), -b.step(2)},
	})
}

// spinous cuts the spinous process obliquely; its tip sinks.
func (b *breaker) spinous() {
	k := &b.b.marks
	d := sub(k.spinousTip, k.spinousBase)
	at := add(k.spinousBase, scale(d, b.r.between(0.18, 0.68)))
	b.cut(cut{
		at: at, n: add(unit(d), vec{b.r.spread(0, 0.2), 0, b.r.spread(0, 0.35)}),
		lo: vec{-12, k.spinousBase[1] - 1, -200}, hi: vec{12, 200, 200},
		move: add(scale(unit(d), b.step(2)), vec{b.r.spread(0, 0.4), 0, -b.step(3)}),
		spin: turn(vec{1, 0, 0}, -b.r.between(0, 10)*smooth(0.4, 1.5, b.width)),
	})
}

// squash draws the loss of height of a body.
func (b *breaker) squash(front, back float64) {
	k := &b.b.marks
	h := (b.m.hFront + b.m.hBack) / 2
	b.loss = front
	b.moved = max(b.moved, front*b.m.hFront)
	b.k.squash = &squash{
		half: h / 2, front: front * b.m.hFront, back: back * b.m.hBack, depth: k.halfDepth, width: k.halfWidth + 1.5,
		buckle: b.r.between(0.3, 1.8), band: b.r.between(130, 320), bandZ: b.r.between(1.6, 3.2), bandMM: b.r.between(1, 1.9),
		phase: b.r.between(0, 400),
	}
}

// compression is a wedge: the front loses height, the back hardly.
func (b *breaker) compression() {
	front := b.r.between(0.15, 0.5)
	b.squash(front, front*b.r.between(0, 0.25))
	b.width = 0
	if b.r.chance(0.35) {
		// The front upper edge breaks off.
		b.drawWidth()
		k := &b.b.marks
		b.cut(cut{at: vec{0, -k.halfDepth * 0.6, b.m.hFront / 2 * 0.6}, n: vec{0, -1, 0.8}, rough: 0.7,
			lo: vec{-k.halfWidth - 3, -200, -1}, hi: vec{k.halfWidth + 3, -1, 200}, move: vec{0, -b.step(1.5), 0}})
	}
}

// burst loses height in front and behind, splits sagittally and drives the upper back
// corner into the canal.
func (b *breaker) burst() {
	k := &b.b.marks
	front := b.r.between(0.2, 0.5)
	b.squash(front, front*b.r.between(0.4, 0.9))
	_, x := b.side()
	b.cut(cut{
		at: vec{b.r.spread(0, 2.2), 0, 0}, n: vec{x, b.r.spread(0, 0.22), 0}, rough: 0.8,
		lo: vec{-k.halfWidth - 4, -200, -200}, hi: vec{k.halfWidth + 4, k.halfDepth + 2, 200},
		move: vec{x * b.step(1.6), 0, 0},
	})
	if b.r.chance(0.75) {
		b.cut(cut{
			at: vec{0, k.halfDepth - b.r.between(2.5, 4.5), 1}, n: vec{b.r.spread(0, 0.15), 1, 0.25}, rough: 0.8, gap: max(0.4, b.width*0.7),
			lo: vec{-k.halfWidth * 0.75, 0, -b.m.hBack * 0.2}, hi: vec{k.halfWidth * 0.75, k.halfDepth + 8, b.m.hBack},
			move: vec{0, b.r.between(0.8, 4.5), 0}, spin: turn(vec{1, 0, 0}, b.r.spread(0, 7)),
		})
	}
}

// teardrop breaks off the front lower corner, sized in mm; a flexion teardrop is a
// larger triangle with a sagittal split beside it.
func (b *breaker) teardrop(least, most, flexion float64) {
	k := &b.b.marks
	size := b.r.between(least, min(most, b.m.hFront*0.85))
	low := -b.m.hFront/2 - 1
	wide := k.halfWidth + 4
	b.cut(cut{
		at: vec{0, -k.halfDepth + size*0.45, low + size*0.5}, n: vec{b.r.spread(0, 0.15), -1, -b.r.between(0.6, 1.3)}, rough: 0.6,
		lo: vec{-wide, -200, -200}, hi: vec{wide, 1.5, low + size + 2.5},
		move: vec{0, -b.step(3), -b.step(1.5)}, spin: turn(vec{1, 0, 0}, b.r.between(-2, 12)*smooth(0.3, 1.3, b.width)),
	})
	if flexion > 0 && b.r.chance(0.6) {
		_, x := b.side()
		b.cut(cut{at: vec{b.r.spread(0, 2), 2, 0}, n: vec{x, b.r.spread(0, 0.2), 0}, lo: vec{-wide, -k.halfDepth * 0.3, -200}, hi: vec{wide, k.halfDepth + 2, 200}, gap: max(0.3, b.width*0.5)})
	}
}
