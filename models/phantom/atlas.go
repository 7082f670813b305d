package phantom

import "github.com/neckfrac/neckfrac"

// atlasRing is what the atlas needs to tell others: where the dens goes.
type atlasRing struct {
	halfTr, halfAP float64 // inner half axes of the ring
	gap            float64 // atlanto-dental, mm
}

// buildAtlas makes C1 round the centre of its ring.
func buildAtlas(r random, p *person) (*bone, atlasRing) {
	b := &bone{name: "C1", level: neckfrac.C1, wobble: 0.4}
	ring := atlasRing{halfTr: 13.6 * p.width * r.spread(1, 0.04), halfAP: 14.4 * p.depth * r.spread(1, 0.04), gap: r.between(0.9, 1.9)}
	front, back := r.spread(3.1, 0.25), r.spread(2.7, 0.25)
	hFront, hBack := r.spread(5.3, 0.5)*p.length, r.spread(4.3, 0.5)*p.length
	k := &b.marks
	k.canalHalf = [2]float64{ring.halfTr, ring.halfAP}
	k.halfWidth, k.halfDepth, k.height = ring.halfTr, ring.halfAP, 2*hFront
	k.densTip = hFront
	b.solid(part{kind: shapeArc, h: vec{ring.halfTr + front, ring.halfAP + front, hFront}, arc: [3]float64{180, 52, front}, round: 2.2, cortex: 1.2, dense: 60})
	b.solid(part{kind: shapeEllipsoid, c: vec{0, -ring.halfAP - 2*front + 0.6, -0.8}, h: vec{5, 2.6, 4.2}, cortex: 1.1, blend: 2})
	b.solid(part{kind: shapeArc, c: vec{0, 0, -0.4}, h: vec{ring.halfTr + back + 2.4, ring.halfAP + back, hBack}, arc: [3]float64{0, 58, back}, round: 2.1, cortex: 1.3, dense: 60, blend: 2})
	b.solid(part{kind: shapeEllipsoid, c: vec{0, ring.halfAP + 2*back, -0.5}, h: vec{3.6, 3, 3.6}, cortex: 1.1, blend: 2})
	for s, x := range sides {
		addAtlasSide(b, r, s, x, ring, p)
	}
	k.spinousBase, k.spinousTip = vec{0, ring.halfAP + back, 0}, vec{0, ring.halfAP + 2*back + 3, 0}
	return b, ring
}

// addAtlasSide makes one lateral mass, its part of the posterior arch under the
// artery's groove, and the long transverse process.
func addAtlasSide(b *bone, r random, s int, x float64, ring atlasRing, p *person) {
	k := &b.marks
	w := p.width
	mass := vec{x * 17.8 * w, -3.5, r.spread(0, 0.3)}
	k.pillar[s], k.pillarHalf = mass, vec{6.6 * w, 9.2, 9}
	// Wedge: the outer side is taller; upper and lower facet are trimmed by the joint
	// spaces with the occiput and C2.
	b.solid(part{kind: shapeBox, c: mass, rot: turn(vec{0, 0, 1}, x*14), h: vec{6.4 * w, 9.4, 8.2}, round: 3, cortex: 1.0, dense: 80, blend: 2})
	k.foramen[s] = vec{x * 26.2 * w, -1, 0}
	k.tip[s] = vec{x * (35.6*w + r.spread(0, 1)), 1 + r.spread(0, 1), -1}
	f := 3.1 * r.spread(1, 0.1)
	b.solid(part{kind: shapeCapsule, c: vec{x * 20 * w, -5, -0.5}, e: vec{x * 31 * w, -2.5, -1}, h: vec{3, 2.2}, blend: 2})
	b.solid(part{kind: shapeCapsule, c: vec{x * 20 * w, 4.5, -0.5}, e: vec{x * 31 * w, 2, -1}, h: vec{3, 2.6}, blend: 2})
	b.solid(part{kind: shapeCapsule, c: vec{x * 30 * w, -1, -1}, e: k.tip[s], h: vec{3.2, 3}, blend: 2})
	b.hole(part{kind: shapeCapsule, c: add(k.foramen[s], vec{0, 0, 10}), e: add(k.foramen[s], vec{0, 0, -10}), h: vec{f, f}, blend: 0.8})
	// The groove of the vertebral artery thins the arch behind the mass.
	g := vec{x * (ring.halfTr + 3.5), 9.5, 4.6}
	b.hole(part{kind: shapeCapsule, c: add(g, vec{-x * 7, 3.5, 0}), e: add(g, vec{x * 9, -3, 0}), h: vec{2.6, 2.8}, blend: 1})
	k.lamina[s] = vec{x * (ring.halfTr + 2.5) * 0.62, ring.halfAP*0.86 + 2, -0.4}
	k.laminaDir[s] = unit(vec{-x * 0.8, 0.6, 0})
}
