package dicomweb_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

// partsOf reads a multipart answer with the standard library, a second opinion.
func partsOf(t *testing.T, w *httptest.ResponseRecorder) (types []string, bodies [][]byte) {
	t.Helper()
	mt, params, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
	if err != nil || mt != "multipart/related" {
		t.Fatalf("status %d, content type %q: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	r := multipart.NewReader(w.Body, params["boundary"])
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			return types, bodies
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		types, bodies = append(types, p.Header.Get("Content-Type")), append(bodies, b)
	}
}

const (
	anyDICOM  = `multipart/related; type="application/dicom"; transfer-syntax=*`
	jlsObject = "/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.2"
	object1   = "/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1"
)

// archive holds an explicit, a JPEG-LS and a big multi-frame object.
func archive(t *testing.T) (*fake, [][]byte) {
	t.Helper()
	f := newFake()
	frames := dataset.Element{Tag: dataset.TagPixelData, VR: dataset.OB, Fragments: [][]byte{{0, 0, 0, 0, 20, 0, 0, 0}, []byte("A1"), []byte("A2"), []byte("B12345")}}
	objects := [][]byte{
		part10(t, dataset.ExplicitVRLittleEndian, ct("1.2.3.1.1",
			dataset.NewBytes(dataset.NewTag(0x0011, 0x1001), dataset.OB, bytes.Repeat([]byte{7}, 2000)),
			dataset.NewSequence(dataset.TagReferencedImageSequence, dataset.Dataset{dataset.NewBytes(dataset.NewTag(0x0011, 0x1002), dataset.OB, bytes.Repeat([]byte{9}, 1025))}))),
		part10(t, dataset.JPEGLSLossless, ct("1.2.3.1.2", frames, dataset.NewInt(dataset.TagNumberOfFrames, 2))),
		part10(t, dataset.ImplicitVRLittleEndian, ct("1.2.3.1.3", dataset.NewInt(dataset.TagNumberOfFrames, 2), dataset.NewInt(dataset.TagRows, 1))),
	}
	stored(t, f, serve(t, f, dicomweb.Limits{}), objects...)
	return f, objects
}

func TestRetrieveAsStored(t *testing.T) {
	t.Parallel()
	f, objects := archive(t)
	h := serve(t, f, dicomweb.Limits{})
	for _, path := range []string{"/studies/1.2.3", "/studies/1.2.3/series/1.2.3.1", "/studies/1.2.3?accept=" + "multipart/related%3Btype=%22application/dicom%22%3Btransfer-syntax=*"} {
		accept := anyDICOM
		if strings.Contains(path, "accept") {
			accept = "text/html"
		}
		types, bodies := partsOf(t, do(h, "GET", path, "", accept, ""))
		if len(bodies) != 3 || types[1] != "application/dicom; transfer-syntax="+dataset.JPEGLSLossless {
			t.Fatalf("%s: %d parts %v", path, len(bodies), types)
		}
		for i := range bodies {
			if !bytes.Equal(bodies[i], objects[i]) {
				t.Errorf("%s: part %d differs", path, i)
			}
		}
	}
	w := do(h, "GET", object1, "", "application/dicom", "")
	if w.Code != 200 || !bytes.Equal(w.Body.Bytes(), objects[0]) || w.Header().Get("Content-Type") != "application/dicom; transfer-syntax=1.2.840.10008.1.2.1" {
		t.Errorf("single object: %d %v", w.Code, w.Header())
	}
}

func TestAnswersOfRetrieval(t *testing.T) {
	t.Parallel()
	f, _ := archive(t)
	h := serve(t, f, dicomweb.Limits{Frames: 3})
	for _, c := range []struct {
		path, accept string
		want         int
	}{
		{"/studies/1.2.3", "", 200},
		{"/studies/1.2.3", "*/*", 200},
		{"/studies/1.2.3", `multipart/related; type="application/dicom"`, 406}, // JPEG-LS is not the default
		{"/studies/1.2.3", `multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.80`, 406},
		{"/studies/1.2.3", "application/dicom; transfer-syntax=*", 406}, // three objects, one part
		{"/studies/1.2.3", "text/html, " + anyDICOM + ";q=0.5", 200},
		{"/studies/1.2.3", anyDICOM + ";q=0", 406},
		{"/studies/1.2.3", "image/png", 406},
		{"/studies/1.2.3", "no type", 400},
		{"/studies/1.2.3", strings.Repeat("a/b,", 33), 413},
		{"/studies/1.2.3", strings.Repeat("a", 5000) + "/b", 413},
		{"/studies/1.2.4", "", 404},
		{"/studies/../etc", "", 404},
		{"/studies/1.02", "", 404},
		{"/studies/" + strings.Repeat("1", 65), "", 404},
		{"/studies/1.2.3/instances/1.2.3.1.1", "", 404},
		{"/elsewhere", "", 404},
		{jlsObject, `multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.80`, 200},
		{jlsObject + "/frames/1", `multipart/related; type="image/jls"`, 200},
		{jlsObject + "/frames/1", "image/jls", 200},
		{jlsObject + "/frames/1,2", "image/jls", 406},
		{jlsObject + "/frames/1", "image/*", 200},
		{jlsObject + "/frames/1", "application/octet-stream", 406},
		{jlsObject + "/frames/1", `multipart/related; type="application/octet-stream"; transfer-syntax=*`, 406},
		{jlsObject + "/frames/3", "", 404},
		{jlsObject + "/frames/0", "", 400},
		{jlsObject + "/frames/1,x", "", 400},
		{jlsObject + "/frames/1,1,1,1", "", 413},
		{object1 + "/frames/1", "image/jpeg", 406},
		{object1 + "/bulkdata/00111001", "", 200},
		{object1 + "/bulkdata/00111003", "", 404},
		{object1 + "/bulkdata/00100010", "", 404},
		{object1 + "/bulkdata/00081140/9/00111002", "", 404},
		{object1 + "/bulkdata/xyz", "", 404},
		{object1 + "/metadata", "application/dicom+xml", 406},
		{object1 + "/metadata", "application/json", 200},
		{object1 + "/rendered", "", 404},
	} {
		w := do(h, "GET", c.path, "", c.accept, "")
		if w.Code != c.want {
			t.Errorf("%s (%.60s): %d, want %d: %.80s", c.path, c.accept, w.Code, c.want, w.Body)
		}
		if w.Code >= 400 && (strings.Contains(w.Body.String(), "1.2.3") || w.Header().Get("X-Content-Type-Options") != "nosniff") {
			t.Errorf("%s: answer echoes or sniffs: %s", c.path, w.Body)
		}
		if head := do(h, "HEAD", c.path, "", c.accept, ""); head.Code != c.want || c.want == 200 && head.Body.Len() > 0 {
			t.Errorf("HEAD %s: %d with %d bytes, want %d", c.path, head.Code, head.Body.Len(), c.want)
		}
	}
	for _, m := range []string{"PUT", "DELETE", "POST"} {
		if w := do(h, m, object1+"/metadata", "", "", ""); w.Code != 405 || w.Header().Get("Allow") == "" {
			t.Errorf("%s: %d", m, w.Code)
		}
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	f, _ := archive(t)
	h := serve(t, f, dicomweb.Limits{})
	for _, c := range []struct {
		path, accept, contentType string
		want                      []string
	}{
		{object1 + "/frames/1", "", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", []string{"0123456789abcdef"}},
		{"/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.3/frames/2,1", "", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2", []string{"89abcdef", "01234567"}},
		{"/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.3/bulkdata/7FE00010", "", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2", []string{"0123456789abcdef"}},
		{jlsObject + "/frames/1,2", `multipart/related; type="image/jls"`, "image/jls; transfer-syntax=1.2.840.10008.1.2.4.80", []string{"A1A2", "B12345"}},
		{jlsObject + "/bulkdata/7FE00010", "", "image/jls; transfer-syntax=1.2.840.10008.1.2.4.80", []string{"A1A2", "B12345"}},
		{object1 + "/bulkdata/00081140/0/00111002", `multipart/related; type="application/octet-stream"`, "application/octet-stream", []string{strings.Repeat("\t", 1025) + "\x00"}},
	} {
		types, bodies := partsOf(t, do(h, "GET", c.path, "", c.accept, ""))
		if len(bodies) != len(c.want) {
			t.Fatalf("%s: %d parts, want %d", c.path, len(bodies), len(c.want))
		}
		for i, b := range bodies {
			if types[i] != c.contentType || string(b) != c.want[i] {
				t.Errorf("%s: part %d is %s %q, want %s %q", c.path, i, types[i], b, c.contentType, c.want[i])
			}
		}
	}
}

// TestFramesOfDamagedPixels: no length in a stored object is believed.
func TestFramesOfDamagedPixels(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, ts string
		change   []dataset.Element
		cut      int
	}{
		{name: "frames beyond the value", ts: dataset.ExplicitVRLittleEndian, change: []dataset.Element{dataset.NewInt(dataset.TagNumberOfFrames, 2)}},
		{name: "a million frames", ts: dataset.ExplicitVRLittleEndian, change: []dataset.Element{dataset.NewInt(dataset.TagNumberOfFrames, 1000000)}},
		{name: "minus one frame", ts: dataset.ExplicitVRLittleEndian, change: []dataset.Element{dataset.NewInt(dataset.TagNumberOfFrames, -1)}},
		{name: "value cut", ts: dataset.ExplicitVRLittleEndian, cut: 4},
		{name: "one bit", ts: dataset.ExplicitVRLittleEndian, change: []dataset.Element{dataset.NewInt(dataset.TagBitsAllocated, 1), dataset.NewInt(dataset.TagRows, 1)}},
		{name: "no rows", ts: dataset.ExplicitVRLittleEndian, change: []dataset.Element{dataset.NewInt(dataset.TagRows, 0)}},
		{name: "fragments cut", ts: dataset.JPEGLSLossless, cut: 9, change: []dataset.Element{{Tag: dataset.TagPixelData, VR: dataset.OB, Fragments: [][]byte{{}, []byte("abcd")}}}},
		{name: "no fragment", ts: dataset.JPEGLSLossless, change: []dataset.Element{{Tag: dataset.TagPixelData, VR: dataset.OB, Fragments: [][]byte{{}}}}},
		{name: "table of another count", ts: dataset.JPEGLSLossless, change: []dataset.Element{dataset.NewInt(dataset.TagNumberOfFrames, 2),
			{Tag: dataset.TagPixelData, VR: dataset.OB, Fragments: [][]byte{{0, 0, 0, 0}, []byte("ab"), []byte("cd"), []byte("ef")}}}},
		{name: "table beside the items", ts: dataset.JPEGLSLossless, change: []dataset.Element{dataset.NewInt(dataset.TagNumberOfFrames, 2),
			{Tag: dataset.TagPixelData, VR: dataset.OB, Fragments: [][]byte{{0, 0, 0, 0, 9, 0, 0, 0}, []byte("ab"), []byte("cd"), []byte("ef")}}}},
	} {
		f := newFake()
		h := serve(t, f, dicomweb.Limits{})
		b := part10(t, c.ts, ct("1.2.3.1.1", c.change...))
		stored(t, f, h, b[:len(b)-c.cut])
		if w := do(h, "GET", object1+"/frames/1", "", "", ""); w.Code != 406 {
			t.Errorf("%s: %d, want 406: %q", c.name, w.Code, w.Body)
		}
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	f, _ := archive(t)
	w := do(serve(t, f, dicomweb.Limits{}), "GET", "/studies/1.2.3/metadata", "", "application/dicom+json", "")
	var got []dicomweb.Object
	err := dicomweb.DecodeJSON(w.Body, dicomweb.JSONLimits{}, func(o dicomweb.Object) error { got = append(got, o); return nil })
	if err != nil || len(got) != 3 {
		t.Fatalf("%d objects, %v", len(got), err)
	}
	if name, _ := got[0].Dataset.Text(dataset.TagPatientName); name != "Bürger^Test" {
		t.Errorf("name %q", name)
	}
	base := "http://pacs.example/dicom-web" + object1 + "/bulkdata/"
	for path, want := range map[string]string{"7FE00010": base + "7FE00010", "00111001": base + "00111001", "00081140/0/00111002": base + "00081140/0/00111002"} {
		if got[0].BulkData[path] != want {
			t.Errorf("bulk data %s at %q, want %q", path, got[0].BulkData[path], want)
		}
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	f, _ := archive(t)
	h := serve(t, f, dicomweb.Limits{})
	w := do(h, "GET", "/studies?PatientName=B%C3%BCr*&00080020=20260101-20260201&ModalitiesInStudy=CT,MR&includefield=StudyDescription&limit=2&fuzzymatching=true", "", "", "")
	if w.Code != 200 {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	if q := f.query; q.PatientName != "Bür*" || q.StudyDate != (dicomweb.DateRange{From: "20260101", To: "20260201"}) ||
		len(q.ModalitiesInStudy) != 2 || len(q.Include) != 1 || q.Include[0] != dataset.TagStudyDescription || q.Limit != 2 {
		t.Errorf("query %+v", q)
	}
	warnings := w.Header().Values("Warning")
	if len(warnings) != 2 || !strings.HasPrefix(warnings[0], "299 http://pacs.example/dicom-web ") || !strings.Contains(warnings[1], "fuzzymatching") {
		t.Errorf("warnings %q", warnings)
	}
	if w := do(h, "GET", "/studies/1.2.3/instances?offset=2", "", "", ""); w.Code != 200 || f.query.Level != dicomweb.LevelInstance ||
		!strings.Contains(w.Body.String(), `"00081190":{"vr":"UR","Value":["http://pacs.example/dicom-web/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.3"]}`) {
		t.Errorf("instances: %d %+v: %s", w.Code, f.query, w.Body)
	}
	for path, want := range map[string]int{
		"/studies?limit=0":                             204,
		"/studies/9.9/series":                          204,
		"/series":                                      200,
		"/instances?StudyInstanceUID=1.2.3,9":          200,
		"/studies/1.2.3/series?StudyInstanceUID=9.9":   204, // path and parameter together
		"/studies?StudyDescription=":                   200,
		"/studies?StudyDescription=neck":               400, // not matched here: never silently wider
		"/studies?nonsense=1":                          400,
		"/studies?StudyDate=yesterday":                 400,
		"/studies?StudyDate=-":                         400,
		"/studies?StudyDate=20260202-20260101":         400,
		"/studies?StudyInstanceUID=../..":              400,
		"/studies?PatientID=a&PatientID=b":             400,
		"/studies?limit=-1":                            400,
		"/studies?offset=100001":                       413,
		"/studies?PatientName=" + long(65):             413,
		"/studies?PatientName=a%00b":                   400,
		"/studies?PatientName=%ff":                     400,
		"/studies?includefield=Nothing":                400,
		"/studies?includefield=" + long(9000):          413,
		"/studies?ModalitiesInStudy=c%20t":             400,
		"/studies?StudyInstanceUID=" + uids(101):       413,
		"/studies?StudyInstanceUID=" + uids(100):       200,
		"/studies?includefield=all&PatientID=*":        200,
		"/studies?fuzzymatching=maybe":                 400,
		"/studies?%zz":                                 400,
		"/studies/1.2.3/series/1.2.3.1/instances":      200,
		"/studies/1.2.3/series/1.2.3.1/instances/":     200,
		"/studies/1.2.3/series/1.2.3.1/series":         404,
		"/studies/1.2.3/series/1.2.3.1/frames/1":       404,
		"/studies/1.2.3/instances/1.2.3.1.1/metadata":  404,
		"/studies/1.2.3/metadata/more":                 404,
		"/instances" + strings.Repeat("/1", 50):        404,
		"/studies/1.2.3/series/1.2.3.1/instances/a.b":  404,
		"/studies/1.2.3/series/1.2.3.1/instances/1..2": 404,
	} {
		w := do(h, "GET", path, "", "", "")
		if w.Code != want {
			t.Errorf("%.80s: %d, want %d: %.100s", path, w.Code, want, w.Body)
		}
	}
}

func long(n int) string { return strings.Repeat("a", n) }

func uids(n int) string { return strings.TrimSuffix(strings.Repeat("1.2.3,", n), ",") }
