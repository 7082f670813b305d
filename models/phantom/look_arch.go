package phantom

import "github.com/neckfrac/neckfrac"

// opll is an ossified posterior longitudinal ligament: a strip in front of the dura over
// one to four bodies and the discs between them.
func (x *look) opll() {
	first := x.index([]float64{0, 1, 3, 3, 2, 1, 0}, 1, 5)
	n := x.r.IntN(4)
	thick, wide := x.r.between(1.8, 4), x.r.between(3, 6.5)
	back := func(i int, up float64) vec {
		k := &x.s.chain[i].marks
		return vec{0, k.halfDepth + thick*0.35, up * k.height * 0.5}
	}
	for i := first; i <= min(first+n, 6); i++ {
		b := x.over("ligament", i)
		b.solid(part{kind: shapeCapsule, c: back(i, -1), e: back(i, 1), h: vec{thick * 0.5, thick * 0.5}, cortex: 0.8, dense: 120})
		for _, side := range sides {
			off := vec{side * wide * 0.5, -0.3, 0}
			b.solid(part{kind: shapeCapsule, c: add(back(i, -0.9), off), e: add(back(i, 0.9), off), h: vec{thick * 0.4, thick * 0.4}, cortex: 0.8, dense: 120, blend: 2})
		}
		if i < first+n && i < 6 {
			next := x.s.chain[i+1]
			z := x.s.chain[i].pose.local(next.pose.outer(back(i+1, 1)))
			b.solid(part{kind: shapeCapsule, c: back(i, -1), e: z, h: vec{thick * 0.45, thick * 0.45}, cortex: 0.8, dense: 120, blend: 2})
		}
		x.note(neckfrac.Vertebra(i + 1))
	}
}

// bipartite is an articular pillar in two pieces, their faces smooth and compact.
func (x *look) bipartite() {
	i := x.index([]float64{0, 0, 1, 1, 2, 2, 1}, 2, 6)
	b := x.s.chain[i]
	n := x.r.IntN(2)
	k := &b.marks
	b.hole(part{kind: shapeBox, c: add(k.pillar[n], vec{0, x.r.spread(0, 0.8), x.r.spread(-1, 1)}), rot: turn(vec{1, 0, 0}, -x.r.between(15, 40)).then(turn(vec{0, 1, 0}, x.r.spread(0, 8))),
		h: vec{k.pillarHalf[0] + 2.5, k.pillarHalf[1] + 4, x.r.between(0.5, 1.0)}, round: 0.4, blend: 1.4})
	x.note(neckfrac.Vertebra(i + 1))
}

// spinaBifida leaves the arch of C7, now and then of C6, open behind.
func (x *look) spinaBifida() {
	i := x.index([]float64{0, 0, 0, 0, 0, 1, 4}, 2, 6)
	b := x.s.chain[i]
	k := &b.marks
	d := sub(k.spinousTip, k.spinousBase)
	long := norm(d)/2 + 4
	b.hole(part{kind: shapeBox, c: add(k.spinousBase, scale(d, 0.5)), rot: frame(d, vec{0, 0, 1}).then(turn(vec{1, 0, 0}, x.r.spread(0, 10))).then(turn(vec{0, 0, 1}, x.r.spread(0, 5))),
		h: vec{long, x.r.between(0.7, 1.7), 14}, round: 0.5, blend: 1.8})
	if x.r.chance(0.6) {
		// The process did not grow: two stumps.
		b.hole(part{kind: shapeBox, c: add(k.spinousTip, scale(d, 0.3)), rot: frame(d, vec{0, 0, 1}), h: vec{norm(d) * 0.75, 9, 16}, round: 2, blend: 3})
	}
	x.note(neckfrac.Vertebra(i + 1))
}

// longTransverse lets a transverse process of C7 reach below that of T1.
func (x *look) longTransverse() {
	b := x.s.chain[6]
	for n, side := range sides {
		if n == 1 && x.r.chance(0.4) {
			break
		}
		tip := b.marks.tip[n]
		b.solid(part{kind: shapeCapsule, c: tip, e: add(tip, vec{side * x.r.between(5, 10), -2, -x.r.between(3, 8)}), h: vec{2.7, 2.2}, cortex: 1, blend: 2})
	}
	x.note(neckfrac.C7)
}

// cervicalRib puts a rib of its own on C7, with a joint to the transverse process.
func (x *look) cervicalRib() {
	host := x.s.chain[6]
	b := x.over("cervical rib", 6)
	for n, side := range sides {
		if n == 1 && x.r.chance(0.5) {
			break
		}
		tip := host.marks.tip[n]
		at := add(tip, vec{side * 3.6, -1, -0.8})
		to := add(at, vec{side * x.r.between(8, 16), -6, -7})
		b.solid(part{kind: shapeCapsule, c: at, e: to, h: vec{2.6, 2.4}, cortex: 1, blend: 1})
		if x.r.chance(0.5) {
			b.solid(part{kind: shapeCapsule, c: to, e: add(to, vec{side * 4, -14, -10}), h: vec{2.4, 1.8}, cortex: 1, blend: 2})
		}
	}
	x.note(neckfrac.C7)
}

// healedWedge is a body that was crushed long ago: lower in front, its wall and endplates
// compact and rounded, with a spur; the neck above it leans forward.
func (x *look) healedWedge() {
	i := x.index([]float64{0, 0, 1, 1.5, 3, 3, 2}, 2, 6)
	b := x.s.chain[i]
	m := &x.s.p.level[i]
	k := &b.marks
	front := x.r.between(0.12, 0.38)
	b.remodel = &squash{half: k.height / 2, front: front * m.hFront, back: front * m.hFront * x.r.between(0, 0.2), depth: k.halfDepth, width: k.halfWidth + 1.5,
		buckle: -x.r.between(0, 0.8), bandMM: 1, phase: x.r.between(0, 400)}
	if x.r.chance(0.6) {
		a := rim(b, 1)
		b.solid(part{kind: shapeCapsule, c: a, e: add(a, vec{x.r.spread(0, 2), -x.r.between(1, 3), 0.6}), h: vec{2, 1.1}, cortex: 0.9, dense: 60, blend: 2})
	}
	b.tint(vec{0, -k.halfDepth * 0.3, k.height * 0.3}, vec{k.halfWidth, k.halfDepth, 3}, x.r.between(20, 160))
	t := wedgeShift(x.s, i, b.remodel.front, b.remodel.back)
	x.s.move(t)
	x.s.head(t.moves, flexionOf(t.spin))
	x.note(neckfrac.Vertebra(i + 1))
}

// oldSpinous is a tip of a spinous process that never grew together: a wide gap between
// rounded, compact faces.
func (x *look) oldSpinous() {
	i := x.index([]float64{0, 0, 0, 0, 1, 3, 5}, 3, 6)
	b := x.s.chain[i]
	k := &b.marks
	d := sub(k.spinousTip, k.spinousBase)
	b.hole(part{kind: shapeBox, c: add(k.spinousBase, scale(d, x.r.between(0.45, 0.7))), rot: frame(d, vec{0, 0, 1}).then(turn(vec{0, 1, 0}, x.r.spread(0, 14))),
		h: vec{x.r.between(0.7, 1.9), 12, 14}, round: 0.6, blend: 2.2})
	x.note(neckfrac.Vertebra(i + 1))
}
