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
