package phantom

import (
	"github.com/neckfrac/neckfrac"
)

// mimic draws the look-alikes of one vertebra: what a reader must not call a
// fracture. They are drawn for broken and whole bones alike.
type mimic struct {
	r     random
	s     *scene
	b     *bone
	m     measures
	level neckfrac.Vertebra
}

// addMimics adds look-alikes to the cervical vertebrae.
func addMimics(s *scene, r random) {
	wear := clamp((s.p.age-30)/60, 0, 1)
	for _, v := range neckfrac.Vertebrae() {
		x := mimic{r: r, s: s, b: s.chain[v.Index()], m: s.p.level[v.Index()], level: v}
		switch v {
		case neckfrac.C1:
			x.atlas()
		case neckfrac.C2:
			x.axis()
		default:
			x.body(wear)
		}
		if r.chance(0.30) {
			x.channel()
		}
		if v > neckfrac.C1 && r.chance(0.05) {
			x.chip()
		}
		if x.m.arthrosis > 0.3 {
			x.note("facet-arthrosis")
		}
		if mean := means[v.Index()].disc; v > neckfrac.C1 && x.m.disc < 0.75*mean {
			x.note("narrow-disc")
		}
	}
	if r.chance(0.12 + 0.15*wear) {
		addNuchalOssicle(s, r)
	}
}

func (x *mimic) note(kind string) {
	x.s.negatives = append(x.s.negatives, Negative{Level: x.level, Kind: kind})
}

// atlas: clefts with compact, rounded edges, and the bridge over the artery.
func (x *mimic) atlas() {
	k := &x.b.marks
	if x.r.chance(0.04) {
		x.b.hole(part{kind: shapeBox, c: vec{x.r.spread(0, 1), k.canalHalf[1] + 4, 0}, rot: turn(vec{0, 1, 0}, x.r.spread(0, 12)),
			h: vec{x.r.between(0.8, 2.6), 8, 14}, round: 0.5, blend: 1.6})
		x.note("c1-posterior-cleft")
	}
	if x.r.chance(0.004) {
		x.b.hole(part{kind: shapeBox, c: vec{0, -k.canalHalf[1] - 3, 0}, h: vec{x.r.between(0.6, 1.4), 9, 14}, round: 0.4, blend: 1.4})
		x.note("c1-anterior-cleft")
	}
	for _, side := range sides {
		if x.r.chance(0.09) {
			a := vec{side * (k.canalHalf[0] + 3), 6, 7}
			x.b.solid(part{kind: shapeCapsule, c: a, e: vec{side * (k.canalHalf[0] + 0.5), 11.5, 6}, h: vec{1.1, 1.1}, blend: 1})
			x.b.solid(part{kind: shapeCapsule, c: vec{side * (k.canalHalf[0] + 0.5), 11.5, 6}, e: vec{side * (k.canalHalf[0] - 1), 13.5, 2}, h: vec{1.1, 1.4}, blend: 1})
			x.note("ponticulus")
		}
	}
}

// axis: the old growth plate under the dens, and a dens that never fused.
func (x *mimic) axis() {
	k := &x.b.marks
	switch u := x.r.Float64(); {
	case u < 0.20:
		x.b.hole(part{kind: shapeEllipsoid, c: vec{0, 0.5, k.densNeck - 4.5}, h: vec{x.r.between(3, 5.5), x.r.between(3, 5), x.r.between(0.35, 0.6)}, blend: 0.3})
		x.note("subdental-synchondrosis")
	case u < 0.207:
		x.b.hole(part{kind: shapeBox, c: vec{0, k.dens[1], k.densNeck + 2.5}, h: vec{9, 9, x.r.between(0.9, 1.8)}, round: 0.5, blend: 1.8})
		x.note("os-odontoideum")
	}
	if x.r.chance(0.15) {
		x.b.hole(part{kind: shapeCapsule, c: vec{0, k.halfDepth + 1, 0}, e: vec{0, k.halfDepth * 0.2, 0}, h: vec{0.9, 0.5}, blend: 0.5})
		x.note("basivertebral-channel")
	}
}

