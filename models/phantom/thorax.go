package phantom

// buildRibs makes the first two ribs of both sides in the frame of their vertebra.
func buildRibs(r random, b *bone, first bool) *bone {
	out := &bone{name: b.name + " ribs", wobble: 0.4}
	k := &b.marks
	for s, x := range sides {
		head := vec{x * (k.halfWidth + 3), k.halfDepth - 1, 2}
		neck := add(k.tip[s], vec{x * 3, -5, 0})
		wide, drop := 58.0, 22.0
		if first {
			wide, drop = 44, 16
		}
		bend := []vec{head, neck,
			add(k.tip[s], vec{x * (wide - 28) * 0.7, -10, -4}),
			{x * (wide + 18), -8, -drop * 0.7},
			{x * (wide + 16), -32, -drop * 1.2},
			{x * (wide - 2), -52, -drop * 1.7},
			{x * (wide - 22), -62 + r.spread(0, 3), -drop * 2.1},
		}
		for i := 1; i < len(bend); i++ {
			out.solid(part{kind: shapeCapsule, c: bend[i-1], e: bend[i], h: vec{3.8, 3.8}, cortex: 1.0, blend: 1})
		}
	}
	return out
}

// buildShoulders makes clavicles, blades and humeral heads in the frame of T1, for
// fields that are wide enough to show them and as the cause of the streaks.
func buildShoulders(r random, sc *scene) []*bone {
	var out []*bone
	p := &sc.p
	raise := r.spread(0, 18)
	for _, x := range sides {
		w := p.width * p.bulk
		b := &bone{name: "clavicle", wobble: 0.4}
		bend := []vec{{x * 14, -62, -42}, {x * 50, -60, -24 + raise*0.4}, {x * 95, -38, -14 + raise*0.7}, {x * 140 * w, -18, -12 + raise}}
		for i := 1; i < len(bend); i++ {
			b.solid(part{kind: shapeCapsule, c: bend[i-1], e: bend[i], h: vec{5.5, 5}, cortex: 1.8, blend: 3})
		}
		out = append(out, b)
		h := &bone{name: "humerus", wobble: 0.5}
		head := vec{x * 166 * w, -8, -38 + raise}
		h.solid(part{kind: shapeEllipsoid, c: head, h: vec{23, 23, 23}, cortex: 1})
		h.solid(part{kind: shapeCapsule, c: head, e: add(head, vec{x * 14, 0, -80}), h: vec{17, 12}, cortex: 2.5, blend: 5})
		out = append(out, h)
		sc.shoulders = append(sc.shoulders, part{kind: shapeCapsule, c: vec{x * 42, 14, -30 + raise*0.3}, e: add(head, vec{x * 2, 6, 0}), h: vec{50 * p.bulk, 39 * p.bulk}})
		s := &bone{name: "scapula", wobble: 0.5}
		glen := add(head, vec{-x * 30, 4, 0})
		s.solid(part{kind: shapeBox, c: vec{x * 105 * w, 40, -60 + raise}, rot: turn(vec{0, 0, 1}, x*28), h: vec{38, 2.2, 52}, round: 2, cortex: 1.2})
		s.solid(part{kind: shapeCapsule, c: glen, e: add(glen, vec{-x * 20, 14, -6}), h: vec{11, 7}, cortex: 1.2, blend: 4})
		s.solid(part{kind: shapeCapsule, c: vec{x * 90 * w, 46, -26 + raise}, e: add(head, vec{0, 8, 27}), h: vec{4, 7}, cortex: 1.4, blend: 4})
		out = append(out, s)
	}
	return out
}
