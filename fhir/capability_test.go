package fhir_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"testing"
)

type capability struct {
	Rest []struct {
		Resource []struct {
			Type          string
			Interaction   []struct{ Code string }
			SearchInclude []string
			SearchParam   []struct{ Name, Type string }
		}
	}
}

// known are parameters of R4 for the searched types, so that what the statement does
// not claim is seen to be refused.
var knownParams = []string{
	"_id", "_lastUpdated", "_sort", "_revinclude", "_summary", "_elements", "based-on", "category", "code", "component-code",
	"data-absent-reason", "date", "device", "encounter", "has-member", "identifier", "issued", "media", "modality", "patient",
	"performer", "result", "series", "started", "status", "subject", "value-concept",
}

// TestCapabilityStatement asks for all that is claimed and for all that is not.
func TestCapabilityStatement(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	golden(t, "capabilitystatement", h.CapabilityStatement())
	var c capability
	if err := json.Unmarshal(h.get("/fhir/metadata").Body.Bytes(), &c); err != nil {
		t.Fatal(err)
	}
	example := map[string]string{
		"DiagnosticReport": "st-one", "Observation": "st-one-c5", "ImagingStudy": "st-one", "Media": "one-img-c5-axial",
		"Binary": "one-img-c5-axial", "Device": "9f2c41d07be58a66", "Organization": "site", "CodeSystem": "ai-flag",
	}
	ask := map[string]string{"identifier": "x", "status": "registered", "code": "x", "patient": "s|1", "subject": "s|1"}
	for _, r := range c.Rest[0].Resource {
		path := "/fhir/" + r.Type
		var codes []string
		for _, i := range r.Interaction {
			codes = append(codes, i.Code)
		}
		if w := h.get(path + "/" + example[r.Type]); !slices.Contains(codes, "read") || w.Code != 200 {
			t.Errorf("%s: interactions %v, read answers %d", r.Type, codes, w.Code)
		}
		delete(example, r.Type)
		searches := slices.Contains(codes, "search-type")
		if w := h.get(path); (w.Code == 200) != searches {
			t.Errorf("%s: claims search %v, answers %d", r.Type, searches, w.Code)
		}
		if !searches {
			continue
		}
		claimed := map[string]bool{}
		for _, p := range r.SearchParam {
			claimed[p.Name] = true
			key := p.Name
			if p.Type == "reference" {
				key += ":identifier"
			}
			if w := h.get(path + "?" + key + "=" + url.QueryEscape(ask[p.Name])); w.Code != 200 {
				t.Errorf("%s: claims %s, answers %d", r.Type, p.Name, w.Code)
			}
		}
		for _, p := range knownParams {
			if !claimed[p] {
				if w := h.get(path + "?" + p + "=x"); w.Code != 400 {
					t.Errorf("%s: does not claim %s, answers %d", r.Type, p, w.Code)
				}
			}
		}
		for _, i := range r.SearchInclude {
			if w := h.get(path + "?_include=" + i); w.Code != 200 {
				t.Errorf("%s: claims _include %s, answers %d", r.Type, i, w.Code)
			}
		}
	}
	if len(example) != 0 {
		t.Errorf("served and not claimed: %v", example)
	}
}
