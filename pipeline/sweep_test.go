package pipeline_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline"
)

// sweep runs a start's sweep and returns how many blobs are left.
func (h *house) sweep(t *testing.T, want pipeline.Swept) (left int) {
	t.Helper()
	got, err := pipeline.Sweep(t.Context(), h.blobs, h.ledger, h.clock.Now())
	if err != nil || got != want {
		t.Fatalf("swept %+v, %v; want %+v", got, err, want)
	}
	if err := h.blobs.Walk(t.Context(), func(neckfrac.BlobRef) error { left++; return nil }); err != nil {
		t.Fatal(err)
	}
	return left
}

func (h *house) stop(t *testing.T, mark string) {
	t.Helper()
	if err := pipeline.MarkStop(t.Context(), h.blobs, h.ledger, mark); err != nil {
		t.Fatal(err)
	}
}

// orphan is an object whose bytes are stored and whose row is not.
func (h *house) orphan(t *testing.T, slice int) {
	t.Helper()
	h.ledger.Fail("Receive", neckfrac.Unavailable, 1)
	if _, err := h.receiver.Receive(t.Context(), arrivalOf(0, slice, start), strings.NewReader(fmt.Sprint("orphan ", slice))); err == nil {
		t.Fatal("want the ledger's error")
	}
}

func TestSweepAfterACleanStop(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, 0, 2)
	h.orphan(t, 2)
	h.stop(t, "first")
	if left := h.sweep(t, pipeline.Swept{Clean: true, Removed: 1}); left != 2 {
		t.Errorf("%d blobs left, want 2", left)
	}
	// The mark is taken: without another stop the next start is not after a clean one.
	h.orphan(t, 3)
	if left := h.sweep(t, pipeline.Swept{Kept: 1, New: 1}); left != 3 {
		t.Errorf("%d blobs left, want 3", left)
	}
	// What was kept once stays, whatever is swept beside it.
	h.orphan(t, 4)
	h.stop(t, "second")
	if left := h.sweep(t, pipeline.Swept{Clean: true, Removed: 1, Kept: 1}); left != 3 {
		t.Errorf("%d blobs left, want 3", left)
	}
}

func TestMarkStopNeedsAMark(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if err := pipeline.MarkStop(t.Context(), h.blobs, h.ledger, ""); neckfrac.KindOf(err) != neckfrac.Invalid {
		t.Errorf("no mark: %v", err)
	}
	h.ledger.Fail("SetStopMark", neckfrac.Unavailable, 1)
	if err := pipeline.MarkStop(t.Context(), h.blobs, h.ledger, "x"); neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Errorf("ledger away: %v", err)
	}
	if mark, err := h.blobs.StopMark(t.Context()); err != nil || mark != "" {
		t.Errorf("the blobs are marked %q without their ledger, %v", mark, err)
	}
}

// TestSweepTellsALostLedgerFromACrash: beside a new ledger a start needs somebody's
// decision; an older copy is told of.
func TestSweepTellsALostLedgerFromACrash(t *testing.T) {
	t.Parallel()
	const most = 128 // maxOrphans
	for _, c := range []struct {
		orphans, recorded int
		kind              neckfrac.Kind
		suspicious        bool
	}{
		{most, 0, 0, false},
		{most + 1, 0, neckfrac.Conflict, false},
		{most, 1, 0, false},
		{most + 1, 1, 0, true},
	} {
		h := newHouse(t)
		h.receive(t, 0, c.recorded)
		for k := range c.orphans {
			if _, err := h.blobs.Put(t.Context(), strings.NewReader(fmt.Sprint("orphan ", k)), 100); err != nil {
				t.Fatal(err)
			}
		}
		swept, err := pipeline.Sweep(t.Context(), h.blobs, h.ledger, h.clock.Now())
		if (err != nil) != (c.kind != 0) || err != nil && neckfrac.KindOf(err) != c.kind || swept.Suspicious() != c.suspicious {
			t.Errorf("%d orphans beside %d rows: %+v, %v; want %v", c.orphans, c.recorded, swept, err, c.kind)
		}
		left := 0
		h.blobs.Walk(t.Context(), func(neckfrac.BlobRef) error { left++; return nil })
		if left != c.orphans+c.recorded {
			t.Errorf("%d orphans beside %d rows: %d blobs left", c.orphans, c.recorded, left)
		}
	}
}

// TestSweepThatFails: whatever port fails, nothing is removed that the next sweep would
// not remove, and the mark is taken last.
func TestSweepThatFails(t *testing.T) {
	t.Parallel()
	for _, clean := range []bool{true, false} {
		for name, fail := range map[string]func(*house){
			"mark of the blobs":  func(h *house) { h.blobs.Fail("StopMark", neckfrac.Unavailable, 1) },
			"mark of the ledger": func(h *house) { h.ledger.Fail("StopMark", neckfrac.Unavailable, 1) },
			"references":         func(h *house) { h.ledger.Fail("References", neckfrac.Unavailable, 1) },
			"kept":               func(h *house) { h.ledger.Fail("Kept", neckfrac.Unavailable, 1) },
			"walk":               func(h *house) { h.blobs.Fail("Walk", neckfrac.Unavailable, 1) },
			"taking the mark":    func(h *house) { h.blobs.Fail("SetStopMark", neckfrac.Unavailable, 1) },
		} {
			h := newHouse(t)
			h.receive(t, 0, 1)
			h.orphan(t, 2)
			if clean {
				h.stop(t, "stop")
			}
			fail(h)
			if _, err := pipeline.Sweep(context.Background(), h.blobs, h.ledger, h.clock.Now()); neckfrac.KindOf(err) != neckfrac.Unavailable {
				t.Errorf("%s: %v", name, err)
			}
			again, err := pipeline.Sweep(context.Background(), h.blobs, h.ledger, h.clock.Now())
			if err != nil || again.Clean != clean || again.Removed > 1 || !clean && again.Kept != 1 {
				t.Errorf("%s: the next sweep %+v, %v; want clean %v", name, again, err, clean)
			}
		}
	}
}
