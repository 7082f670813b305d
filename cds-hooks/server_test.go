package cdshooks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	cdshooks "github.com/neckfrac/neckfrac/cds-hooks"

	"github.com/neckfrac/neckfrac"
)

const (
	mrn = "https://example.org/id/mrn"
	ehr = "https://ehr.example.org/fhir"
)

// ledger is Records and Identities over a slice.
type ledger struct {
	neckfrac.Records
	records []neckfrac.Record
	learnt  []string
	fault   error
}

func (l *ledger) Find(_ context.Context, q neckfrac.StudyQuery) ([]neckfrac.Record, error) {
	var out []neckfrac.Record
	for _, r := range l.records {
		if slices.Contains(q.Patients, r.Study.Patient.Key) {
			out = append(out, r)
		}
	}
	return out[:min(q.Limit, len(out))], l.fault
}

func (l *ledger) Live(_ context.Context, keys []neckfrac.PatientKey) ([]neckfrac.PatientKey, error) {
	var out []neckfrac.PatientKey
	for _, k := range keys {
		if slices.ContainsFunc(l.records, func(r neckfrac.Record) bool { return r.Study.Patient.Key == k }) {
			out = append(out, k)
		}
	}
	return out, nil
}

func (l *ledger) Learn(_ context.Context, k neckfrac.PatientKey, server, id string) error {
	l.learnt = append(l.learnt, k.Issuer+"|"+k.ID+" = "+server+" "+id)
	return nil
}

func (l *ledger) Reference(context.Context, neckfrac.PatientKey, string) (string, error) {
	return "", neckfrac.Errorf(neckfrac.NotFound, "reference", "unknown")
}

// desk is a server with its ledger, counter and log.
type desk struct {
	*cdshooks.Server
	ledger *ledger
	events []cdshooks.Event
	log    bytes.Buffer
}

func newDesk(t *testing.T, change func(*cdshooks.Config, *ledger)) *desk {
	t.Helper()
	north := flagged()
	north.Study.Patient.Key.Issuer, north.Study.ID = "NORTH", "st-north"
	hidden := flagged()
	hidden.Study.Patient.Key = neckfrac.PatientKey{Issuer: "HIDDEN", ID: "7"}
	d := &desk{ledger: &ledger{records: []neckfrac.Record{flagged(), north, hidden}}}
	cfg := cdshooks.Config{
		PublicURL: "https://neckfrac.example.org/",
		Clients: []cdshooks.Client{
			{Name: "other", FHIRServer: "https://other.example.org/fhir", Issuers: []string{"HIDDEN"}},
			{Name: "ehr", Loopback: true, FHIRServer: ehr, Issuers: []string{"EXAMPLE", "NORTH"}},
		},
		Identities: neckfrac.IdentityMap{
			{Issuer: "EXAMPLE", FHIRSystem: mrn, FHIRServer: ehr},
			{Issuer: "NORTH", FHIRSystem: "https://north.example.org/mrn"},
			{Issuer: "HIDDEN", FHIRSystem: "https://hidden.example.org/mrn"},
		},
		Now:   func() time.Time { return now },
		Count: func(e cdshooks.Event) { d.events = append(d.events, e) },
		Log:   slog.New(slog.NewTextHandler(&d.log, nil)),
	}
	if change != nil {
		change(&cfg, d.ledger)
	}
	s, err := cdshooks.New(cfg, d.ledger, d.ledger)
	if err != nil {
		t.Fatal(err)
	}
	d.Server = s
	return d
}

