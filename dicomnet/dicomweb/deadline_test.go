package dicomweb_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

// TestDeadlinesMoveWithTheTransfer sends more slowly than the listener's own deadline
// allows, but never stands still as long as the handler's.
func TestDeadlinesMoveWithTheTransfer(t *testing.T) {
	t.Parallel()
	object := part10(t, dataset.ExplicitVRLittleEndian, ct("1.2.3.1.1"))
	for _, c := range []struct {
		name string
		idle time.Duration
		// stop leaves the connection open without sending the rest.
		stop bool
		want int
	}{
		{"slow", 10 * time.Second, false, 200},
		{"standing still", 100 * time.Millisecond, true, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewUnstartedServer(serve(t, newFake(), dicomweb.Limits{IdleTime: c.idle}))
			s.Config.ReadTimeout, s.Config.WriteTimeout = 150*time.Millisecond, 200*time.Millisecond
			s.Start()
			t.Cleanup(s.Close)
			r, w := io.Pipe()
			t.Cleanup(func() { w.Close() })
			go func() {
				tick := time.NewTicker(20 * time.Millisecond)
				defer tick.Stop()
				body := related(object)
				step := len(body)/20 + 1
				for at := 0; at < len(body); at += step {
					if c.stop && at > len(body)/2 {
						return
					}
					<-tick.C
					if _, err := io.WriteString(w, body[at:min(at+step, len(body))]); err != nil {
						return
					}
				}
				w.Close()
			}()
			rq, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/dicom-web/studies", r)
			if err != nil {
				t.Fatal(err)
			}
			rq.Header.Set("Content-Type", relatedType)
			rs, err := http.DefaultClient.Do(rq)
			if err != nil {
				t.Fatal(err)
			}
			defer rs.Body.Close()
			b, _ := io.ReadAll(rs.Body)
			if rs.StatusCode != c.want {
				t.Errorf("status %d, want %d: %s", rs.StatusCode, c.want, strings.TrimSpace(string(b)))
			}
		})
	}
}
