package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline"
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

func TestSweepRemovesWhatNoRowNames(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, 0, 2)
	h.ledger.Fail("Receive", neckfrac.Unavailable, 1)
	if _, err := h.receiver.Receive(context.Background(), arrivalOf(0, 2, start), strings.NewReader("orphan")); err == nil {
		t.Fatal("want the ledger's error")
	}
	n, _, err := pipeline.Sweep(context.Background(), h.blobs, h.ledger)
	if err != nil || n != 1 {
		t.Fatalf("swept %d, %v; want 1", n, err)
	}
	left := 0
	h.blobs.Walk(context.Background(), func(neckfrac.BlobRef) error { left++; return nil })
	if left != 2 {
		t.Errorf("%d blobs left, want 2", left)
	}
}

// TestSweepTellsALostLedgerFromACrash: beside a new ledger, or an older copy, nothing is removed.
func TestSweepTellsALostLedgerFromACrash(t *testing.T) {
	t.Parallel()
	const most = 128 // maxOrphans
	for _, c := range []struct {
		orphans, recorded int
		kind              neckfrac.Kind
		left              int
	}{
		{most, 0, 0, 0},
		{most + 1, 0, neckfrac.Conflict, most + 1},
		{most, 1, 0, 1},
		{most + 1, 1, 0, most + 2},
	} {
		h := newHouse(t)
		h.receive(t, 0, c.recorded)
		for k := range c.orphans {
			if _, err := h.blobs.Put(t.Context(), strings.NewReader(fmt.Sprint("orphan ", k)), 100); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err := pipeline.Sweep(t.Context(), h.blobs, h.ledger)
		if (err != nil) != (c.kind != 0) || err != nil && neckfrac.KindOf(err) != c.kind {
			t.Errorf("%d orphans beside %d rows: %v, want %v", c.orphans, c.recorded, err, c.kind)
		}
		left := 0
		h.blobs.Walk(t.Context(), func(neckfrac.BlobRef) error { left++; return nil })
		if left != c.left {
			t.Errorf("%d orphans beside %d rows: %d blobs left, want %d", c.orphans, c.recorded, left, c.left)
		}
	}
}