// body: spurs, endplate pits and the vein's channel of C3 to C7.
func (x *mimic) body(wear float64) {
	k := &x.b.marks
	if x.r.chance(0.5) {
		deep := x.r.between(0, 0.45) * k.halfDepth
		w := x.r.between(0.6, 1.1)
		root := vec{x.r.spread(0, 0.7), k.halfDepth * 0.5, x.r.spread(0, 0.6)}
		x.b.hole(part{kind: shapeCapsule, c: vec{root[0], k.halfDepth + 1, root[2]}, e: root, h: vec{w * 1.2, w}, blend: 0.5})
		if x.r.chance(0.5) {
			for _, side := range sides {
				x.b.hole(part{kind: shapeCapsule, c: root, e: vec{side * x.r.between(2, 5), deep, root[2] + x.r.spread(0, 1)}, h: vec{w * 0.9, w * 0.45}, blend: 0.4})
			}
		}
		x.note("basivertebral-channel")
	}
	if x.r.chance(0.10) {
		up := x.r.sign()
		x.b.hole(part{kind: shapeEllipsoid, c: vec{x.r.spread(0, 3.5), x.r.spread(0, 2.5), up * (k.height/2 + 0.3)},
			h: vec{x.r.between(1.6, 3.4), x.r.between(1.6, 3), x.r.between(1.4, 3)}, blend: 0.8})
		x.note("schmorl-node")
	}
	for _, up := range [2]float64{-1, 1} {
		if x.r.chance(0.08 + 0.45*wear) {
			x.spur(up)
		}
		if x.r.chance(0.04 + 0.25*wear) {
			side := x.r.sign()
			c := vec{side * k.halfWidth * 0.7, k.halfDepth * 0.9, up * k.height * 0.42}
			x.b.solid(part{kind: shapeEllipsoid, c: c, h: vec{3, x.r.between(1.4, 2.8), 1.8}, cortex: 0.9, blend: 1.5})
			x.note("posterior-osteophyte")
		}
	}
}

// spur is an anterior osteophyte: a beak, now and then with a notch that looks broken.
func (x *mimic) spur(up float64) {
	k := &x.b.marks
	size := x.r.between(1.5, 5)
	at := vec{x.r.spread(0, 3), -k.halfDepth + 0.8, up * (k.height/2 - 1.2)}
	tip := add(at, vec{x.r.spread(0, 0.8), -size * 0.8, up * size * x.r.between(0.1, 0.7)})
	x.b.solid(part{kind: shapeCapsule, c: at, e: tip, h: vec{2.1, 0.9}, cortex: 0.9, dense: 60, blend: 2})
	x.b.solid(part{kind: shapeEllipsoid, c: at, h: vec{x.r.between(5, 9), 1.8, 1.9}, cortex: 0.8, dense: 40, blend: 2})
	x.note("osteophyte")
	if size > 3.2 && x.r.chance(0.3) {
		// An old, free, compact ossicle in front of the beak.
		c := add(tip, vec{0, -1.6, up * 1.4})
		x.b.solid(part{kind: shapeEllipsoid, c: c, h: vec{1.8, 1.1, 1.5}, cortex: 1, blend: 0.05})
		x.note("limbus-ossicle")
	}
}

// channel is a nutrient vessel's canal, thin and straight with smooth walls.
func (x *mimic) channel() {
	k := &x.b.marks
	s := x.r.IntN(2)
	at := k.pillar[s]
	if x.level > neckfrac.C2 && x.r.chance(0.5) {
		at = vec{x.r.spread(0, 4), -k.halfDepth, x.r.spread(0, 2)}
	}
	d := scale(unit(vec{x.r.NormFloat64(), x.r.NormFloat64(), x.r.NormFloat64() * 0.5}), x.r.between(4, 8))
	w := x.r.between(0.35, 0.65)
	x.b.hole(part{kind: shapeCapsule, c: add(at, scale(d, -1)), e: add(at, d), h: vec{w, w}, blend: 0.3})
	x.note("nutrient-channel")
}

// chip is an old fragment, rounded and compact all round.
func (x *mimic) chip() {
	k := &x.b.marks
	h := vec{x.r.between(1.2, 2.6), x.r.between(1.2, 2.6), x.r.between(1, 2)}
	d := sub(k.spinousTip, k.spinousBase)
	c := add(k.spinousTip, scale(unit(d), 2.8+h[1]+x.r.between(0.8, 2)))
	if x.r.chance(0.5) {
		c = vec{x.r.spread(0, 3), -k.halfDepth - h[1] - x.r.between(0.8, 1.6), -k.height/2 + x.r.spread(0, 1)}
	}
	x.b.solid(part{kind: shapeEllipsoid, c: c, h: h, cortex: 1.1, blend: 0.05})
	x.note("old-chip")
}

// addNuchalOssicle puts bone into the nuchal ligament behind C5 or C6.
func addNuchalOssicle(s *scene, r random) {
	i := 4 + r.IntN(2)
	b := &bone{name: "ossicle", wobble: 0.2, spongy: 250, hard: s.p.hard}
	b.pose = s.chain[i].pose
	k := &s.chain[i].marks
	back := max(k.spinousTip[1], s.chain[i+1].marks.spinousTip[1]-4)
	at := vec{r.spread(0, 1), back + r.between(5, 12), r.spread(0, 4)}
	b.solid(part{kind: shapeEllipsoid, c: at, h: vec{r.between(1.2, 2.4), r.between(1.5, 3), r.between(3, 7)}, cortex: 1.2})
	s.others = append(s.others, b)
	s.backs = append(s.backs, b.pose.outer(at))
	s.negatives = append(s.negatives, Negative{Kind: "nuchal-ossicle"})
}
