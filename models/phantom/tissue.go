package phantom

import "math"

// Hounsfield values of soft tissue, before a study's own shifts.
const (
	huAir    = -1000
	huFat    = -100
	huMuscle = 55
	huDisc   = 85
	huCSF    = 12
	huCord   = 38
	huSkin   = 20
)

// ringAt is the body's outline at a level u: half width, and front and back distance
// from the vertebral bodies, mm.
type ringAt struct{ u, half, front, back float64 }

var outline = []ringAt{
	{-4.5, 74, 112, 90}, {-1, 74, 108, 84}, {0.5, 70, 104, 66}, {2, 64, 98, 57}, {2.9, 60, 82, 56},
	{3.7, 58, 60, 57}, {5, 60, 55, 60}, {6, 68, 57, 66}, {7, 84, 66, 76}, {8, 118, 78, 84}, {9.5, 180, 92, 94}, {13, 225, 108, 102},
}

// airway is the airway: half width, distance of its middle in front of the vertebral
// bodies' middle, half depth.
var airway = []ringAt{
	{-2.2, 0.5, 36, 0.5}, {-1.4, 10, 32, 7}, {0, 13, 27, 6}, {1, 12, 18.5, 5}, {2, 12, 18, 5.5}, {3, 9, 22, 8}, {4, 5, 25, 8}, {5, 8, 27, 9},
	{6, 8.5, 31, 9}, {8, 9, 36, 9.5}, {12, 9.5, 46, 9},
}

// along interpolates a table over u.
func along(t []ringAt, u float64) ringAt {
	if u <= t[0].u {
		return t[0]
	}
	for i := 1; i < len(t); i++ {
		if u < t[i].u {
			a, b := t[i-1], t[i]
			f := smooth(a.u, b.u, u)*0.5 + 0.5*(u-a.u)/(b.u-a.u)
			return ringAt{u, lerp(a.half, b.half, f), lerp(a.front, b.front, f), lerp(a.back, b.back, f)}
		}
	}
	return t[len(t)-1]
}

// softLook holds one study's drawn soft tissue.
type softLook struct {
	septa, cloud, fatty grain
	septum              float64 // width of fat planes between muscles
	contrast            float64 // HU of vessels
	swelling            float64 // in front of the spine, mm
	swellingU           float64
	blood               bleed
	lean                vec // shift of the outline
	shift               float64
	table               float64 // distance behind the back, mm
	pillow              bool
	collar              bool
}

func (s *scene) look() softLook {
	r := stream(s.seed, "tissue")
	l := softLook{
		septa: newGrain(r, 0, r.between(5, 7.5)), cloud: newGrain(r, 1, 4), fatty: newGrain(r, 1, 12),
		septum: r.between(0.05, 0.22), contrast: 45, lean: vec{r.spread(0, 3), r.spread(0, 3), 0},
		shift: r.spread(0, 8), table: r.between(4, 28), pillow: r.chance(0.6), collar: r.chance(0.25),
	}
	if r.chance(0.35) {
		l.contrast = r.between(130, 420)
	}
	if r.chance(0.15) {
		l.swelling, l.swellingU = r.between(3, 7), r.between(1, 5)
	}
	if s.style != nil {
		l.swelling, l.blood, l.contrast = 0, s.blood, 45
		if s.style.vessel > 0 {
			l.contrast = s.style.vessel
		}
	}
	return l
}

// softTissue paints everything that is not bone. It works on a coarser lattice and
// interpolates: soft tissue has no detail below 1.5 mm.
func (s *scene) softTissue(g *lattice) []float32 {
	if s.mesh != nil && s.mesh.atlas.soft != nil {
		return s.mesh.softTissue(s, g)
	}
	step := max(1.5, g.px)
	stepZ := max(1.6, g.dz)
	c := lattice{origin: g.origin, px: step, dz: stepZ}
	c.nx = int(math.Ceil(float64(g.nx-1)*g.px/step)) + 1
	c.ny = int(math.Ceil(float64(g.ny-1)*g.px/step)) + 1
	c.nz = int(math.Ceil(float64(g.nz-1)*g.dz/stepZ)) + 1
	low := make([]float32, c.nx*c.ny*c.nz)
	l := s.look()
	if s.swelling > l.swelling {
		l.swelling, l.swellingU = s.swelling, s.swellingU
	}
	for k := range c.nz {
		s.softSlice(&l, &c, k, low[k*c.nx*c.ny:(k+1)*c.nx*c.ny])
	}
	if s.style != nil {
		for i, v := range low {
			low[i] = s.style.tissue(v)
		}
	}
	return refine(&c, low, g)
}

