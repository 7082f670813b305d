package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Draws and Seed of the bootstrap; both are fixed so that a report can be remade.
const (
	Draws = 1000
	Seed  = 20260304
)

// Interval is a figure with its 95 % bootstrap interval. Whole groups are drawn: the
// levels of one patient are not independent. A draw that can't give the figure (one
// class is missing) is left out; with fewer than half of them left there is no
// interval.
func Interval(s []Sample, figure func([]Sample) float64) Estimate {
	groups := grouped(s)
	out := Estimate{Value: Number(figure(s)), Low: Number(math.NaN()), High: Number(math.NaN()), N: len(s)}
	if len(groups) == 0 {
		return out
	}
	rng := rand.New(rand.NewPCG(Seed, 0))
	var values []float64
	again := make([]Sample, 0, 2*len(s))
	for range Draws {
		again = again[:0]
		for range groups {
			again = append(again, groups[rng.IntN(len(groups))]...)
		}
		if v := figure(again); !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	if 2*len(values) < Draws {
		return out
	}
	slices.Sort(values)
	out.Low, out.High = Number(quantile(values, 0.025)), Number(quantile(values, 0.975))
	return out
}

// grouped splits samples by group, in the order in which groups first occur.
func grouped(s []Sample) [][]Sample {
	at := map[int]int{}
	var out [][]Sample
	for _, x := range s {
		i, ok := at[x.Group]
		if !ok {
			i = len(out)
			at[x.Group] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], x)
	}
	return out
}

// quantile interpolates between sorted values.
func quantile(sorted []float64, q float64) float64 {
	x := q * float64(len(sorted)-1)
	lo := int(x)
	hi := min(lo+1, len(sorted)-1)
	return sorted[lo] + (x-float64(lo))*(sorted[hi]-sorted[lo])
}
