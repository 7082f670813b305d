package dicomweb_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

// stuck is a client that takes nothing until it is let go.
type stuck struct {
	http.ResponseWriter
	begun, free chan struct{}
}

func newStuck() *stuck {
	return &stuck{httptest.NewRecorder(), make(chan struct{}, 64), make(chan struct{})}
}

func (s *stuck) Write(b []byte) (int, error) {
	s.begun <- struct{}{}
	<-s.free
	return s.ResponseWriter.Write(b)
}

// hang starts a request that hangs in its answer; release lets it end and waits for it.
func hang(t *testing.T, h http.Handler, path, remote string) (release func()) {
	t.Helper()
	w, done := newStuck(), make(chan struct{})
	go func() {
		defer close(done)
		r := httptest.NewRequest(http.MethodGet, "/dicom-web"+path, nil)
		r.RemoteAddr = remote
		h.ServeHTTP(w, r)
	}()
	select {
	case <-w.begun:
	case <-done:
		t.Fatalf("%s: over before its answer was taken", path)
	}
	return func() { close(w.free); <-done }
}

func get(h http.Handler, path, remote string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/dicom-web"+path, nil)
	r.RemoteAddr = remote
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestRetrievalsAtATime: of all 503, of one address 429, both with the time to come again.
func TestRetrievalsAtATime(t *testing.T) {
	t.Parallel()
	f := newFake()
	h := serve(t, f, dicomweb.Limits{Retrieves: 2, ClientRetrieves: 1})
	stored(t, f, h, part10(t, dataset.ExplicitVRLittleEndian, ct("1.2.3.1.1")))
	for _, path := range []string{object1, object1 + "/metadata", object1 + "/frames/1", "/studies/1.2.3"} {
		first := hang(t, h, path, "192.0.2.1:1")
		if w := get(h, object1, "192.0.2.1:2"); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: second of the address: %d, Retry-After %q", path, w.Code, w.Header().Get("Retry-After"))
		}
		second := hang(t, h, path, "192.0.2.2:1")
		if w := get(h, object1, "192.0.2.3:1"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: one too many: %d, Retry-After %q", path, w.Code, w.Header().Get("Retry-After"))
		}
		if w := get(h, "/studies", "192.0.2.3:1"); w.Code != http.StatusOK {
			t.Errorf("%s: a search meanwhile: %d", path, w.Code)
		}
		first()
		if w := get(h, object1, "192.0.2.1:3"); w.Code != http.StatusOK {
			t.Errorf("%s: after one ended: %d", path, w.Code)
		}
		second()
	}
}

// TestLargeMetadataKeepsItsTurn: what the header costs is held until its JSON has left, so
// that readers that take nothing cannot pile it up; small ones wait for nobody.
func TestLargeMetadataKeepsItsTurn(t *testing.T) {
	t.Parallel()
	large := dataset.NewText(dataset.NewTag(0x0011, 0x1001), strings.Repeat("x", 2<<20))
	large.VR = dataset.UT
	bulk := dataset.NewBytes(dataset.NewTag(0x0011, 0x1002), dataset.OB, make([]byte, 2<<20))
	f := newFake()
	h := serve(t, f, dicomweb.Limits{Headers: 1})
	stored(t, f, h, part10(t, dataset.ExplicitVRLittleEndian, ct("1.2.3.1.1", large, bulk)), part10(t, dataset.ExplicitVRLittleEndian, ct("1.2.3.1.2")))
	for _, c := range []struct {
		path  string
		waits bool
	}{
		{"/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1/metadata", true},
		{"/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1/bulkdata/00111002", true},
		{"/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1/frames/1", false},
		{"/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.2/metadata", false},
		{"/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.2/bulkdata/7FE00010", false},
	} {
		release := hang(t, h, c.path, "192.0.2.1:1")
		patience := 30 * time.Second
		if c.waits {
			patience = 200 * time.Millisecond // its turn does not come
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/dicom-web/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.2/metadata", nil))
		cancel()
		if got := w.Code == http.StatusServiceUnavailable; got != c.waits {
			t.Errorf("%s under way: another is answered %d, want waiting %v", c.path, w.Code, c.waits)
		}
		release()
		if w := get(h, "/studies/1.2.3/metadata", "192.0.2.1:1"); w.Code != http.StatusOK {
			t.Errorf("%s: its turn was not given back: %d", c.path, w.Code)
		}
	}
}

// TestReaderThatTakesNothingIsEnded: its place is free again after the idle time.
func TestReaderThatTakesNothingIsEnded(t *testing.T) {
	t.Parallel()
	f := newFake()
	h := serve(t, f, dicomweb.Limits{Retrieves: 1, IdleTime: 200 * time.Millisecond})
	// More than both ends' socket buffers take.
	stored(t, f, h, part10(t, dataset.ExplicitVRLittleEndian, ct("1.2.3.1.1", dataset.NewBytes(dataset.TagPixelData, dataset.OW, make([]byte, 64<<20)))),
		part10(t, dataset.ExplicitVRLittleEndian, ct("1.2.3.1.2")))
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	ask := func(instance string) *http.Response {
		rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/dicom-web/studies/1.2.3/series/1.2.3.1/instances/"+instance, nil)
		if err != nil {
			t.Fatal(err)
		}
		rs, err := http.DefaultClient.Do(rq)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { rs.Body.Close() })
		return rs
	}
	slow := ask("1.2.3.1.1")
	if rs := ask("1.2.3.1.2"); rs.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("beside it: %s", rs.Status)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); ; <-tick.C {
		if rs := ask("1.2.3.1.2"); rs.StatusCode == http.StatusOK {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the reader that takes nothing is still served")
		}
	}
	if n, err := io.Copy(io.Discard, slow.Body); err == nil {
		t.Errorf("read %d bytes to the end of a cut answer", n)
	}
}
