package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/api"
)

var now = time.Date(2026, 3, 2, 14, 30, 0, 0, time.UTC)

const reading = neckfrac.Reading

// ledger is neckfrac.Records over slices; find, when set, replaces Find.
type ledger struct {
	records   []neckfrac.Record
	revisions map[neckfrac.StudyID][]neckfrac.Assessment
	find      func(ctx context.Context) ([]neckfrac.Record, error)
}

func (l *ledger) Record(_ context.Context, id neckfrac.StudyID) (neckfrac.Record, error) {
	for _, r := range l.records {
		if r.Study.ID == id {
			return r, nil
		}
	}
	return neckfrac.Record{}, neckfrac.Errorf(neckfrac.NotFound, "record", "no such study")
}

func (l *ledger) Find(ctx context.Context, q neckfrac.StudyQuery) ([]neckfrac.Record, error) {
	if l.find != nil {
		return l.find(ctx)
	}
	var out []neckfrac.Record
	for _, r := range l.records {
		if (q.UID == "" || q.UID == r.Study.UID) && (q.Accession == "" || q.Accession == r.Study.Accession) && len(out) < q.Limit {
			out = append(out, r)
		}
	}
	return out, nil
}

func (l *ledger) Instances(context.Context, neckfrac.StudyID) ([]neckfrac.Series, error) {
	return nil, nil
}

func (l *ledger) Revisions(_ context.Context, id neckfrac.StudyID) ([]neckfrac.Assessment, error) {
	return l.revisions[id], nil
}

func (l *ledger) Artefact(_ context.Context, id neckfrac.ArtefactID) (neckfrac.Artefact, neckfrac.StudyID, error) {
	for study, revisions := range l.revisions {
		for _, a := range revisions {
			for _, art := range a.Artefacts {
				if art.ID == id {
					return art, study, nil
				}
			}
		}
	}
	return neckfrac.Artefact{}, "", neckfrac.Errorf(neckfrac.NotFound, "artefact", "no such artefact")
}

func (l *ledger) References(context.Context, func(neckfrac.BlobRef) error) error { return nil }

// add puts a study with its assessments, the newest last.
func (l *ledger) add(s neckfrac.Study, job neckfrac.JobState, revisions ...neckfrac.Assessment) {
	r := neckfrac.Record{Study: s, Job: job}
	if n := len(revisions); n > 0 {
		r.Latest = &revisions[n-1]
	}
	if l.revisions == nil {
		l.revisions = map[neckfrac.StudyID][]neckfrac.Assessment{}
	}
	l.records, l.revisions[s.ID] = append(l.records, r), revisions
}

// store is neckfrac.Blobs over one folder; only Open is used.
type store struct {
	neckfrac.Blobs
	dir string
}

func (s store) Open(_ context.Context, ref neckfrac.BlobRef) (*os.File, error) {
	f, err := os.Open(filepath.Join(s.dir, ref.Digest))
	if os.IsNotExist(err) {
		return nil, neckfrac.Wrap(neckfrac.NotFound, "open blob", err)
	}
	return f, err
}

// syncBuffer is a log that handlers write at once.
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

func config(t *testing.T, l *ledger) api.Config {
	t.Helper()
	return api.Config{
		Records: l, Blobs: store{dir: t.TempDir()}, Profile: reading, Now: func() time.Time { return now },
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Page: fstest.MapFS{
			"index.html": {Data: []byte("<!doctype html><title>page</title>")},
			"app.js":     {Data: []byte("export {}")},
			"embed.go":   {Data: []byte("package ui")},
		},
	}
}

func serve(t *testing.T, cfg api.Config) http.Handler {
	t.Helper()
	s, err := api.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s.Handler()
}