// refine interpolates a coarse lattice trilinearly.
func refine(c *lattice, low []float32, g *lattice) []float32 {
	out := make([]float32, g.nx*g.ny*g.nz)
	plane := make([]float32, c.nx*c.ny)
	row := make([]float32, c.nx)
	x0, fx := make([]int32, g.nx), make([]float32, g.nx)
	for i := range x0 {
		v := float64(i) * g.px / c.px
		n := min(int(v), c.nx-2)
		n = max(n, 0)
		x0[i], fx[i] = int32(n), float32(v-float64(n))
	}
	for k := range g.nz {
		v := float64(k) * g.dz / c.dz
		n := max(min(int(v), c.nz-2), 0)
		m := min(n+1, c.nz-1)
		f := float32(v - float64(n))
		a, b := low[n*len(plane):(n+1)*len(plane)], low[m*len(plane):(m+1)*len(plane)]
		for i := range plane {
			plane[i] = a[i] + (b[i]-a[i])*f
		}
		for j := range g.ny {
			v := float64(j) * g.px / c.px
			n := max(min(int(v), c.ny-2), 0)
			m := min(n+1, c.ny-1)
			f := float32(v - float64(n))
			for i := range row {
				p := plane[n*c.nx+i]
				row[i] = p + (plane[m*c.nx+i]-p)*f
			}
			o := out[(k*g.ny+j)*g.nx:][:g.nx]
			for i := range o {
				p := row[x0[i]]
				o[i] = p + (row[min(int(x0[i])+1, c.nx-1)]-p)*fx[i]
			}
		}
	}
	return out
}

// softSlice paints one slice of the coarse lattice.
func (s *scene) softSlice(l *softLook, c *lattice, k int, out []float32) {
	z := c.origin[2] + float64(k)*c.dz
	kn := s.along(z)
	o := along(outline, kn.u)
	fat := s.p.fat * (1 + 0.5*smooth(5, 8, kn.u)) * (1 - 0.6*smooth(1, -1, kn.u))
	bulk := s.p.bulk
	half := o.half*bulk + fat - 8
	front, back := o.front*bulk+0.7*(fat-8), o.back*bulk+fat-8
	// The skin of the back covers the spinous processes, however long they are.
	for _, p := range s.backs {
		back = max(back, p[1]-kn.body[1]+7+0.8*fat-sq(z-p[2])/50)
	}
	// The jaw belongs to the head, wherever the neck is.
	jaw := kn.body[1] - s.chin[1] + 9
	front = lerp(front, max(front, jaw), smooth(s.chin[2]-12, s.chin[2]+2, z)*smooth(s.chin[2]+150, s.chin[2]+100, z))
	cx, cy := kn.body[0]*0.5+l.lean[0], kn.body[1]+(back-front)/2+l.lean[1]
	depth := (front + back) / 2
	sl := newVisceral(s, l, &kn)
	backSkin := cy + depth
	for j := range c.ny {
		y := c.origin[1] + float64(j)*c.px
		for i := range c.nx {
			x := c.origin[0] + float64(i)*c.px
			d := -super(x-cx, y-cy, half, depth)
			if d < 25 && kn.u > 4 {
				d = max(d, s.shoulderDepth(vec{x, y, z}))
			}
			v := float32(huAir)
			if d < -3*c.px {
				v = float32(outside(l, x-cx, y, backSkin, d))
			} else {
				in := s.inside(l, &kn, &sl, vec{x, y, z}, d, fat)
				if d < 1.5*c.px {
					in = lerp(outside(l, x-cx, y, backSkin, d), in, phi(d/(0.45*c.px)))
				}
				v = float32(in)
			}
			out[j*c.nx+i] = v
		}
	}
}

// shoulderDepth is the depth under the skin of the shoulders.
func (s *scene) shoulderDepth(p vec) float64 {
	d := -far
	q := sub(p, s.chain[t1].pose.at)
	for i := range s.shoulders {
		t := &s.shoulders[i]
		if (q[0] < 0) == (t.e[0] < 0) {
			d = max(d, -t.distance(q))
		}
	}
	return d
}

// outside is air, table, pillow and collar.
func outside(l *softLook, x, y, back, d float64) float64 {
	t := y - (back + l.table) - x*x/900
	switch {
	case math.Abs(t) < 1.4:
		return -350
	case t > 0 && t < 22:
		return -930
	case l.pillow && t < 0 && y > back-18 && math.Abs(x) < 120:
		return -955
	case l.collar && d > -12 && d < -4:
		return -910
	}
	return huAir
}

// inside is the tissue at depth d under the skin.
func (s *scene) inside(l *softLook, kn *knot, sl *visceral, p vec, d, fat float64) float64 {
	cloud := l.cloud.at(p)
	if v, ok := sl.at(p); ok {
		return v + 4*cloud
	}
	if d < 2 {
		return huSkin
	}
	dx, dy := p[0]-kn.body[0], p[1]-kn.body[1]
	if d < fat*(1+0.35*l.fatty.at(p))*(0.75+0.5*smooth(-30, 40, dy)) {
		return huFat + 8*cloud
	}
	if kn.u < -0.4 && d > 14 && dy > -70 {
		return 32 + 4*cloud // brain; the skull is painted over its rim
	}
	n := l.septa.at(vec{p[0], p[1], p[2] * 0.3})
	w := l.septum * (1 + 0.8*l.fatty.at(p))
	if dy > 8 && math.Abs(dx) < 1.2+0.4*cloud {
		n = 0 // nuchal ligament and its fat
	}
	return lerp(huFat+10, huMuscle+8*cloud, smooth(w*0.4, w*1.6, math.Abs(n)))
}
