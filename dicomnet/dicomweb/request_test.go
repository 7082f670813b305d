package dicomweb_test

import (
	"bytes"
	"compress/flate"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

// FuzzRequest: no path, query or header brings an answer outside the list, an echo of
// itself or a panic.
func FuzzRequest(f *testing.F) {
	f.Add("/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1/frames/1,2", "", "multipart/related; type=\"image/jls\";q=0.5, */*", "text/plain")
	f.Add("/studies", "PatientName=A*&limit=5&includefield=00100010,all&StudyDate=2026-", "application/dicom+json", relatedType)
	f.Add("/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1/bulkdata/00081140/0/00111002", "accept=a/b", ",,;", "multipart/related;boundary=\"\"")
	b := newFake()
	h := serve(f, b, dicomweb.Limits{})
	stored(f, b, h, part10(f, dataset.ExplicitVRLittleEndian, ct("1.2.3.1.1")))
	f.Fuzz(func(t *testing.T, path, query, accept, contentType string) {
		for _, method := range []string{"GET", "POST"} {
			r := httptest.NewRequest(method, "/", strings.NewReader("x"))
			r.URL = &url.URL{Path: "/dicom-web" + path, RawQuery: query}
			r.Header.Set("Accept", accept)
			r.Header.Set("Content-Type", contentType)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			switch w.Code {
			case 200, 202, 204, 400, 404, 405, 406, 409, 413, 415, 503:
			default:
				t.Errorf("status %d", w.Code)
			}
			if w.Code >= 400 && w.Code != 409 && w.Body.Len() > 40 {
				t.Errorf("long answer to an error: %q", w.Body)
			}
		}
	})
}

// TestDeflatedObject: its header is read, its pixels have no place to point at.
func TestDeflatedObject(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := dataset.WriteMeta(&b, dataset.Meta{TransferSyntaxUID: dataset.DeflatedExplicitVRLittleEndian, SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: "1.2.3.1.1", ImplementationClassUID: "1.2.3"}); err != nil {
		t.Fatal(err)
	}
	z, _ := flate.NewWriter(&b, flate.BestSpeed)
	explicit, _ := dataset.LookupTransferSyntax(dataset.ExplicitVRLittleEndian)
	if err := dataset.Encode(z, explicit, ct("1.2.3.1.1")); err != nil {
		t.Fatal(err)
	}
	z.Close()
	f := newFake()
	h := serve(t, f, dicomweb.Limits{})
	stored(t, f, h, b.Bytes())
	for path, want := range map[string]int{object1: 200, object1 + "/metadata": 200, object1 + "/frames/1": 406, object1 + "/bulkdata/7FE00010": 406} {
		if w := do(h, "GET", path, "", "*/*", ""); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}
