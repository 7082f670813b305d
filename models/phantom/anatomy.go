package phantom

// Anatomy makes the bones of a person. BuiltIn is the one that ships; its method is
// unexported, so that other sources of bones live in this package too.
type Anatomy interface {
	// Name goes to the truth file.
	Name() string
	build(s *scene, r random)
}

// BuiltIn is the anatomy made of signed distances, with measures of adults.
type BuiltIn struct{}

// Name is "built-in".
func (BuiltIn) Name() string { return "built-in" }

func (BuiltIn) build(s *scene, r random) {
	p := &s.p
	s.chain[0], s.ring = buildAtlas(r, p)
	s.chain[1] = buildAxis(r, p.level[1], p)
	for i := 2; i < levels; i++ {
		m := p.level[i]
		pitch := (m.hFront+m.hBack)/2 + (p.level[i-1].disc+m.disc)/2
		s.chain[i] = buildSubaxial(r, i, m, pitch)
	}
	for i, b := range s.chain {
		b.spongy, b.hard = p.spongy[i], p.hard
	}
	s.skull = buildSkull(r, p)
	s.others = append(s.others, s.skull, buildMandible(r, p), buildHyoid(r), buildRibs(r, s.chain[t1], true), buildRibs(r, s.chain[t2], false))
	s.others = append(s.others, buildShoulders(r, s)...)
	for _, b := range s.others {
		b.spongy, b.hard = p.spongy[levels-1]*0.9+60, p.hard
	}
	for i := range levels - 1 {
		s.joints = append(s.joints, joint{s.chain[i], s.chain[i+1], r.between(1.0, 1.9) * (1 - 0.4*p.level[i].arthrosis)})
	}
	s.joints = append(s.joints, joint{s.skull, s.chain[0], r.between(1.2, 2.0)})
}
