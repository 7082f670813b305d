package pipelinetest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/neckfrac/neckfrac"
)

func (l *Ledger) openPerPeer() int { return cmp.Or(l.OpenPerPeer, neckfrac.DefaultOpenPerPeer) }

// ExpireCommitments implements neckfrac.Upkeep.
func (l *Ledger) ExpireCommitments(ctx context.Context, t, now time.Time, n int) ([]neckfrac.CommitmentID, error) {
	return call(ctx, l.Faults, "ExpireCommitments", func() (ids []neckfrac.CommitmentID, _ error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		t, now = micro(t), micro(now)
		old := oldest(l.commitments, n, func(c *commitment) (time.Time, bool) {
			return c.asked, c.ended.IsZero() && !c.asked.After(t) && !c.leased.After(now)
		})
		for _, c := range old {
			c.ended, c.leased = now, time.Time{}
			ids = append(ids, c.ID)
		}
		return ids, nil
	})
}

// ExpireRetrievals implements neckfrac.Upkeep.
func (l *Ledger) ExpireRetrievals(ctx context.Context, t, now time.Time, n int) ([]neckfrac.RetrievalID, error) {
	return call(ctx, l.Faults, "ExpireRetrievals", func() (ids []neckfrac.RetrievalID, _ error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		t, now = micro(t), micro(now)
		old := oldest(l.retrievals, n, func(r *retrieval) (time.Time, bool) {
			return r.Received, !r.State.Ended() && !r.Received.After(t) && !r.leased.After(now)
		})
		for _, r := range old {
			r.Missing, r.ended, r.leased, r.Expired = len(l.missing(r)), now, time.Time{}, true
			switch r.State = neckfrac.RetrievalPartial; r.Missing {
			case 0:
				r.State, r.Reason, r.Expired = neckfrac.RetrievalDone, neckfrac.Internal, false
			case len(r.Instances):
				r.State = neckfrac.RetrievalFailed
			}
			if r.Expired && r.Attempt == 0 {
				r.Reason = neckfrac.Unavailable
			}
			ids = append(ids, r.ID)
		}
		return ids, nil
	})
}

// PruneCommitments implements neckfrac.Upkeep.
func (l *Ledger) PruneCommitments(ctx context.Context, t time.Time, n int) (int, error) {
	return call(ctx, l.Faults, "PruneCommitments", func() (int, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		old := oldest(l.commitments, n, func(c *commitment) (time.Time, bool) {
			return c.ended, !c.ended.IsZero() && !c.ended.After(micro(t))
		})
		l.commitments = slices.DeleteFunc(l.commitments, func(c *commitment) bool { return slices.Contains(old, c) })
		return len(old), nil
	})
}

// PruneRetrievals implements neckfrac.Upkeep.
func (l *Ledger) PruneRetrievals(ctx context.Context, t time.Time, n int) (int, error) {
	return call(ctx, l.Faults, "PruneRetrievals", func() (int, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		old := oldest(l.retrievals, n, func(r *retrieval) (time.Time, bool) {
			return r.ended, r.State.Ended() && !r.ended.After(micro(t))
		})
		l.retrievals = slices.DeleteFunc(l.retrievals, func(r *retrieval) bool { return slices.Contains(old, r) })
		return len(old), nil
	})
}

// oldest are up to n of rows that when takes, by its time.
func oldest[T any](rows []*T, n int, when func(*T) (time.Time, bool)) (out []*T) {
	for _, r := range rows {
		if _, ok := when(r); ok {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b *T) int {
		at, _ := when(a)
		bt, _ := when(b)
		return at.Compare(bt)
	})
	return out[:min(max(n, 0), len(out))]
}
