package phantom

import "math"

// markAtlas measures C1; the frame's origin moves to the middle of the ring.
func (b *meshBone) markAtlas() error {
	g, k := b.grid, &b.marks
	if g.inside(vec{}) {
		return odd("the middle of the ring is bone")
	}
	for range 2 {
		_, y := g.across(vec{}, 1, 30)
		_, x := g.across(vec{0, y, 0}, 0, 30)
		b.move(vec{x, y, 0})
	}
	tr, _ := g.across(vec{}, 0, 30)
	ap, _ := g.across(vec{}, 1, 30)
	if tr > 50 || ap > 50 {
		return odd("the ring is open or not of an atlas's size")
	}
	k.canalHalf = [2]float64{tr / 2, ap / 2}
	k.halfWidth, k.halfDepth = tr/2, ap/2
	front := 2.0
	if p := (vec{0, -ap/2 - 1.5, 0}); g.inside(p) {
		h, _ := g.across(p, 2, 15)
		front = h / 2
	}
	k.height, k.densTip = 2*front, front
	for s, x := range sides {
		lo, hi := sided(x, tr/2-2, tr/2+13, -ap/2, ap*0.3, -15, 15)
		b.tallest(s, x, lo, hi)
		f, width, ok := g.foramen(x, math.Abs(k.pillar[s][0])+2, -8, 8)
		if !ok {
			f = vec{x * (math.Abs(k.pillar[s][0]) + k.pillarHalf[0] + 3), 0, 0}
		}
		k.foramen[s], b.m.foramen = f, max(b.m.foramen, width)
		k.tip[s] = g.utmost(0, x, vec{-everywhere, -everywhere, -everywhere}, vec{everywhere, everywhere, everywhere})
		k.tip[s][0] -= x
		near := func(a, b float64) vec {
			lo, hi := sided(x, a*tr/2, b*tr/2, ap*0.2, ap, -10, 10)
			p, _ := g.middle(lo, hi)
			return p
		}
		k.lamina[s] = near(0.6, 0.85)
		k.laminaDir[s] = unit(sub(near(0.4, 0.6), near(0.85, 1.05)))
	}
	back, _ := g.middle(vec{-2, ap / 2, -12}, vec{2, ap/2 + 15, 12})
	k.spinousBase = vec{0, ap / 2, back[2]}
	k.spinousTip = vec{0, ap/2 + g.edge(vec{0, ap/2 + 0.5, back[2]}, vec{0, 1, 0}, 20) + 0.5, back[2]}
	return nil
}

// tallest finds the lateral mass within a box: columns at least 0.6 times as tall as the
// tallest one.
func (b *meshBone) tallest(s int, x float64, lo, hi vec) {
	g := b.grid
	type column struct{ x, y float64 }
	span := map[column][2]float64{}
	most := 0.0
	g.each(lo, hi, func(p vec) {
		c := column{p[0], p[1]}
		z, ok := span[c]
		if !ok {
			z = [2]float64{p[2], p[2]}
		}
		z = [2]float64{min(z[0], p[2]), max(z[1], p[2])}
		span[c] = z
		most = max(most, z[1]-z[0])
	})
	from, to := vec{1e9, 1e9, 1e9}, vec{-1e9, -1e9, -1e9}
	for c, z := range span {
		if z[1]-z[0] > 0.6*most {
			from = vec{min(from[0], c.x), min(from[1], c.y), min(from[2], z[0])}
			to = vec{max(to[0], c.x), max(to[1], c.y), max(to[2], z[1])}
		}
	}
	if most == 0 {
		from, to = lo, hi
	}
	b.marks.pillar[s], _ = g.middle(from, to)
	b.marks.pillarHalf = scale(sub(to, from), 0.5)
}

// markAxis measures C2; the frame's origin moves to the middle of the body below the
// dens.
func (b *meshBone) markAxis() error {
	g, k, m := b.grid, &b.marks, &b.m
	tip := g.utmost(2, 1, vec{-6, -everywhere, -everywhere}, vec{6, 0, everywhere})
	low := g.edge(tip, vec{0, 0, -1}, 60)
	if low < 20 || low > 55 {
		return odd("no dens above a body")
	}
	bottom := tip[2] - low
	// The neck of the dens is where it is narrowest, between a third of the height and
	// the widest place of the head above.
	neck, least := 0.0, 99.0
	for t := 0.4; t < 0.75; t += 0.01 {
		z := bottom + t*low
		_, y := g.across(vec{tip[0], tip[1], z}, 1, 16)
		if w, _ := g.across(vec{tip[0], y, z}, 0, 20); w < least {
			least, neck = w, z
		}
	}
	half := (neck - 2.5 - bottom) / 2
	_, y := g.across(vec{tip[0], tip[1], bottom + half}, 1, 16)
	b.move(vec{tip[0], y, bottom + half})
	k.halfDepth = b.depth(-0.3*half) / 2
	k.height = 2 * half
	k.densNeck = half + 2.5
	k.densTip = g.edge(vec{0, tip[1] - y, half}, vec{0, 0, 1}, 40) + half
	mid, _ := g.middle(vec{-7, -12, half + 4}, vec{7, k.halfDepth + 4, k.densTip})
	k.dens = vec{0, mid[1], half + 0.55*(k.densTip-half)}
	k.halfWidth = b.width(-0.5*half) / 2
	m.hFront, m.hBack = k.height, k.height
	m.depthTop, m.depthBot = 2*k.halfDepth, 2*k.halfDepth
	m.widthTop, m.widthBot = 2*k.halfWidth, 2*k.halfWidth
	b.up, b.down = k.dens, vec{0, 0, -g.edge(vec{}, vec{0, 0, -1}, 25)}
	if err := b.markCanal(); err != nil {
		return err
	}
	b.markArch()
	for s, x := range sides {
		f, width, ok := g.foramen(x, k.canalHalf[0]+1, -half-4, half+2)
		if !ok {
			f, width = vec{x * (k.halfWidth + 8), 1.5, -1.5}, 5
		}
		k.foramen[s], m.foramen = f, max(m.foramen, width)
		k.tip[s] = g.utmost(0, x, vec{-everywhere, -everywhere, -everywhere}, vec{everywhere, everywhere, half - 3})
		k.tip[s][0] -= x
		m.reach += math.Abs(k.tip[s][0]) / 2
	}
	return nil
}
