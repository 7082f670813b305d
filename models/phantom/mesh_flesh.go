package phantom

import "math"

// flesh is the soft tissue of one study.
type flesh struct {
	a      *softAtlas
	w      *warp
	l      softLook
	hu     [256]float64
	muscle [256]bool
	skin   [256]bool
	canal  [256]bool
	grow   float64 // fat under the skin beyond the atlas's, mm
	rim    float64 // |x| in the atlas from which the shoulders taper
	neck   float64 // z in the atlas of C4
	bulge  func(p vec) float64
}

// newFlesh draws the study's values: table values with half their spread, vessels by the
// study's contrast.
func (w *meshPerson) newFlesh(s *scene, l softLook, g *lattice) *flesh {
	a := w.atlas.soft
	f := &flesh{a: a, w: w.newWarp(s, g), l: l, grow: clamp(s.p.fat-6, 0, 18), neck: w.atlas.chain[3].frame.at[2]}
	f.rim = float64(a.n[0]-1)*a.step[0]/2 - 3
	r := stream(s.seed, "flesh")
	for i, t := range a.table {
		f.hu[i] = t.mean + r.spread(0, 0.5*t.sd)
		switch t.name {
		case "vessel":
			f.hu[i] = l.contrast
		case "muscle":
			f.muscle[i] = true
		case "skin":
			f.skin[i] = true
		case "canal and cerebrospinal fluid":
			f.canal[i] = true
		}
	}
	f.hu[0] = huAir
	f.bulge = func(p vec) float64 {
		kn := s.along(p[2])
		d := kn.body[1] - p[1]
		return l.swelling * math.Exp(-sq((kn.u-l.swellingU)/1.6)) * smooth(2, 7, d) * smooth(45, 12, d) * smooth(30, 14, math.Abs(p[0]-kn.body[0]))
	}
	return f
}

// softTissue paints everything but bone from the atlas's labels, on a lattice of a
// millimetre that is then interpolated.
func (w *meshPerson) softTissue(s *scene, g *lattice) []float32 {
	c := lattice{origin: g.origin, px: max(0.9, g.px), dz: max(1.0, g.dz)}
	c.nx = int(math.Ceil(float64(g.nx-1)*g.px/c.px)) + 1
	c.ny = int(math.Ceil(float64(g.ny-1)*g.px/c.px)) + 1
	c.nz = int(math.Ceil(float64(g.nz-1)*g.dz/c.dz)) + 1
	l := s.look()
	if s.swelling > l.swelling {
		l.swelling, l.swellingU = s.swelling, s.swellingU
	}
	f := w.newFlesh(s, l, &c)
	back := f.back(s, &c)
	low := make([]float32, c.nx*c.ny*c.nz)
	var row []vec
	at := 0
	for k := range c.nz {
		z := c.origin[2] + float64(k)*c.dz
		kn := s.along(z)
		for j := range c.ny {
			y := c.origin[1] + float64(j)*c.px
			row = f.w.row(y, z, row)
			swells := l.swelling > 0 && math.Abs(kn.body[1]-24-y) < 24
			for i := range c.nx {
				p := vec{c.origin[0] + float64(i)*c.px, y, z}
				q := f.w.along(row, p[0])
				if swells {
					q[1] += f.bulge(p)
				}
				v, d := f.at(&kn, p, q)
				if d > 0 {
					v = outside(&l, p[0]-kn.body[0]*0.5, y, back, -d)
				}
				low[at] = float32(v)
				if s.style != nil {
					low[at] = s.style.tissue(low[at])
				}
				at++
			}
		}
	}
	return refine(&c, low, g)
}

// back is the y of the skin that lies on the table.
func (f *flesh) back(s *scene, c *lattice) float64 {
	out := s.chain[t1].pose.at[1] + 60
	var row []vec
	for k := 0; k < c.nz; k += 8 {
		z := c.origin[2] + float64(k)*c.dz
		kn := s.along(z)
		for j := 0; j < c.ny; j += 3 {
			y := c.origin[1] + float64(j)*c.px
			row = f.w.row(y, z, row)
			for i := 0; i < c.nx; i += 8 {
				p := vec{c.origin[0] + float64(i)*c.px, y, z}
				if _, d := f.at(&kn, p, f.w.along(row, p[0])); d == 0 && y > out && math.Abs(p[0]) < 60 {
					out = y
				}
			}
		}
	}
	return out + 1
}

// taper is how far the shoulders reach beyond the atlas, mm.
const taper = 80.0

// at is the value at place p of the patient, which is q in the atlas; outside the body it
// is air, and d the distance to the skin.
func (f *flesh) at(kn *knot, p, q vec) (hu, d float64) {
	if x := math.Abs(q[0]) - f.rim; x > 0 {
		// The atlas ends in the shoulders, which go on rounder and lower.
		t := x / taper
		if t >= 1 {
			return huAir, x - taper + 1
		}
		mid := f.a.lo[1] + float64(f.a.n[1]-1)*f.a.step[1]*0.55
		q[1] = mid + (q[1]-mid)/math.Sqrt(1-t*t)
		q[2] += 35 * t * t
		q[0] = math.Copysign(f.rim, q[0])
	}
	l := f.a.at(q)
	grow := f.grow * smooth(f.neck+70, f.neck, q[2])
	if l == 0 {
		d, _ = f.a.out.at(q)
		switch {
		case d > grow:
			return huAir, max(d-grow, 0.01)
		case d > grow-1.8:
			return huSkin, 0
		}
		return huFat + 8*f.l.cloud.at(p), 0
	}
	cloud := f.l.cloud.at(p)
	switch {
	case f.skin[l]:
		if grow > 2 {
			return huFat + 8*cloud, 0
		}
		return huSkin, 0
	case f.canal[l] && f.bled(kn, p):
		return huBlood, 0
	case f.muscle[l]:
		n := f.l.septa.at(vec{p[0], p[1], p[2] * 0.3})
		w := 0.7 * f.l.septum * (1 + 0.8*f.l.fatty.at(p))
		return lerp(huFat+10, f.hu[l]+8*cloud, smooth(w*0.4, w*1.6, math.Abs(n))), 0
	}
	return f.hu[l] + f.l.shift*0.3 + 4*cloud, 0
}

// huBlood is blood in the canal that has begun to clot.
const huBlood = 68

// bled says whether a place of the canal holds the study's blood outside the dura.
func (f *flesh) bled(kn *knot, p vec) bool {
	mm := f.l.blood.at(kn.u)
	x, y := p[0]-kn.canal[0], p[1]-kn.canal[1]
	return mm > 0.5 && f.l.blood.side*y > kn.canalHalf[1]+0.6-mm-0.04*x*x
}
