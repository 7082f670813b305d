package input

import "math"

// NoiseHU is the standard deviation of the noise in soft tissue: the median of the
// differences between in-plane neighbours, which edges hardly move. It is 0 for a
// volume without soft tissue.
func (s *Stack) NoiseHU() float64 {
	const (
		lowHU, highHU = -50, 150 // fat to enhanced vessels
		most          = 1024     // larger differences are edges of other tissue
		step          = 3
	)
	var hist [most]int
	var n int
	for z := 0; z < s.ax[2].n; z += step {
		for y := 0; y < s.ax[1].n; y += step {
			for x := 0; x+1 < s.ax[0].n; x += step {
				a, b := int(s.at(x, y, z)), int(s.at(x+1, y, z))
				if (a+b)/2 < lowHU || (a+b)/2 > highHU {
					continue
				}
				if d := max(a-b, b-a); d < most {
					hist[d]++
					n++
				}
			}
		}
	}
	if n == 0 {
		return 0
	}
	const sdOfMedian = 1.4826 // normal distribution
	seen := 0
	for d, c := range hist {
		if seen += c; 2*seen >= n {
			return sdOfMedian * float64(d) / math.Sqrt2
		}
	}
	return 0
}
