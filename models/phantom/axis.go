package phantom

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// buildAxis makes C2 round the centre of its body: the dens rises in front of the
// canal, the upper facets lie beside it, the lower ones as in C3.
func buildAxis(r random, m measures, p *person) *bone {
	b := &bone{name: "C2", level: neckfrac.C2, wobble: 0.45}
	k := &b.marks
	k.halfWidth, k.halfDepth, k.height = m.widthBot/2, m.depthBot/2, m.hFront
	k.canal = vec{0, k.halfDepth + m.canalAP/2 - 0.4, 0}
	k.canalHalf = [2]float64{m.canalTr / 2, m.canalAP / 2}
	half := m.hFront / 2
	b.solid(part{kind: shapeBody, cortex: 0.6, blend: 1.5, body: &bodyShape{
		aTop: m.widthTop / 2, aBot: m.widthBot / 2, bTop: m.depthTop / 2 * 0.9, bBot: m.depthBot / 2,
		hFront: m.hFront, hBack: m.hBack, waist: 0.1, hollowTop: -1, hollowBot: r.between(1, 2), bevel: 2.5, lip: r.between(1.2, 2.6),
	}})
	addDens(b, r, half, p)
	for s, x := range sides {
		addAxisSide(b, r, s, x, half, m)
	}
	k.spinousBase = vec{0, k.halfDepth + m.canalAP + 1.5, -3}
	fall := m.spinousFall * math.Pi / 180
	k.spinousTip = add(k.spinousBase, scale(vec{0, math.Cos(fall), -math.Sin(fall)}, m.spinous))
	for s, x := range sides {
		from := add(k.pillar[s], vec{-x * 2, m.pillarAP/2 - 2.5, 0.5})
		to := add(k.spinousBase, vec{x * 0.6, 0.5, 0.8})
		d := sub(to, from)
		k.lamina[s], k.laminaDir[s] = scale(add(from, to), 0.5), unit(d)
		b.solid(part{kind: shapeBox, c: k.lamina[s], rot: frame(d, vec{0, 0, 1}).then(turn(vec{1, 0, 0}, -x*14)),
			h: vec{norm(d)/2 + 1.5, 2.9, 5.8}, round: 2.4, cortex: 1.2, dense: 70, blend: 2})
	}
	addSpinous(b, r, m, 1)
	b.hole(part{kind: shapeColumn, c: k.canal, h: vec{k.canalHalf[0], k.canalHalf[1], 0}, blend: 1.2})
	return b
}

// addDens makes the dens: a waisted peg, tilted a little backwards.
func addDens(b *bone, r random, half float64, p *person) {
	k := &b.marks
	tall := r.spread(16.5, 1.2) * p.length
	lean := math.Tan(r.spread(9, 4) * math.Pi / 180)
	at := func(h float64) vec { return vec{0, -1.4 + lean*h, half + h} }
	wide := p.width * r.spread(1, 0.06)
	k.densNeck, k.densTip = half+2.5, half+tall
	k.dens = at(tall * 0.55)
	rot := turn(vec{1, 0, 0}, -math.Atan(lean)*180/math.Pi)
	b.solid(part{kind: shapeCapsule, c: at(-7), e: at(1.5), h: vec{6.2 * wide, 4.9 * wide}, cortex: 1.0, dense: 60, blend: 2.5})
	b.solid(part{kind: shapeCapsule, c: at(1), e: at(tall * 0.5), h: vec{4.5 * wide, 5.0 * wide}, cortex: 1.2, dense: 110, blend: 2})
	b.solid(part{kind: shapeEllipsoid, c: at(tall * 0.58), rot: rot, h: vec{5.1 * wide, 5.6 * wide, tall * 0.42}, cortex: 1.3, dense: 130, blend: 2})
}

// addAxisSide makes one upper facet, the pars, the lower articular pillar and the
// transverse process.
func addAxisSide(b *bone, r random, s int, x, half float64, m measures) {
	k := &b.marks
	top := vec{x * 15.2, 0.8, half - 1.2}
	slope := turn(vec{0, 1, 0}, x*r.spread(22, 3))
	b.solid(part{kind: shapeBox, c: top, rot: slope, h: vec{7.6, 8.2, 4.2}, round: 3.2, cortex: 1.1, dense: 90, blend: 2})
	b.solid(part{kind: shapeBox, c: vec{x * 10, 0.5, half - 6}, h: vec{5, 6, 6}, round: 3, cortex: 0.8, dense: 40, blend: 2})
	k.pillar[s] = vec{x * (m.canalTr/2 + m.pillarW/2 - 0.4), k.halfDepth + m.pillarAP/2 + 0.2, -4.4}
	k.pillarHalf = vec{m.pillarW / 2, m.pillarAP / 2, 6}
	b.solid(part{kind: shapeBox, c: k.pillar[s], h: vec{m.pillarW / 2, m.pillarAP / 2, 7.4}, round: 2.2,
		shear: math.Tan(m.facetDeg * math.Pi / 180), cortex: 0.9, dense: 60, blend: 1.5})
	k.pedicle[s] = vec{x * 15, 8, 1.5}
	b.solid(part{kind: shapeCapsule, c: vec{x * 14.5, 4, 3}, e: add(k.pillar[s], vec{0, -1, 1}), h: vec{4.4, 4.2}, cortex: 1.1, dense: 70, blend: 2})
	k.tip[s] = vec{x * (m.reach + r.spread(0, 1)), 4, -5}
	k.foramen[s] = vec{x * 17.6, 1.5, -1.5}
	b.solid(part{kind: shapeCapsule, c: vec{x * 16, 5, -1}, e: k.tip[s], h: vec{3, 2.4}, blend: 2})
	b.solid(part{kind: shapeCapsule, c: vec{x * 11, -1, -4}, e: vec{x * (m.reach - 2), 2, -5.5}, h: vec{2.4, 2.4}, blend: 2})
	f := m.foramen / 2
	b.hole(part{kind: shapeCapsule, c: vec{x * 16.4, 2, -12}, e: vec{x * 17.4, 2, -1}, h: vec{f, f}, blend: 0.8})
	b.hole(part{kind: shapeCapsule, c: vec{x * 17.4, 2, -1}, e: vec{x * 26, 0, 6}, h: vec{f, f}, blend: 0.8})
}
