package api_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/api"
)

type schema struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Enum       []string          `json:"enum"`
	Required   []string          `json:"required"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
}

type document struct {
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

func TestDocumentedPathsAreTheRoutes(t *testing.T) {
	t.Parallel()
	s, err := api.New(config(t, many()))
	if err != nil {
		t.Fatal(err)
	}
	doc := decode[document](t, get(s.Handler(), "/api/v1/openapi.json"))
	var want, got []string
	for _, r := range s.Routes() {
		want = append(want, r.Method+" "+r.Path)
	}
	for path, methods := range doc.Paths {
		for m := range methods {
			got = append(got, strings.ToUpper(m)+" "+path)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("documented %v, routes %v", got, want)
	}
}

func TestAnswersKeepTheDocument(t *testing.T) {
	t.Parallel()
	l := oneFlagged(reading)
	l.add(study("refused", -time.Hour, neckfrac.StudyQueued), neckfrac.JobReady)
	cfg := config(t, l)
	h := serve(t, cfg)
	doc := decode[document](t, get(h, "/api/v1/openapi.json"))
	for path, name := range map[string]string{"/api/v1/studies": "Worklist", "/api/v1/studies/flagged": "Study", "/api/v1/studies/refused": "Study", "/api/v1/studies/none": "Problem"} {
		var v any
		if err := json.Unmarshal(get(h, path).Body.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		for _, fault := range doc.check(doc.Components.Schemas[name], v, name) {
			t.Errorf("%s: %s", path, fault)
		}
	}
	states := doc.Components.Schemas["State"].Enum
	for i, st := range api.States() {
		if len(states) != len(api.States()) || states[i] != string(st) {
			t.Fatalf("documented states %v, code %v", states, api.States())
		}
	}
}

// check compares a decoded answer with a schema: types, closed words, required and
// unknown fields.
func (d document) check(s schema, v any, at string) []string {
	if s.Ref != "" {
		s = d.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]]
	}
	var faults []string
	switch x := v.(type) {
	case map[string]any:
		for _, k := range s.Required {
			if _, ok := x[k]; !ok {
				faults = append(faults, at+": lacks "+k)
			}
		}
		for k, e := range x {
			p, ok := s.Properties[k]
			if !ok {
				faults = append(faults, at+": does not document "+k)
				continue
			}
			faults = append(faults, d.check(p, e, at+"."+k)...)
		}
	case []any:
		if s.Items == nil {
			return []string{at + ": is not documented as a list"}
		}
		for i, e := range x {
			faults = append(faults, d.check(*s.Items, e, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case string:
		if s.Type != "string" || s.Enum != nil && !slices.Contains(s.Enum, x) {
			faults = append(faults, fmt.Sprintf("%s: %q is not %s %v", at, x, s.Type, s.Enum))
		}
	case float64:
		if s.Type != "number" && (s.Type != "integer" || x != float64(int64(x))) {
			faults = append(faults, at+": a number is not documented")
		}
	case bool:
		if s.Type != "boolean" {
			faults = append(faults, at+": a boolean is not documented")
		}
	default:
		faults = append(faults, at+": null")
	}
	return faults
}
