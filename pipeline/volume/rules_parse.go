package volume

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/neckfrac/neckfrac"
)

// Bounds of a rule file; the shipped one has a tenth of each.
const (
	// MaxRulesBytes bounds the file.
	MaxRulesBytes = 64 << 10
	maxRules      = 64
	maxConditions = 16
	maxWords      = 64
	maxCorners    = 16
	maxRuleText   = 1000
	fullScore     = 100
)

// ParseRules reads a set of rules from JSON. An unknown or doubled key, an unknown fact
// or group, a test that does not fit its fact, scoring rules out of the order of groups
// and points that do not add up to 100 are Invalid; the error names the rule.
func ParseRules(data []byte) (*Rules, error) {
	const op = "parse rules"
	if len(data) > MaxRulesBytes {
		return nil, neckfrac.Errorf(neckfrac.Limit, op, "more than %d bytes", MaxRulesBytes)
	}
	if err := checkKeys(json.NewDecoder(bytes.NewReader(data)), 0); err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var r Rules
	if err := d.Decode(&r); err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, neckfrac.Errorf(neckfrac.Invalid, op, "text after the rules")
	}
	if err := r.check(); err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	return &r, nil
}

// checkKeys refuses a key that an object has twice, also in another case: the decoder
// would silently take the last one.
func checkKeys(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth > 8 {
		return neckfrac.Errorf(neckfrac.Invalid, "keys", "too deep")
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			t, err := d.Token()
			if err != nil {
				return err
			}
			k := strings.ToLower(t.(string)) // an object's token is its key
			if seen[k] || k != t {
				return neckfrac.Errorf(neckfrac.Invalid, "keys", "%q is doubled or not in lower case", t)
			}
			seen[k] = true
		}
		if err := checkKeys(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

func (r *Rules) check() error {
	switch {
	case !validName(r.ID):
		return neckfrac.Errorf(neckfrac.Invalid, "id", "want lower-case letters, digits and dashes")
	case len(r.Exclude)+len(r.Last)+len(r.Score) > maxRules:
		return neckfrac.Errorf(neckfrac.Invalid, "rules", "more than %d", maxRules)
	case len(r.Score) == 0:
		return neckfrac.Errorf(neckfrac.Invalid, "score", "no rules")
	}
	names := map[string]bool{}
	for _, list := range [][]Exclusion{r.Exclude, r.Last} {
		for i := range list {
			if err := list[i].check(names); err != nil {
				return neckfrac.E("exclusion "+list[i].Name, err)
			}
		}
	}
	sum, group := 0.0, 0
	for i := range r.Score {
		s := &r.Score[i]
		at := slices.Index(groupOrder, s.Group)
		if at < group {
			return neckfrac.Errorf(neckfrac.Invalid, "score "+s.Name, "group is unknown or out of order")
		}
		group = at
		if err := checkTexts(names, s.Name, s.Lost, s.Why); err != nil {
			return neckfrac.E("score "+s.Name, err)
		}
		if err := s.check(); err != nil {
			return neckfrac.E("score "+s.Name, err)
		}
		sum += s.Points
	}
	if math.Abs(sum-fullScore) > 1e-6 {
		return neckfrac.Errorf(neckfrac.Invalid, "score", "points add up to %g, want %d", sum, fullScore)
	}
	return nil
}

func (e *Exclusion) check(names map[string]bool) error {
	if err := checkTexts(names, e.Name, e.Lost, e.Why); err != nil {
		return err
	}
	if len(e.Any) == 0 {
		return neckfrac.Errorf(neckfrac.Invalid, "any", "no condition")
	}
	return checkConditions(e.Any)
}

func (s *Scoring) check() error {
	if !(s.Points > 0) || !(s.Silent >= 0 && s.Silent <= 1) {
		return neckfrac.Errorf(neckfrac.Invalid, "points", "want points above 0 and silent within 0 to 1")
	}
	if (s.Group == GroupContent) != (s.Fact == factNeckMM) {
		return neckfrac.Errorf(neckfrac.Invalid, "group", "%s and its group go together", factNeckMM)
	}
	if s.Fact == "" {
		if len(s.Any)+len(s.None) == 0 || len(s.Ramp) > 0 {
			return neckfrac.Errorf(neckfrac.Invalid, "rule", "want a fact with a ramp, or any or none")
		}
		if err := checkConditions(s.Any); err != nil {
			return err
		}
		return checkConditions(s.None)
	}
	d, ok := factTable[s.Fact]
	if !ok || d.number == nil || len(s.Any)+len(s.None) > 0 || s.Silent != 0 {
		return neckfrac.Errorf(neckfrac.Invalid, "fact", "a ramp wants a numeric fact and nothing else")
	}
	if len(s.Ramp) < 2 || len(s.Ramp) > maxCorners {
		return neckfrac.Errorf(neckfrac.Invalid, "ramp", "want 2 to %d corners", maxCorners)
	}
	for i, c := range s.Ramp {
		if !(c[1] >= 0 && c[1] <= 1) || i > 0 && !(c[0] > s.Ramp[i-1][0]) {
			return neckfrac.Errorf(neckfrac.Invalid, "ramp", "want ascending facts and shares within 0 to 1")
		}
	}
	return nil
}

// checkConditions compiles the patterns on the way.
func checkConditions(cs []Condition) error {
	if len(cs) > maxConditions {
		return neckfrac.Errorf(neckfrac.Invalid, "conditions", "more than %d", maxConditions)
	}
	for i := range cs {
		c := &cs[i]
		d, ok := factTable[c.Fact]
		if !ok || c.Fact == factNeckMM {
			return neckfrac.Errorf(neckfrac.Invalid, "condition", "unknown fact %q", c.Fact)
		}
		number, flag, text := c.Below != nil || c.Above != nil, c.Is != nil, len(c.Words) > 0 || c.Match != ""
		if number != (d.number != nil) || flag != (d.flag != nil) || text != (d.text != nil) || c.Below != nil && c.Above != nil {
			return neckfrac.Errorf(neckfrac.Invalid, "condition", "%s wants one test of its kind", c.Fact)
		}
		if len(c.Words) > maxWords || len(c.Match) > maxRuleText {
			return neckfrac.Errorf(neckfrac.Invalid, "condition", "%s: too long", c.Fact)
		}
		for _, w := range c.Words {
			if w == "" || w != strings.ToUpper(w) {
				return neckfrac.Errorf(neckfrac.Invalid, "condition", "%s: words are in upper case", c.Fact)
			}
		}
		if c.Match == "" {
			continue
		}
		re, err := regexp.Compile(c.Match)
		if err != nil {
			return neckfrac.Errorf(neckfrac.Invalid, "condition", "%s: the pattern can't be compiled", c.Fact)
		}
		c.re = re
	}
	return nil
}

var rulePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

func validName(s string) bool { return rulePattern.MatchString(s) }

// checkTexts holds names unique over both lists.
func checkTexts(names map[string]bool, name, lost, why string) error {
	switch {
	case !validName(name) || names[name]:
		return neckfrac.Errorf(neckfrac.Invalid, "name", "want another one of lower-case letters, digits and dashes")
	case lost == "" || why == "" || len(lost) > maxRuleText || len(why) > maxRuleText:
		return neckfrac.Errorf(neckfrac.Invalid, "lost and why", "want a sentence each")
	}
	names[name] = true
	return nil
}
