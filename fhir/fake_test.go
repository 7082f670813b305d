package fhir_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/fhir"
)

// ledger is Records and Identities over a slice, newest first. fault, when set, is
// every call's error.
type ledger struct {
	neckfrac.Records
	records []neckfrac.Record
	refs    map[neckfrac.PatientKey]string
	fault   error
}

func (l *ledger) Record(_ context.Context, id neckfrac.StudyID) (neckfrac.Record, error) {
	if l.fault != nil {
		return neckfrac.Record{}, l.fault
	}
	for _, r := range l.records {
		if r.Study.ID == id {
			return r, nil
		}
	}
	return neckfrac.Record{}, neckfrac.Errorf(neckfrac.NotFound, "record", "unknown")
}

func (l *ledger) Find(_ context.Context, q neckfrac.StudyQuery) ([]neckfrac.Record, error) {
	if l.fault != nil {
		return nil, l.fault
	}
	var out []neckfrac.Record
	for _, r := range l.records {
		if q.UID != "" && r.Study.UID != q.UID || q.Accession != "" && r.Study.Accession != q.Accession ||
			q.Patients != nil && !slices.Contains(q.Patients, r.Study.Patient.Key) {
			continue
		}
		out = append(out, r)
	}
	out = out[min(q.Offset, len(out)):]
	return out[:min(q.Limit, len(out))], nil
}

func (l *ledger) Artefact(_ context.Context, id neckfrac.ArtefactID) (neckfrac.Artefact, neckfrac.StudyID, error) {
	for _, r := range l.records {
		if r.Latest == nil {
			continue
		}
		for _, a := range r.Latest.Artefacts {
			if a.ID == id {
				return a, r.Study.ID, nil
			}
		}
	}
	return neckfrac.Artefact{}, "", neckfrac.Errorf(neckfrac.NotFound, "artefact", "unknown")
}

func (l *ledger) Live(_ context.Context, keys []neckfrac.PatientKey) ([]neckfrac.PatientKey, error) {
	var out []neckfrac.PatientKey
	for _, k := range keys {
		if slices.ContainsFunc(l.records, func(r neckfrac.Record) bool { return r.Study.Patient.Key == k }) {
			out = append(out, k)
		}
	}
	return out, l.fault
}

func (l *ledger) Learn(context.Context, neckfrac.PatientKey, string, string) error { return l.fault }

func (l *ledger) Reference(_ context.Context, k neckfrac.PatientKey, _ string) (string, error) {
	if id, ok := l.refs[k]; ok {
		return id, nil
	}
	return "", neckfrac.Errorf(neckfrac.NotFound, "reference", "unknown")
}

// store is Blobs over a folder, one file per digest.
type store struct {
	neckfrac.Blobs
	dir string
}

func (s store) Open(_ context.Context, ref neckfrac.BlobRef) (*os.File, error) {
	f, err := os.Open(filepath.Join(s.dir, ref.Digest))
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.NotFound, "open", err)
	}
	return f, nil
}

// house is a server over the golden cases, each with ids of its own.
type house struct {
	*fhir.Server
	ledger *ledger
	dir    string
}

func newHouse(t *testing.T, change func(*fhir.Config, *ledger)) house {
	t.Helper()
	dir := t.TempDir()
	sum := sha256.Sum256(pngFile)
	digest := hex.EncodeToString(sum[:])
	if err := os.WriteFile(filepath.Join(dir, digest), pngFile, 0o600); err != nil {
		t.Fatal(err)
	}
	l := &ledger{refs: map[neckfrac.PatientKey]string{study().Patient.Key: "p-77"}}
	for i, c := range cases() {
		r := neckfrac.Record{Study: c.view.Study, Latest: c.view.Assessment}
		r.Study.ID = neckfrac.StudyID("st-" + c.name)
		r.Study.UID += neckfrac.StudyUID("." + string(rune('1'+i%9)) + string(rune('0'+i/9)))
		if r.Latest != nil {
			r.Latest.StudyID, r.Latest.StudyUID = r.Study.ID, r.Study.UID
			for j := range r.Latest.Artefacts {
				a := &r.Latest.Artefacts[j]
				a.ID = neckfrac.ArtefactID(c.name+"-") + a.ID
				a.Blob = neckfrac.BlobRef{Digest: digest, Size: int64(len(pngFile))}
			}
		}
		l.records = append(l.records, r)
	}
	cfg := fhir.Config{Site: site()}
	if change != nil {
		change(&cfg, l)
	}
	s, err := fhir.New(cfg, l, store{dir: dir}, l)
	if err != nil {
		t.Fatal(err)
	}
	return house{s, l, dir}
}

// ask sends one request; header is "Name: value".
func (h house) ask(method, path, body string, header ...string) *httptest.ResponseRecorder {
	var rd io.Reader
	if body != "" {
		rd = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, path, rd)
	for _, line := range header {
		k, v, _ := strings.Cut(line, ": ")
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func (h house) get(path string) *httptest.ResponseRecorder { return h.ask(http.MethodGet, path, "") }
