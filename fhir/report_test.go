package fhir_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/fhir"
)

// observation is what the tests read of an Observation or DiagnosticReport.
type observation struct {
	ID         string
	Status     string
	Identifier []struct{ System, Value string }
	Subject    struct {
		Identifier *struct{ System, Value string }
	}
	Value            *struct{ Coding []struct{ Code string } } `json:"valueCodeableConcept"`
	DataAbsentReason *struct {
		Text   string
		Coding []struct{ System, Code string }
	}
	Component []struct {
		Code  struct{ Coding []struct{ Code string } }
		Value struct{ Value json.Number } `json:"valueQuantity"`
	}
	Note []struct{ Text string }
	Meta struct{ VersionID string }
}

func read(t *testing.T, r fhir.Resource) observation {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var o observation
	if err := json.Unmarshal(b, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func view(t *testing.T, name string) fhir.View {
	t.Helper()
	for _, c := range cases() {
		if c.name == name {
			return c.view
		}
	}
	t.Fatalf("no case %s", name)
	return fhir.View{}
}

// TestStatus is contract.md's table of results.
func TestStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, report, observation, version string
		observations                       int
	}{
		{"registered", "registered", "", "0", 0},
		{"none-flagged", "preliminary", "preliminary", "1", 8},
		{"one", "preliminary", "preliminary", "1", 8},
		{"revised", "preliminary", "preliminary", "2", 8},
		{"refused", "cancelled", "cancelled", "1", 8},
		{"triage", "preliminary", "preliminary", "1", 1},
		{"triage-refused", "cancelled", "cancelled", "1", 1},
	} {
		v := view(t, c.name)
		r := read(t, fhir.DiagnosticReport(v))
		if r.Status != c.report || r.Meta.VersionID != c.version {
			t.Errorf("%s: report %s version %s, want %s %s", c.name, r.Status, r.Meta.VersionID, c.report, c.version)
		}
		list := fhir.Observations(v)
		if len(list) != c.observations {
			t.Errorf("%s: got %d observations, want %d", c.name, len(list), c.observations)
		}
		for _, o := range list {
			x := read(t, o)
			if x.Status != c.observation {
				t.Errorf("%s: %s is %s, want %s", c.name, x.ID, x.Status, c.observation)
			}
			// R4 obs-6, and contract.md: cancelled carries a reason.
			if (x.Value == nil) != (x.DataAbsentReason != nil) {
				t.Errorf("%s: %s has value %v and dataAbsentReason %v", c.name, x.ID, x.Value, x.DataAbsentReason)
			}
		}
	}
}

func TestNotImagedHasNoValue(t *testing.T) {
	t.Parallel()
	v := view(t, "partial")
	o := read(t, fhir.Observations(v)[neckfrac.C7.Index()+1])
	if o.Status != "preliminary" || o.Value != nil || len(o.Component) != 0 || o.DataAbsentReason == nil {
		t.Fatalf("C7: got %+v, want preliminary without value", o)
	}
	if want := "C7 not analysed: coverage stops at C5."; o.DataAbsentReason.Text != want {
		t.Errorf("got %q, want %q", o.DataAbsentReason.Text, want)
	}
}

func TestNotFlaggedSaysWhatItIsNot(t *testing.T) {
	t.Parallel()
	for _, r := range fhir.Observations(view(t, "none-flagged")) {
		o := read(t, r)
		if o.Value.Coding[0].Code != "not-flagged" || o.Note[0].Text != neckfrac.NotExcluded {
			t.Errorf("%s: value %v, first note %q", o.ID, o.Value, o.Note[0].Text)
		}
		if len(o.Component) != 1 || o.Component[0].Code.Coding[0].Code != "ai-probability" {
			t.Errorf("%s: components %v, want the probability alone", o.ID, o.Component)
		}
	}
}

// TestIdentity is W16: without a certain person there is no identifier at all, and
// the assessment is the first identifier of the report.
func TestIdentity(t *testing.T) {
	t.Parallel()
	v := view(t, "one")
	r := read(t, fhir.DiagnosticReport(v))
	if r.Identifier[0].System != neckfrac.AssessmentSystem || r.Identifier[0].Value != "as-4k2z" {
		t.Errorf("identifier[0] is %+v", r.Identifier[0])
	}
	if r.Identifier[1].Value != "urn:oid:"+string(v.Study.UID) || r.Identifier[2].Value != "A-1001" {
		t.Errorf("study identifiers are %+v", r.Identifier[1:])
	}
	for name, change := range map[string]func(*neckfrac.Study){
		"unknown issuer":  func(s *neckfrac.Study) { s.Patient.Key.Issuer = "" },
		"unmapped issuer": func(s *neckfrac.Study) { s.Patient.Key.Issuer = "OTHER" },
		"two people":      func(s *neckfrac.Study) { s.Conflict = true },
	} {
		w := v
		change(&w.Study)
		for _, res := range append(fhir.Observations(w), fhir.DiagnosticReport(w), fhir.ImagingStudy(w)) {
			if o := read(t, res); o.Subject.Identifier != nil {
				t.Errorf("%s: %s names %+v", name, res.Reference(), o.Subject.Identifier)
			}
		}
	}
}

// TestBuildersArePure: a View is not changed, and equal Views make equal bytes.
func TestBuildersArePure(t *testing.T) {
	t.Parallel()
	for _, c := range cases() {
		before, err := json.Marshal(c.view.Assessment)
		if err != nil {
			t.Fatal(err)
		}
		one, _ := json.Marshal(fhir.Bundle(c.view))
		two, _ := json.Marshal(fhir.Bundle(c.view))
		after, _ := json.Marshal(c.view.Assessment)
		if string(one) != string(two) || string(before) != string(after) {
			t.Errorf("%s: builder changed its input or its answer", c.name)
		}
	}
}

func TestOverdueStudySaysSo(t *testing.T) {
	t.Parallel()
	v := fhir.View{Site: fhir.Site{BaseURL: "https://neckfrac.example.org/fhir", Organization: "Example"}, Study: neckfrac.Study{ID: "s1", UID: "1.2.3"}}
	for _, overdue := range []bool{false, true} {
		v.Overdue = overdue
		b, err := fhir.DiagnosticReport(v).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Contains(string(b), neckfrac.Overdue.Text()) && strings.Contains(string(b), `"overdue"`)
		if said != overdue || !strings.Contains(string(b), `"registered"`) {
			t.Errorf("overdue %v: %s", overdue, b)
		}
	}
}
