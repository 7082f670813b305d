package volume

import "github.com/neckfrac/neckfrac"

// ruleGate names the geometry gate where a candidate lost by it and not by a rule.
const ruleGate = "gate"

// lostNoStandIn is for a good stack that shows another part of the patient than a
// better one with a fault.
const lostNoStandIn = "It shows another part of the patient than a better series that can't be used."

// coverShare is how much of a better candidate's length the next one must hold to
// take its place when that fails the gate. Else a complete head scan would quietly
// stand in for a neck scan with a missing slice.
const coverShare = 0.8

// choose runs the gate down the ranking and writes each candidate's losing sentence.
// The fault is that of the best candidate, or NoEligibleSeries.
func choose(cs []candidate, lim Limits) (candidate, gated, fault) {
	if len(cs) == 0 || !cs[0].eligible() {
		return candidate{}, gated{}, fault{neckfrac.NoEligibleSeries, "no axial CT stack"}
	}
	var first fault
	won := -1
	var g gated
	for i := range cs {
		c := &cs[i]
		if !c.eligible() || won >= 0 {
			continue
		}
		passed, f := gate(c.stack, lim)
		switch {
		case f.bad():
			c.lost, c.rule, c.reason = f.reason.Text(), ruleGate, f.reason
			if !first.bad() {
				first = f
			}
		case first.bad() && c.covers(&cs[0]) < coverShare:
			c.lost, c.rule = lostNoStandIn, ruleGate
		default:
			won, g = i, passed
		}
	}
	if won < 0 {
		return candidate{}, gated{}, first
	}
	for i := range cs {
		if i != won && cs[i].eligible() {
			cs[i].outscored(&cs[won])
		}
	}
	chosen := cs[won]
	copy(cs[1:won+1], cs[:won]) // the chosen one comes first
	cs[0] = chosen
	return chosen, g, fault{}
}

// adultYears is the age the analysis is made for.
const adultYears = 18

// judgePatient applies what the headers say about the patient. The lowest stated age
// counts, so that one wrong slice errs to the safe side.
func (a *Assembled) judgePatient(c candidate) fault {
	a.AgeYears = -1
	contrast, stated := false, true
	for i := range c.slices {
		h := &c.slices[i]
		if h.ageYears >= 0 && (a.AgeYears < 0 || h.ageYears < a.AgeYears) {
			a.AgeYears = h.ageYears
		}
		if h.intrathecal() {
			return fault{neckfrac.IntrathecalContrast, "contrast route"}
		}
		contrast = contrast || h.contrasted()
		stated = stated && h.contrastStated
	}
	switch {
	case a.AgeYears < 0:
		a.Limits = append(a.Limits, neckfrac.AgeUnknown)
	case a.AgeYears < adultYears:
		return fault{neckfrac.AgeUnder18, "stated age"}
	}
	if stated {
		a.Contrast = neckfrac.ContrastNone
	}
	if contrast {
		a.Contrast = neckfrac.ContrastGiven
		a.Limits = append(a.Limits, neckfrac.ContrastUnvalidated)
	}
	return fault{}
}
