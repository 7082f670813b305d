package fhir_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/fhir"
)

// forbidden are W1's, W2's, W4's and W5's words: none may stand in a text, a display
// or a code, outside the sentences that W2 and W9 allow.
var forbidden = regexp.MustCompile(`(?i)\b(detected|positive|negative|normal|cleared|absent|present|safe|safely|diagnos\w*|` +
	`ruled out|rule out|excluded|unremarkable|healthy|no fracture|mild|moderate|severe|pos|neg|final|remove|interpret\w*|` +
	`confirmed|scout)\b`)

var allowed = strings.NewReplacer(neckfrac.ResearchUse, "", neckfrac.PreviewCaption, "", "DiagnosticReport", "")

// skipKeys hold addresses, not words.
var skipKeys = map[string]bool{"system": true, "url": true, "reference": true, "fullUrl": true, "data": true}

// walk calls fn for every string value with the key it stands under.
func walk(v any, key string, fn func(key, s string)) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			walk(e, k, fn)
		}
	case []any:
		for _, e := range v {
			walk(e, key, fn)
		}
	case string:
		fn(key, v)
	}
}

func rendered(t *testing.T, r fhir.Resource) any {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatalf("marshal %s: %v", r.Type(), err)
	}
	return value(t, b)
}

func TestWords(t *testing.T) {
	t.Parallel()
	all := map[string]fhir.Resource{"codesystem": fhir.CodeSystem(), "organization": fhir.Organization(site()),
		"capabilitystatement": newHouse(t, nil).CapabilityStatement()}
	for _, c := range cases() {
		all[c.name] = fhir.Bundle(c.view, binaries(c.view)...)
	}
	// Every reason, refused and limiting, in both profiles.
	for _, r := range neckfrac.Reasons() {
		for _, p := range []neckfrac.Profile{neckfrac.Triage, neckfrac.Reading} {
			c := with("limit", func(_ *fhir.View, a *neckfrac.Assessment) { a.Limits, a.Profile = []neckfrac.Reason{r}, p })
			all["limit-"+string(r)+string(p)] = fhir.Bundle(c.view)
			c = with("refused", func(_ *fhir.View, a *neckfrac.Assessment) {
				a.Status, a.Reason, a.Findings, a.Profile = neckfrac.NotAnalysed, r, nil, p
			})
			all["refused-"+string(r)+string(p)] = fhir.Bundle(c.view)
		}
	}
	for name, r := range all {
		walk(rendered(t, r), "", func(key, s string) {
			if skipKeys[key] {
				return
			}
			if w := forbidden.FindString(allowed.Replace(s)); w != "" {
				t.Errorf("%s: %s holds %q: %s", name, key, w, s)
			}
		})
	}
}

// TestNoInterpretation: R4 has fields whose only values are words that W2 forbids.
func TestNoInterpretation(t *testing.T) {
	t.Parallel()
	for _, c := range cases() {
		b, err := json.Marshal(fhir.Bundle(c.view))
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{`"interpretation"`, `"resultsInterpreter"`, `"final"`} {
			if strings.Contains(string(b), key) {
				t.Errorf("%s: has %s", c.name, key)
			}
		}
	}
}

// TestLimitsOnEveryOutput is W7 and W13: the limits, the model and the research
// sentence stand on every resource that carries a result.
func TestLimitsOnEveryOutput(t *testing.T) {
	t.Parallel()
	for _, c := range cases() {
		if c.view.Assessment == nil {
			continue
		}
		want := []string{neckfrac.LimitsText, neckfrac.ResearchUse}
		if p := fhir.PackSentence(c.view.Assessment.Pack); p != "" {
			want = append(want, p)
		}
		if c.view.Assessment.Pack.Domain == neckfrac.DomainSynthetic {
			want = append(want, neckfrac.SyntheticPack, neckfrac.TestPatientMark)
		}
		list := append(append([]fhir.Resource{fhir.DiagnosticReport(c.view)}, fhir.Observations(c.view)...), fhir.Media(c.view)...)
		for _, r := range list {
			var text strings.Builder
			walk(rendered(t, r), "", func(key, s string) {
				if key == "text" || key == "conclusion" {
					text.WriteString(s + " ")
				}
			})
			for _, w := range want {
				if !strings.Contains(text.String(), w) {
					t.Errorf("%s: %s lacks %q", c.name, r.Reference(), w)
				}
			}
		}
	}
}

// TestTriageNamesNoPlace is W12: no level, number, grade, mark or picture.
func TestTriageNamesNoPlace(t *testing.T) {
	t.Parallel()
	level := regexp.MustCompile(`(?i)\bC[1-7]\b|-c[1-7]\b`)
	for _, c := range cases() {
		if c.view.Assessment == nil || c.view.Assessment.Profile != neckfrac.Triage {
			continue
		}
		if n := len(fhir.Observations(c.view)); n != 1 {
			t.Errorf("%s: got %d Observations, want the patient's alone", c.name, n)
		}
		if n := len(fhir.Media(c.view)); n != 0 {
			t.Errorf("%s: got %d Media, want none", c.name, n)
		}
		b, err := json.Marshal(fhir.Bundle(c.view))
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{`"component"`, `"media"`, `"hasMember"`, "ai-severity-grade", "ai-probability"} {
			if strings.Contains(string(b), key) {
				t.Errorf("%s: has %s", c.name, key)
			}
		}
		walk(value(t, b), "", func(key, s string) {
			if m := level.FindString(s); m != "" {
				t.Errorf("%s: %s names %q: %s", c.name, key, m, s)
			}
		})
	}
}
