package volume

import (
	"bytes"
	_ "embed"
	"regexp"
	"sync"
)

// Rules decide which stack of a study is analysed. They are data, so that another set
// can be tried on past studies before anybody relies on it. Exclusions are asked in
// their order and the first that holds takes a stack out; what is left is scored, 100
// points in all. The geometry gate is no rule: no set of rules can weaken it.
type Rules struct {
	// ID names the set in reports.
	ID      string      `json:"id"`
	Exclude []Exclusion `json:"exclude"`
	// Last puts a stack behind all others: it is chosen only where none is left.
	Last  []Exclusion `json:"last,omitempty"`
	Score []Scoring   `json:"score"`
}

// Group orders scoring rules by how far their facts can be believed.
type Group string

// The groups in the order in which a set must list them.
const (
	GroupGeometry       Group = "geometry"
	GroupKernel         Group = "kernel"
	GroupReconstruction Group = "reconstruction"
	GroupWords          Group = "words"
	// GroupContent asks the pixels, last and only where it can change the choice.
	GroupContent Group = "content"
)

var groupOrder = []Group{GroupGeometry, GroupKernel, GroupReconstruction, GroupWords, GroupContent}

// Exclusion takes a stack out of the choice, or puts it last, where one of its
// conditions holds.
type Exclusion struct {
	Name string      `json:"name"`
	Any  []Condition `json:"any"`
	// Lost is the sentence for people.
	Lost string `json:"lost"`
	// Why is for the reader of the rules.
	Why string `json:"why"`
}

// Scoring gives a share of its points. It has a Ramp over a numeric Fact, or Any and
// None: 1 where a condition of Any holds, else 0 where one of None does, else Silent.
type Scoring struct {
	Name   string  `json:"name"`
	Group  Group   `json:"group"`
	Points float64 `json:"points"`
	Fact   Fact    `json:"fact,omitempty"`
	// Ramp are corners [fact, share], ascending; beyond them the share stays.
	Ramp   [][2]float64 `json:"ramp,omitempty"`
	Any    []Condition  `json:"any,omitempty"`
	None   []Condition  `json:"none,omitempty"`
	Silent float64      `json:"silent,omitempty"`
	// Lost is the sentence for a stack that loses most by this rule.
	Lost string `json:"lost"`
	Why  string `json:"why"`
}

// Condition tests one fact in one way.
type Condition struct {
	Fact  Fact     `json:"fact"`
	Below *float64 `json:"below,omitempty"`
	Above *float64 `json:"above,omitempty"`
	Is    *bool    `json:"is,omitempty"`
	// Words holds where one value of the fact is one of them.
	Words []string `json:"words,omitempty"`
	// Match is a regular expression (RE2) for one value, which is in upper case.
	Match string `json:"match,omitempty"`

	re *regexp.Regexp
}

//go:embed rules.json
var shippedRules []byte

// DefaultRules are those that Assemble chooses by. They are shared and never changed.
var DefaultRules = sync.OnceValue(func() *Rules {
	r, err := ParseRules(shippedRules)
	if err != nil {
		panic("the shipped rules: " + err.Error()) // a test reads them
	}
	return r
})

// holds reports whether the fact is as the condition says.
func (c *Condition) holds(f *facts) bool {
	d := factTable[c.Fact]
	switch {
	case c.Below != nil:
		v, ok := d.number(f)
		return ok && v < *c.Below
	case c.Above != nil:
		v, ok := d.number(f)
		return ok && v > *c.Above
	case c.Is != nil:
		return d.flag(f) == *c.Is
	}
	for _, v := range d.text(f) {
		if c.re != nil && c.re.MatchString(v) {
			return true
		}
		for _, w := range c.Words {
			if v == w {
				return true
			}
		}
	}
	return false
}

func holdsAny(cs []Condition, f *facts) bool {
	for i := range cs {
		if cs[i].holds(f) {
			return true
		}
	}
	return false
}

// firstOf is the first exclusion that holds, nil if none does.
func firstOf(list []Exclusion, f *facts) *Exclusion {
	for i := range list {
		if holdsAny(list[i].Any, f) {
			return &list[i]
		}
	}
	return nil
}

// share is the part of its points that a rule gives, 0 to 1. A fact that is not known
// gives none.
func (s *Scoring) share(f *facts) float64 {
	if s.Fact != "" {
		v, ok := factTable[s.Fact].number(f)
		if !ok {
			return 0
		}
		return onRamp(s.Ramp, v)
	}
	switch {
	case holdsAny(s.Any, f):
		return 1
	case holdsAny(s.None, f):
		return 0
	}
	return s.Silent
}

// onRamp is piecewise linear between the corners.
func onRamp(ramp [][2]float64, v float64) float64 {
	if v <= ramp[0][0] {
		return ramp[0][1]
	}
	for i := 1; i < len(ramp); i++ {
		if a, b := ramp[i-1], ramp[i]; v <= b[0] {
			return a[1] + (b[1]-a[1])*(v-a[0])/(b[0]-a[0])
		}
	}
	return ramp[len(ramp)-1][1]
}

// ShippedRules is the text of DefaultRules, to start another set from.
func ShippedRules() []byte { return bytes.Clone(shippedRules) }
