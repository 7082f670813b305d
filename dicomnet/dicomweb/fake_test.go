package dicomweb_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

// fake keeps objects in memory, in the order of their UIDs.
type fake struct {
	mu      sync.Mutex
	objects map[string]object
	// refuse fails an object by its UID; hold blocks every Store until it is closed.
	refuse map[string]error
	hold   chan struct{}
	query  dicomweb.Query
}

type object struct {
	dicomweb.Instance
	data []byte
	ds   dataset.Dataset
}

func newFake() *fake { return &fake{objects: map[string]object{}, refuse: map[string]error{}} }

func (f *fake) Store(_ context.Context, rq dicomweb.StoreRequest, body io.Reader) (dicomweb.Reference, error) {
	if f.hold != nil {
		<-f.hold
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return dicomweb.Reference{}, fmt.Errorf("read: %w", err)
	}
	m, r, err := dataset.ReadPart10(bytes.NewReader(b), dataset.Limits{})
	if err != nil {
		return dicomweb.Reference{}, &dicomweb.FailureError{Reason: 0xC000, Err: err}
	}
	ds, _, err := r.ReadHeader()
	if err != nil {
		return dicomweb.Reference{}, &dicomweb.FailureError{Reason: 0xC000, Err: err}
	}
	in := dicomweb.Instance{TransferSyntaxUID: m.TransferSyntaxUID, Size: int64(len(b))}
	in.StudyInstanceUID, _ = ds.UID(dataset.TagStudyInstanceUID)
	in.SeriesInstanceUID, _ = ds.UID(dataset.TagSeriesInstanceUID)
	in.SOPInstanceUID, _ = ds.UID(dataset.TagSOPInstanceUID)
	in.SOPClassUID, _ = ds.UID(dataset.TagSOPClassUID)
	in.Key = in.SOPInstanceUID
	if rq.StudyInstanceUID != "" && rq.StudyInstanceUID != in.StudyInstanceUID {
		return in.Reference, &dicomweb.FailureError{Reason: 0xA900}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refuse[in.SOPInstanceUID]; err != nil {
		return in.Reference, err
	}
	f.objects[in.Key] = object{in, b, ds}
	return in.Reference, nil
}

func (f *fake) Search(_ context.Context, q dicomweb.Query) ([]dataset.Dataset, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.query = q
	var out []dataset.Dataset
	for _, o := range f.sorted() {
		if q.StudyInstanceUIDs == nil || slices.Contains(q.StudyInstanceUIDs, o.StudyInstanceUID) {
			out = append(out, o.ds)
		}
	}
	out = out[min(q.Offset, len(out)):]
	return out[:min(q.Limit+1, len(out))], nil
}

func (f *fake) sorted() []object {
	var out []object
	for _, o := range f.objects {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b object) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

func (f *fake) Instances(_ context.Context, t dicomweb.Target, most int) ([]dicomweb.Instance, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []dicomweb.Instance
	for _, o := range f.sorted() {
		if o.StudyInstanceUID == t.StudyInstanceUID && (t.SeriesInstanceUID == "" || t.SeriesInstanceUID == o.SeriesInstanceUID) &&
			(t.SOPInstanceUID == "" || t.SOPInstanceUID == o.SOPInstanceUID) {
			out = append(out, o.Instance)
		}
	}
	switch {
	case len(out) == 0:
		return nil, dicomweb.ErrNotFound
	case len(out) > most:
		return nil, dicomweb.ErrLimit
	}
	return out, nil
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func (f *fake) Open(_ context.Context, in dicomweb.Instance) (dicomweb.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return memory{bytes.NewReader(f.objects[in.Key].data)}, nil
}

const (
	study  = "1.2.3"
	series = "1.2.3.1"
)

// ct is one object of 4×2 pixels, PatientName in Latin-1.
func ct(instance string, change ...dataset.Element) dataset.Dataset {
	ds := dataset.Dataset{
		dataset.NewText(dataset.TagSpecificCharacterSet, "ISO_IR 100"),
		dataset.NewText(dataset.TagSOPClassUID, dataset.CTImageStorage),
		dataset.NewText(dataset.TagSOPInstanceUID, instance),
		dataset.NewText(dataset.TagPatientName, "B\xfcrger^Test"),
		dataset.NewText(dataset.TagPatientID, "NF-TEST-1"),
		dataset.NewText(dataset.TagStudyInstanceUID, study),
		dataset.NewText(dataset.TagSeriesInstanceUID, series),
		dataset.NewInt(dataset.TagRows, 2),
		dataset.NewInt(dataset.TagColumns, 4),
		dataset.NewInt(dataset.TagSamplesPerPixel, 1),
		dataset.NewInt(dataset.TagBitsAllocated, 16),
		dataset.NewBytes(dataset.TagPixelData, dataset.OW, []byte("0123456789abcdef")),
	}
	for _, e := range change {
		ds = ds.Put(e)
	}
	return ds
}

func part10(t testing.TB, ts string, ds dataset.Dataset) []byte {
	t.Helper()
	uid, _ := ds.UID(dataset.TagSOPInstanceUID)
	class, _ := ds.UID(dataset.TagSOPClassUID)
	var b bytes.Buffer
	err := dataset.EncodePart10(&b, dataset.Meta{TransferSyntaxUID: ts, SOPClassUID: class, SOPInstanceUID: uid, ImplementationClassUID: "1.2.3.9"}, ds)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// related is a multipart/related body of application/dicom parts.
func related(parts ...[]byte) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("--XX\r\nContent-Type: application/dicom\r\n\r\n")
		b.Write(p)
		b.WriteString("\r\n")
	}
	return b.String() + "--XX--\r\n"
}

const relatedType = `multipart/related; type="application/dicom"; boundary=XX`

func serve(t testing.TB, f *fake, lim dicomweb.Limits) http.Handler {
	t.Helper()
	h, err := dicomweb.New(f, dicomweb.Config{Prefix: "/dicom-web", BaseURL: "http://pacs.example/dicom-web", Limits: lim})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func do(h http.Handler, method, path, contentType, accept, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/dicom-web"+path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func stored(t testing.TB, f *fake, h http.Handler, objects ...[]byte) {
	t.Helper()
	if w := do(h, "POST", "/studies", relatedType, "", related(objects...)); w.Code != 200 {
		t.Fatalf("store: %d: %s", w.Code, w.Body)
	}
}

// decoded is the one object of a DICOM JSON answer.
func decoded(t testing.TB, body string) dataset.Dataset {
	t.Helper()
	var out []dataset.Dataset
	if err := dicomweb.DecodeJSON(strings.NewReader(body), dicomweb.JSONLimits{}, func(o dicomweb.Object) error {
		out = append(out, o.Dataset)
		return nil
	}); err != nil || len(out) != 1 {
		t.Fatalf("%d objects, %v: %s", len(out), err, body)
	}
	return out[0]
}
