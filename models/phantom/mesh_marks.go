package phantom

import (
	"math"
	"slices"
)

// meshBone is a bone of an atlas: its distance in its own frame, and what was measured.
type meshBone struct {
	name  string
	frame pose // in the atlas
	grid  *distGrid
	marks marks
	m     measures
	// up and down are the middles of the end plates, in the frame.
	up, down vec
	// more are the further pieces of a bone of several meshes, in the same frame.
	more []*meshBone
}

// markLower measures C3 to T2; the frame's origin moves to the middle of the body.
func (b *meshBone) markLower(index int) error {
	if err := b.markBody(); err != nil {
		return err
	}
	if err := b.markCanal(); err != nil {
		return err
	}
	b.markArch()
	k, m := &b.marks, &b.m
	for s, x := range sides {
		f, width, ok := vec{x * (k.halfWidth + 5), k.halfDepth * 0.5, 0}, 0.0, true
		if index < t1 { // thoracic vertebrae have none
			f, width, ok = b.grid.foramen(x, k.canalHalf[0]+0.5, -k.height/2-2, k.height/2+2)
		}
		if !ok {
			f, width = vec{x * (math.Abs(k.pillar[s][0]) + 1), k.halfDepth * 0.25, 0}, 0
		}
		k.foramen[s] = f
		m.foramen = max(m.foramen, width)
		k.tip[s] = b.grid.utmost(0, x, vec{-everywhere, -everywhere, -everywhere}, vec{everywhere, everywhere, everywhere})
		k.tip[s][0] -= x
		m.reach += math.Abs(k.tip[s][0]) / 2
	}
	return nil
}

// markBody measures the body: walls on its middle, end plates at its front, middle and
// back, all averaged over a few millimetres.
func (b *meshBone) markBody() error {
	g := b.grid
	c := vec{}
	for range 3 {
		c = add(c, b.bodyMiddle(c))
		b.move(c)
		c = vec{}
	}
	if !g.inside(vec{}) {
		return odd("the middle of the body is no bone")
	}
	k, m := &b.marks, &b.m
	k.halfDepth = b.depth(0) / 2
	high := func(y float64) float64 {
		return mean(9, func(i int) float64 {
			h, _ := g.across(vec{float64(i%3) - 1, y + float64(i/3-1)*0.6, 0}, 2, 30)
			return h
		})
	}
	m.hFront, m.hBack = high(-0.72*k.halfDepth), high(0.72*k.halfDepth)
	k.height = (m.hFront + m.hBack) / 2
	if k.halfDepth < 4 || k.height < 5 || k.height > 35 {
		return odd("the body is not of a vertebra's size")
	}
	m.depthTop, m.depthBot = b.depth(0.36*k.height), b.depth(-0.36*k.height)
	m.widthTop, m.widthBot = b.width(0.36*k.height), b.width(-0.36*k.height)
	k.halfWidth = b.width(0) / 2
	up, down := g.edge(vec{}, vec{0, 0, 1}, 30), g.edge(vec{}, vec{0, 0, -1}, 30)
	b.up, b.down = vec{0, 0, up}, vec{0, 0, -down}
	return nil
}

// bodyMiddle is the middle between walls and end plates as seen from p.
func (b *meshBone) bodyMiddle(p vec) vec {
	_, y := b.grid.across(p, 1, 16)
	_, z := b.grid.across(vec{p[0], y, p[2]}, 2, 20)
	return vec{p[0], y, z}
}

// depth of the body at a height: the mean over the middle 4 mm.
func (b *meshBone) depth(z float64) float64 {
	return mean(9, func(i int) float64 {
		d, _ := b.grid.across(vec{float64(i%3)*1.5 - 1.5, 0, z + float64(i/3-1)}, 1, 16)
		return d
	})
}

// width of the body at a height: the lower quartile over its front half, where neither
// pedicles nor transverse processes arise.
func (b *meshBone) width(z float64) float64 {
	var all []float64
	for i := range 12 {
		y := -b.marks.halfDepth * (0.15 + 0.5*float64(i%4)/3)
		w, _ := b.grid.across(vec{0, y, z + float64(i/4-1)}, 0, 25)
		all = append(all, w)
	}
	slices.Sort(all)
	return all[len(all)/4]
}

// markCanal measures the canal: its depth from the middle of the back wall to the
// nearest of the arch, its width between the pedicles, at the height where it is least.
func (b *meshBone) markCanal() error {
	g, k, m := b.grid, &b.marks, &b.m
	wall := k.halfDepth
	m.canalAP = 40
	for z := -k.height; z <= k.height; z += 0.5 {
		for x := -1.0; x <= 1; x++ {
			if p := (vec{x, wall + 4, z}); !g.inside(p) {
				m.canalAP = min(m.canalAP, 4+g.edge(p, vec{0, 1, 0}, 36))
			}
		}
	}
	m.canalTr = 60
	mid := 0.0
	for z := -k.height / 2; z <= k.height/2; z += 0.5 {
		most, at := 0.0, 0.0
		for y := wall + 1.5; y < wall+m.canalAP*0.6; y += 0.5 {
			if p := (vec{0, y, z}); !g.inside(p) {
				if w, x := g.across(p, 0, 30); w > most {
					most, at = w, x
				}
			}
		}
		if most > 0 && most < m.canalTr {
			m.canalTr, mid = most, at
		}
	}
	if m.canalAP > 35 || m.canalTr > 50 || math.Abs(mid) > 6 {
		return odd("no canal behind the body")
	}
	b.move(vec{mid, 0, 0})
	k.canal = vec{0, wall + m.canalAP/2, 0}
	k.canalHalf = [2]float64{m.canalTr / 2, m.canalAP / 2}
	return nil
}

