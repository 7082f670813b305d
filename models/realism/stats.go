package realism

import (
	"math"
	"slices"
)

func sorted(v []float64) []float64 {
	out := slices.Clone(v)
	slices.Sort(out)
	return out
}

// quantile of sorted values by linear interpolation; NaN of none.
func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	at := q * float64(len(v)-1)
	i := int(at)
	if i+1 >= len(v) {
		return v[len(v)-1]
	}
	t := at - float64(i)
	return v[i]*(1-t) + v[i+1]*t
}

// ks is the Kolmogorov-Smirnov distance of two samples, both sorted.
func ks(a, b []float64) float64 {
	var i, j int
	var d float64
	for i < len(a) && j < len(b) {
		v := min(a[i], b[j])
		for i < len(a) && a[i] == v {
			i++
		}
		for j < len(b) && b[j] == v {
			j++
		}
		d = max(d, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	return d
}

// wasserstein is the first Wasserstein distance of two samples, both sorted: the area
// between their distribution functions.
func wasserstein(a, b []float64) float64 {
	all := sorted(append(slices.Clone(a), b...))
	var i, j int
	var d float64
	for n := range len(all) - 1 {
		for i < len(a) && a[i] <= all[n] {
			i++
		}
		for j < len(b) && b[j] <= all[n] {
			j++
		}
		d += math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))) * (all[n+1] - all[n])
	}
	return d
}

func meanSD(v []float64) (mean, sd float64) {
	for _, x := range v {
		mean += x
	}
	mean /= float64(len(v))
	for _, x := range v {
		sd += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(sd / float64(max(len(v)-1, 1)))
}
