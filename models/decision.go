package models

import (
	"slices"

	"github.com/neckfrac/neckfrac"
)

// checkDecision refuses operating points that are missing, out of order or without
// figures, and grade bands that do not rise from the lowest point.
func checkDecision(d neckfrac.Decision) error {
	const op = "decision"
	names := neckfrac.PointNames()
	if len(d.Points) != len(names) {
		return neckfrac.Errorf(neckfrac.Invalid, op, "%d operating points, want %d", len(d.Points), len(names))
	}
	var level, patient float64
	for i, p := range d.Points {
		if p.Name != names[i] {
			return neckfrac.Errorf(neckfrac.Invalid, op, "point %d is not %s", i, names[i])
		}
		if p.Validation == "" {
			return neckfrac.Errorf(neckfrac.Invalid, op, "%s: no validation set is stated", p.Name)
		}
		for _, t := range []neckfrac.Threshold{p.Level, p.Patient} {
			if !probability(t.Probability) || t.Probability == 0 || !rate(t.Sensitivity) || !rate(t.Specificity) {
				return neckfrac.Errorf(neckfrac.Invalid, op, "%s: a threshold or figure is out of 0..1", p.Name)
			}
		}
		if p.Level.Probability < level || p.Patient.Probability < patient {
			return neckfrac.Errorf(neckfrac.Invalid, op, "%s lies under the point before it", p.Name)
		}
		level, patient = p.Level.Probability, p.Patient.Probability
	}
	g := d.Grades
	if !probability(g.High) || g.Low != d.Points[0].Level.Probability || g.Medium < g.Low || g.High < g.Medium {
		return neckfrac.Errorf(neckfrac.Invalid, op, "grade bands must rise from the lowest point's level threshold")
	}
	if !slices.Contains(names, d.Flag) {
		return neckfrac.Errorf(neckfrac.Invalid, op, "flag is not an operating point")
	}
	for _, r := range d.AlertsWhenLimited {
		if !r.Valid() {
			return neckfrac.Errorf(neckfrac.Invalid, op, "a reason is not in the closed list")
		}
	}
	return nil
}

func probability(p float64) bool { return finite(p) && p >= 0 && p <= 1 }

func rate(r neckfrac.Rate) bool {
	return probability(r.Value) && probability(r.Low) && probability(r.High) && r.Low <= r.Value+1e-9 && r.Value <= r.High+1e-9 && r.N >= 0
}

// WithOperatingPoint returns a copy of m with one operating point replaced. The
// lowest grade band follows the lowest point. The pack must be signed again.
func (m Manifest) WithOperatingPoint(p neckfrac.OperatingPoint) (*Manifest, error) {
	m.Decision.Points = slices.Clone(m.Decision.Points)
	i := slices.IndexFunc(m.Decision.Points, func(o neckfrac.OperatingPoint) bool { return o.Name == p.Name })
	if i < 0 {
		return nil, neckfrac.Errorf(neckfrac.NotFound, "set operating point", "the pack has no such point")
	}
	m.Decision.Points[i] = p
	if i == 0 {
		m.Decision.Grades.Low = p.Level.Probability
	}
	if err := m.Check(); err != nil {
		return nil, neckfrac.E("set operating point", err)
	}
	return &m, nil
}
