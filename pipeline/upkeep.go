package pipeline

import (
	"context"
	"log/slog"
	"time"

	"github.com/neckfrac/neckfrac"
)

const (
	// DefaultRequestExpiry ends a request that a week of retries did not: a peer that was
	// away over a weekend and a holiday has had its answer.
	DefaultRequestExpiry = 7 * 24 * time.Hour
	// DefaultRequestKeep is how long an ended request is remembered: to answer its
	// repetition, and for whoever asks what became of it.
	DefaultRequestKeep = 30 * 24 * time.Hour
	// upkeepPoll is how often it is looked for; the ages are days.
	upkeepPoll = time.Minute
	// upkeepBatch bounds one transaction: a request may have 20 000 instances, and an
	// arrival waits for the only writer meanwhile.
	upkeepBatch = 4
	// upkeepBatches bounds one round.
	upkeepBatches = 64
)

// UpkeepCounts is what one round did.
type UpkeepCounts struct {
	// Undelivered are commitment transactions whose answer no peer confirmed.
	Undelivered int
	// ExpiredRetrievals were waiting for longer than they may.
	ExpiredRetrievals int
	// Pruned are ended requests of either kind that were forgotten.
	Pruned int
}

// Keeper ends storage commitment transactions and retrievals that grew too old, and
// forgets what has ended long ago. It is needed also where neither is offered any more,
// for what was taken before.
type Keeper struct {
	Ledger neckfrac.Upkeep
	// Expiry is the age at which a request ends. Defaults to DefaultRequestExpiry.
	Expiry time.Duration
	// Keep is how long it is remembered then. Defaults to DefaultRequestKeep.
	Keep time.Duration
	// Count, if not nil, is told what each round did.
	Count func(UpkeepCounts)
	Now   func() time.Time
	Log   *slog.Logger
}

// Run works until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	tick := time.NewTicker(upkeepPoll)
	defer tick.Stop()
	for {
		if _, err := k.Round(ctx); err != nil && ctx.Err() == nil {
			k.Log.Error("upkeep round failed", "kind", neckfrac.KindOf(err), "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Round ends and forgets what is due, up to some hundred of each; what is left is the next
// round's. The counts are of what was done, also with an error.
func (k *Keeper) Round(ctx context.Context) (c UpkeepCounts, err error) {
	if k.Count != nil {
		defer func() { k.Count(c) }()
	}
	now := k.Now()
	old, gone := now.Add(-orDefault(k.Expiry, DefaultRequestExpiry)), now.Add(-orDefault(k.Keep, DefaultRequestKeep))
	steps := []func() (int, error){
		func() (int, error) {
			ids, err := k.Ledger.ExpireCommitments(ctx, old, now, upkeepBatch)
			for _, id := range ids {
				k.Log.Error("commitment given up: the peer never confirmed its report", "commitment", id)
			}
			c.Undelivered += len(ids)
			return len(ids), err
		},
		func() (int, error) {
			ids, err := k.Ledger.ExpireRetrievals(ctx, old, now, upkeepBatch)
			for _, id := range ids {
				k.Log.Error("retrieval given up: it waited too long", "retrieval", id)
			}
			c.ExpiredRetrievals += len(ids)
			return len(ids), err
		},
		func() (int, error) {
			n, err := k.Ledger.PruneCommitments(ctx, gone, upkeepBatch)
			c.Pruned += n
			return n, err
		},
		func() (int, error) {
			n, err := k.Ledger.PruneRetrievals(ctx, gone, upkeepBatch)
			c.Pruned += n
			return n, err
		},
	}
	for _, step := range steps {
		for range upkeepBatches {
			n, err := step()
			if err != nil {
				return c, neckfrac.E("upkeep", err)
			}
			if n < upkeepBatch {
				break
			}
		}
	}
	return c, nil
}

func orDefault(d, def time.Duration) time.Duration {
	if d <= 0 {
		return def
	}
	return d
}
