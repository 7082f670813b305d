package fhir_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/fhir"
)

type bundle struct {
	Total *int
	Link  []struct{ Relation, URL string }
	Entry []struct {
		FullURL  string `json:"fullUrl"`
		Resource struct{ ResourceType, ID, Status string }
		Search   struct{ Mode string }
	}
}

func (b bundle) next() string {
	for _, l := range b.Link {
		if l.Relation == "next" {
			return strings.TrimPrefix(l.URL, "https://neckfrac.example.org")
		}
	}
	return ""
}

func (h house) search(t *testing.T, path string) bundle {
	t.Helper()
	w := h.get(path)
	var b bundle
	if err := json.Unmarshal(w.Body.Bytes(), &b); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%s: got %d %s", path, w.Code, w.Body)
	}
	return b
}

func TestSearch(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	uid := string(h.ledger.records[1].Study.UID)
	all := len(cases())
	for _, c := range []struct {
		query string
		want  int
	}{
		{"DiagnosticReport?_count=100", all},
		{"DiagnosticReport?identifier=" + url.QueryEscape("urn:dicom:uid|urn:oid:"+uid), 1},
		{"DiagnosticReport?identifier=" + url.QueryEscape("urn:oid:"+uid), 1},
		{"DiagnosticReport?identifier=" + url.QueryEscape("urn:dicom:uid|urn:oid:1.2.03"), 0},
		{"DiagnosticReport?identifier=" + url.QueryEscape("urn:dicom:uid|"+uid), 0},
		{"DiagnosticReport?identifier=" + url.QueryEscape("https://other|A-1001"), 0},
		{"DiagnosticReport?identifier=A-1001&_count=100", all},
		{"DiagnosticReport?identifier=" + url.QueryEscape("|A-1001") + "&_count=100", all},
		{"DiagnosticReport?identifier=A-1002", 0},
		{"DiagnosticReport?status=registered", 1},
		{"DiagnosticReport?status=cancelled,registered", 4},
		{"DiagnosticReport?status=final", 0},
		{"Observation?code=ai-fracture-flag&subject.identifier=" + url.QueryEscape("urn:neckfrac:phantom|NF-TEST-0007"), 8},
		{"Observation?code=" + url.QueryEscape("http://loinc.org|1"), 0},
		{"ImagingStudy?patient:identifier=" + url.QueryEscape("urn:neckfrac:phantom|NF-TEST-0007"), 1},
		// All but the synthetic study, and but the one that two people claim.
		{"DiagnosticReport?_count=100&patient:identifier=" + url.QueryEscape("https://example.org/id/mrn|000417"), all - 2},
		{"DiagnosticReport?patient:identifier=" + url.QueryEscape("https://example.org/id/mrn|000418"), 0},
		{"DiagnosticReport?patient:identifier=" + url.QueryEscape("https://unknown.example|000417"), 0},
	} {
		b := h.search(t, "/fhir/"+c.query)
		if len(b.Entry) != c.want || b.Total == nil || *b.Total != c.want {
			t.Errorf("%s: got %d entries, total %v, want %d", c.query, len(b.Entry), b.Total, c.want)
		}
	}
}

// TestSearchSeveralPeople: one identifier system that two issuers share names nobody.
func TestSearchSeveralPeople(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *fhir.Config, l *ledger) {
		c.Site.Identities = append(c.Site.Identities, neckfrac.IdentityRow{Issuer: "TWIN", FHIRSystem: "https://example.org/id/mrn"})
		twin := l.records[0]
		twin.Study.ID, twin.Study.Patient.Key.Issuer = "st-twin", "TWIN"
		l.records = append(l.records, twin)
	})
	b := h.search(t, "/fhir/DiagnosticReport?patient:identifier="+url.QueryEscape("https://example.org/id/mrn|000417"))
	if len(b.Entry) != 0 {
		t.Errorf("got %d reports of two people", len(b.Entry))
	}
}

func TestSearchForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	form := url.Values{"patient:identifier": {"urn:neckfrac:phantom|NF-TEST-0007"}}.Encode()
	w := h.ask("POST", "/fhir/DiagnosticReport/_search", form, "Content-Type: application/x-www-form-urlencoded")
	if w.Code != 200 || strings.Count(w.Body.String(), `"fullUrl"`) != 1 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestInclude(t *testing.T) {
	t.Parallel()
	b := newHouse(t, nil).search(t, "/fhir/DiagnosticReport?_include=DiagnosticReport:result&_count=100")
	modes := map[string]int{}
	for _, e := range b.Entry {
		modes[e.Search.Mode+" "+e.Resource.ResourceType]++
	}
	if modes["match DiagnosticReport"] != len(cases()) || modes["include Observation"] != len(cases())-1 || len(modes) != 2 {
		t.Errorf("got %v", modes)
	}
}

// TestPaging: pages of any size hold every resource once, also where a filter leaves
// most studies out and where one study has several resources.
func TestPaging(t *testing.T) {
	t.Parallel()
	for _, visited := range []int{2, 500} {
		h := newHouse(t, func(c *fhir.Config, _ *ledger) { c.Limits.MaxVisited = visited })
		for query, want := range map[string]int{
			"/fhir/Observation?_count=3":                       2 + 12*8,
			"/fhir/Observation?_count=8":                       2 + 12*8,
			"/fhir/DiagnosticReport?_count=1":                  len(cases()),
			"/fhir/DiagnosticReport?_count=1&status=cancelled": 3,
		} {
			seen := map[string]int{}
			pages := 0
			for at := query; at != ""; pages++ {
				b := h.search(t, at)
				if pages > 200 {
					t.Fatalf("%s: does not end", query)
				}
				for _, e := range b.Entry {
					seen[e.FullURL]++
				}
				at = b.next()
			}
			if len(seen) != want {
				t.Errorf("%s: got %d resources, want %d", query, len(seen), want)
			}
			for u, n := range seen {
				if n != 1 {
					t.Errorf("%s: %s came %d times", query, u, n)
				}
			}
		}
	}
}

// BenchmarkSearchPage is a page of 14 reports, the largest thing served but pictures.
func BenchmarkSearchPage(b *testing.B) {
	l := &ledger{}
	for _, c := range cases() {
		l.records = append(l.records, neckfrac.Record{Study: c.view.Study, Latest: c.view.Assessment})
	}
	s, err := fhir.New(fhir.Config{Site: site()}, l, store{}, l)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/fhir/DiagnosticReport", nil)); w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
