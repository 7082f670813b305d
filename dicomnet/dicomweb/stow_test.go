package dicomweb_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

func TestStoreKeepsPartsAsTheyCame(t *testing.T) {
	t.Parallel()
	f := newFake()
	h := serve(t, f, dicomweb.Limits{})
	a, b := part10(t, dataset.ExplicitVRLittleEndian, ct("1.2.3.1.1")), part10(t, dataset.ImplicitVRLittleEndian, ct("1.2.3.1.2"))
	w := do(h, "POST", "/studies/"+study, relatedType, "application/dicom+json", "preamble\r\n"+related(a, b)+"epilogue")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/dicom+json" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Fatalf("%d %v: %s", w.Code, w.Header(), w.Body)
	}
	ds := decoded(t, w.Body.String())
	if url, _ := ds.String(dataset.TagRetrieveURL); url != "http://pacs.example/dicom-web/studies/"+study {
		t.Errorf("retrieve url %q", url)
	}
	kept, _ := ds.Items(dataset.TagReferencedSOPSequence)
	if len(kept) != 2 || ds.Has(dataset.TagFailedSOPSequence) {
		t.Errorf("response %v", ds)
	}
	if string(f.objects["1.2.3.1.1"].data) != string(a) || string(f.objects["1.2.3.1.2"].data) != string(b) {
		t.Error("the bytes differ from what was sent")
	}
}

// TestStoreAnswers has one line per row of PS3.18 Table 10.5.3-1 and per limit.
func TestStoreAnswers(t *testing.T) {
	t.Parallel()
	one := part10(t, dataset.ExplicitVRLittleEndian, ct("1.2.3.1.1"))
	two := part10(t, dataset.ExplicitVRLittleEndian, ct("1.2.3.1.2"))
	full := map[string]error{"1.2.3.1.1": &dicomweb.FailureError{Reason: 0xA700}}
	other := map[string]error{"1.2.3.1.1": &dicomweb.FailureError{Reason: 0xA778}}
	foreign := map[string]error{"1.2.3.1.1": fmt.Errorf("driver text")}
	header := strings.Repeat("X-Pad: "+strings.Repeat("a", 91)+"\r\n", 5)
	for _, c := range []struct {
		name, path, contentType, accept, body string
		refuse                                map[string]error
		lim                                   dicomweb.Limits
		want                                  int
		reasons                               string // FailedSOPSequence and OtherFailuresSequence
		kept                                  int
	}{
		{name: "one refused", body: related(one, two), refuse: other, want: 202, reasons: "a778", kept: 1},
		{name: "all refused", body: related(one), refuse: other, want: 409, reasons: "a778"},
		{name: "disk full", body: related(one), refuse: full, want: 503, reasons: "a700"},
		{name: "own fault", body: related(one), refuse: foreign, want: 409, reasons: "110"},
		{name: "another study", path: "/9.9", body: related(one), want: 409, reasons: "a900"},
		{name: "no object", body: related([]byte("hello"), two), want: 202, reasons: "c000", kept: 1},
		{name: "part of another type", body: strings.Replace(related(one, two), "application/dicom", "text/plain", 1), want: 202, reasons: "c000", kept: 1},
		{name: "part in base64", body: strings.Replace(related(one, two), "application/dicom\r\n", "application/dicom\r\nContent-Transfer-Encoding: base64\r\n", 1), want: 202, reasons: "c000", kept: 1},
		{name: "cut", body: related(one, two)[:len(related(one, two))-20], want: 202, reasons: "110 c000", kept: 1},
		{name: "cut in the first", body: related(one)[:200], want: 400, reasons: "110 c000"},
		{name: "no part", body: "--XX--\r\n", want: 400},
		{name: "empty", body: "", want: 400},
		{name: "noise", body: strings.Repeat("\xff\x13", 500), want: 400},
		{name: "long preamble", body: strings.Repeat("x", 5000) + related(one), want: 413},
		{name: "header at the limit", body: strings.Replace(related(one), "\r\n\r\n", "\r\n"+header+"\r\n", 1), lim: dicomweb.Limits{PartHeaderBytes: 33 + 500}, want: 200, kept: 1},
		{name: "header over the limit", body: strings.Replace(related(one), "\r\n\r\n", "\r\n"+header+"\r\n", 1), lim: dicomweb.Limits{PartHeaderBytes: 32 + 500}, want: 413},
		{name: "part at the limit", body: related(one), lim: dicomweb.Limits{PartBytes: int64(len(one))}, want: 200, kept: 1},
		{name: "part over the limit", body: related(one), lim: dicomweb.Limits{PartBytes: int64(len(one)) - 1}, want: 503, reasons: "a700"},
		{name: "parts at the limit", body: related(one, two), lim: dicomweb.Limits{Parts: 2}, want: 200, kept: 2},
		{name: "parts over the limit", body: related(one, two), lim: dicomweb.Limits{Parts: 1}, want: 202, reasons: "c000", kept: 1},
		{name: "body over the limit", body: related(one), lim: dicomweb.Limits{BodyBytes: 100}, want: 413},
		{name: "single part", contentType: "application/dicom", body: string(one), want: 415},
		{name: "json", contentType: `multipart/related; type="application/dicom+json"; boundary=XX`, body: related(one), want: 415},
		{name: "no type", contentType: "-", body: related(one), want: 415},
		{name: "no boundary", contentType: "multipart/related", body: related(one), want: 400},
		{name: "long boundary", contentType: "multipart/related; boundary=" + strings.Repeat("X", 129), body: related(one), want: 400},
		{name: "boundary beyond RFC 2046, as Orthanc sends it", contentType: "multipart/related; boundary=" + strings.Repeat("X", 73), body: strings.ReplaceAll(related(one), "--XX", "--"+strings.Repeat("X", 73)), want: 200, kept: 1},
		{name: "xml answer", accept: "application/dicom+xml", body: related(one), want: 406},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			if c.refuse != nil {
				f.refuse = c.refuse
			}
			ct := relatedType
			if c.contentType != "" {
				ct = strings.Trim(c.contentType, "-")
			}
			w := do(serve(t, f, c.lim), "POST", "/studies"+c.path, ct, c.accept, c.body)
			if w.Code != c.want || len(f.objects) != c.kept {
				t.Fatalf("status %d, %d kept; want %d, %d: %s", w.Code, len(f.objects), c.want, c.kept, w.Body)
			}
			if strings.Contains(w.Body.String(), "driver") {
				t.Errorf("text of a driver in the answer: %s", w.Body)
			}
			var got []string
			if w.Header().Get("Content-Type") == "application/dicom+json" {
				ds := decoded(t, w.Body.String())
				for _, tag := range []dataset.Tag{dataset.TagFailedSOPSequence, 0x0008119A} {
					items, _ := ds.Items(tag)
					for _, item := range items {
						r, _ := item.Uint16(dataset.TagFailureReason)
						got = append(got, fmt.Sprintf("%x", r))
					}
				}
			}
			if strings.Join(got, " ") != c.reasons {
				t.Errorf("reasons %v, want %s: %s", got, c.reasons, w.Body)
			}
		})
	}
}

