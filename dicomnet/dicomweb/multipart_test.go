package dicomweb_test

import (
	"bytes"
	"context"
	"io"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

// collector is a Backend that keeps what each part held.
type collector struct {
	*fake
	parts [][]byte
}

func (c *collector) Store(_ context.Context, _ dicomweb.StoreRequest, body io.Reader) (dicomweb.Reference, error) {
	b, err := io.ReadAll(body)
	if err == nil {
		c.parts = append(c.parts, b)
	}
	return dicomweb.Reference{StudyInstanceUID: "1"}, err
}

// FuzzMultipart: whatever the part holds and however it arrives, the Backend sees its
// bytes; a body of any shape ends in one of the statuses.
func FuzzMultipart(f *testing.F) {
	f.Add([]byte("DICM\r\n--X\r\n-\r\n--"), "--XX\r\n\r\nabc\r\n--XX--")
	f.Add([]byte{}, "--XX\r\nContent-Type: application/dicom\r\n\r\n\r\n--XX\r\n")
	f.Add(bytes.Repeat([]byte("\r\n--X"), 20_000), "--XX--")
	f.Fuzz(func(t *testing.T, content []byte, body string) {
		post := func(b string, oneByte bool) (int, [][]byte) {
			c := &collector{fake: newFake()}
			h, err := dicomweb.New(c, dicomweb.Config{BaseURL: "http://x"})
			if err != nil {
				t.Fatal(err)
			}
			var src io.Reader = strings.NewReader(b)
			if oneByte {
				src = iotest.OneByteReader(src)
			}
			r := httptest.NewRequest("POST", "/studies", src)
			r.Header.Set("Content-Type", relatedType)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Code, c.parts
		}
		switch code, _ := post(body, false); code {
		case 200, 202, 400, 409, 413, 503:
		default:
			t.Errorf("status %d", code)
		}
		if bytes.Contains(append([]byte("\r\n"), content...), []byte("\r\n--XX")) || bytes.HasSuffix(content, []byte("\r")) {
			return
		}
		for _, oneByte := range []bool{false, true} {
			if oneByte && len(content) > 4096 {
				continue
			}
			code, parts := post(related(content, []byte("next")), oneByte)
			if code != 200 || len(parts) != 2 || !bytes.Equal(parts[0], content) || string(parts[1]) != "next" {
				t.Errorf("status %d, %d parts of %q", code, len(parts), content)
			}
		}
	})
}

// TestStoreStreams: a part is not held in memory, so a body much larger than memory's
// growth goes through. It runs alone, since it counts what is allocated.
func TestStoreStreams(t *testing.T) {
	d := &discarder{fake: newFake()}
	h, err := dicomweb.New(d, dicomweb.Config{BaseURL: "http://x"})
	if err != nil {
		t.Fatal(err)
	}
	const size = 256 << 20
	r := httptest.NewRequest("POST", "/studies", io.MultiReader(
		strings.NewReader("--XX\r\nContent-Type: application/dicom\r\n\r\n"), io.LimitReader(zeros{}, size), strings.NewReader("\r\n--XX--")))
	r.Header.Set("Content-Type", relatedType)
	w := httptest.NewRecorder()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	h.ServeHTTP(w, r)
	runtime.ReadMemStats(&after)
	if w.Code != 200 || d.bytes != size {
		t.Fatalf("status %d, %d bytes", w.Code, d.bytes)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 4<<20 {
		t.Errorf("%d bytes allocated for one part of %d", allocated, size)
	}
}

type discarder struct {
	*fake
	bytes int64
}

func (d *discarder) Store(_ context.Context, _ dicomweb.StoreRequest, body io.Reader) (dicomweb.Reference, error) {
	n, err := io.Copy(io.Discard, body)
	d.bytes += n
	return dicomweb.Reference{StudyInstanceUID: "1", SOPClassUID: dataset.CTImageStorage}, err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