func (d *desk) post(body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/cds-services/neckfrac-patient-view", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for _, h := range header {
		k, v, _ := strings.Cut(h, ": ")
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

func patient(identifiers string) string {
	return `{"resourceType":"Patient","id":"p-77","name":[{"family":"Canary"}],"identifier":[` + identifiers + `]}`
}

func token(system, value string) string {
	return `{"system":"` + system + `","value":"` + value + `"}`
}

// body is a call with the given patient; more is raw JSON members in front.
func body(patient, more string) string {
	return `{` + more + `"hook":"patient-view","hookInstance":"d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",` +
		`"context":{"userId":"Practitioner/1","patientId":"p-77"},"prefetch":{"patient":` + patient + `}}`
}

func TestCall(t *testing.T) {
	t.Parallel()
	one := patient(token(mrn, "000417"))
	for _, c := range []struct {
		name, body string
		status     int
		cards      int
		event      cdshooks.Event
	}{
		{"match", body(one, ""), 200, 1, cdshooks.EventCards},
		{"match with server", body(one, `"fhirServer":"`+ehr+`/","fhirAuthorization":{"access_token":"tok-canary"},`), 200, 1, cdshooks.EventCards},
		{"unknown members", body(one, `"extension":{"x":1},`), 200, 1, cdshooks.EventCards},
		{"no studies", body(patient(token(mrn, "000418")), ""), 200, 0, cdshooks.EventNoPerson},
		{"two people", body(patient(token(mrn, "000417")+","+token("https://north.example.org/mrn", "000417")), ""), 200, 0, cdshooks.EventSeveral},
		{"other issuer with the same id", body(patient(token("https://south.example.org/mrn", "000417")), ""), 200, 0, cdshooks.EventUnknownIssuer},
		{"issuer of another client", body(patient(token("https://hidden.example.org/mrn", "7")), ""), 200, 0, cdshooks.EventUnknownIssuer},
		{"number without system", body(patient(`{"value":"000417"}`), ""), 200, 0, cdshooks.EventUnknownIssuer},
		{"merged away", body(`{"resourceType":"Patient","id":"p-77","active":false,"identifier":[`+token(mrn, "000417")+`]}`, ""), 200, 0, cdshooks.EventReplaced},
		{"another Patient.id", body(strings.Replace(one, "p-77", "p-78", 1), ""), 400, 0, cdshooks.EventMismatch},
		{"null prefetch", body("null", ""), 412, 0, cdshooks.EventNoPrefetch},
		{"OperationOutcome", body(`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}`, ""), 412, 0, cdshooks.EventNoPrefetch},
		{"not R4", body(`{"resourceType":"Patient","id":5}`, ""), 412, 0, cdshooks.EventNoPrefetch},
		{"other key only", strings.Replace(body(one, ""), `"patient":`, `"pat":`, 1), 412, 0, cdshooks.EventNoPrefetch},
		{"key in other case", strings.Replace(body(one, ""), `"patient":`, `"Patient":`, 1), 412, 0, cdshooks.EventNoPrefetch},
		{"no prefetch", strings.Replace(body(one, ""), `"prefetch"`, `"pre"`, 1), 412, 0, cdshooks.EventNoPrefetch},
		{"prefetch null", `{"hook":"patient-view","hookInstance":"d1577c69-dfbe-44ad-ba6d-3e05e953b2ea","context":{"userId":"Practitioner/1","patientId":"p-77"},"prefetch":null}`, 412, 0, cdshooks.EventNoPrefetch},
		{"another server", body(one, `"fhirServer":"https://other.example.org/fhir",`), 403, 0, cdshooks.EventRefused},
		{"server that is none", body(one, `"fhirServer":"file:///etc",`), 400, 0, cdshooks.EventInvalid},
		{"token without server", body(one, `"fhirAuthorization":{"access_token":"tok-canary"},`), 400, 0, cdshooks.EventInvalid},
		{"another hook", strings.Replace(body(one, ""), "patient-view", "order-sign", 1), 400, 0, cdshooks.EventInvalid},
		{"no UUID", strings.Replace(body(one, ""), "d1577c69-", "d1577c69", 1), 400, 0, cdshooks.EventInvalid},
		{"no user", strings.Replace(body(one, ""), "Practitioner/1", "", 1), 400, 0, cdshooks.EventInvalid},
		{"user of another type", strings.Replace(body(one, ""), "Practitioner/1", "Device/1", 1), 400, 0, cdshooks.EventInvalid},
		{"no patient id", strings.Replace(body(one, ""), `"patientId":"p-77"`, `"patientId":""`, 1), 400, 0, cdshooks.EventInvalid},
		{"patient id in other case", strings.Replace(body(one, ""), `"patientId"`, `"PatientID"`, 1), 400, 0, cdshooks.EventInvalid},
		{"patient id is a path", strings.Replace(body(one, ""), `"patientId":"p-77"`, `"patientId":"../1"`, 1), 400, 0, cdshooks.EventInvalid},
		{"encounter id is none", strings.Replace(body(one, ""), `"userId"`, `"encounterId":"a b","userId"`, 1), 400, 0, cdshooks.EventInvalid},
		{"context twice", body(one, `"context":{},`), 400, 0, cdshooks.EventInvalid},
		{"prefetch is a list", strings.Replace(body(one, ""), `"prefetch":{"patient":`+one+`}`, `"prefetch":[1]`, 1), 400, 0, cdshooks.EventInvalid},
		{"no JSON", `{`, 400, 0, cdshooks.EventInvalid},
		{"array", `[]`, 400, 0, cdshooks.EventInvalid},
		{"null", `null`, 400, 0, cdshooks.EventInvalid},
		{"too deep", body(strings.Repeat("[", 40)+strings.Repeat("]", 40), ""), 413, 0, cdshooks.EventInvalid},
		{"too large", body(one, `"pad":"`+strings.Repeat("a", cdshooks.MaxBodyBytes)+`",`), 413, 0, cdshooks.EventInvalid},
	} {
		d := newDesk(t, nil)
		w := d.post(c.body)
		if w.Code != c.status || len(d.events) != 1 || d.events[0] != c.event {
			t.Errorf("%s: got %d %v, want %d %s: %s", c.name, w.Code, d.events, c.status, c.event, w.Body)
			continue
		}
		out := w.Body.String() + d.log.String()
		for _, canary := range []string{"000417", "Canary", "tok-canary", "p-77", "p-78"} {
			if strings.Contains(out, canary) {
				t.Errorf("%s: answer or log holds %q: %s", c.name, canary, out)
			}
		}
		if c.status != 200 {
			if !strings.Contains(w.Body.String(), `"OperationOutcome"`) {
				t.Errorf("%s: no OperationOutcome: %s", c.name, w.Body)
			}
			continue
		}
		var r struct{ Cards []map[string]any }
		if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || r.Cards == nil || len(r.Cards) != c.cards {
			t.Errorf("%s: got %s, want %d cards", c.name, w.Body, c.cards)
		}
		if want := "EXAMPLE|000417 = " + ehr + " p-77"; c.cards > 0 && !slices.Equal(d.ledger.learnt, []string{want}) {
			t.Errorf("%s: learnt %v, want %s", c.name, d.ledger.learnt, want)
		}
		if c.cards == 0 && len(d.ledger.learnt) != 0 {
			t.Errorf("%s: learnt %v", c.name, d.ledger.learnt)
		}
	}
}

func TestBodyAtTheLimit(t *testing.T) {
	t.Parallel()
	one := body(patient(token(mrn, "000417")), `"pad":"",`)
	pad := strings.Repeat("a", cdshooks.MaxBodyBytes-len(one))
	if w := newDesk(t, nil).post(strings.Replace(one, `"pad":""`, `"pad":"`+pad+`"`, 1)); w.Code != 200 {
		t.Errorf("got %d at the limit", w.Code)
	}
}

// TestNoEmptyMembers: CDS Hooks allows no null and no empty value but "cards": [].
func TestNoEmptyMembers(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	w := d.post(body(patient(token(mrn, "000417")), ""))
	for _, empty := range []string{`:null`, `:""`, `:[]`, `:{}`} {
		if strings.Contains(w.Body.String(), empty) {
			t.Errorf("%s in %s", empty, w.Body)
		}
	}
	if w := d.post(body(patient(token(mrn, "1")), "")); w.Body.String() != `{"cards":[]}` {
		t.Errorf("got %s", w.Body)
	}
}

func TestFault(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(_ *cdshooks.Config, l *ledger) {
		l.fault = neckfrac.Wrap(neckfrac.Unavailable, "find", errors.New("driver text"))
	})
	w := d.post(body(patient(token(mrn, "000417")), ""))
	if w.Code != 503 || strings.Contains(w.Body.String(), "driver") || !strings.Contains(d.log.String(), "driver text") {
		t.Errorf("got %d %s, log %s", w.Code, w.Body, d.log.String())
	}
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	for _, c := range []struct {
		name, method, path, header string
		want                       int
	}{
		{"discovery", "GET", "/cds-services", "", 200},
		{"discovery by POST", "POST", "/cds-services", "", 405},
		{"discovery as HTML", "GET", "/cds-services", "Accept: text/html", 406},
		{"service by GET", "GET", "/cds-services/neckfrac-patient-view", "", 405},
		{"unknown service", "POST", "/cds-services/neckfrac-order-sign", "", 404},
		{"path not clean", "POST", "/cds-services//neckfrac-patient-view", "", 404},
		{"feedback", "POST", "/cds-services/neckfrac-patient-view/feedback", "", 404},
		{"no type", "POST", "/cds-services/neckfrac-patient-view", "", 415},
		{"form", "POST", "/cds-services/neckfrac-patient-view", "Content-Type: application/x-www-form-urlencoded", 415},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader("{}"))
		if k, v, ok := strings.Cut(c.header, ": "); ok {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		if w.Code != c.want || c.want != 200 && !strings.Contains(w.Body.String(), `"OperationOutcome"`) {
			t.Errorf("%s: got %d %s, want %d", c.name, w.Code, w.Body, c.want)
		}
	}
	if w := d.post("{}", "Accept: application/xml"); w.Code != 406 {
		t.Errorf("call as XML: got %d", w.Code)
	}
}

