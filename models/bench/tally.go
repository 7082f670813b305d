package bench

import "math"

// tally counts whole numbers of a range; what lies beyond counts for its end.
type tally struct {
	lo, n int
	count []int
}

func newTally(lo, hi int) *tally { return &tally{lo: lo, count: make([]int, hi-lo+1)} }

func (t *tally) add(v int) {
	t.count[min(max(v-t.lo, 0), len(t.count)-1)]++
	t.n++
}

// quantile is the least value that a share q of all does not exceed; NaN of none.
func (t *tally) quantile(q float64) float64 {
	if t.n == 0 {
		return math.NaN()
	}
	need, sum := max(1, int(math.Ceil(q*float64(t.n)))), 0
	for i, c := range t.count {
		if sum += c; sum >= need {
			return float64(t.lo + i)
		}
	}
	return float64(t.lo + len(t.count) - 1)
}

// above is the share of values greater than x.
func (t *tally) above(x float64) float64 {
	var k int
	for i, c := range t.count {
		if float64(t.lo+i) > x {
			k += c
		}
	}
	return float64(k) / float64(t.n) // 0/0 is NaN
}

func (t *tally) meanSD() (mean, sd float64) {
	var s float64
	for i, c := range t.count {
		s += float64(t.lo+i) * float64(c)
	}
	mean = s / float64(t.n)
	for i, c := range t.count {
		d := float64(t.lo+i) - mean
		sd += d * d * float64(c)
	}
	return mean, math.Sqrt(sd / float64(t.n))
}
