package realism

import (
	"math"
	"slices"

	"github.com/neckfrac/neckfrac"
)

// maxProfiles bounds a set: a comparison of distributions needs no more.
const maxProfiles = 10_000

// Range is a middle and what 90 % lie between.
type Range struct {
	P5     float64 `json:"p5"`
	Median float64 `json:"median"`
	P95    float64 `json:"p95"`
	// N is how many scans could give the measure.
	N int `json:"n"`
}

// Row compares one measure.
type Row struct {
	Figure
	Real      Range `json:"real"`
	Synthetic Range `json:"synthetic"`
	// KS is the Kolmogorov-Smirnov distance: 0 for equal distributions, 1 for ones that
	// nowhere overlap.
	KS float64 `json:"ks"`
	// Wasserstein is in the measure's unit, Shift in standard deviations of the real set.
	Wasserstein float64 `json:"wasserstein"`
	Shift       float64 `json:"shift"`
	// Inside is the share of synthetic scans in the real 5-95 % range: 0.9 if alike.
	Inside float64 `json:"inside"`
	// MedianInside says that the synthetic median is in that range.
	MedianInside bool `json:"median_inside"`
}

// Report is the comparison of two sets.
type Report struct {
	Schema    int           `json:"schema"`
	Region    string        `json:"region"`
	CellMM    neckfrac.Vec3 `json:"cell_mm"`
	Real      int           `json:"real"`
	Synthetic int           `json:"synthetic"`
	Rows      []Row         `json:"rows"`
	// MediansInside is the share of rows with MedianInside.
	MediansInside float64  `json:"medians_inside"`
	Gates         []Result `json:"gates"`
}

// Compare compares two sets of profiles, measure by measure, and asks the gates. A measure
// that a set can give for fewer than half of its scans is left out; a gate on one fails.
// The sets must be of one region and one grid: else the error is Invalid.
func Compare(reals, synthetic []Profile, gates []Gate) (Report, error) {
	const op = "realism: compare"
	if len(reals) == 0 || len(synthetic) == 0 || len(reals) > maxProfiles || len(synthetic) > maxProfiles {
		return Report{}, neckfrac.Errorf(neckfrac.Limit, op, "want 1 to %d scans of both kinds", maxProfiles)
	}
	first := reals[0]
	for _, p := range append(slices.Clone(reals), synthetic...) {
		if p.Region != first.Region || p.CellMM != first.CellMM {
			return Report{}, neckfrac.Errorf(neckfrac.Invalid, op, "scans of different regions or grids can't be compared")
		}
	}
	out := Report{Schema: 1, Region: first.Region, CellMM: first.CellMM, Real: len(reals), Synthetic: len(synthetic)}
	inside := 0
	for _, m := range Figures() {
		a, b := column(reals, m.Name), column(synthetic, m.Name)
		if 2*len(a) < len(reals) || 2*len(b) < len(synthetic) || len(a) == 0 || len(b) == 0 {
			continue
		}
		row := compare(m, a, b)
		if row.MedianInside {
			inside++
		}
		out.Rows = append(out.Rows, row)
	}
	if len(out.Rows) > 0 {
		out.MediansInside = float64(inside) / float64(len(out.Rows))
	}
	for _, g := range gates {
		out.Gates = append(out.Gates, g.ask(out.Rows))
	}
	return out, nil
}

// column are the values of a measure, sorted.
func column(set []Profile, name string) []float64 {
	var out []float64
	for _, p := range set {
		if v, ok := p.Value[name]; ok {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

func compare(m Figure, a, b []float64) Row {
	row := Row{Figure: m, Real: rangeOf(a), Synthetic: rangeOf(b), KS: ks(a, b), Wasserstein: wasserstein(a, b)}
	if _, sd := meanSD(a); sd > 0 {
		row.Shift = row.Wasserstein / sd
	}
	in := func(v float64) bool { return v >= row.Real.P5 && v <= row.Real.P95 }
	for _, v := range b {
		if in(v) {
			row.Inside += 1 / float64(len(b))
		}
	}
	row.Inside = math.Round(row.Inside*1e9) / 1e9
	row.MedianInside = in(row.Synthetic.Median)
	return row
}

func rangeOf(v []float64) Range {
	return Range{P5: quantile(v, 0.05), Median: quantile(v, 0.5), P95: quantile(v, 0.95), N: len(v)}
}