// TestDiscovery: only what works is listed, and what is listed can be called.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	var got struct {
		Services []struct {
			Hook, ID, Description string
			Prefetch              map[string]string
		}
	}
	ask := func(d *desk) string {
		w := httptest.NewRecorder()
		d.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/cds-services", nil))
		return w.Body.String()
	}
	if err := json.Unmarshal([]byte(ask(newDesk(t, nil))), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Services) != 1 || got.Services[0].ID != "neckfrac-patient-view" || got.Services[0].Hook != "patient-view" ||
		got.Services[0].Prefetch["patient"] != "Patient/{{context.patientId}}" || got.Services[0].Description == "" {
		t.Errorf("got %+v", got)
	}
	none := newDesk(t, func(c *cdshooks.Config, _ *ledger) { c.Clients = c.Clients[:1] })
	if b := ask(none); b != `{"services":[]}` {
		t.Errorf("without a client: %s", b)
	}
	if w := none.post(body(patient(token(mrn, "000417")), "")); w.Code != 403 {
		t.Errorf("call without a client: got %d", w.Code)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	for name, cfg := range map[string]cdshooks.Config{
		"relative public URL": {PublicURL: "/"},
		"two loopback clients": {PublicURL: "https://a.example", Clients: []cdshooks.Client{
			{Loopback: true, FHIRServer: ehr}, {Loopback: true, FHIRServer: ehr}}},
		"client without server": {PublicURL: "https://a.example", Clients: []cdshooks.Client{{Loopback: true}}},
	} {
		if _, err := cdshooks.New(cfg, l, l); err == nil || neckfrac.KindOf(err) != neckfrac.Invalid {
			t.Errorf("%s: got %v, want Invalid", name, err)
		}
	}
}