// get asks h as a browser on this machine would; header comes in pairs.
func get(h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080"+target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header[header[i]] = []string{header[i+1]}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if w.Code != http.StatusOK {
		t.Fatalf("status %d, body %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return v
}

func study(id string, received time.Duration, state neckfrac.StudyState) neckfrac.Study {
	return neckfrac.Study{
		ID: neckfrac.StudyID(id), UID: neckfrac.StudyUID("1.2.826." + map[bool]string{true: "1", false: "2"}[id == "flagged"]),
		Patient:   neckfrac.Patient{Key: neckfrac.PatientKey{Issuer: "HOSP", ID: "P1"}, Name: "Doe^Jane^Q", BirthDate: "19600229", Sex: "F", AgeYears: 66},
		Accession: "A1", Description: "CT C-SPINE", State: state, LastReceived: now.Add(received), Started: now.Add(-time.Hour),
		Series: []neckfrac.Series{{UID: "1.2.3.1", Modality: "CT", Number: 2, Description: "BONE 1.0", Count: 240}, {UID: "1.2.3.2", Modality: "CT", Number: 3, Count: 40}},
	}
}

// flagged is a result with every field set: C5 flagged, C7 out of the field.
func flagged(p neckfrac.Profile) neckfrac.Assessment {
	digest := strings.Repeat("ab", 32)
	a := neckfrac.Assessment{
		ID: "as1", StudyID: "flagged", Revision: 2, Status: neckfrac.Analysed, Created: now.Add(-2 * time.Minute), T0: now.Add(-4 * time.Minute),
		Presence: neckfrac.Suspected, Probability: 0.9371, Point: neckfrac.PointAlert, Grade: neckfrac.GradeHigh, Limits: []neckfrac.Reason{neckfrac.CoverageLimited},
		Series: "1.2.3.1", Slices: 240, Basis: neckfrac.BasisContiguous, ShearDegrees: 12.5, Pack: neckfrac.PackID{ID: "demo", Version: "1.0.0", Digest: digest, Domain: neckfrac.DomainSynthetic}, Profile: p,
		Decision: neckfrac.Decision{Flag: neckfrac.PointBalanced, Points: []neckfrac.OperatingPoint{{Name: neckfrac.PointBalanced, Validation: "synthetic, 300 studies",
			Level: neckfrac.Threshold{Probability: 0.41, Sensitivity: neckfrac.Rate{Value: 0.9, Low: 0.8, High: 0.95, N: 100}}}}},
		Candidates: []neckfrac.Candidate{
			{Series: "1.2.3.1", Description: "BONE 1.0", Slices: 240, SpacingMM: 1, ThicknessMM: 1, ExtentMM: 239, FieldMM: 180, Kernel: "B70f", Score: 62,
				Rules: []neckfrac.RulePoints{{Rule: "extent", Points: 16, Of: 16}, {Rule: "thickness", Points: 16, Of: 16}}},
			{Series: "1.2.3.2", Slices: 40, SpacingMM: 5, ThicknessMM: 5, ExtentMM: 195, FieldMM: 180, Kernel: "B30s", Score: 34, Lost: "Another series has thinner slices.", Rule: "thickness",
				Rules: []neckfrac.RulePoints{{Rule: "extent", Points: 16, Of: 16}, {Rule: "thickness", Of: 16}}},
		},
	}
	for _, v := range neckfrac.Vertebrae() {
		f := neckfrac.Finding{Vertebra: v, Presence: neckfrac.NotFlagged, Probability: 0.0312}
		switch v {
		case neckfrac.C3:
			f.Presence, f.Probability = neckfrac.Indeterminate, 0.3999
		case neckfrac.C5:
			f.Presence, f.Probability, f.Point, f.Grade = neckfrac.Suspected, 0.8765, neckfrac.PointAlert, neckfrac.GradeHigh
			f.KeySlice, f.KeyFrame, f.KeyIndex = "1.2.3.1.7", 41, 40
		case neckfrac.C7:
			f.Presence, f.Probability = neckfrac.NotImaged, 0
		}
		a.Findings = append(a.Findings, f)
	}
	art := func(id string, k neckfrac.ArtefactKind, p neckfrac.Plane, marked bool, ct string) neckfrac.Artefact {
		out := neckfrac.Artefact{ID: neckfrac.ArtefactID(id), Kind: k, Plane: p, Marked: marked, ContentType: ct, Blob: neckfrac.BlobRef{Digest: digest, Size: 9}}
		if p != "" {
			out.Vertebra = neckfrac.C5
		}
		return out
	}
	a.Artefacts = []neckfrac.Artefact{art("k2", neckfrac.ArtefactKeyImage, neckfrac.Sagittal, true, "image/png"), art("k1", neckfrac.ArtefactKeyImage, neckfrac.Axial, true, "image/png"),
		art("k3", neckfrac.ArtefactKeyImage, neckfrac.Coronal, false, "image/png"), art("pv", neckfrac.ArtefactPreview, "", false, "application/gzip"), art("mk", neckfrac.ArtefactMask, "", false, "text/html")}
	return a
}
