package evaluate

import (
	"cmp"
	"math"
	"slices"
)

// Sample is a probability beside the truth. NaN is "no answer": it ranks below every
// probability and is never flagged.
type Sample struct {
	P    float64
	True bool
	// Group is the patient, for the bootstrap.
	Group int
	// Stratum is the level, for AUCWithin.
	Stratum int
}

// AUC is the area under the ROC curve, ties counting half; NaN without both classes.
func AUC(s []Sample) float64 {
	area, pairs := concordant(s)
	return area / pairs // 0/0 is NaN
}

// AUCWithin compares samples of the same stratum only, so it does not rise because
// one level breaks more often than another; NaN without such a pair.
func AUCWithin(s []Sample) float64 {
	strata := map[int][]Sample{}
	for _, x := range s {
		strata[x.Stratum] = append(strata[x.Stratum], x)
	}
	var area, pairs float64
	for _, one := range strata { // whole and half pairs: sums are exact in any order
		a, p := concordant(one)
		area, pairs = area+a, pairs+p
	}
	return area / pairs
}

// concordant counts the pairs of a fractured and an intact sample, and those among
// them in which the fractured one has the higher probability, ties half.
func concordant(s []Sample) (area, pairs float64) {
	sorted := byScore(s)
	var pos, neg float64
	for i := 0; i < len(sorted); {
		j, p, n := i, 0.0, 0.0
		for ; j < len(sorted) && cmp.Compare(sorted[j].P, sorted[i].P) == 0; j++ {
			if sorted[j].True {
				p++
			} else {
				n++
			}
		}
		area += p * (neg + n/2)
		pos, neg, i = pos+p, neg+n, j
	}
	return area, pos * neg
}

// byScore sorts a copy; NaN comes first.
func byScore(s []Sample) []Sample {
	sorted := slices.Clone(s)
	slices.SortStableFunc(sorted, func(a, b Sample) int { return cmp.Compare(a.P, b.P) })
	return sorted
}

// rocPoints bounds the points of a curve that is drawn.
const rocPoints = 200

// ROC gives false and true positive rates from nothing flagged to all flagged, one
// point for each distinct score but no more than about 200; nil without both classes.
func ROC(s []Sample) [][2]Number {
	all := float64(len(s))
	var pos float64
	for _, x := range s {
		pos += label(x)
	}
	if pos == 0 || pos == all {
		return nil
	}
	sorted := byScore(s)
	slices.Reverse(sorted)
	out := [][2]Number{{0, 0}}
	var tp, fp float64
	last := 0
	for i, x := range sorted {
		if x.True {
			tp++
		} else {
			fp++
		}
		end := i+1 == len(sorted)
		if end || cmp.Compare(sorted[i+1].P, x.P) != 0 && (i+1-last)*rocPoints >= len(sorted) {
			out = append(out, [2]Number{Number(fp / (all - pos)), Number(tp / pos)})
			last = i + 1
		}
	}
	return out
}

// Brier is the mean squared error of the probabilities; NaN for no samples or where an
// answer is missing.
func Brier(s []Sample) float64 {
	var sum float64
	for _, x := range s {
		d := x.P - label(x)
		sum += d * d
	}
	return sum / float64(len(s))
}

// Bin is a tenth of the probabilities that holds any.
type Bin struct {
	// Stated is the mean probability, Observed the share that is fractured.
	Stated   Number `json:"stated"`
	Observed Number `json:"observed"`
	N        int    `json:"n"`
}

const bins = 10

// Reliability sorts samples into ten equal bins; samples without an answer in none.
func Reliability(s []Sample) []Bin {
	var n [bins]int
	var p, hits [bins]float64
	for _, x := range s {
		if math.IsNaN(x.P) {
			continue
		}
		b := min(bins-1, int(max(0, min(1, x.P))*bins))
		n[b]++
		p[b] += x.P
		hits[b] += label(x)
	}
	var out []Bin
	for b := range n {
		if m := float64(n[b]); n[b] > 0 {
			out = append(out, Bin{Number(p[b] / m), Number(hits[b] / m), n[b]})
		}
	}
	return out
}

// CalibrationError is the expected calibration error, the mean distance of stated and
// observed over Reliability's bins; NaN for no samples.
func CalibrationError(s []Sample) float64 {
	var sum, n float64
	for _, b := range Reliability(s) {
		sum += float64(b.N) * math.Abs(float64(b.Stated-b.Observed))
		n += float64(b.N)
	}
	return sum / n
}

func label(x Sample) float64 {
	if x.True {
		return 1
	}
	return 0
}