func ExampleServer() {
	l := &ledger{records: []neckfrac.Record{flagged()}}
	s, err := cdshooks.New(cdshooks.Config{
		PublicURL:  "https://neckfrac.example.org",
		Clients:    []cdshooks.Client{{Name: "ehr", Loopback: true, FHIRServer: ehr, Issuers: []string{"EXAMPLE"}}},
		Identities: neckfrac.IdentityMap{{Issuer: "EXAMPLE", FHIRSystem: mrn}},
		Now:        func() time.Time { return now },
	}, l, l)
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest(http.MethodPost, "/cds-services/neckfrac-patient-view", strings.NewReader(body(patient(token(mrn, "000417")), "")))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var got cdshooks.Response
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w.Code, got.Cards[0].Summary)
	// Output: 200 AI flag: possible fracture, C5. Read status not known to NeckFrac.
}

func BenchmarkCall(b *testing.B) {
	l := &ledger{records: []neckfrac.Record{flagged()}}
	s, err := cdshooks.New(cdshooks.Config{
		PublicURL:  "https://neckfrac.example.org",
		Clients:    []cdshooks.Client{{Loopback: true, FHIRServer: ehr, Issuers: []string{"EXAMPLE"}}},
		Identities: neckfrac.IdentityMap{{Issuer: "EXAMPLE", FHIRSystem: mrn}},
		Now:        func() time.Time { return now },
	}, l, l)
	if err != nil {
		b.Fatal(err)
	}
	call := body(patient(token(mrn, "000417")), "")
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/cds-services/neckfrac-patient-view", strings.NewReader(call))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
