package phantom

import "github.com/neckfrac/neckfrac"

// rim is the front corner of a body in its frame, up for the upper endplate.
func rim(b *bone, up float64) vec {
	k := &b.marks
	return vec{0, -k.halfDepth + 0.9, up * (k.height/2 - 1.4)}
}

// bridge joins two bodies by a spur in front of their disc.
func (x *look) bridge() {
	n := 1 + x.r.pick([]float64{6, 3, 1})
	i := x.index(wornLevels, 1, 6)
	for ; n > 0 && i <= 6; n, i = n-1, i+1 {
		x.span(i, x.r.between(1.6, 3.4), x.r.between(4, 8), x.r.spread(0, 2.5))
		x.note(neckfrac.Vertebra(i + 1))
	}
}

// span puts bone in front of the disc below vertebra i: thick and half-wide in mm, aside
// of the middle.
func (x *look) span(i int, thick, wide, aside float64) {
	up, lo := x.s.chain[i], x.s.chain[i+1]
	b := x.under("bridge", i)
	b.level = up.level
	a := rim(up, -1)
	z := up.pose.local(lo.pose.outer(rim(lo, 1)))
	a[0], z[0] = a[0]+aside, z[0]+aside
	mid := add(scale(add(a, z), 0.5), vec{0, -thick * 0.8, 0})
	for _, off := range [3]float64{-0.55, 0, 0.55} {
		side := vec{off * wide, thick * 0.5 * off * off, 0}
		b.solid(part{kind: shapeCapsule, c: add(a, side), e: add(mid, side), h: vec{1.9, thick * 0.5}, cortex: 1.3, dense: 200, blend: 3})
		b.solid(part{kind: shapeCapsule, c: add(mid, side), e: add(z, side), h: vec{thick * 0.5, 1.9}, cortex: 1.3, dense: 200, blend: 3})
	}
	b.solid(part{kind: shapeEllipsoid, c: mid, h: vec{wide, thick * 0.75, max(2, norm(sub(a, z))*0.55)}, cortex: 1.2, dense: 200, blend: 2})
}

// dish is bone that flows in front of four bodies and more.
func (x *look) dish() {
	n := 3 + x.r.IntN(3)
	first := min(1+x.r.IntN(4), 7-n)
	thick, wide := x.r.between(3, 6), x.r.between(6, 9)
	for i := first; i < first+n; i++ {
		x.span(i, thick*x.r.between(0.8, 1.2), wide, x.r.spread(0, 1))
		up := x.s.chain[i]
		b := x.under("flow", i)
		b.level = up.level
		k := &up.marks
		b.solid(part{kind: shapeBox, c: vec{0, -k.halfDepth - thick*0.15, 0}, h: vec{wide * 0.9, thick * 0.45 * x.r.between(0.7, 1.1), k.height / 2},
			round: thick * 0.3, cortex: 1.3, dense: 200})
		x.note(neckfrac.Vertebra(i + 1))
	}
}

// splitSpur is a large front spur with a line through its neck whose edges are compact.
func (x *look) splitSpur() {
	i := x.index(wornLevels, 1, 6)
	b := x.s.chain[i]
	up := x.r.sign()
	if i == 1 {
		up = -1
	}
	size := x.r.between(4.5, 7.5)
	a := rim(b, up)
	a[0] += x.r.spread(0, 2)
	tip := add(a, vec{0, -size, up * size * x.r.between(0.15, 0.5)})
	wide := x.r.between(4, 7.5)
	d := sub(tip, a)
	// A shelf rather than a finger: as wide as a good part of the body.
	b.solid(part{kind: shapeEllipsoid, c: add(a, scale(d, 0.45)), rot: frame(d, vec{0, 0, 1}), h: vec{size*0.6 + 0.8, wide, x.r.between(1.7, 2.4)}, cortex: 0.9, dense: 40, blend: 2})
	b.solid(part{kind: shapeCapsule, c: a, e: tip, h: vec{2.3, 1.3}, cortex: 0.9, dense: 40, blend: 2})
	b.hole(part{kind: shapeBox, c: add(a, scale(d, x.r.between(0.45, 0.65))), rot: frame(d, vec{0, 0, 1}).then(turn(vec{0, 1, 0}, x.r.spread(0, 12))),
		h: vec{x.r.between(0.3, 0.75), wide + 5, 5}, round: 0.25, blend: 0.6})
	x.note(neckfrac.Vertebra(i + 1))
}

