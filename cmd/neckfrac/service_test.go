package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
)

const (
	testSystem  = "urn:example:mrn"
	otherSystem = "urn:example:other"
	testEHR     = "https://ehr.example.org/fhir"
)

// syncBuffer is a log that is read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// running is a service on free ports, with what it logged.
type running struct {
	*Service
	log *syncBuffer
}

// testConfig is a service of the reading profile that knows two issuers and one EHR.
func testConfig(t *testing.T) Config {
	t.Helper()
	cfg := DefaultConfig()
	cfg.DICOM.Addr, cfg.HTTP.Addr, cfg.Admin.Addr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Data.Dir = filepath.Join(t.TempDir(), "data")
	cfg.Study.Quiet = 300 * time.Millisecond
	cfg.Profile = string(neckfrac.Reading)
	cfg.ProfileChange = ProfileChangeConfig{By: "test", Reason: "synthetic study"}
	cfg.Identity = []IdentityConfig{
		{Issuer: neckfrac.PhantomIssuer, FHIRSystem: testSystem, FHIRServer: testEHR},
		{Issuer: "OTHER", FHIRSystem: otherSystem},
	}
	cfg.CDS.Clients = []CDSClientConfig{{Issuer: "ehr", FHIRServer: testEHR, Issuers: []string{neckfrac.PhantomIssuer, "OTHER"}, Loopback: true}}
	return cfg
}

// startService starts the real service with the fake pack; change may alter its
// configuration and its runtime.
func startService(t *testing.T, change func(*Config, *Runtime)) *running {
	t.Helper()
	cfg, log := testConfig(t), &syncBuffer{}
	rt := &Runtime{Context: t.Context(), Stdout: io.Discard, Stderr: log}
	withFakePack(rt)
	if change != nil {
		change(&cfg, rt)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	s, err := StartService(t.Context(), rt, cfg)
	if err != nil {
		t.Fatalf("start: %v\n%s", err, log)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		if t.Failed() {
			t.Logf("log of the service:\n%s", log)
		}
	})
	return &running{s, log}
}

// resultTime bounds the wait for a result on a busy machine.
const resultTime = time.Minute

// await waits for the result of the given revision.
func (r *running) await(t *testing.T, s testStudy, revision int) neckfrac.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), resultTime)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		recs, err := r.db.Find(ctx, neckfrac.StudyQuery{UID: neckfrac.StudyUID(s.uid)})
		if err != nil {
			t.Fatalf("find: %v", err)
		}
		if len(recs) == 1 && recs[0].Latest != nil && recs[0].Latest.Revision >= revision && recs[0].Study.State == neckfrac.StudyAssessed {
			return recs[0]
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no revision %d in %s", revision, resultTime)
		case <-tick.C:
		}
	}
}

// get returns a body that must come with 200.
func get(t *testing.T, u string) string {
	t.Helper()
	rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u, nil)
	if err != nil {
		t.Fatal(err)
	}
	return answer(t, rq)
}

func answer(t *testing.T, rq *http.Request) string {
	t.Helper()
	rs, err := http.DefaultClient.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	b, err := io.ReadAll(rs.Body)
	if err != nil || rs.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s, %v: %s", rq.Method, rq.URL, rs.Status, err, b)
	}
	return string(b)
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// fhirBundle is the part of a search answer that tests read.
type fhirBundle struct {
	Total int `json:"total"`
	Entry []struct {
		Resource fhirResource `json:"resource"`
	} `json:"entry"`
}

type fhirResource struct {
	ResourceType string `json:"resourceType"`
	ID           string `json:"id"`
	Status       string `json:"status"`
	Conclusion   string `json:"conclusion"`
	BodySite     *struct {
		Text string `json:"text"`
	} `json:"bodySite"`
	HasMember []struct {
		Reference string `json:"reference"`
	} `json:"hasMember"`
	ValueCodeableConcept struct {
		Coding []struct {
			Code string `json:"code"`
		} `json:"coding"`
	} `json:"valueCodeableConcept"`
}

// reports searches as contract.md tells a client to, with the patient's Observation.
func (r *running) reports(t *testing.T, s testStudy) (reports, observations []fhirResource) {
	t.Helper()
	var b fhirBundle
	decode(t, get(t, fmt.Sprintf("http://%s/fhir/DiagnosticReport?identifier=%s&_include=DiagnosticReport:result",
		r.HTTPAddr, url.QueryEscape("urn:dicom:uid|urn:oid:"+s.uid))), &b)
	for _, e := range b.Entry {
		switch e.Resource.ResourceType {
		case "DiagnosticReport":
			reports = append(reports, e.Resource)
		case "Observation":
			observations = append(observations, e.Resource)
		}
	}
	return reports, observations
}

// report is the one current report of a study, with the Observations of its levels.
func (r *running) report(t *testing.T, s testStudy) (report fhirResource, levels []fhirResource) {
	t.Helper()
	reports, observations := r.reports(t, s)
	if len(reports) != 1 || len(observations) != 1 {
		t.Fatalf("%d reports and %d results of one study, want 1 and 1", len(reports), len(observations))
	}
	for _, m := range observations[0].HasMember {
		var level fhirResource
		decode(t, get(t, "http://"+r.HTTPAddr+"/fhir/"+m.Reference), &level)
		levels = append(levels, level)
	}
	return reports[0], levels
}

// hook calls the patient-view service for a Patient with these system|value pairs.
func (r *running) hook(t *testing.T, identifiers ...string) (cards []demoCard, body string) {
	t.Helper()
	ids := []map[string]string{}
	for _, i := range identifiers {
		system, value, _ := strings.Cut(i, "|")
		ids = append(ids, map[string]string{"system": system, "value": value})
	}
	b, err := json.Marshal(map[string]any{
		"hook": "patient-view", "hookInstance": "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "fhirServer": testEHR,
		"context":  map[string]any{"userId": "Practitioner/1", "patientId": "p1"},
		"prefetch": map[string]any{"patient": map[string]any{"resourceType": "Patient", "id": "p1", "identifier": ids}},
	})
	if err != nil {
		t.Fatal(err)
	}
	rq, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.HTTPAddr+"/cds-services/neckfrac-patient-view", bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	rq.Header.Set("Content-Type", "application/json")
	body = answer(t, rq)
	var out struct {
		Cards []demoCard `json:"cards"`
	}
	decode(t, body, &out)
	return out.Cards, body
}
