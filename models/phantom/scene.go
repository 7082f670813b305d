package phantom

import (
	"sort"

	"github.com/neckfrac/neckfrac"
)

// scene is one person in one posture: bones with poses, and the curves along the
// spine that soft tissue follows.
type scene struct {
	seed    uint64
	edition Edition
	p       person
	ring    atlasRing
	chain   [levels]*bone // C1..T2
	skull   *bone
	others  []*bone // all bone that is not C1..C7
	joints  []joint
	knots   []knot // by rising z
	// swelling in front of the spine that comes with a fracture, mm, about level
	// swellingU.
	swelling, swellingU float64
	negatives           []Negative
	// clouds are the places inside C1 to C7.
	clouds [neckfrac.Levels][]vec
	// shoulders are the soft shoulders, in a frame at T1 with the patient's axes.
	shoulders []part
	chin      vec
	// backs are places that the skin of the back has to cover.
	backs []vec
	// mesh is the person's mesh anatomy, nil for the built-in one.
	mesh *meshPerson

	// Of Phantom4: how tissue looks, pieces that are painted before the vertebrae, blood
	// in the canal, and the curve before fractures moved the neck, nil where it is knots.
	style    *style
	unders   []*bone
	blood    bleed
	still    []knot
	hardware bool
}

// joint keeps two bones apart by a space.
type joint struct {
	a, b *bone
	gap  float64
}

// knot is a place on the spine's curve. u counts levels: 0 is C1, 8 is T2.
type knot struct {
	z, u        float64
	body, canal vec
	foramen     [2]vec
	canalHalf   [2]float64
}

// shareOfFlexion by joint, from C7/T1 up to C2/C3.
var shareOfFlexion = [6]float64{.13, .16, .18, .20, .10, .04}

// newScene builds the bones of a person and bends the chain.
func newScene(c Config) *scene {
	seed := c.Seed
	s := &scene{seed: seed, edition: c.Edition, p: drawPerson(seed)}
	if c.Edition == Phantom4 {
		s.style = drawStyle(seed)
		s.p.appear(seed, s.style)
	}
	c.Anatomy.build(s, stream(seed, "bones"))
	if r := stream(seed, "posture"); s.mesh != nil {
		s.mesh.pose(s, r)
	} else {
		s.pose(r)
	}
	addMimics(s, stream(seed, "mimics"))
	if c.Edition == Phantom4 {
		addLooks(s, c.Looks)
	}
	for _, b := range s.bones() {
		b.seal()
	}
	for i := range s.clouds {
		s.clouds[i] = s.chain[i].cloud()
	}
	s.curve()
	return s
}

// bones lists all bones in the order in which they are painted.
func (s *scene) bones() []*bone {
	out := append(append([]*bone{}, s.unders...), s.chain[:]...)
	return append(out, s.others...)
}

// pose bends the chain upwards from T1.
func (s *scene) pose(r random) {
	lordosis, tilt, yaw := r.spread(8, 11), r.spread(0, 4), r.spread(0, 8)
	slope := clamp(r.spread(20, 7), 4, 38)
	base := s.chain[t1]
	base.pose = pose{vec{r.spread(0, 6), r.spread(0, 6), 0}, turn(vec{1, 0, 0}, slope).then(turn(vec{0, 1, 0}, r.spread(0, 2)))}
	for i := t1 - 1; i >= 1; i-- {
		share := shareOfFlexion[t1-1-i] / .81
		rel := turn(vec{1, 0, 0}, -lordosis*share+r.spread(0, 1)).
			then(turn(vec{0, 1, 0}, tilt/6+r.spread(0, 0.5))).
			then(turn(vec{0, 0, 1}, yaw*0.08+r.spread(0, 0.4)))
		s.stack(i+1, i, base.pose.rot, rel)
		base = s.chain[i]
	}
	s.hang(r)
	c1, c2 := s.chain[0], s.chain[1]
	c1.pose.rot = c2.pose.rot.then(turn(vec{1, 0, 0}, r.spread(-2, 3))).then(turn(vec{0, 0, 1}, yaw*0.5))
	toRing := vec{0, s.ring.halfAP - s.ring.gap - 5.5*s.p.width, 0.5}
	c1.pose.at = add(c2.pose.outer(c2.marks.dens), c1.pose.outerDir(toRing))
	head := turn(vec{0, 0, 1}, yaw).then(turn(vec{0, 1, 0}, tilt)).then(turn(vec{1, 0, 0}, r.spread(4, 6)))
	s.skull.pose = pose{add(c1.pose.at, c1.pose.outerDir(vec{0, 7, 16.8})), head}
	for _, b := range s.others {
		switch b.name {
		case "mandible":
			b.pose = s.skull.pose
			s.chin = b.pose.outer(b.marks.spinousTip)
		case "hyoid":
			c3 := s.chain[2].pose.at
			b.pose = pose{add(c3, vec{0, -30 + r.spread(0, 2), -10 + r.spread(0, 3)}), turn(vec{1, 0, 0}, r.spread(5, 5))}
		case "T1 ribs":
			b.pose = s.chain[t1].pose
		case "T2 ribs":
			b.pose = s.chain[t2].pose
		case "clavicle", "humerus", "scapula":
			b.pose = pose{s.chain[t1].pose.at, identity}
		}
	}
}

