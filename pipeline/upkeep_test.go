package pipeline_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline"
)

func keeper(h *house) *pipeline.Keeper {
	return &pipeline.Keeper{Ledger: h.ledger, Expiry: 24 * time.Hour, Keep: 72 * time.Hour, Now: h.clock.Now, Log: h.log}
}

func upkeep(t *testing.T, k *pipeline.Keeper, want pipeline.UpkeepCounts) {
	t.Helper()
	if got, err := k.Round(t.Context()); err != nil || got != want {
		t.Fatalf("round: %+v, %v; want %+v", got, err, want)
	}
}

// TestUnreportedCommitmentEnds: retried until its expiry, then kept as undelivered and
// counted, then forgotten; what a later question asks is answered as ever.
func TestUnreportedCommitmentEnds(t *testing.T) {
	t.Parallel()
	h, c, r := committed(t)
	k := keeper(h)
	var counted int
	k.Count = func(c pipeline.UpkeepCounts) { counted += c.Undelivered }
	h.ask(t, ctRef(0))
	r.err = neckfrac.Errorf(neckfrac.Unavailable, "report", "peer is away")
	for range 23 {
		round(t, c, 0)
		upkeep(t, k, pipeline.UpkeepCounts{})
		h.clock.Advance(time.Hour)
	}
	h.clock.Advance(time.Hour)
	upkeep(t, k, pipeline.UpkeepCounts{Undelivered: 1})
	tried := len(r.told)
	h.clock.Advance(time.Hour)
	round(t, c, 0)
	if len(r.told) != tried || counted != 1 {
		t.Fatalf("told %d times after its end, counted %d", len(r.told)-tried, counted)
	}
	r.err = nil
	h.ask(t, ctRef(0))
	round(t, c, 1)
	h.clock.Advance(71 * time.Hour)
	upkeep(t, k, pipeline.UpkeepCounts{})
	h.clock.Advance(time.Hour)
	upkeep(t, k, pipeline.UpkeepCounts{Pruned: 1})
	h.ask(t, ctRef(1)) // the name is free again
	round(t, c, 1)
}

// TestRetrievalThatNobodyFetchesEnds: its service may not even be configured any more.
func TestRetrievalThatNobodyFetchesEnds(t *testing.T) {
	t.Parallel()
	h, _, r := announced(t, 3)
	k := keeper(h)
	upkeep(t, k, pipeline.UpkeepCounts{})
	h.clock.Advance(24 * time.Hour)
	upkeep(t, k, pipeline.UpkeepCounts{ExpiredRetrievals: 1})
	if row := attempt(t, h, r); row.State != neckfrac.RetrievalFailed || row.Reason != neckfrac.Unavailable || !row.Expired || row.Missing != 3 {
		t.Errorf("row %+v", row)
	}
	h.clock.Advance(72 * time.Hour)
	upkeep(t, k, pipeline.UpkeepCounts{Pruned: 1})
}

// TestUpkeepIsBounded: a round leaves the rest to the next, and an error of the ledger
// loses no count.
func TestUpkeepIsBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.ledger.OpenPerPeer = 1000
	for i := range 300 {
		_, err := h.ledger.RequestCommitment(t.Context(), neckfrac.Commitment{Peer: "CT1", TransactionUID: fmt.Sprintf("1.2.7.%d", i), Received: h.clock.Now(), Instances: []neckfrac.InstanceRef{ctRef(0)}})
		if err != nil {
			t.Fatal(err)
		}
	}
	h.clock.Advance(24 * time.Hour)
	k := keeper(h)
	upkeep(t, k, pipeline.UpkeepCounts{Undelivered: 256})
	h.ledger.Fail("PruneCommitments", neckfrac.Unavailable, 1)
	if got, err := k.Round(t.Context()); neckfrac.KindOf(err) != neckfrac.Unavailable || got.Undelivered != 44 {
		t.Fatalf("round: %+v, %v", got, err)
	}
	upkeep(t, k, pipeline.UpkeepCounts{})
}

func TestUpkeepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	h.ledger.On("PruneRetrievals", cancel)
	keeper(h).Run(ctx)
}
