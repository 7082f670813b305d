package phantom

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// sides are right and left in LPS.
var sides = [2]float64{-1, 1}

// buildSubaxial makes C3 to C7 and T1, T2 round the centre of the body. pitch is the
// mean distance to the neighbours' centres: the articular pillars fill it and are
// parted later by the joint space.
func buildSubaxial(r random, i int, m measures, pitch float64) *bone {
	b := &bone{name: boneNames[i], wobble: 0.45}
	if i < t1 {
		b.level = neckfrac.Vertebra(i + 1)
	}
	body := newBody(r, i, m)
	b.solid(part{kind: shapeBody, body: body, cortex: 0.5, blend: 1.2})
	k := &b.marks
	k.halfWidth, k.halfDepth, k.height = (m.widthTop+m.widthBot)/4, (m.depthTop+m.depthBot)/4, (m.hFront+m.hBack)/2
	k.canal = vec{0, k.halfDepth + m.canalAP/2 - 0.4, 0}
	k.canalHalf = [2]float64{m.canalTr / 2, m.canalAP / 2}
	k.spinousBase = vec{0, k.halfDepth + m.canalAP + 1.2, -3}
	fall := m.spinousFall * math.Pi / 180
	k.spinousTip = add(k.spinousBase, scale(vec{0, math.Cos(fall), -math.Sin(fall)}, m.spinous))
	for s, x := range sides {
		addPillar(b, r, s, x, m, pitch)
		if i < t1 {
			addTransverse(b, r, s, x, m, i == 6)
		} else {
			addThoracicProcess(b, r, s, x, m)
		}
		addLamina(b, r, s, x, m)
	}
	addSpinous(b, r, m, i)
	b.hole(part{kind: shapeColumn, c: k.canal, h: vec{k.canalHalf[0], k.canalHalf[1], 0}, blend: 1.2})
	return b
}

var boneNames = [levels]string{"C1", "C2", "C3", "C4", "C5", "C6", "C7", "T1", "T2"}

func newBody(r random, i int, m measures) *bodyShape {
	s := &bodyShape{
		aTop: m.widthTop/2 + 1.6, aBot: m.widthBot/2 + 0.4,
		bTop: m.depthTop / 2, bBot: m.depthBot / 2,
		hFront: m.hFront, hBack: m.hBack,
		waist:     r.between(0.03, 0.08),
		hollowTop: r.between(0.3, 0.9), hollowBot: r.between(0.5, 1.3),
		uncus: r.between(3.6, 5.6), bevel: r.between(2.2, 3.4), lip: r.between(0.6, 2.0),
	}
	if i >= t1 {
		s.uncus, s.bevel, s.lip = r.between(0.3, 1.2)*float64(t2-i), 0.3, 0.5
	}
	return s
}

// addPillar makes the articular pillar, a box sheared along the facets, and the
// pedicle.
func addPillar(b *bone, r random, s int, x float64, m measures, pitch float64) {
	k := &b.marks
	tan := math.Tan(m.facetDeg * math.Pi / 180)
	c := vec{x * (m.canalTr/2 + m.pillarW/2 - 0.6), k.halfDepth + m.pillarAP/2 - 0.6, r.spread(-0.5, 0.4)}
	h := vec{m.pillarW/2 + m.arthrosis*1.6, m.pillarAP/2 + m.arthrosis*0.8, pitch/2 + 0.2}
	yaw := turn(vec{0, 0, 1}, r.spread(0, 5)+x*6)
	b.solid(part{kind: shapeBox, c: c, rot: yaw, h: h, round: 2.2, shear: tan, cortex: 0.9, dense: 60 + 150*m.arthrosis, blend: 1.2})
	k.pillar[s], k.pillarHalf = c, h
	// The waist between the upper and lower articular process: without it the column
	// of pillars would be a smooth wall.
	from := vec{x * (k.halfWidth - 2.5), k.halfDepth - 3.5, 1.2}
	to := vec{x * (math.Abs(c[0]) - 1), c[1] - 1.5, 0.6}
	k.pedicle[s] = scale(add(from, to), 0.5)
	b.solid(part{
		kind: shapeBox, c: k.pedicle[s], rot: frame(sub(to, from), vec{0, 0, 1}),
		h: vec{norm(sub(to, from))/2 + 2, m.pedicleW/2 - 0.3, m.pedicleH/2 - 0.3}, round: 2, cortex: 1.0, dense: 80, blend: 2,
	})
}

