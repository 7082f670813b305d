package phantom

import "math"

// visceral holds one slice's tubes: airway, gullet, vessels, thyroid, canal, lungs.
type visceral struct {
	kn            *knot
	air           ringAt
	airY          float64
	cord          [2]float64
	tubes         []tube
	disc          bool
	lungR         float64
	discA, discB2 float64
	blood, rim    float64 // thickness in the canal, and its side
}

// tube is an ellipse in the slice with its value.
type tube struct{ x, y, a, b, hu float64 }

func newVisceral(s *scene, l *softLook, kn *knot) visceral {
	v := visceral{kn: kn, air: along(airway, kn.u), cord: [2]float64{6.3, 4.0}}
	swell := l.swelling * math.Exp(-sq((kn.u-l.swellingU)/1.6))
	w := s.p.width
	v.blood, v.rim = l.blood.at(kn.u), l.blood.side
	front := v.air.front*s.p.depth + swell
	v.airY = kn.body[1] - front
	x0 := kn.body[0]
	neck := smooth(0, 2, kn.u) * smooth(9, 7.5, kn.u)
	spread := lerp(29, 22, smooth(2, 6, kn.u)) * w
	for n, side := range sides {
		if neck > 0 {
			v.tubes = append(v.tubes,
				tube{x0 + side*spread, kn.body[1] - 13, 3.4, 3.4, l.contrast},
				tube{x0 + side*(spread+8), kn.body[1] - 9, 5.2, 4, lerp(45, l.contrast, 0.6)})
		}
		if f := kn.foramen[n]; kn.u < 6.4 {
			v.tubes = append(v.tubes, tube{f[0], f[1], 1.9, 1.9, l.contrast})
		}
		if kn.u > 4.4 && kn.u < 7 {
			t := math.Sqrt(clamp(1-sq((kn.u-5.6)/1.3), 0, 1))
			v.tubes = append(v.tubes, tube{x0 + side*14.5*w, v.airY + 3, 6*t + 0.1, 9*t + 0.1, 115})
		}
	}
	if kn.u > 4.5 {
		v.tubes = append(v.tubes, tube{x0 - 4, v.airY + v.air.back + 5, 6, 3, 40})
	}
	if kn.u > 7.6 {
		v.lungR = 38 * math.Sqrt(clamp((kn.u-7.6)/4, 0, 1))
	}
	i := clamp(math.Floor(kn.u), 1, levels-2)
	m := s.p.level[int(i)]
	v.disc = kn.u > 0.9
	v.discA, v.discB2 = m.widthBot/2+1.2, m.depthBot/2+0.6
	return v
}

func sq(x float64) float64 { return x * x }

// at gives the value of the tube at p, if p lies in one.
func (v *visceral) at(p vec) (float64, bool) {
	dx, dy := p[0]-v.kn.body[0], p[1]-v.kn.body[1]
	if math.Abs(dx) > 100 {
		return 0, false
	}
	// The canal: fluid round the cord, fat at the rim.
	cx, cy := p[0]-v.kn.canal[0], p[1]-v.kn.canal[1]
	a, b := v.kn.canalHalf[0]+0.6, v.kn.canalHalf[1]+0.6
	if e := sq(cx/a) + sq(cy/b); e < 1 {
		if v.blood > 0.5 && v.rim*cy > b-v.blood-0.04*cx*cx {
			return 68, true
		}
		if c := sq(cx/v.cord[0]) + sq((cy+0.4)/v.cord[1]); c < 1.4 {
			return lerp(huCord, huCSF, smooth(0.8, 1.4, c)), true
		}
		if e > 0.80 && cy > -1 {
			return -35, true
		}
		return huCSF, true
	}
	if v.disc && super(dx, dy, v.discA, v.discB2) < 0 {
		return huDisc, true
	}
	if e := math.Sqrt(sq(dx/v.air.half) + sq((p[1]-v.airY)/v.air.back)); e < 1.45 {
		return lerp(huAir+5, 48, smooth(0.92, 1.1, e)), true
	}
	for i := range v.tubes {
		t := &v.tubes[i]
		if sq((p[0]-t.x)/t.a)+sq((p[1]-t.y)/t.b) < 1 {
			return t.hu, true
		}
	}
	if v.lungR > 0 {
		if e := math.Hypot((math.Abs(dx)-14-v.lungR)/1.05, dy+14) / v.lungR; e < 1 {
			return lerp(-860, 40, smooth(0.93, 1, e)), true
		}
	}
	return 0, false
}
