package fhir_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/fhir"
)

// TestEveryReferenceResolves walks the whole graph from the searches on.
func TestEveryReferenceResolves(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	seen := map[string]bool{}
	todo := []string{"DiagnosticReport?_include=DiagnosticReport:result&_count=100", "Observation?_count=100", "ImagingStudy", "metadata"}
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		if seen[at] {
			continue
		}
		seen[at] = true
		w := h.get("/fhir/" + at)
		if w.Code != http.StatusOK {
			t.Errorf("%s: got %d %s", at, w.Code, w.Body)
			continue
		}
		if strings.HasPrefix(at, "Binary/") {
			continue
		}
		walk(value(t, w.Body.Bytes()), "", func(key, s string) {
			s = strings.TrimPrefix(s, site().BaseURL+"/")
			if (key == "reference" || key == "url" || key == "fullUrl") && !strings.Contains(s, ":") {
				todo = append(todo, s)
			}
			if key == "url" && strings.Contains(s, "_page") {
				todo = append(todo, s)
			}
		})
	}
	// 14 reports with what they name: fewer would mean that the walk went blind.
	if len(seen) < 120 {
		t.Errorf("walked %d resources only", len(seen))
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	form := "Content-Type: application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, method, path, body, header string
		want                             int
	}{
		{"unknown type", "GET", "/fhir/Patient/1", "", "", 404},
		{"outside", "GET", "/other", "", "", 404},
		{"path not clean", "GET", "/fhir/x/../DiagnosticReport/zzz", "", "", 404},
		{"double slash", "GET", "/fhir//DiagnosticReport", "", "", 404},
		{"trailing slash", "GET", "/fhir/DiagnosticReport/", "", "", 404},
		{"unknown id", "GET", "/fhir/DiagnosticReport/zzz", "", "", 404},
		{"id with odd characters", "GET", "/fhir/DiagnosticReport/a%20b", "", "", 404},
		{"id too long", "GET", "/fhir/ImagingStudy/" + strings.Repeat("a", 65), "", "", 404},
		{"observation without a part", "GET", "/fhir/Observation/zzz", "", "", 404},
		{"observation of no level", "GET", "/fhir/Observation/st-one-c8", "", "", 404},
		{"level in triage", "GET", "/fhir/Observation/st-triage-c5", "", "", 404},
		{"picture in triage", "GET", "/fhir/Media/triage-img-c5-axial", "", "", 404},
		{"bytes in triage", "GET", "/fhir/Binary/triage-img-c5-axial", "", "", 404},
		{"preview is no picture", "GET", "/fhir/Binary/one-preview-1", "", "", 404},
		{"unknown device", "GET", "/fhir/Device/0000000000000000", "", "", 404},
		{"write", "PUT", "/fhir/DiagnosticReport/st-one", "{}", "Content-Type: application/fhir+json", 405},
		{"create", "POST", "/fhir/Observation", "{}", "Content-Type: application/fhir+json", 405},
		{"get a form", "GET", "/fhir/Observation/_search", "", "", 405},
		{"form as JSON", "POST", "/fhir/Observation/_search", "{}", "Content-Type: application/json", 415},
		{"form too long", "POST", "/fhir/Observation/_search", "code=" + strings.Repeat("a", 9000), form, 413},
		{"query too long", "GET", "/fhir/Observation?code=" + strings.Repeat("a", 9000), "", "", 414},
		{"XML", "GET", "/fhir/DiagnosticReport/st-one", "", "Accept: application/fhir+xml", 406},
		{"XML by format", "GET", "/fhir/metadata?_format=xml", "", "", 406},
		{"JSON refused", "GET", "/fhir/metadata", "", "Accept: application/fhir+json;q=0", 406},
		{"R5", "GET", "/fhir/metadata", "", "Accept: application/fhir+json; fhirVersion=5.0", 406},
		{"picture as PDF", "GET", "/fhir/Binary/one-img-c5-axial", "", "Accept: application/pdf", 406},
		{"unknown parameter", "GET", "/fhir/DiagnosticReport?family=Example", "", "", 400},
		{"unknown modifier", "GET", "/fhir/DiagnosticReport?status:not=final", "", "", 400},
		{"reference", "GET", "/fhir/DiagnosticReport?patient=Patient/1", "", "", 400},
		{"number without system", "GET", "/fhir/DiagnosticReport?patient:identifier=000417", "", "", 400},
		{"two numbers", "GET", "/fhir/DiagnosticReport?patient:identifier=a|1,a|2", "", "", 400},
		{"two persons", "GET", "/fhir/DiagnosticReport?patient:identifier=a|1&subject:identifier=a|2", "", "", 400},
		{"parameter twice", "GET", "/fhir/DiagnosticReport?status=final&status=registered", "", "", 400},
		{"no status", "GET", "/fhir/DiagnosticReport?status=done", "", "", 400},
		{"count zero", "GET", "/fhir/DiagnosticReport?_count=0", "", "", 400},
		{"page of another", "GET", "/fhir/DiagnosticReport?_page=99999999999.1", "", "", 400},
		{"include", "GET", "/fhir/DiagnosticReport?_include=*", "", "", 400},
		{"include elsewhere", "GET", "/fhir/Observation?_include=Observation:device", "", "", 400},
		{"assessment", "GET", "/fhir/DiagnosticReport?identifier=urn:neckfrac:assessment|as-4k2z", "", "", 400},
		{"malformed query", "GET", "/fhir/DiagnosticReport?status=%zz", "", "", 400},
	} {
		var header []string
		if c.header != "" {
			header = append(header, c.header)
		}
		w := h.ask(c.method, c.path, c.body, header...)
		if w.Code != c.want {
			t.Errorf("%s: got %d, want %d: %s", c.name, w.Code, c.want, w.Body)
		}
		var o struct {
			ResourceType string
			Issue        []struct{ Severity, Code, Diagnostics string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil || o.ResourceType != "OperationOutcome" || len(o.Issue) != 1 || o.Issue[0].Diagnostics == "" {
			t.Errorf("%s: no OperationOutcome: %s", c.name, w.Body)
		}
		for _, echo := range []string{"Example", "zzz", "000417", "99999", "aaaa"} {
			if strings.Contains(w.Body.String(), echo) {
				t.Errorf("%s: answer echoes %q", c.name, echo)
			}
		}
		if w.Code == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s: 405 without Allow", c.name)
		}
	}
}

