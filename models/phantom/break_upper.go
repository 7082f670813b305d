package phantom

import "math"

// posteriorArch cuts the atlas's posterior arch on one or both sides, 5 to 15 mm from
// the midline.
func (b *breaker) posteriorArch() {
	k := &b.b.marks
	n := 1
	if b.r.chance(0.45) {
		n = 2
	}
	_, x := b.side()
	for range n {
		off := b.r.between(5, 13.5)
		az := math.Asin(clamp(off/(k.canalHalf[0]+3), 0, 0.95))
		at := vec{x * off, (k.canalHalf[1] + 2.5) * math.Cos(az), -0.4}
		dir := vec{x * math.Cos(az), -math.Sin(az), b.r.spread(0, 0.35)}
		lo, hi := half(x)
		lo[1] = 2.5
		b.cut(cut{at: at, n: dir, lo: lo, hi: hi, move: add(scale(unit(dir), 0), vec{0, b.r.spread(0, 0.5), b.r.spread(0, 0.5)}), decay: 11})
		b.moved = max(b.moved, b.step(2))
		x = -x
	}
}

// jefferson parts the ring in front and behind on one or both sides; the lateral
// masses move out.
func (b *breaker) jefferson() {
	k := &b.b.marks
	n := 1
	if b.r.chance(0.55) {
		n = 2
	}
	_, x := b.side()
	for range n {
		front := vec{x * b.r.between(2.5, 9), -(k.canalHalf[1] + 3), 0}
		back := vec{x * b.r.between(4, 11), k.canalHalf[1] + 2.5, 0}
		d := sub(back, front)
		lo, hi := half(x)
		b.cut(cut{
			at: scale(add(front, back), 0.5), n: add(cross(unit(d), vec{0, 0, x}), vec{0, 0, b.r.spread(0, 0.15)}), lo: lo, hi: hi,
			move: vec{x * b.step(4.5), b.r.spread(0, 0.4), b.r.spread(0, 0.4)},
		})
		x = -x
	}
}

// atlasMass splits a lateral mass.
func (b *breaker) atlasMass() {
	s, x := b.side()
	p := b.b.marks.pillar[s]
	lo, hi := half(x)
	lo[1], hi[1] = p[1]-13, p[1]+13
	b.cut(cut{
		at: add(p, vec{b.r.spread(0, 1.8), 0, 0}), n: vec{x, b.r.spread(0, 0.5), b.r.spread(0, 0.3)}, lo: lo, hi: hi,
		move: vec{x * b.step(2), 0, -b.step(1)},
	})
}

// anteriorArch cuts the front of the ring, or chips its lower edge.
func (b *breaker) anteriorArch() {
	k := &b.b.marks
	_, x := b.side()
	at := vec{x * b.r.between(0, 9), -(k.canalHalf[1] + 3), 0}
	hi := vec{200, -k.canalHalf[1] * 0.45, 200}
	if b.r.chance(0.35) {
		at[2] = -1.5
		b.cut(cut{at: at, n: vec{0, -0.25, -1}, lo: vec{-200, -200, -200}, hi: hi, move: vec{0, -b.step(1.5), -b.step(2)}, reach: 11})
		return
	}
	b.cut(cut{at: at, n: vec{x, b.r.spread(0, 0.25), b.r.spread(0, 0.3)}, lo: vec{-200, -200, -200}, hi: hi, move: vec{x * b.step(1), b.r.spread(0, 0.4), 0}, decay: 12})
}

// dens breaks the peg at its tip (I), its neck (II) or through the body (III).
func (b *breaker) dens(t Type) {
	k := &b.b.marks
	h := k.densTip - k.densNeck
	c := cut{at: vec{0, k.dens[1], k.densNeck + b.r.between(0, 0.22)*h}, n: vec{b.r.spread(0, 0.12), b.r.spread(0, 0.3), 1}}
	c.lo, c.hi = vec{-7.2, k.dens[1] - 10, k.densNeck - 5}, vec{7.2, k.dens[1] + 9, 200}
	tilt := 12.0
	switch t {
	case DensTip:
		c.at[2] = k.densTip - 4
		c.n = vec{b.r.spread(0, 0.5), b.r.spread(0, 0.3), 1}
		tilt = 6
	case DensBody:
		c.at[2] = k.densNeck - b.r.between(4, 7.5)
		// The plane rises to the sides and leaves through the upper facets, so that the
		// fragment takes their inner parts along.
		c.bow = b.r.between(0.04, 0.07)
		c.lo, c.hi = vec{-24, -200, -3}, vec{24, k.halfDepth + 1.5, 200}
		tilt = 6
	}
	y := b.step(6) * b.r.sign()
	if t != DensNeck {
		y *= 0.5
	}
	c.move = vec{b.r.spread(0, 0.3), y, b.width * 0.2}
	c.spin = turn(vec{1, 0, 0}, b.r.spread(0, tilt)*smooth(0.2, 1.2, b.width))
	b.cut(c)
}

// hangman cuts both partes interarticulares; the arch stays behind.
func (b *breaker) hangman() {
	k := &b.b.marks
	y := k.halfDepth + b.r.between(1.2, 3.5)
	skew := b.r.spread(0, 0.16)
	b.cut(cut{
		at: vec{0, y, 0}, n: vec{skew, 1, b.r.between(-0.2, 0.45)},
		lo: vec{-200, k.halfDepth - 2.5, -200}, hi: vec{200, 200, 200},
		move: vec{0, b.step(4), -b.step(1)}, spin: turn(vec{1, 0, 0}, b.r.spread(0, 4)*smooth(0.3, 1.2, b.width)),
	})
}
