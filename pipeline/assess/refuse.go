package assess

import "github.com/neckfrac/neckfrac"

// limiting are the reasons that leave an analysis standing (contract.md, Results); all
// others mean that there is none.
var limiting = map[neckfrac.Reason]bool{
	neckfrac.CoverageLimited: true, neckfrac.AgeUnknown: true, neckfrac.Hardware: true, neckfrac.PostOp: true,
	neckfrac.ContrastUnvalidated: true, neckfrac.Motion: true, neckfrac.Metal: true, neckfrac.Resolution: true,
	neckfrac.LevelAmbiguous: true, neckfrac.OutOfDomain: true, neckfrac.TestPatient: true,
}

// refuse is why there is no analysis, nil if there is one.
func refuse(in Input) *neckfrac.RefusedError {
	if in.Study.Conflict {
		return &neckfrac.RefusedError{Reason: neckfrac.IdentityConflict}
	}
	for _, rs := range [][]neckfrac.Reason{in.Limits, in.Prediction.Reasons} {
		for _, r := range rs {
			if r.Valid() && !limiting[r] {
				return &neckfrac.RefusedError{Reason: r}
			}
		}
	}
	if !usable(in.Decision) {
		return &neckfrac.RefusedError{Reason: neckfrac.PackFault}
	}
	full, last := 0, neckfrac.Vertebra(0)
	for i, v := range neckfrac.Vertebrae() {
		if in.Prediction.Levels[i].Coverage == neckfrac.CoverageFull {
			full, last = full+1, v
		}
	}
	if full >= MinLevels {
		return nil
	}
	if last == neckfrac.C7 {
		last = 0 // the top is missing: "stops at C7" would say the opposite
	}
	return &neckfrac.RefusedError{Reason: neckfrac.CoverageShort, Level: last}
}

// usable reports whether a decision has the flag point, thresholds in (0,1] that rise
// from point to point, and bands that rise. A threshold of zero would flag everybody,
// one that is no number nobody.
func usable(d neckfrac.Decision) bool {
	if _, ok := d.Point(d.Flag); !ok || d.Flag == neckfrac.PointNone {
		return false
	}
	var patient, level float64
	for _, n := range neckfrac.PointNames() {
		p, ok := d.Point(n)
		if !ok {
			continue
		}
		if !rises(patient, p.Patient.Probability) || !rises(level, p.Level.Probability) {
			return false
		}
		patient, level = p.Patient.Probability, p.Level.Probability
	}
	g := d.Grades
	return rises(0, g.Low) && rises(g.Low, g.Medium) && rises(g.Medium, g.High)
}

// rises reports whether a threshold is in (0,1] and not below the one before.
func rises(before, p float64) bool { return p > 0 && p >= before && p <= 1 }