func TestStoreRequestsAtATime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lim  dicomweb.Limits
		want int
	}{{dicomweb.Limits{Stores: 1}, 503}, {dicomweb.Limits{ClientStores: 1}, 429}} {
		f := newFake()
		f.hold = make(chan struct{})
		h := serve(t, f, c.lim)
		body := related(part10(t, dataset.ExplicitVRLittleEndian, ct("1.2.3.1.1")))
		started, done := make(chan struct{}), make(chan int)
		go func() {
			r := httptest.NewRequest("POST", "/dicom-web/studies", &signalReader{strings.NewReader(body), started})
			r.Header.Set("Content-Type", relatedType)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			done <- w.Code
		}()
		<-started
		w := do(h, "POST", "/studies", relatedType, "", body)
		if w.Code != c.want || w.Header().Get("Retry-After") == "" {
			t.Errorf("second request: %d, want %d with Retry-After", w.Code, c.want)
		}
		close(f.hold)
		if code := <-done; code != 200 {
			t.Errorf("first request: %d", code)
		}
		if w := do(h, "POST", "/studies", relatedType, "", body); w.Code != 200 {
			t.Errorf("third request: %d", w.Code)
		}
	}
}

// signalReader tells of its first Read.
type signalReader struct {
	r  *strings.Reader
	ch chan struct{}
}

func (s *signalReader) Read(p []byte) (int, error) {
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
	return s.r.Read(p)
}

func TestStoreRefusesCodings(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "/dicom-web/studies", strings.NewReader("\x1f\x8b"))
	r.Header.Set("Content-Type", relatedType)
	r.Header.Set("Content-Encoding", "gzip")
	w := httptest.NewRecorder()
	serve(t, newFake(), dicomweb.Limits{}).ServeHTTP(w, r)
	if w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("status %d", w.Code)
	}
}
