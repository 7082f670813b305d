package phantom

import "math"

// style is how Phantom4 lets tissue look in one study: near the usual in half of the
// studies, free within what still is a neck in the other half, so that no network learns
// one generator's greys.
type style struct {
	free   bool
	shell  float64 // scale of compact bone's thickness
	strut  float64 // weights of the textures of spongy bone
	fine   float64
	coarse float64
	soft   [6]float64 // HU of fat, fluid, cord, muscle, disc and thyroid
	vessel float64    // HU of vessels, 0 for no contrast agent
}

// softHU are the values that style.soft replaces, rising.
var softHU = [6]float64{huFat, huCSF, huCord, huMuscle, huDisc, 115}

func drawStyle(seed uint64) *style {
	r := stream(seed, "style")
	t := &style{free: r.chance(0.5)}
	if t.free {
		t.shell, t.strut, t.fine, t.coarse = r.logBetween(0.7, 1.7), r.between(0.3, 1.3), r.between(0.3, 2.2), r.between(0.6, 3)
		t.soft[0] = r.between(-135, -60)
		at := r.between(-5, 25)
		for i := 1; i < len(t.soft); i++ {
			t.soft[i] = at
			at += r.between(4, 26)
		}
	} else {
		t.shell, t.strut, t.fine, t.coarse = r.spread(1, 0.12), r.spread(0.8, 0.15), r.spread(1, 0.25), r.spread(1.2, 0.3)
		for i, v := range softHU {
			t.soft[i] = v + r.spread(0, 6)
		}
	}
	if r.chance(0.35) {
		t.vessel = r.between(90, 350)
	}
	return t
}

// appear redraws the density of a person's bone: 80 to 350 HU of spongy bone, by age in
// the usual half.
func (p *person) appear(seed uint64, t *style) {
	r := stream(seed, "density")
	mean := clamp(430-3.2*(p.age-20)+r.spread(0, 55), 90, 350) * 0.92
	hard := r.spread(1450, 180)
	if t.free {
		mean, hard = r.between(80, 350), r.between(1050, 1850)
	}
	for i := range p.spongy {
		p.spongy[i] = clamp(mean*(1.08-0.025*float64(i))+r.spread(0, 14), 80, 350)
	}
	p.hard = hard
}

// tissue takes a soft tissue's usual value to the study's own; gas, agent and bone stay.
func (t *style) tissue(v float32) float32 {
	const lo, hi = -400, 130
	x := float64(v)
	if x <= lo || x >= hi {
		return v
	}
	a, ya := float64(lo), float64(lo)
	for i, b := range softHU {
		if x <= b {
			return float32(lerp(ya, t.soft[i], (x-a)/(b-a)))
		}
		a, ya = b, t.soft[i]
	}
	return float32(lerp(ya, max(hi, ya), (x-a)/(hi-a)))
}

// spongy is the value of marrow and struts at a place.
func (tx *textures) spongy(mean float64, p vec) float64 {
	t := tx.style
	amp := 45 + 0.42*mean
	return amp*(2.1*t.strut*(tx.strut.strut(p)-0.36)+0.45*t.fine*tx.fine.at(p)) + 28*t.coarse*tx.coarse.at(p)
}

// quirks are what a scanner or an archive does to values, Phantom4 only.
type quirks struct {
	lowDose bool
	cup     float64 // HU of beam hardening's shadow between dense bone
	round   bool    // beside the field there is padding
	floor   int16   // least value
	top     int16   // greatest value
	step    int16   // of values
}

// restyle redraws what Phantom4 wants otherwise of an acquisition.
func (a *acquisition) restyle(seed uint64, without []string) {
	r := stream(seed, "scanner-4")
	a.shoulder = r.between(1.6, 2.5)
	q := &a.quirks
	q.lowDose = r.chance(0.08)
	low := r.between(1.5, 2.2)
	if q.lowDose {
		a.LowDose = true
		a.NoiseHU = min(a.NoiseHU*low, 120)
	}
	q.cup = r.between(25, 80)
	q.round = r.chance(0.3)
	q.floor, q.top, q.step = -1024, 3071, 1
	switch r.pick([]float64{84, 8, 4, 4}) {
	case 1:
		q.floor = -1000
	case 2:
		q.top = 2000
	case 3:
		q.step = 2
	}
	a.choose(r, without)
}

// family is the family of a kernel's name.
func family(kernel string) int {
	for f, names := range kernels {
		for _, n := range names {
			if n == kernel {
				return f
			}
		}
	}
	return 0
}

// choose leaves out kernels and gives each its own place in its family's range of
// sharpness: a kernel that was left out is one that was never seen.
func (a *acquisition) choose(r random, without []string) {
	var left []string
	f := family(a.Kernel)
	out := false
	for _, n := range kernels[f] {
		if contained(without, n) {
			out = out || n == a.Kernel
			continue
		}
		left = append(left, n)
	}
	u, pick := r.Float64(), r.Float64()
	if out && len(left) > 0 {
		a.Kernel = left[int(pick*float64(len(left)))]
	}
	span := [3][2]float64{{1.35, 0.95}, {0.95, 0.75}, {0.72, 0.5}}[f]
	for i, n := range kernels[f] {
		if n == a.Kernel {
			a.FWHM = lerp(span[0], span[1], (float64(i)+u)/float64(len(kernels[f])))
		}
	}
}

// noiseMore is how much noisier a slice is at a level: 1.3 times at C5, about twice behind
// the shoulders at C6 and C7.
func (a *acquisition) noiseMore(u float64) float64 {
	return 1 + 0.3*smooth(2.4, 4, u) + (a.shoulder-1.3)*smooth(4.2, 5.4, u)
}

// shadow darkens what lies between dense bone: the base of the skull and the shoulders.
func (a *acquisition) shadow(s *scene, v []float32) {
	wx, wy := make([]float64, a.nx), make([]float64, a.ny)
	for k := range a.nz {
		kn := s.along(a.origin[2] + float64(k)*a.SpacingMM)
		amp := a.quirks.cup * max(smooth(0.4, -0.8, kn.u), smooth(4.8, 6.6, kn.u))
		if amp < 3 {
			continue
		}
		for i := range wx {
			wx[i] = amp * math.Exp(-sq((a.origin[0]+float64(i)*a.PixelMM-kn.body[0])/62))
		}
		for j := range wy {
			wy[j] = math.Exp(-sq((a.origin[1] + float64(j)*a.PixelMM - kn.body[1]) / 22))
		}
		for j, y := range wy {
			row := v[(k*a.ny+j)*a.nx:][:a.nx]
			for i := range row {
				if row[i] > -300 {
					row[i] -= float32(wx[i] * y)
				}
			}
		}
	}
}

// spoil clips, rounds and pads values as an archive has them.
func (a *acquisition) spoil(hu []int16) {
	q := &a.quirks
	rx, ry := float64(a.nx)/2, float64(a.ny)/2
	for n := range hu {
		v := min(max(hu[n], q.floor), q.top)
		if q.step > 1 {
			v -= v % q.step
		}
		hu[n] = v
	}
	if !q.round {
		return
	}
	plane := a.nx * a.ny
	for j := range a.ny {
		for i := range a.nx {
			if sq((float64(i)+0.5-rx)/rx)+sq((float64(j)+0.5-ry)/ry) <= 1 {
				continue
			}
			for at := j*a.nx + i; at < len(hu); at += plane {
				hu[at] = -1024
			}
		}
	}
}