// stack puts the upper vertebra on the lower one.
func (s *scene) stack(lower, upper int, base, rel mat) {
	lo, up := s.chain[lower], s.chain[upper]
	disc := s.p.level[upper].disc
	up.pose.rot = base.then(rel)
	joint := add(lo.pose.at, lo.pose.outerDir(vec{0, 0, lo.marks.height/2 + disc/2}))
	up.pose.at = add(joint, up.pose.outerDir(vec{0, 0, disc/2 + up.marks.height/2}))
}

// hang puts T2 under T1.
func (s *scene) hang(r random) {
	lo, up := s.chain[t2], s.chain[t1]
	lo.pose.rot = up.pose.rot.then(turn(vec{1, 0, 0}, r.spread(3, 1.5)))
	disc := s.p.level[t1].disc
	joint := add(up.pose.at, up.pose.outerDir(vec{0, 0, -up.marks.height/2 - disc/2}))
	lo.pose.at = add(joint, lo.pose.outerDir(vec{0, 0, -disc/2 - lo.marks.height/2}))
}

// curve notes the knots of the spine.
func (s *scene) curve() {
	for i, b := range s.chain {
		k := knot{u: float64(i), body: b.pose.at, canal: b.pose.outer(b.marks.canal), canalHalf: b.marks.canalHalf}
		for n := range sides {
			k.foramen[n] = b.pose.outer(b.marks.foramen[n])
		}
		if i == 0 {
			dens := s.chain[1]
			k.body = dens.pose.outer(dens.marks.dens)
			k.canalHalf = [2]float64{11, 9}
			k.canal = add(b.pose.at, b.pose.outerDir(vec{0, 4.5, 0}))
		}
		k.z = k.body[2]
		s.backs = append(s.backs, b.pose.outer(b.marks.spinousTip))
		s.knots = append(s.knots, k)
	}
	sort.Slice(s.knots, func(i, j int) bool { return s.knots[i].z < s.knots[j].z })
}

// along interpolates the curve at a height; beyond its ends it runs straight on.
func (s *scene) along(z float64) knot { return alongKnots(s.knots, z) }

// scanned is along of the neck before fractures moved it: what the scanner goes by must
// be that of the twin.
func (s *scene) scanned(z float64) knot {
	if s.still != nil {
		return alongKnots(s.still, z)
	}
	return alongKnots(s.knots, z)
}

func alongKnots(knots []knot, z float64) knot {
	n := len(knots)
	i := sort.Search(n, func(i int) bool { return knots[i].z > z })
	i = min(max(i, 1), n-1)
	a, b := &knots[i-1], &knots[i]
	t := (z - a.z) / (b.z - a.z)
	out := knot{z: z, u: lerp(a.u, b.u, t)}
	if i == n-1 && t > 1 {
		out.u = b.u - (z-b.z)/16
	}
	t = clamp(t, 0, 1)
	for c := range 3 {
		out.body[c], out.canal[c] = lerp(a.body[c], b.body[c], t), lerp(a.canal[c], b.canal[c], t)
		for m := range sides {
			out.foramen[m][c] = lerp(a.foramen[m][c], b.foramen[m][c], t)
		}
	}
	for c := range 2 {
		out.canalHalf[c] = lerp(a.canalHalf[c], b.canalHalf[c], t)
	}
	return out
}
