package pipeline_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline"
)

// reporter keeps what it was told and fails on demand.
type reporter struct {
	told []neckfrac.Commitment
	err  error
}

func (r *reporter) Report(_ context.Context, c neckfrac.Commitment) error {
	r.told = append(r.told, c)
	return r.err
}

const ctClass = "1.2.840.10008.5.1.4.1.1.2"

// committed is a house with three instances of CT and a committer.
func committed(t *testing.T) (*house, *pipeline.Committer, *reporter) {
	t.Helper()
	h, r := newHouse(t), &reporter{}
	for i := range 3 {
		a := arrivalOf(0, i, h.clock.Now())
		a.Instance.SOPClassUID = ctClass
		if _, err := h.receiver.Receive(t.Context(), a, strings.NewReader(string(a.Instance.UID))); err != nil {
			t.Fatal(err)
		}
	}
	return h, &pipeline.Committer{Ledger: h.ledger, Blobs: h.blobs, Reporter: r, Keep: 24 * time.Hour, Now: h.clock.Now, Log: h.log,
		Supported: func(class string) bool { return class == ctClass }}, r
}

func (h *house) ask(t *testing.T, refs ...neckfrac.InstanceRef) {
	t.Helper()
	_, err := h.ledger.RequestCommitment(t.Context(), neckfrac.Commitment{Peer: "CT1", TransactionUID: "1.2.7", Received: h.clock.Now(), Instances: refs})
	if err != nil {
		t.Fatal(err)
	}
}

func ctRef(slice int) neckfrac.InstanceRef {
	return neckfrac.InstanceRef{SOPClassUID: ctClass, UID: arrivalOf(0, slice, start).Instance.UID}
}

func round(t *testing.T, c *pipeline.Committer, want int) {
	t.Helper()
	if n, err := c.Round(t.Context()); err != nil || n != want {
		t.Fatalf("round: %d reports, %v; want %d", n, err, want)
	}
}

func TestCommitmentTellsTheTruth(t *testing.T) {
	t.Parallel()
	h, c, r := committed(t)
	held, err := h.ledger.Held(t.Context(), ctRef(1).UID)
	if err != nil {
		t.Fatal(err)
	}
	h.blobs.Rot(held.Blobs[0])
	gone, err := h.ledger.Held(t.Context(), ctRef(2).UID)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.blobs.Remove(t.Context(), gone.Blobs[0]); err != nil {
		t.Fatal(err)
	}
	otherClass := neckfrac.InstanceRef{SOPClassUID: "1.2.840.10008.5.1.4.1.1.4", UID: ctRef(0).UID}
	h.ask(t, ctRef(0), ctRef(1), ctRef(2), ctRef(9), otherClass, neckfrac.InstanceRef{SOPClassUID: "1.2.3", UID: "1.2.3.4"})
	round(t, c, 1)
	want := []neckfrac.FailureReason{neckfrac.Committed, neckfrac.CommitProcessingFailure, neckfrac.CommitProcessingFailure,
		neckfrac.CommitNoSuchInstance, neckfrac.CommitClassConflict, neckfrac.CommitClassNotSupported}
	if len(r.told) != 1 || !slices.Equal(r.told[0].Reasons, want) {
		t.Fatalf("told %+v, want %v", r.told, want)
	}
	round(t, c, 0)
}

func TestCommitmentIsReportedUntilAnswered(t *testing.T) {
	t.Parallel()
	h, c, r := committed(t)
	h.ask(t, ctRef(0))
	r.err = neckfrac.Errorf(neckfrac.Unavailable, "report", "peer is away")
	round(t, c, 0)
	// What was decided is told, whatever has happened to the bytes since.
	held, err := h.ledger.Held(t.Context(), ctRef(0).UID)
	if err != nil {
		t.Fatal(err)
	}
	h.blobs.Rot(held.Blobs[0])
	round(t, c, 0) // not before its time
	for range 4 {
		h.clock.Advance(time.Hour)
		round(t, c, 0)
	}
	h.clock.Advance(time.Hour)
	r.err = nil
	round(t, c, 1)
	if len(r.told) != 6 || r.told[5].Reasons[0] != neckfrac.Committed || r.told[5].Attempt != 5 {
		t.Fatalf("told %+v", r.told)
	}
	// Asked once more, it is looked at once more.
	h.ask(t, ctRef(0))
	round(t, c, 1)
	if last := r.told[len(r.told)-1]; last.Reasons[0] != neckfrac.CommitProcessingFailure {
		t.Errorf("told %+v, want the damage", last)
	}
}

func TestNothingIsSaidWithoutTheStores(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*house){
		"ledger": func(h *house) { h.ledger.Fail("Held", neckfrac.Unavailable, 1) },
		"blobs":  func(h *house) { h.blobs.Fail("Open", neckfrac.Unavailable, 1) },
		"answer": func(h *house) { h.ledger.Fail("DecideCommitment", neckfrac.Unavailable, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, c, r := committed(t)
			h.ask(t, ctRef(0), ctRef(1))
			fail(h)
			round(t, c, 0)
			if len(r.told) != 0 {
				t.Fatalf("told %+v", r.told)
			}
			h.clock.Advance(time.Minute)
			round(t, c, 1)
			if !slices.Equal(r.told[0].Reasons, []neckfrac.FailureReason{0, 0}) {
				t.Errorf("told %+v", r.told)
			}
		})
	}
}
