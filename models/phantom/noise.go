package phantom

import "math"

// noiseSide is the side of a noise tile in pixels, a power of two.
const (
	noiseSide  = 256
	noiseTiles = 10
)

// noiseAt is the SD of the noise in a slice, HU.
func (a *acquisition) noiseAt(s *scene, k int) float64 {
	u := s.scanned(a.origin[2] + float64(k)*a.SpacingMM).u
	if s.edition == Phantom4 {
		return a.NoiseHU * a.noiseMore(u)
	}
	return a.NoiseHU * (1 + 0.25*smooth(2, 4.5, u) + (a.shoulder-1.25)*smooth(4.3, 6.4, u))
}

// finish adds what the scanner adds to the resolved picture: streaks, noise, motion.
func finish(s *scene, a *acquisition, v []float32) {
	r := stream(s.seed, "noise")
	if s.edition == Phantom4 {
		a.shadow(s, v)
		a.implants(s, v)
	}
	tiles := a.noiseTiles(r)
	plane := a.nx * a.ny
	var last [3]int
	share := math.Sqrt(clamp(1-a.SpacingMM/a.SliceMM, 0, 0.6))
	own, shared := float32(math.Sqrt(1-share*share)), float32(share)
	st := newStreaks(a)
	for k := range a.nz {
		p := v[k*plane:][:plane]
		next := [3]int{r.IntN(noiseTiles), r.IntN(noiseSide), r.IntN(noiseSide)}
		sd := float32(a.noiseAt(s, k))
		st.next(r)
		amp := float32(a.StreakHU * smooth(3.8, 6.2, s.scanned(a.origin[2]+float64(k)*a.SpacingMM).u))
		for j := range a.ny {
			row := p[j*a.nx:][:a.nx]
			t0 := tiles[next[0]][(j+next[2])%noiseSide*noiseSide:][:noiseSide]
			t1 := tiles[last[0]][(j+last[2])%noiseSide*noiseSide:][:noiseSide]
			for i := range row {
				n := own*t0[(i+next[1])%noiseSide] + shared*t1[(i+last[1])%noiseSide]
				row[i] += sd * n
			}
			if amp > 1 {
				st.add(row, j, amp)
			}
		}
		last = next
	}
	if a.Metal {
		a.dental(s, stream(s.seed, "metal"), v)
	}
}

// noiseTiles draws periodic noise with the spectrum of the kernel: low frequencies
// are weak, as the ramp filter leaves them.
func (a *acquisition) noiseTiles(r random) [][]float32 {
	sigma := max(a.FWHM/2.355*0.8/a.PixelMM, 0.3)
	out := make([][]float32, noiseTiles)
	for n := range out {
		t := make([]float32, noiseSide*noiseSide)
		for i := range t {
			t[i] = float32(r.NormFloat64())
		}
		fine := periodicBlur(t, sigma)
		wide := periodicBlur(fine, 2.4*sigma)
		var q float64
		for i := range fine {
			fine[i] -= 0.8 * wide[i]
			q += float64(fine[i]) * float64(fine[i])
		}
		f := float32(1 / math.Sqrt(q/float64(len(fine))))
		for i := range fine {
			fine[i] *= f
		}
		out[n] = fine
	}
	return out
}

func periodicBlur(t []float32, sigma float64) []float32 {
	n := int(math.Ceil(2.8 * sigma))
	w := make([]float32, 2*n+1)
	var sum float32
	for i := range w {
		w[i] = float32(math.Exp(-sq(float64(i-n)) / (2 * sigma * sigma)))
		sum += w[i]
	}
	tmp, out := make([]float32, len(t)), make([]float32, len(t))
	const m = noiseSide - 1
	for j := range noiseSide {
		for i := range noiseSide {
			var v float32
			for q, x := range w {
				v += x * t[j*noiseSide+(i+q-n)&m]
			}
			tmp[j*noiseSide+i] = v / sum
		}
	}
	for j := range noiseSide {
		for q, x := range w {
			src := tmp[(j+q-n)&m*noiseSide:][:noiseSide]
			dst := out[j*noiseSide:][:noiseSide]
			for i := range dst {
				dst[i] += x * src[i] / sum
			}
		}
	}
	return out
}

// streaks are the left-right bands through the shoulders: one profile per side,
// slowly changing from slice to slice.
type streaks struct {
	side [2][]float32
	nx   int
}

func newStreaks(a *acquisition) *streaks {
	return &streaks{side: [2][]float32{make([]float32, a.ny), make([]float32, a.ny)}, nx: a.nx}
}

func (s *streaks) next(r random) {
	for _, p := range s.side {
		v := float32(0)
		for j := range p {
			v = 0.45*v + float32(r.NormFloat64())*0.89
			p[j] = 0.72*p[j] + 0.69*v*0.9
		}
	}
}

func (s *streaks) add(row []float32, j int, amp float32) {
	l, r := s.side[0][j]*amp, s.side[1][j]*amp
	step := (r - l) / float32(len(row))
	for i := range row {
		row[i] += l + step*float32(i)
	}
}

// dental puts fillings into the teeth and their streaks into the slices there.
func (a *acquisition) dental(s *scene, r random, v []float32) {
	const bins = 512
	for range 1 + r.IntN(3) {
		az := r.between(-70, 70) * math.Pi / 180
		tooth := s.tooth(az, r.spread(0, 3))
		ray := make([]float64, bins)
		x := 0.0
		for i := range ray {
			x = 0.6*x + r.NormFloat64()
			ray[i] = x
		}
		amp := r.logBetween(120, 500)
		k0 := int((tooth[2] - a.origin[2]) / a.SpacingMM)
		half := int(math.Ceil(4 / a.SpacingMM))
		for k := max(0, k0-half); k <= min(a.nz-1, k0+half); k++ {
			for j := range a.ny {
				dy := a.origin[1] + float64(j)*a.PixelMM - tooth[1]
				for i := range a.nx {
					dx := a.origin[0] + float64(i)*a.PixelMM - tooth[0]
					d := math.Hypot(dx, dy)
					at := (k*a.ny+j)*a.nx + i
					if d < 2.6 {
						v[at] = 3071
						continue
					}
					b := int((math.Atan2(dy, dx)/math.Pi+1)*bins/2) & (bins - 1)
					v[at] += float32(amp * ray[b] * 14 / (14 + d) * smooth(140, 40, d))
				}
			}
		}
	}
}
