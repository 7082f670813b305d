package phantom

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// nuchal is a row of thin plates in the nuchal ligament.
func (x *look) nuchal() {
	i := x.index([]float64{0, 0, 0, 1, 3, 4, 2}, 3, 6)
	b := x.over("nuchal", i)
	k := &x.s.chain[i].marks
	at := vec{x.r.spread(0, 0.8), k.spinousTip[1] + x.r.between(2, 6), x.r.spread(0, 4)}
	for range 2 + x.r.IntN(3) {
		h := vec{x.r.between(0.7, 1.5), x.r.between(0.9, 2.2), x.r.between(2, 5)}
		b.solid(part{kind: shapeEllipsoid, c: at, rot: turn(vec{1, 0, 0}, x.r.spread(0, 15)), h: h, cortex: 1, blend: 0.4})
		x.s.backs = append(x.s.backs, b.pose.outer(at))
		at = add(at, vec{x.r.spread(0, 0.5), x.r.spread(0.4, 1), -2*h[2] - x.r.between(0, 2.5)})
	}
	x.note(neckfrac.Vertebra(i + 1))
}

// carotid is calcium in the walls of the carotid arteries about their fork.
func (x *look) carotid() {
	only := x.r.pick([]float64{0.2, 0.2, 0.6}) // right, left or both
	for n, side := range sides {
		if only == 1-n {
			continue
		}
		b := x.calcium("carotid", 3, x.r.between(350, 1000))
		b.pose.rot = identity
		at := vec{side * x.r.between(25, 27) * x.s.p.width, -13, x.r.spread(4, 7)}
		for range 1 + x.r.IntN(4) {
			long := x.r.logBetween(1.5, 7)
			b.solid(part{kind: shapeArc, c: at, h: vec{3.1, 3.1, long / 2}, arc: [3]float64{x.r.between(0, 360), x.r.between(25, 110), x.r.between(0.35, 0.8)}, round: 0.3, cortex: solidAll, blend: 0.3})
			at = add(at, vec{x.r.spread(0, 0.6), x.r.spread(0, 0.6), long/2 + x.r.between(0, 6)})
		}
	}
	x.note(0)
}

// longusColli is a cloud of calcium in the tendon in front of C1 and C2.
func (x *look) longusColli() {
	b := x.calcium("tendon", 1, x.r.between(250, 520))
	k := &x.s.chain[1].marks
	at := vec{x.r.sign() * x.r.between(1, 5), -k.halfDepth - x.r.between(3.5, 5), k.height/2 + x.r.between(0, 4)}
	for range 2 + x.r.IntN(3) {
		b.solid(part{kind: shapeEllipsoid, c: at, h: vec{x.r.between(1.2, 2.6), x.r.between(0.9, 1.7), x.r.between(1.5, 4)}, cortex: solidAll, blend: 1})
		at = add(at, vec{x.r.spread(0, 1.2), x.r.spread(0, 0.5), -x.r.between(1.5, 3.5)})
	}
	x.note(neckfrac.C2)
}

// larynx is calcium in the cartilages of the larynx and in rings of the windpipe: more
// of it with age.
func (x *look) larynx() {
	s := x.s
	hu := x.r.between(260, 650)
	b := x.calcium("larynx", 4, hu)
	b.pose.rot = identity
	shift := along(airway, 4.3).front * s.p.depth
	old := smooth(25, 80, s.p.age)
	w := s.p.width
	for _, side := range sides {
		apex, end := vec{side * 1.5, -shift - 17, 6}, vec{side * 17 * w, -shift + 8, 8}
		mid := scale(add(apex, end), 0.5)
		b.solid(part{kind: shapeBox, c: mid, rot: frame(sub(end, apex), vec{0, 0, 1}), h: vec{norm(sub(end, apex)) / 2, 0.9, x.r.between(7, 11)}, round: 0.7, cortex: solidAll, blend: 0.5})
		b.solid(part{kind: shapeCapsule, c: add(end, vec{0, 1, -14}), e: add(end, vec{0, 1, 12}), h: vec{1.5, 1.2}, cortex: solidAll, blend: 1})
		// Calcium comes in patches.
		for range 3 + x.r.IntN(4) {
			c := add(apex, scale(sub(end, apex), x.r.Float64()))
			c[2] += x.r.spread(0, 6)
			b.hole(part{kind: shapeEllipsoid, c: c, h: vec{5 - 3*old, 5 - 3*old, x.r.between(2.5, 6) * (1.2 - old*0.6)}, blend: 0.8})
		}
	}
	ring := x.calcium("cricoid", 5, hu)
	ring.pose.rot = identity
	a := along(airway, 5.3)
	ring.solid(part{kind: shapeArc, c: vec{0, -a.front * s.p.depth, 0}, h: vec{a.half + 2.5, a.back + 2.5, 5}, arc: [3]float64{0, 60 + 115*old*x.r.Float64(), 1.1}, round: 0.8, cortex: solidAll})
	rings := int(math.Round(4 * old * x.r.Float64()))
	trachea := along(airway, 6.8)
	for n := range rings {
		ring.solid(part{kind: shapeArc, c: vec{0, -trachea.front * s.p.depth, -16 - 5*float64(n)}, h: vec{trachea.half + 1, trachea.back + 1, 1.4},
			arc: [3]float64{180, x.r.between(40, 130), 0.7}, round: 0.5, cortex: solidAll})
	}
	x.note(0)
}
