package volume

import (
	"math"
	"slices"
)

// run is a piece of a stack with one step: places from..to, both included.
type run struct {
	from, to int
	stepMM   float64
}

func (r run) slices() int { return r.to - r.from + 1 }

// runs takes a stack with two or more spacings apart, such as thin slices of the upper
// and thick ones of the lower neck in one series. Each part becomes a candidate of its
// own. It stays whole, for the gate to refuse, where the pieces could as well be one
// scan that lost slices: neighbours with the same step, a step that is wider than the
// slices are thick, or slices that belong to no piece.
func (s stack) runs() []stack {
	if !s.first().placed || len(s.slices) < 2*minSlices {
		return []stack{s}
	}
	places := s.places()
	at := make([]float64, len(places))
	for i, p := range places {
		at[i] = p.atMM
	}
	rs := stepRuns(at)
	if !s.separate(places, rs) {
		return []stack{s}
	}
	share(places, rs)
	out := make([]stack, len(rs))
	for i, r := range rs {
		out[i].damaged = s.damaged
		for _, p := range places[r.from : r.to+1] {
			out[i].slices = append(out[i].slices, p.slices...)
		}
		slices.SortStableFunc(out[i].slices, byIdentifier)
	}
	return out
}

// place is a position along the stack with the slices there: one, or copies.
type place struct {
	atMM   float64
	slices []header
}

// places sorts the slices of a stack by place.
func (s stack) places() []place {
	n := s.normal()
	sorted := slices.Clone(s.slices)
	slices.SortStableFunc(sorted, alongThen(n))
	var out []place
	for _, h := range sorted {
		at := dot(h.plane.position, n)
		if last := len(out) - 1; last >= 0 && at-out[last].atMM < samePlaceMM {
			out[last].slices = append(out[last].slices, h)
			continue
		}
		out = append(out, place{at, []header{h}})
	}
	return out
}

// stepRuns finds the longest pieces of at least minSlices places with one step, from
// the low end. Places where the step changes belong to two pieces.
func stepRuns(at []float64) []run {
	var out []run
	for from := 0; from+minSlices <= len(at); {
		step := at[from+1] - at[from]
		to := from + 1
		for to+1 < len(at) && math.Abs(at[to+1]-at[to]-step) <= stepTolerance(step) {
			to++
		}
		if r := (run{from, to, (at[to] - at[from]) / float64(to-from)}); r.slices() >= minSlices {
			out = append(out, r)
		}
		from = to
	}
	return out
}

// separate reports whether pieces are scans of their own, see runs.
func (s stack) separate(places []place, rs []run) bool {
	if len(rs) < 2 || rs[0].from > 0 || rs[len(rs)-1].to < len(places)-1 {
		return false
	}
	for i, r := range rs {
		if i > 0 && (r.from-rs[i-1].to > 1 || math.Abs(r.stepMM-rs[i-1].stepMM) <= stepTolerance(r.stepMM)) {
			return false
		}
		// A place between two pieces may be of the other one's thickness.
		inside := places[(r.from+r.to)/2].slices[0]
		if r.stepMM > inside.thicknessMM+stepMM {
			return false
		}
	}
	return true
}

// share gives each place between two pieces to the one whose slices are as thick, the
// finer one in doubt.
func share(places []place, rs []run) {
	for i := 1; i < len(rs); i++ {
		a, b := &rs[i-1], &rs[i]
		if a.to != b.from {
			continue
		}
		own := places[a.to].slices[0].thicknessMM
		likeA, likeB := own == places[a.to-1].slices[0].thicknessMM, own == places[b.from+1].slices[0].thicknessMM
		if likeA && !likeB || likeA == likeB && a.stepMM < b.stepMM {
			b.from++
		} else {
			a.to--
		}
	}
}