// addTransverse makes the two roots of the transverse process, its tubercles and the
// foramen between them.
func addTransverse(b *bone, r random, s int, x float64, m measures, last bool) {
	k := &b.marks
	fx := k.halfWidth + 1.4 + m.foramen/2 + 1.6
	k.foramen[s] = vec{x * fx, k.halfDepth*0.22 + r.spread(0, 0.6), 0}
	front := vec{x * (m.reach - 3.5), -1.5 + r.spread(0, 1), -2.0}
	back := vec{x * m.reach, k.halfDepth*0.55 + r.spread(0, 1), -4.0}
	bridge := vec{x * (fx + m.foramen/2 + 2.0), k.halfDepth * 0.2, -2.6}
	if last {
		front, back = vec{x * (fx + 4.5), -0.5, -1.5}, vec{x * m.reach, k.halfDepth*0.9 + r.spread(0, 1.5), -1.5}
	}
	k.tip[s] = back
	rt := r.between(1.9, 2.5)
	if !last || r.chance(0.8) {
		b.solid(part{kind: shapeCapsule, c: vec{x * (k.halfWidth - 1), -k.halfDepth * 0.25, -0.8}, e: front, h: vec{rt, rt * 0.95}, blend: 2})
	}
	b.solid(part{kind: shapeCapsule, c: vec{k.pillar[s][0] - x, k.pillar[s][1] - 3.5, -1.5}, e: back, h: vec{rt + 0.9, rt}, blend: 2})
	b.solid(part{kind: shapeCapsule, c: add(front, vec{-x * 1.5, 0.5, 0}), e: add(bridge, vec{0, 2.5, -0.6}), h: vec{rt, rt}, blend: 2})
	b.solid(part{kind: shapeCapsule, c: bridge, e: back, h: vec{rt, rt}, blend: 2})
	if m.foramen > 1 {
		f := k.foramen[s]
		b.hole(part{kind: shapeCapsule, c: add(f, vec{-x * 0.6, 0, 9}), e: add(f, vec{x * 0.6, 0, -11}), h: vec{m.foramen / 2, m.foramen / 2}, blend: 0.8})
	}
}

// addThoracicProcess makes the backward transverse process with its rib.
func addThoracicProcess(b *bone, r random, s int, x float64, m measures) {
	k := &b.marks
	tip := vec{x * m.reach, k.halfDepth + 12 + r.spread(0, 1.5), 2}
	k.tip[s], k.foramen[s] = tip, vec{x * (k.halfWidth + 5), k.halfDepth * 0.5, 0}
	b.solid(part{kind: shapeCapsule, c: vec{k.pillar[s][0], k.pillar[s][1] + 1, 1}, e: tip, h: vec{4.2, 3.6}, blend: 2.5, dense: 40})
}

// addLamina makes one side of the roof of the canal, a plate that leans like a
// shingle.
func addLamina(b *bone, r random, s int, x float64, m measures) {
	k := &b.marks
	from := add(k.pillar[s], vec{-x * 2.5, m.pillarAP/2 - 2, -1.5})
	to := add(k.spinousBase, vec{x * 0.6, 0.3, 0.5})
	d := sub(to, from)
	lean := turn(vec{1, 0, 0}, -x*r.spread(20, 4))
	k.lamina[s], k.laminaDir[s] = scale(add(from, to), 0.5), unit(d)
	b.solid(part{
		kind: shapeBox, c: k.lamina[s], rot: frame(d, vec{0, 0, 1}).then(lean),
		h: vec{norm(d)/2 + 1.5, 2.0 + r.spread(0, 0.2), 5.2 + r.spread(0, 0.5)}, round: 1.8, cortex: 1.1, dense: 60, blend: 2,
	})
}

// addSpinous makes the spinous process with its one or two tips.
func addSpinous(b *bone, r random, m measures, i int) {
	k := &b.marks
	d := sub(k.spinousTip, k.spinousBase)
	rot := frame(d, vec{0, 0, 1})
	mid := scale(add(k.spinousBase, k.spinousTip), 0.5)
	b.solid(part{kind: shapeBox, c: sub(mid, scale(unit(d), 1)), rot: rot, h: vec{m.spinous/2 + 1, 2.1, 4.3}, round: 2, cortex: 1.1, dense: 50, blend: 2.5})
	if m.bifid > 0.8 && i < 6 {
		for _, x := range sides {
			root := add(k.spinousBase, scale(d, 0.62))
			tip := add(k.spinousTip, vec{x * m.bifid * r.between(0.7, 1.2), 1 + r.spread(0, 0.8), r.spread(-1, 0.8)})
			b.solid(part{kind: shapeCapsule, c: root, e: tip, h: vec{2.2, 2.3}, cortex: 1.0, dense: 50, blend: 2})
		}
		return
	}
	knob := 2.6 + 0.07*m.spinous
	b.solid(part{kind: shapeEllipsoid, c: sub(k.spinousTip, scale(unit(d), 2)), rot: rot, h: vec{5, knob, knob + 1.6}, cortex: 1.0, dense: 30, blend: 3})
}