// vacuum is gas in a worn disc.
func (x *look) vacuum() {
	i := x.index(wornLevels, 1, 6)
	up, lo := x.s.chain[i], x.s.chain[i+1]
	b := x.under("gas", i)
	b.unmarked, b.hard, b.wobble = true, x.r.between(-900, -450), 0.35
	a := vec{0, 0, -up.marks.height / 2}
	z := up.pose.local(lo.pose.outer(vec{0, 0, lo.marks.height / 2}))
	mid := scale(add(a, z), 0.5)
	mid[0] += x.r.spread(0, 1.5)
	mid[1] += x.r.spread(-0.5, 1.5)
	thick := clamp(norm(sub(a, z))*0.28, 0.55, 1.3)
	for range 1 + x.r.IntN(2) {
		b.solid(part{kind: shapeEllipsoid, c: mid, rot: frame(vec{1, 0, 0}, sub(a, z)), h: vec{x.r.between(3, 6.5), x.r.between(2, 4.5), thick}, cortex: solidAll, blend: 0.3})
		mid = add(mid, vec{x.r.spread(0, 4), x.r.spread(0, 2), x.r.spread(0, 0.3)})
	}
	x.note(neckfrac.Vertebra(i + 1))
}

// erosion eats pits into both endplates of a disc, with dense bone behind them.
func (x *look) erosion() {
	i := x.index(wornLevels, 1, 6)
	up, lo := x.s.chain[i], x.s.chain[i+1]
	for _, at := range []struct {
		b  *bone
		up float64
	}{{up, -1}, {lo, 1}} {
		k := &at.b.marks
		for range 4 + x.r.IntN(5) {
			c := vec{x.r.between(-0.75, 0.75) * k.halfWidth, x.r.between(-0.8, 0.7) * k.halfDepth, at.up * (k.height/2 - 0.2)}
			at.b.hole(part{kind: shapeEllipsoid, c: c, h: vec{x.r.between(0.9, 2.4), x.r.between(0.9, 2.2), x.r.between(0.8, 2)}, blend: 0.5})
		}
		at.b.tint(vec{0, 0, at.up * (k.height/2 - 2)}, vec{k.halfWidth, k.halfDepth, 3.5}, x.r.between(80, 250))
	}
	x.note(neckfrac.Vertebra(i + 1))
}

// sclerosis is dense bone along the endplates of a worn disc, or an island of it.
func (x *look) sclerosis() {
	i := x.index(wornLevels, 1, 6)
	up, lo := x.s.chain[i], x.s.chain[i+1]
	hu := x.r.between(200, 520)
	if x.r.chance(0.25) {
		k := &up.marks
		h := vec{x.r.between(1.4, 3), x.r.between(1.4, 3), x.r.between(1.4, 3)}
		up.tint(vec{x.r.between(-0.6, 0.6) * k.halfWidth, x.r.between(-0.6, 0.5) * k.halfDepth, x.r.between(-0.3, 0.3) * k.height}, h, hu+450)
	} else {
		y := x.r.spread(-2, 3)
		up.tint(vec{x.r.spread(0, 3), y, -up.marks.height / 2}, vec{up.marks.halfWidth * 0.95, up.marks.halfDepth, x.r.between(3, 5.5)}, hu)
		lo.tint(vec{x.r.spread(0, 3), y, lo.marks.height / 2}, vec{lo.marks.halfWidth * 0.95, lo.marks.halfDepth, x.r.between(2.5, 5)}, hu)
	}
	x.note(neckfrac.Vertebra(i + 1))
}

// apophysis parts front corners of two or three bodies by the old growth plate's line.
func (x *look) apophysis() {
	i := x.index([]float64{0, 0, 1, 2, 2, 2, 1}, 2, 6)
	for n := 1 + x.r.IntN(3); n > 0 && i <= 6; n, i = n-1, i+1 {
		b := x.s.chain[i]
		up := x.r.sign()
		size := x.r.between(2, 3.6)
		c := add(rim(b, up), vec{x.r.spread(0, 1), size*0.3 - 0.2, -up * size * 0.2})
		b.hole(part{kind: shapeBox, c: c, rot: turn(vec{1, 0, 0}, up*x.r.between(28, 48)),
			h: vec{b.marks.halfWidth * x.r.between(0.5, 0.9), size * 1.25, x.r.between(0.3, 0.65)}, round: 0.25, blend: 0.7})
		x.note(neckfrac.Vertebra(i + 1))
	}
}