// markArch measures articular pillars, pedicles, laminae and the spinous process.
func (b *meshBone) markArch() {
	g, k, m := b.grid, &b.marks, &b.m
	for s, x := range sides {
		b.pillar(s, x)
		// The pedicle is what crosses the coronal plane of the back wall between canal
		// and pillar.
		in, out := k.canalHalf[0]-1, math.Abs(k.pillar[s][0])
		lo, hi := sided(x, in, out, k.halfDepth-1.2, k.halfDepth+1.6, -k.height/2-1, k.height/2+2)
		k.pedicle[s], _ = g.middle(lo, hi)
		h, _ := g.across(k.pedicle[s], 2, 12)
		m.pedicleH += h / 2
		m.pedicleW += min(h, 6) / 2
		// The lamina is the bone behind the canal, halfway to the midline.
		near := func(a, b float64) vec {
			lo, hi := sided(x, a*k.canalHalf[0], b*k.canalHalf[0], k.canal[1], k.canal[1]+k.canalHalf[1]+9, -2*k.height, k.height)
			p, _ := g.middle(lo, hi)
			return p
		}
		k.lamina[s] = near(0.35, 0.7)
		k.laminaDir[s] = unit(sub(near(0.2, 0.4), near(0.65, 0.85)))
		m.pillarW += math.Abs(k.pillarHalf[0])
		m.pillarAP += math.Abs(k.pillarHalf[1])
	}
	b.markSpinous()
}

// pillar finds the articular pillar of a side: among sagittal planes beside the canal
// those in which the bone behind the body is tallest.
func (b *meshBone) pillar(s int, x float64) {
	g, k := b.grid, &b.marks
	type plane struct{ at, tall, low, high float64 }
	var all []plane
	most := 0.0
	for at := k.canalHalf[0] - 1; at < k.canalHalf[0]+14; at += g.step {
		p := plane{at: at, low: 1e9, high: -1e9}
		lo, hi := sided(x, at-g.step/2, at+g.step/2, k.halfDepth-1, k.halfDepth+k.canalHalf[1]*2, -1.4*k.height, 1.4*k.height)
		g.each(lo, hi, func(q vec) { p.low, p.high = min(p.low, q[2]), max(p.high, q[2]) })
		p.tall = max(p.high-p.low, 0)
		most = max(most, p.tall)
		all = append(all, p)
	}
	in, out, low, high := math.Inf(1), 0.0, 1e9, -1e9
	for _, p := range all {
		if p.tall > 0.72*most {
			in, out = min(in, p.at), max(out, p.at)
			low, high = min(low, p.low), max(high, p.high)
		}
	}
	lo, hi := sided(x, in, out, k.halfDepth-1, k.halfDepth+k.canalHalf[1]*2, low, high)
	c, _ := g.middle(lo, hi)
	k.pillar[s] = c
	deep, _ := g.across(c, 1, 14)
	tall, _ := g.across(c, 2, 16)
	k.pillarHalf = vec{(out - in) / 2, deep / 2, tall / 2}
}

// markSpinous measures the spinous process: from the front of the junction of the
// laminae to the hindmost bone.
func (b *meshBone) markSpinous() {
	g, k, m := b.grid, &b.marks, &b.m
	y := k.canal[1] + k.canalHalf[1]
	root, _ := g.middle(vec{-1.5, y, -2 * k.height}, vec{1.5, y + 3, k.height})
	k.spinousBase = vec{0, y + 1.2, root[2]}
	tip := g.utmost(1, 1, vec{-12, y, -everywhere}, vec{12, everywhere, everywhere})
	k.spinousTip = vec{clamp(tip[0], -3, 3), tip[1] + 0.8, tip[2]}
	d := sub(k.spinousTip, k.spinousBase)
	m.spinous = norm(d)
	m.spinousFall = math.Atan2(-d[2], d[1]) * 180 / math.Pi
}

// sided is the box between two distances from the midline on a side.
func sided(x, in, out, y0, y1, z0, z1 float64) (lo, hi vec) {
	if x < 0 {
		return vec{-out, y0, z0}, vec{-in, y1, z1}
	}
	return vec{in, y0, z0}, vec{out, y1, z1}
}

func mean(n int, f func(i int) float64) float64 {
	var s float64
	for i := range n {
		s += f(i)
	}
	return s / float64(n)
}
