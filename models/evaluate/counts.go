package evaluate

import "math"

// Counts are the four outcomes at a threshold.
type Counts struct {
	TP int `json:"tp"`
	FN int `json:"fn"`
	FP int `json:"fp"`
	TN int `json:"tn"`
}

// CountAt flags what is at or above the threshold, as the service does; NaN is never
// flagged.
func CountAt(s []Sample, threshold float64) Counts {
	var c Counts
	for _, x := range s {
		switch flagged := x.P >= threshold; {
		case x.True && flagged:
			c.TP++
		case x.True:
			c.FN++
		case flagged:
			c.FP++
		default:
			c.TN++
		}
	}
	return c
}

// Sensitivity is the share of fractures that are flagged; NaN without any.
func (c Counts) Sensitivity() float64 { return float64(c.TP) / float64(c.TP+c.FN) }

// Specificity is the share of intact ones that are not flagged; NaN without any.
func (c Counts) Specificity() float64 { return float64(c.TN) / float64(c.TN+c.FP) }

// F2 weighs recall four times as much as precision; NaN where nothing is fractured
// or flagged.
func (c Counts) F2() float64 {
	return 5 * float64(c.TP) / float64(5*c.TP+4*c.FN+c.FP)
}

// MCC is Matthews' correlation; 0, its limit, where all or none are flagged, and NaN
// where one class is missing.
func (c Counts) MCC() float64 {
	tp, fn, fp, tn := float64(c.TP), float64(c.FN), float64(c.FP), float64(c.TN)
	if tp+fn == 0 || fp+tn == 0 {
		return math.NaN()
	}
	d := math.Sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
	if d == 0 {
		return 0
	}
	return (tp*tn - fp*fn) / d
}

// FlagAllF2 is the F2 of flagging everyone, which an F2 must beat to mean anything.
func FlagAllF2(s []Sample) float64 {
	var c Counts
	for _, x := range s {
		if x.True {
			c.TP++
		} else {
			c.FP++
		}
	}
	return c.F2()
}

// wilson is the 95 % score interval of k of n; 0 to 1 where nothing was seen.
func wilson(k, n int) Estimate {
	if n == 0 {
		return Estimate{Value: Number(math.NaN()), Low: 0, High: 1}
	}
	const z = 1.959964
	p, m := float64(k)/float64(n), float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return Estimate{Value: Number(p), Low: Number(max(0, mid-half)), High: Number(min(1, mid+half)), N: n}
}
