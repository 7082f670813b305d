package assess

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// finding judges one level.
func finding(v neckfrac.Vertebra, p neckfrac.LevelPrediction, d neckfrac.Decision, flag neckfrac.Threshold) neckfrac.Finding {
	f := neckfrac.Finding{Vertebra: v, Coverage: p.Coverage}
	if p.Coverage > neckfrac.CoverageFull {
		f.Coverage = neckfrac.CoverageNone
	}
	if p.Coverage != neckfrac.CoverageFull {
		f.Presence = neckfrac.NotImaged
		f.Extent = finite(p.Extent)
		return f
	}
	f.Extent, f.Lesion, f.KeySlice, f.KeyFrame, f.KeyIndex = finite(p.Extent), finite(p.Lesion), p.KeySlice, p.KeyFrame, p.KeyIndex
	if p.Vertebra != v || !probability(p.Probability) {
		return f // the zero Presence is Indeterminate
	}
	f.Probability = p.Probability
	f.Point = highest(d, func(o neckfrac.OperatingPoint) bool { return p.Probability >= o.Level.Probability })
	f.Presence = neckfrac.NotFlagged
	if p.Probability >= flag.Probability {
		f.Presence = neckfrac.Suspected
		f.Grade = band(p.Probability, d.Grades)
	}
	return f
}

// patient judges the whole spine: flagged by the joint head or by any level. The
// point is the highest that either passed.
func patient(a *neckfrac.Assessment, p float64, d neckfrac.Decision, flag neckfrac.Threshold) {
	known := probability(p)
	if known {
		a.Probability = p
		a.Point = highest(d, func(o neckfrac.OperatingPoint) bool { return p >= o.Patient.Probability })
	}
	a.Presence = neckfrac.NotFlagged
	if !known {
		a.Presence = neckfrac.Indeterminate
	}
	for _, f := range a.Findings {
		if f.Presence == neckfrac.Indeterminate {
			a.Presence = neckfrac.Indeterminate
		}
		if pointRank(f.Point) > pointRank(a.Point) {
			a.Point = f.Point
		}
		if f.Presence == neckfrac.Suspected && gradeRank(f.Grade) > gradeRank(a.Grade) {
			a.Grade = f.Grade
		}
	}
	switch {
	case a.Grade != neckfrac.GradeNone:
		a.Presence = neckfrac.Suspected
	case known && p >= flag.Probability:
		a.Presence = neckfrac.Suspected
		a.Grade = band(p, d.Grades)
	}
}

// highest is the last point in order that passes.
func highest(d neckfrac.Decision, passes func(neckfrac.OperatingPoint) bool) neckfrac.PointName {
	best := neckfrac.PointNone
	for _, n := range neckfrac.PointNames() {
		if p, ok := d.Point(n); ok && passes(p) {
			best = n
		}
	}
	return best
}

// band is the grade of a flagged probability. A site may flag below the lowest band;
// that is still the lowest grade and not none.
func band(p float64, g neckfrac.GradeBands) neckfrac.Grade {
	switch {
	case p >= g.High:
		return neckfrac.GradeHigh
	case p >= g.Medium:
		return neckfrac.GradeMedium
	}
	return neckfrac.GradeLow
}

func pointRank(n neckfrac.PointName) int {
	for i, p := range neckfrac.PointNames() {
		if p == n {
			return i + 1
		}
	}
	return 0
}

func gradeRank(g neckfrac.Grade) int {
	switch g {
	case neckfrac.GradeLow:
		return 1
	case neckfrac.GradeMedium:
		return 2
	case neckfrac.GradeHigh:
		return 3
	}
	return 0
}

// probability reports whether p is a number in 0..1.
func probability(p float64) bool { return p >= 0 && p <= 1 }

// finite returns the box, or an empty one where it has no numbers: the neutral box of
// an empty mask is infinite and can't be written as JSON.
func finite(b neckfrac.Box) neckfrac.Box {
	for a := range 3 {
		if math.IsNaN(b.Min[a]+b.Max[a]) || math.IsInf(b.Min[a], 0) || math.IsInf(b.Max[a], 0) {
			return neckfrac.Box{}
		}
	}
	return b
}
