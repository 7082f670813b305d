package neckfrac_test

import (
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
)

func TestPatternMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		want, fold    bool
	}{
		{"", "ANY", true, true},
		{"*", "ANY", true, true},
		{"***", "", true, true},
		{"ANY", "ANY", true, true},
		{"any", "ANY", false, true},
		{"A?Y", "ANY", true, true},
		{"A?Y", "AY", false, false},
		{"T*^C*", "TEST^CANARY", true, true},
		{"t*^c*", "TEST^CANARY", false, true},
		{"*ARY", "TEST^CANARYARY", true, true},
		{"*[A-Z]*", "TEST", false, false},
		{"M?ller*", "Müller^A", true, true},
		{"a*b*c", strings.Repeat("a", 300), false, false},
	} {
		p, err := neckfrac.ParsePattern(c.pattern)
		if err != nil {
			t.Fatalf("%q: %v", c.pattern, err)
		}
		if got := p.Match(c.text); got != c.want {
			t.Errorf("%q on %q: got %v, want %v", c.pattern, c.text, got, c.want)
		}
		if got := p.MatchFold(c.text); got != c.fold {
			t.Errorf("%q on %q without case: got %v, want %v", c.pattern, c.text, got, c.fold)
		}
	}
}

func TestPatternIsBounded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		kind neckfrac.Kind
	}{
		{strings.Repeat("a", 65), neckfrac.Limit},
		{strings.Repeat("a*", 9), neckfrac.Limit},
		{"a\\b", neckfrac.Invalid},
		{"a\nb", neckfrac.Invalid},
	} {
		if _, err := neckfrac.ParsePattern(c.in); err == nil || neckfrac.KindOf(err) != c.kind {
			t.Errorf("%q: %v, want %v", c.in, err, c.kind)
		}
	}
	for _, in := range []string{strings.Repeat("a", 64), strings.Repeat("a*", 8), strings.Repeat("*", 60)} {
		if _, err := neckfrac.ParsePattern(in); err != nil {
			t.Errorf("%q: %v", in, err)
		}
	}
}
