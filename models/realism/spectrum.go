package realism

import "math"

const (
	// patchMM is the side of a spectrum's patch: the width of a vertebra or of the muscles
	// behind it.
	patchMM = 40
	// rings of the spectrum: ring r holds r cycles a patch, r + 1/2 not included.
	rings = 4
	// maxPatches bounds the spectra of one kind a volume.
	maxPatches = 256
	// softLow and softHigh part soft tissue from air and bone, HU.
	softLow, softHigh = -200, 200
	// softShare of a soft patch must be soft tissue.
	softShare = 0.95
	// boneTop is where the spine's patches are clipped: metal is not bone's texture.
	boneTop = 1200
)

// patchCells is the side of a patch in cells of a size: at least the two per cycle that
// ring 4 needs.
func patchCells(cellMM float64) int { return max(int(patchMM/cellMM), 2*rings) }

// spectrum sums the radial power of patches.
type spectrum struct {
	n      int
	cellMM float64
	window []float64
	cos    []float64
	sin    []float64
	power  [rings]float64
	count  int
}

func newSpectrum(cellMM float64) *spectrum {
	n := patchCells(cellMM)
	s := &spectrum{n: n, cellMM: cellMM, window: make([]float64, n), cos: make([]float64, n), sin: make([]float64, n)}
	for i := range n {
		s.window[i] = 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(n))
		s.sin[i], s.cos[i] = math.Sincos(2 * math.Pi * float64(i) / float64(n))
	}
	return s
}

// add takes a patch of n x n values. Its mean is taken off and a Hann window laid over it,
// so that neither level nor the cut edges count.
func (s *spectrum) add(v []float64) {
	n := s.n
	var mean, weight, energy float64
	for j := range n {
		for i := range n {
			w := s.window[i] * s.window[j]
			mean, weight, energy = mean+w*v[j*n+i], weight+w, energy+w*w
		}
	}
	mean /= weight
	re, im := make([]float64, n*(rings+1)), make([]float64, n*(rings+1))
	for j := range n { // rows, frequencies 0..rings
		for f := range rings + 1 {
			var a, b float64
			for i := range n {
				x := (v[j*n+i] - mean) * s.window[i] * s.window[j]
				a += x * s.cos[f*i%n]
				b -= x * s.sin[f*i%n]
			}
			re[j*(rings+1)+f], im[j*(rings+1)+f] = a, b
		}
	}
	var sum, members [rings]float64
	for g := -rings; g <= rings; g++ {
		for f := 0; f <= rings; f++ {
			r := int(math.Round(math.Hypot(float64(f), float64(g))))
			if r < 1 || r > rings || f == 0 && g < 0 {
				continue // f = 0, g < 0 mirrors g > 0: a real picture has half a spectrum
			}
			var a, b float64
			for j := range n {
				c, d := s.cos[(g*j%n+n)%n], s.sin[(g*j%n+n)%n]
				x, y := re[j*(rings+1)+f], im[j*(rings+1)+f]
				a += x*c + y*d
				b += y*c - x*d
			}
			sum[r-1] += a*a + b*b
			members[r-1]++
		}
	}
	for r := range sum {
		s.power[r] += sum[r] / members[r] * s.cellMM * s.cellMM / energy
	}
	s.count++
}

// logs are the decimal logarithms of the mean power by ring, HU² mm², and the slope of
// their line over the logarithm of frequency. Ring 1 has no part in it: taking the mean
// off took some of its power. ok is false without a patch or power.
func (s *spectrum) logs() (power [rings]float64, slope float64, ok bool) {
	if s.count == 0 {
		return power, 0, false
	}
	var sx, sy, sxx, sxy float64
	for r, p := range s.power {
		if p <= 0 {
			return power, 0, false
		}
		power[r] = math.Log10(p / float64(s.count))
		if r == 0 {
			continue
		}
		x := math.Log10(float64(r + 1))
		sx, sy, sxx, sxy = sx+x, sy+power[r], sxx+x*x, sxy+x*power[r]
	}
	const n = rings - 1
	return power, (n*sxy - sx*sy) / (n*sxx - sx*sx), true
}

// softSpectrum takes patches of soft tissue inside the body between two heights, on a
// lattice of half a patch.
func (m *Image) softSpectrum(in func(i int) bool, k0, k1 int) *spectrum {
	s := newSpectrum(m.SpacingMM[0])
	v := make([]float64, s.n*s.n)
	total := 0
	for k := k0; k <= k1; k++ {
		for j := 0; j+s.n <= m.Dims[1]; j += s.n / 2 {
			for i := 0; i+s.n <= m.Dims[0]; i += s.n / 2 {
				if !m.patch(v, i, j, k, in) {
					continue
				}
				if total++; total > maxPatches {
					return s
				}
				s.add(v)
			}
		}
	}
	return s
}

// patch copies a soft patch; false if it leaves the body or holds too much else.
func (m *Image) patch(v []float64, i0, j0, k int, in func(i int) bool) bool {
	n := int(math.Sqrt(float64(len(v))))
	soft := 0
	for j := range n {
		for i := range n {
			at := m.Index(i0+i, j0+j, k)
			if !in(at) {
				return false
			}
			h := float64(m.HU[at])
			if h >= softLow && h <= softHigh {
				soft++
			}
			v[j*n+i] = min(max(h, softLow), softHigh)
		}
	}
	return float64(soft) >= softShare*float64(len(v))
}

// spineSpectrum takes axial patches round the canal between two heights; air counts as 0
// HU, so that the airway's place before the spine does not.
func (m *Image) spineSpectrum(p *Place, k0, k1 int) *spectrum {
	s := newSpectrum(m.SpacingMM[0])
	v := make([]float64, s.n*s.n)
	for k := k0; k <= k1 && s.count < maxPatches; k++ {
		x, y := p.At(m.OriginMM[2] + float64(k)*m.SpacingMM[2])
		i0 := int(math.Round((x-m.OriginMM[0])/m.SpacingMM[0])) - s.n/2
		j0 := int(math.Round((y-m.OriginMM[1])/m.SpacingMM[1])) - s.n/2
		if i0 < 0 || j0 < 0 || i0+s.n > m.Dims[0] || j0+s.n > m.Dims[1] {
			continue
		}
		for j := range s.n {
			for i := range s.n {
				v[j*s.n+i] = min(max(float64(m.HU[m.Index(i0+i, j0+j, k)]), 0), boneTop)
			}
		}
		s.add(v)
	}
	return s
}
