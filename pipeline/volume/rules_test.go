package volume_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// shipped is the text of the rules that Assemble uses.
func shipped(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("rules.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// changed is the shipped rules with one text replaced.
func changed(t testing.TB, old, new string) string {
	t.Helper()
	text := shipped(t)
	if !strings.Contains(text, old) {
		t.Fatalf("the shipped rules have no %s", old)
	}
	return strings.Replace(text, old, new, 1)
}

func ExampleParseRules() {
	rules, err := volume.ParseRules([]byte(`{"id": "thin-first", "exclude": [],
		"score": [{"name": "thin", "group": "geometry", "points": 100, "fact": "coarse-mm", "ramp": [[0.5, 1], [5, 0]],
			"lost": "Another series has thinner slices.", "why": "an example"}]}`))
	fmt.Println(rules.ID, err)
	_, err = volume.ParseRules([]byte(`{"id": "thin-first", "weights": []}`))
	fmt.Println(neckfrac.KindOf(err))
	// Output:
	// thin-first <nil>
	// invalid
}

// TestRulesAreTyped: nothing that a rule file says is passed over.
func TestRulesAreTyped(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, old, new, says string }{
		{"unknown key", `"points": 16`, `"weight": 16`, "weight"},
		{"key twice", `"points": 16`, `"points": 1, "points": 16`, "doubled"},
		{"key in another case", `"points": 16`, `"Points": 16`, "lower case"},
		{"unknown fact", `"extent-mm", "ramp"`, `"length-mm", "ramp"`, "extent"},
		{"unknown fact of a condition", `"fact": "slices"`, `"fact": "images"`, "images"},
		{"text fact on a ramp", `"fact": "extent-mm", "ramp"`, `"fact": "kernel", "ramp"`, "ramp"},
		{"number test of a text", `"fact": "slices", "below": 4`, `"fact": "kernel", "below": 4`, "kernel"},
		{"two tests", `"below": 4`, `"below": 4, "above": 9`, "slices"},
		{"no test", `"fact": "slices", "below": 4`, `"fact": "slices"`, "slices"},
		{"wrong type", `"below": 4`, `"below": "4"`, "below"},
		{"unknown group", `"group": "kernel"`, `"group": "vendor"`, "group"},
		{"groups out of order", `"group": "geometry", "points": 4`, `"group": "words", "points": 4`, "group"},
		{"pixels in another group", `"group": "content"`, `"group": "words"`, "group"},
		{"points do not add up", `"points": 16`, `"points": 17`, "101"},
		{"negative points", `"points": 16`, `"points": -16`, "points"},
		{"share over one", `[160, 1]`, `[160, 1.5]`, "shares"},
		{"ramp goes back", `[160, 1]`, `[-160, 1]`, "ascending"},
		{"one corner", `[[0, 0], [160, 1]]`, `[[0, 0]]`, "corners"},
		{"broken pattern", `CSP|CERV`, `CSP|(CERV`, "pattern"},
		{"lower-case word", `"SCOUT"`, `"scout"`, "upper case"},
		{"name twice", `"name": "localizer"`, `"name": "class"`, "name"},
		{"no sentence", `"lost": "It is a localizer."`, `"lost": ""`, "sentence"},
		{"no id", `"id": "cervical-1"`, `"id": ""`, "id"},
		{"cut", "\n}", "\n", "EOF"},
		{"more text", "\n}", "\n} {}", "text after"},
		{"another form", "{\n", "[{", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := volume.ParseRules([]byte(changed(t, tc.old, tc.new)))
			if neckfrac.KindOf(err) != neckfrac.Invalid || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("error %v, want invalid, saying %q", err, tc.says)
			}
		})
	}
	if _, err := volume.ParseRules(make([]byte, volume.MaxRulesBytes+1)); neckfrac.KindOf(err) != neckfrac.Limit {
		t.Errorf("error %v, want limit", err)
	}
}

// FuzzParseRules: a rule file is read or refused; what is read is the same after being
// written.
func FuzzParseRules(f *testing.F) {
	f.Add(shipped(f))
	f.Add(`{"id":"a","score":[{"name":"x","group":"words","points":100,"any":[{"fact":"kernel","match":"^B"}],"lost":"l","why":"w"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := volume.ParseRules([]byte(text))
		if err != nil {
			return
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if len(again) > volume.MaxRulesBytes {
			return
		}
		if _, err := volume.ParseRules(again); err != nil {
			t.Fatalf("%v in %s", err, again)
		}
	})
}