// TestFaultsTellNothing: the chain of an error stays in the log.
func TestFaultsTellNothing(t *testing.T) {
	t.Parallel()
	for kind, want := range map[neckfrac.Kind]int{
		neckfrac.Internal: 500, neckfrac.Unavailable: 503, neckfrac.Conflict: 409, neckfrac.Unauthorized: 403, neckfrac.Limit: 413,
	} {
		h := newHouse(t, func(_ *fhir.Config, l *ledger) {
			l.fault = neckfrac.Wrap(kind, "select", errors.New("secret of the driver"))
		})
		for _, path := range []string{"/fhir/DiagnosticReport/st-one", "/fhir/DiagnosticReport", "/fhir/Device/0123456789abcdef"} {
			w := h.get(path)
			if w.Code != want || strings.Contains(w.Body.String(), "secret") {
				t.Errorf("%v: %s: got %d %s, want %d", kind, path, w.Code, w.Body, want)
			}
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	w := h.ask("GET", "/fhir/DiagnosticReport/st-revised", "", "Accept: text/html, application/json;q=0.5")
	if w.Code != 200 || w.Header().Get("ETag") != `W/"2"` || w.Header().Get("Content-Type") != "application/fhir+json; charset=utf-8" ||
		w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
	if w := h.ask("HEAD", "/fhir/DiagnosticReport/st-one", ""); w.Code != 200 || w.Header().Get("ETag") != `W/"1"` {
		t.Errorf("HEAD: got %d %v", w.Code, w.Header())
	}
	if !strings.Contains(h.get("/fhir/DiagnosticReport/st-one").Body.String(), "https://ehr.example.org/fhir/Patient/p-77") {
		t.Error("learnt Patient reference is missing")
	}
	if strings.Contains(h.get("/fhir/DiagnosticReport/st-identity-conflict").Body.String(), "p-77") {
		t.Error("a study of two people names one")
	}
}

func TestBinary(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	const path = "/fhir/Binary/one-img-c5-axial"
	for _, accept := range []string{"Accept: */*", "Accept: image/png", "Accept: image/*, application/fhir+json;q=0", "X-None: 1"} {
		w := h.ask("GET", path, "", accept)
		if w.Code != 200 || w.Header().Get("Content-Type") != "image/png" || w.Body.String() != string(pngFile) {
			t.Errorf("%s: got %d %v", accept, w.Code, w.Header())
		}
	}
	w := h.ask("GET", path, "", "Accept: application/fhir+json")
	var b struct {
		ResourceType, ContentType string
		Data                      []byte
		SecurityContext           struct{ Reference string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &b); err != nil {
		t.Fatal(err)
	}
	if b.ResourceType != "Binary" || string(b.Data) != string(pngFile) || b.SecurityContext.Reference != "DiagnosticReport/st-one" {
		t.Errorf("got %+v", b)
	}
	files, err := filepath.Glob(filepath.Join(h.dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("store holds %v, %v", files, err)
	}
	if err := os.WriteFile(files[0], append([]byte("x"), pngFile[1:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	if w := h.get(path); w.Code != 500 {
		t.Errorf("altered bytes: got %d, want 500", w.Code)
	}
	small := newHouse(t, func(c *fhir.Config, _ *ledger) { c.Limits.MaxBinaryBytes = int64(len(pngFile)) - 1 })
	if w := small.get(path); w.Code != 500 {
		t.Errorf("over the limit: got %d, want 500", w.Code)
	}
	exact := newHouse(t, func(c *fhir.Config, _ *ledger) { c.Limits.MaxBinaryBytes = int64(len(pngFile)) })
	if w := exact.get(path); w.Code != 200 {
		t.Errorf("at the limit: got %d, want 200", w.Code)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*fhir.Site){
		"relative base":   func(s *fhir.Site) { s.BaseURL = "/fhir" },
		"base with query": func(s *fhir.Site) { s.BaseURL += "?a=b" },
		"no organisation": func(s *fhir.Site) { s.Organization = "" },
	} {
		cfg := fhir.Config{Site: site()}
		change(&cfg.Site)
		if _, err := fhir.New(cfg, &ledger{}, store{}, &ledger{}); neckfrac.KindOf(err) != neckfrac.Invalid || err == nil {
			t.Errorf("%s: got %v, want Invalid", name, err)
		}
	}
}
