package phantom

// buildSkull makes the base of the skull round the middle of the foramen magnum:
// vault, occipital condyles, clivus, mastoids, face and palate.
func buildSkull(r random, p *person) *bone {
	b := &bone{name: "skull", wobble: 0.8}
	w, d := p.width, p.depth
	c := vec{0, -16 * d, 58}
	h := vec{r.spread(74, 3) * w, r.spread(92, 4) * d, 66}
	b.solid(part{kind: shapeShell, c: c, h: h, round: r.spread(2.9, 0.4), cortex: 1.6, dense: 250, blend: 2})
	b.solid(part{kind: shapeBox, c: vec{0, -33 * d, 8}, rot: turn(vec{1, 0, 0}, -42), h: vec{11, 15, 4}, round: 3, cortex: 1.2, dense: 120, blend: 4})
	b.solid(part{kind: shapeEllipsoid, c: vec{0, 44 * d, 2}, rot: turn(vec{1, 0, 0}, 25), h: vec{16, 26, 5}, cortex: 1.6, dense: 200, blend: 6})
	b.solid(part{kind: shapeCapsule, c: vec{0, 66 * d, 16}, e: vec{0, 72 * d, 22}, h: vec{6, 4}, cortex: 1.6, dense: 200, blend: 5})
	for _, x := range sides {
		b.solid(part{kind: shapeEllipsoid, c: vec{x * 17.5 * w, -9, -3.5}, rot: turn(vec{0, 0, 1}, -x*24), h: vec{6.2, 12, 7.6}, cortex: 1.1, dense: 120, blend: 3})
		b.solid(part{kind: shapeBox, c: vec{x * 30 * w, -12, 4}, h: vec{17, 9, 4}, round: 3, cortex: 1.4, dense: 160, blend: 4})
		b.solid(part{kind: shapeEllipsoid, c: vec{x * 53 * w, -4, 3}, h: vec{11, 15, 19}, cortex: 1.4, dense: -150, blend: 4})
		b.solid(part{kind: shapeEllipsoid, c: vec{x * 38 * w, -22, 12}, rot: turn(vec{0, 0, 1}, x*40), h: vec{24, 9, 10}, cortex: 1.6, dense: 300, blend: 4})
		b.solid(part{kind: shapeCapsule, c: vec{x * 46 * w, -18, -2}, e: vec{x * 40 * w, -28, -24}, h: vec{1.9, 1.0}, cortex: 1.0, blend: 2})
		b.solid(part{kind: shapeBox, c: vec{x * 24, -62 * d, -2}, h: vec{2.4, 9, 16}, round: 2, cortex: 1.0, blend: 2})
	}
	b.hole(part{kind: shapeColumn, h: vec{15.5 * w, 17.5 * d, 0}, blend: 3})
	// The vault's lower front would cross the face.
	b.hole(part{kind: shapeEllipsoid, c: vec{0, -88 * d, 0}, h: vec{95, 46, 46}, blend: 3})
	addFace(b, r, d)
	return b
}

// addFace adds palate, upper jaw and upper teeth.
func addFace(b *bone, r random, d float64) {
	z := -16 + r.spread(0, 3)
	b.solid(part{kind: shapeBox, c: vec{0, -78 * d, z}, h: vec{17, 22, 2}, round: 1.8, cortex: 1.2, dense: 100})
	b.solid(part{kind: shapeArc, c: vec{0, -72 * d, z - 5}, h: vec{23, 27, 6}, arc: [3]float64{180, 88, 3.6}, round: 2.5, cortex: 1.2, dense: 100})
	b.solid(part{kind: shapeArc, c: vec{0, -72 * d, z - 14}, h: vec{24, 28, 5}, arc: [3]float64{180, 80, 3}, round: 2, cortex: 2.2, dense: 900, blend: 0.5})
	for _, x := range sides {
		b.solid(part{kind: shapeShell, c: vec{x * 26, -74 * d, z + 20}, h: vec{14, 18, 17}, round: 0.8, cortex: 0.8})
	}
}

// buildMandible makes the lower jaw in the skull's frame.
func buildMandible(r random, p *person) *bone {
	b := &bone{name: "mandible", wobble: 0.6}
	d := p.depth
	z := -52 + r.spread(0, 4)
	c := vec{0, -60 * d, z}
	b.marks.spinousTip = add(c, vec{0, -42*d - 5, -10}) // the chin
	b.solid(part{kind: shapeArc, c: c, h: vec{38 * p.width, 42 * d, r.between(10, 14)}, arc: [3]float64{180, 92, 5}, round: 4.5, cortex: 2.2, dense: 40})
	b.solid(part{kind: shapeArc, c: add(c, vec{0, 0, 16}), h: vec{26, 36 * d, 5}, arc: [3]float64{180, 78, 3}, round: 2, cortex: 2.2, dense: 900, blend: 3})
	for _, x := range sides {
		foot := vec{x * 42 * p.width, -52 * d, z + 2}
		head := vec{x * 47 * p.width, -36 * d, z + 50}
		b.solid(part{kind: shapeBox, c: scale(add(foot, head), 0.5), rot: frame(sub(head, foot), vec{0, 1, 0}), h: vec{norm(sub(head, foot)) / 2, 3.4, 15}, round: 3, cortex: 2, blend: 3})
		b.solid(part{kind: shapeEllipsoid, c: head, h: vec{9, 5, 5}, cortex: 1.4, blend: 4})
	}
	return b
}

// buildHyoid makes the hyoid in a frame at the front of the neck.
func buildHyoid(r random) *bone {
	b := &bone{name: "hyoid", wobble: 0.2}
	b.solid(part{kind: shapeArc, h: vec{18, 26, 2.6}, arc: [3]float64{180, 75, 1.8}, round: 1.6, cortex: 1.0})
	b.solid(part{kind: shapeBox, c: vec{0, -26, 0}, h: vec{10, 3, 5}, round: 2, cortex: 1.2})
	return b
}
