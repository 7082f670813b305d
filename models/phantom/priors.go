package phantom

import "github.com/neckfrac/neckfrac"

// prevalence is the share of positive patients in the RSNA 2022 training labels.
const prevalence = 0.476

// levelCount is the share of positives with 1, 2, 3 … broken levels.
var levelCount = []float64{64.8, 24.9, 6.7, 2.7, 0.7, 0.2}

// firstLevel is fitted so that, with the draw of further levels below, the shares of
// positives come out as 15.2, 29.7, 7.6, 11.2, 16.9, 28.8, 40.9 %.
var firstLevel = [neckfrac.Levels]float64{9.45, 23.71, 2.95, 5.63, 8.18, 17.24, 32.84}

// together is P(column broken | row broken) in percent, same source.
var together = [neckfrac.Levels][neckfrac.Levels]float64{
	{0, 38, 5, 4, 11, 10, 14},
	{20, 0, 8, 5, 5, 9, 12},
	{11, 33, 0, 40, 30, 25, 19},
	{6, 14, 27, 0, 47, 29, 21},
	{10, 9, 14, 31, 0, 56, 27},
	{5, 9, 6, 11, 32, 0, 47},
	{5, 9, 4, 6, 11, 33, 0},
}

// drawLevels draws which vertebrae are broken.
func drawLevels(r random, m Mode) []neckfrac.Vertebra {
	n := 0
	switch {
	case m == Enriched:
		n = 3 + r.IntN(2)
	case m == Natural && r.chance(prevalence):
		n = 1 + r.pick(levelCount)
	}
	if n == 0 {
		return nil
	}
	var has [neckfrac.Levels]bool
	last := r.pick(firstLevel[:])
	if m == Enriched {
		last = r.IntN(neckfrac.Levels)
	}
	has[last] = true
	for range n - 1 {
		w := together[last]
		for i := range w {
			if m == Enriched {
				w[i] += 12
			}
			if has[i] {
				w[i] = 0
			}
		}
		last = r.pick(w[:])
		has[last] = true
	}
	var out []neckfrac.Vertebra
	for _, v := range neckfrac.Vertebrae() {
		if has[v.Index()] {
			out = append(out, v)
		}
	}
	return out
}
