package pipeline_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
)

func TestReceiveRecordsOnlyWhatIsStored(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault func(*house)
		body  io.Reader
		max   int64
		want  neckfrac.Kind
	}{
		{"disk away", func(h *house) { h.blobs.Fail("Put", neckfrac.Unavailable, 1) }, strings.NewReader("x"), 0, neckfrac.Unavailable},
		{"ledger away", func(h *house) { h.ledger.Fail("Receive", neckfrac.Unavailable, 1) }, strings.NewReader("x"), 0, neckfrac.Unavailable},
		{"too large", func(*house) {}, strings.NewReader("four"), 3, neckfrac.Limit},
		{"association lost", func(*house) {}, io.MultiReader(strings.NewReader("x"), brokenReader{}), 0, neckfrac.Internal},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.receiver.MaxObjectBytes = tc.max
			tc.fault(h)
			_, err := h.receiver.Receive(context.Background(), arrivalOf(0, 0, start), tc.body)
			if err == nil || neckfrac.KindOf(err) != tc.want {
				t.Fatalf("got %v (%v), want kind %v", err, neckfrac.KindOf(err), tc.want)
			}
			if recs, _ := h.ledger.Find(context.Background(), neckfrac.StudyQuery{}); len(recs) != 0 {
				t.Errorf("a row for what was not acknowledged: %+v", recs)
			}
		})
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestReceiveTwiceIsOneInstance(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.receive(t, 0, 3)
	h.receive(t, 0, 3)
	series, err := h.ledger.Instances(context.Background(), id)
	if err != nil || len(series) != 1 || len(series[0].Instances) != 3 {
		t.Fatalf("got %+v, %v; want one series of 3", series, err)
	}
}
