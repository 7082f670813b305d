package dicomweb_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

// TestLimits asks at each limit and one over.
func TestLimits(t *testing.T) {
	t.Parallel()
	f, _ := archive(t) // three objects, one of them with three fragments and two frames
	for _, c := range []struct {
		name           string
		at, over       dicomweb.Limits
		path, accept   string
		wantAt, refuse int
	}{
		{"instances", dicomweb.Limits{Instances: 3}, dicomweb.Limits{Instances: 2}, "/studies/1.2.3/metadata", "", 200, 413},
		{"fragments", dicomweb.Limits{Fragments: 3}, dicomweb.Limits{Fragments: 2}, jlsObject + "/frames/1", "", 200, 413},
		{"frames of an object", dicomweb.Limits{Fragments: 3}, dicomweb.Limits{Fragments: 1}, jlsObject + "/frames/1", "", 200, 406},
		{"frames of a request", dicomweb.Limits{Frames: 2}, dicomweb.Limits{Frames: 1}, jlsObject + "/frames/1,2", "", 200, 413},
		{"accept bytes", dicomweb.Limits{AcceptBytes: 16}, dicomweb.Limits{AcceptBytes: 15}, jlsObject, "*/*" + strings.Repeat(" ", 13), 200, 413},
		{"accept ranges", dicomweb.Limits{AcceptRanges: 2}, dicomweb.Limits{AcceptRanges: 1}, jlsObject, "*/*, a/b", 200, 413},
		{"query bytes", dicomweb.Limits{QueryBytes: 7}, dicomweb.Limits{QueryBytes: 6}, "/studies?limit=1", "", 200, 413},
		{"list", dicomweb.Limits{ListValues: 2}, dicomweb.Limits{ListValues: 1}, "/studies?StudyInstanceUID=1.2.3,9", "", 200, 413},
		{"included fields", dicomweb.Limits{ListValues: 2}, dicomweb.Limits{ListValues: 1}, "/studies?includefield=Rows,Columns", "", 200, 413},
		{"codes", dicomweb.Limits{ListValues: 2}, dicomweb.Limits{ListValues: 1}, "/studies?ModalitiesInStudy=CT,MR", "", 200, 413},
		{"offset", dicomweb.Limits{Offset: 2}, dicomweb.Limits{Offset: 1}, "/studies?offset=2", "", 200, 413},
	} {
		if w := do(serve(t, f, c.at), "GET", c.path, "", c.accept, ""); w.Code != c.wantAt {
			t.Errorf("%s at the limit: %d, want %d: %s", c.name, w.Code, c.wantAt, w.Body)
		}
		if w := do(serve(t, f, c.over), "GET", c.path, "", c.accept, ""); w.Code != c.refuse {
			t.Errorf("%s over the limit: %d, want %d", c.name, w.Code, c.refuse)
		}
	}
}

// TestResultsAreCapped: a cap is not an error, but it is told.
func TestResultsAreCapped(t *testing.T) {
	t.Parallel()
	f, _ := archive(t)
	for results, warned := range map[int]bool{2: true, 3: false} {
		w := do(serve(t, f, dicomweb.Limits{Results: results}), "GET", "/studies?limit=999", "", "", "")
		if w.Code != 200 || strings.Contains(w.Header().Get("Warning"), "additional results") != warned || f.query.Limit != results {
			t.Errorf("%d results: %d, warning %q", results, w.Code, w.Header().Get("Warning"))
		}
	}
}

// TestInlineBytes: one byte more and the value is bulk data.
func TestInlineBytes(t *testing.T) {
	t.Parallel()
	for n, inline := range map[int]bool{1024: true, 1026: false} {
		f := newFake()
		h := serve(t, f, dicomweb.Limits{})
		stored(t, f, h, part10(t, dataset.ExplicitVRLittleEndian, ct("1.2.3.1.1", dataset.NewBytes(dataset.NewTag(0x0011, 0x1001), dataset.OB, bytes.Repeat([]byte{1}, n)))))
		body := do(h, "GET", object1+"/metadata", "", "", "").Body.String()
		if strings.Contains(body, `"InlineBinary"`) != inline || strings.Contains(body, fmt.Sprintf(`"http://pacs.example/dicom-web%s/bulkdata/00111001"`, object1)) == inline {
			t.Errorf("%d bytes: inline want %v: %.300s", n, inline, body)
		}
	}
}

// TestHeaderOverTheLimit: an object whose header is too large is refused as such.
func TestHeaderOverTheLimit(t *testing.T) {
	t.Parallel()
	f, _ := archive(t)
	for elements, want := range map[int]int{1000: 200, 5: 413} {
		h := serve(t, f, dicomweb.Limits{Header: dataset.Limits{MaxElements: elements}})
		if w := do(h, "GET", object1+"/metadata", "", "", ""); w.Code != want {
			t.Errorf("%d elements: %d, want %d", elements, w.Code, want)
		}
	}
}
