package phantom

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// random is one named stream of a seed. Every stage draws from its own, so that a
// stage which draws more or less (a fracture switched off) moves nothing else.
type random struct{ *rand.Rand }

func stream(seed uint64, name string) random {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return random{rand.New(rand.NewPCG(seed, h.Sum64()))}
}

func (r random) normal(mean, sd float64) float64 { return mean + sd*r.NormFloat64() }

// spread is normal, cut at 2.2 SD: a tail of a tail makes bones that intersect.
func (r random) spread(mean, sd float64) float64 {
	return mean + sd*clamp(r.NormFloat64(), -2.2, 2.2)
}

func (r random) between(a, b float64) float64 { return a + (b-a)*r.Float64() }

func (r random) logBetween(a, b float64) float64 {
	return math.Exp(r.between(math.Log(a), math.Log(b)))
}

func (r random) chance(p float64) bool { return r.Float64() < p }

func (r random) sign() float64 {
	if r.Float64() < 0.5 {
		return -1
	}
	return 1
}

// pick draws an index by weight.
func (r random) pick(w []float64) int {
	var sum float64
	for _, v := range w {
		sum += v
	}
	u := r.Float64() * sum
	for i, v := range w {
		if u < v {
			return i
		}
		u -= v
	}
	return len(w) - 1
}
