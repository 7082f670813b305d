package volume

import (
	"cmp"
	"math"
	"slices"

	"github.com/neckfrac/neckfrac"
)

// lostEqual is for a stack that is as good as the chosen one in every rule.
const lostEqual = "Another series is as good and comes first by its identifier."

// candidate is a stack on its way through the choice.
type candidate struct {
	stack
	facts  facts
	rules  *Rules
	shares []float64 // one per scoring rule, 0 to 1
	zMin   float64   // along the patient, mm; 0 if the stack has no place
	zMax   float64
	// lost is the sentence why it was not taken, "" while it may be; rule is the rule
	// that says so, reason what it means for the study if no other is taken.
	lost, rule string
	reason     neckfrac.Reason
	// last is the rule that puts it behind all others, nil if none does.
	last *Exclusion
}

func newCandidate(s stack, r *Rules) candidate {
	c := candidate{stack: s, rules: r, facts: factsOf(s)}
	c.last = firstOf(r.Last, &c.facts)
	if e := firstOf(r.Exclude, &c.facts); e != nil {
		c.lost, c.rule, c.reason = e.Lost, e.Name, neckfrac.NoEligibleSeries
	}
	if s.first().placed {
		c.zMin, c.zMax = math.Inf(1), math.Inf(-1)
		for _, x := range s.slices {
			c.zMin, c.zMax = min(c.zMin, x.plane.position[2]), max(c.zMax, x.plane.position[2])
		}
	}
	c.weigh()
	return c
}

// weigh asks the scoring rules.
func (c *candidate) weigh() {
	c.shares = make([]float64, len(c.rules.Score))
	for i := range c.rules.Score {
		c.shares[i] = c.rules.Score[i].share(&c.facts)
	}
}

func (c *candidate) eligible() bool { return c.lost == "" }

func (c *candidate) score() float64 {
	sum := 0.0
	for i, s := range c.rules.Score {
		sum += s.Points * c.shares[i]
	}
	return roundTo(sum, 10)
}

// rank sorts eligible stacks first, then by Last, score, size and identifiers: a total
// order, so that the choice does not depend on the order of arrival.
func rank(cs []candidate) {
	slices.SortStableFunc(cs, func(a, b candidate) int {
		return cmp.Or(
			cmp.Compare(truth(!a.eligible()), truth(!b.eligible())),
			cmp.Compare(truth(a.last != nil), truth(b.last != nil)),
			cmp.Compare(b.score(), a.score()),
			cmp.Compare(len(b.slices), len(a.slices)),
			cmp.Compare(a.first().in.Series, b.first().in.Series),
			cmp.Compare(a.first().in.Instance, b.first().in.Instance),
			cmp.Compare(a.first().index, b.first().index),
		)
	})
}

// outscored names the rule in which the winner leads most.
func (c *candidate) outscored(w *candidate) {
	if c.last != nil && w.last == nil {
		c.lost, c.rule = c.last.Lost, c.last.Name
		return
	}
	best := 0.0
	c.lost, c.rule = lostEqual, ""
	for i, s := range c.rules.Score {
		if lead := s.Points * (w.shares[i] - c.shares[i]); lead > best {
			best, c.lost, c.rule = lead, s.Lost, s.Name
		}
	}
}

// covers is the share of o's length along the patient that c holds too.
func (c *candidate) covers(o *candidate) float64 {
	if c.first().frame != o.first().frame || o.zMax <= o.zMin {
		return 0
	}
	return max(0, min(c.zMax, o.zMax)-max(c.zMin, o.zMin)) / (o.zMax - o.zMin)
}

// maxReports bounds how many candidates a result keeps, about 1 KiB each: a study of
// thousand one-image series must not swell the ledger. The best by rank are kept.
const maxReports = 200

// report is the candidates as the assessment keeps them.
func report(cs []candidate) []neckfrac.Candidate {
	out := make([]neckfrac.Candidate, 0, min(len(cs), maxReports))
	for i := range cs[:min(len(cs), maxReports)] {
		out = append(out, cs[i].report())
	}
	return out
}

func (c *candidate) report() neckfrac.Candidate {
	h, f := c.first(), &c.facts
	out := neckfrac.Candidate{
		Series: h.in.Series, Description: h.description, Slices: len(c.slices), Kernel: h.kernel,
		SpacingMM: roundTo(f.stepMM, 1e4), ThicknessMM: roundTo(f.thicknessMM, 1e4),
		ExtentMM: roundTo(f.extentMM, 10), FieldMM: roundTo(f.fieldMM, 10), TiltDegrees: roundTo(f.tiltDegrees, 10),
		Score: c.score(), Lost: c.lost, Rule: c.rule, Reason: c.reason,
	}
	for i, s := range c.rules.Score {
		if s.Group == GroupContent && !f.neckMMKnown {
			continue // nobody asked the pixels
		}
		out.Rules = append(out.Rules, neckfrac.RulePoints{Rule: s.Name, Points: roundTo(s.Points*c.shares[i], 100), Of: s.Points})
	}
	return out
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
