package models

import (
	"slices"

	"github.com/neckfrac/neckfrac"
)

// Feature is a property of a study that the out-of-domain gate looks at.
type Feature string

const (
	// InPlaneMM is the larger of the in-plane spacings.
	InPlaneMM Feature = "in_plane_mm"
	// SliceMM is the distance of slices.
	SliceMM Feature = "slice_mm"
	// NoiseHU is input.Stack.NoiseHU.
	NoiseHU Feature = "noise_hu"
	// Certainty is the segmenter's mean probability of its own choice in bone.
	Certainty Feature = "certainty"
)

var features = []Feature{InPlaneMM, SliceMM, NoiseHU, Certainty}

// Range bounds a feature: outside Low..High a result is limited, outside
// OuterLow..OuterHigh the study is not analysed.
type Range struct {
	Feature   Feature `json:"feature"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	OuterLow  float64 `json:"outer_low"`
	OuterHigh float64 `json:"outer_high"`
}

func (m *Manifest) checkRanges() error {
	const op = "out_of_domain"
	seen := map[Feature]bool{}
	for _, r := range m.OutOfDomain {
		if !slices.Contains(features, r.Feature) || seen[r.Feature] {
			return neckfrac.Errorf(neckfrac.Invalid, op, "feature %q is unknown or stated twice", r.Feature)
		}
		seen[r.Feature] = true
		if !finite(r.Low, r.High, r.OuterLow, r.OuterHigh) || r.OuterLow > r.Low || r.Low > r.High || r.High > r.OuterHigh {
			return neckfrac.Errorf(neckfrac.Invalid, op, "%s: bounds are not ordered", r.Feature)
		}
	}
	return nil
}

// Gate compares a study's features with the pack's bounds. limited tells that some
// feature lies outside the usual range; the error is a refusal with OutOfDomain when
// one lies outside the outer bounds.
func (m *Manifest) Gate(f map[Feature]float64) (limited bool, err error) {
	for _, r := range m.OutOfDomain {
		x, ok := f[r.Feature]
		if !ok {
			continue
		}
		// A NaN lies in no range.
		if !(x >= r.OuterLow && x <= r.OuterHigh) {
			return true, neckfrac.Refuse("out-of-domain gate", neckfrac.OutOfDomain, string(r.Feature))
		}
		limited = limited || x < r.Low || x > r.High
	}
	return limited, nil
}

// leastForRange is how many studies a range must come from.
const leastForRange = 20

// RangesOf derives bounds from the features of the studies that a pack was
// calibrated on: their 1st to 99th percentile widened by half its width, and by
// twice its width for the outer bounds. None of the features can be negative, and
// certainty has no upper bound but 1. Features of fewer than 20 studies are left out.
func RangesOf(seen map[Feature][]float64) []Range {
	var out []Range
	for _, f := range features {
		x := slices.Clone(seen[f])
		x = slices.DeleteFunc(x, func(v float64) bool { return !finite(v) })
		if len(x) < leastForRange {
			continue
		}
		slices.Sort(x)
		lo, hi := x[len(x)/100], x[len(x)-1-len(x)/100]
		w := max(hi-lo, 0.1*hi)
		r := Range{f, max(lo-w/2, 0), hi + w/2, max(lo-2*w, 0), hi + 2*w}
		if f == Certainty {
			r.High, r.OuterHigh = 1, 1
		}
		out = append(out, r)
	}
	return out
}
