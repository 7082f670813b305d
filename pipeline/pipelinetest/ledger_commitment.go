package pipelinetest

import (
	"context"
	"slices"
	"time"

	"github.com/neckfrac/neckfrac"
)

// commitment is a row.
type commitment struct {
	neckfrac.Commitment
	leased time.Time
	asked  time.Time
	// ended is when it was reported or given up, zero while it is open.
	ended time.Time
}

func (l *Ledger) commitment(op string, id neckfrac.CommitmentID) (*commitment, error) {
	for _, c := range l.commitments {
		if c.ID == id {
			return c, nil
		}
	}
	return nil, notFound(op)
}

// RequestCommitment implements neckfrac.Commitments.
func (l *Ledger) RequestCommitment(ctx context.Context, c neckfrac.Commitment) (neckfrac.CommitmentID, error) {
	return call(ctx, l.Faults, "RequestCommitment", func() (neckfrac.CommitmentID, error) {
		const op = "request commitment"
		switch {
		case c.Peer == "" || c.TransactionUID == "" || c.Received.IsZero() || len(c.Instances) == 0:
			return "", neckfrac.Errorf(neckfrac.Invalid, op, "peer, transaction, time or references are missing")
		case len(c.Instances) > neckfrac.MaxCommitted:
			return "", neckfrac.Errorf(neckfrac.Limit, op, "more than %d references", neckfrac.MaxCommitted)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, k := range l.commitments {
			if k.Peer != c.Peer || k.TransactionUID != c.TransactionUID {
				continue
			}
			if !slices.Equal(k.Instances, c.Instances) {
				return "", neckfrac.Errorf(neckfrac.Conflict, op, "transaction is known with other references")
			}
			if !k.ended.IsZero() {
				if err := l.roomForCommitment(c.Peer); err != nil {
					return "", err
				}
				k.ended, k.Reasons, k.Attempt, k.Next, k.leased = time.Time{}, nil, 0, micro(c.Received), time.Time{}
			}
			k.asked = micro(c.Received)
			return k.ID, nil
		}
		if err := l.roomForCommitment(c.Peer); err != nil {
			return "", err
		}
		c.ID, c.Reasons, c.Attempt = neckfrac.CommitmentID(l.newID("commitment")), nil, 0
		c.Instances, c.Received, c.Next = slices.Clone(c.Instances), micro(c.Received), micro(c.Received)
		l.commitments = append(l.commitments, &commitment{Commitment: c, asked: c.Received})
		return c.ID, nil
	})
}

// roomForCommitment is Limit where one more may not be open.
func (l *Ledger) roomForCommitment(peer neckfrac.AETitle) error {
	all, own := 0, 0
	for _, k := range l.commitments {
		if k.ended.IsZero() {
			all++
			if k.Peer == peer {
				own++
			}
		}
	}
	if all >= neckfrac.MaxOpenCommitments || own >= l.openPerPeer() {
		return neckfrac.Errorf(neckfrac.Limit, "request commitment", "%d transactions wait for their report, %d of the peer", all, own)
	}
	return nil
}

// DueCommitments implements neckfrac.Commitments.
func (l *Ledger) DueCommitments(ctx context.Context, now time.Time, n int, d time.Duration) ([]neckfrac.Commitment, error) {
	return call(ctx, l.Faults, "DueCommitments", func() ([]neckfrac.Commitment, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		now = micro(now)
		var due []*commitment
		for _, c := range l.commitments {
			if c.ended.IsZero() && !c.Next.After(now) && !c.leased.After(now) {
				due = append(due, c)
			}
		}
		slices.SortStableFunc(due, func(a, b *commitment) int { return a.Next.Compare(b.Next) })
		var out []neckfrac.Commitment
		for _, c := range due[:min(n, len(due))] {
			c.leased = now.Add(d)
			found := c.Commitment
			found.Instances, found.Reasons = slices.Clone(c.Instances), slices.Clone(c.Reasons)
			out = append(out, found)
		}
		return out, nil
	})
}

// Held implements neckfrac.Commitments.
func (l *Ledger) Held(ctx context.Context, uid neckfrac.InstanceUID) (neckfrac.Holding, error) {
	return call(ctx, l.Faults, "Held", func() (neckfrac.Holding, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		in := l.instances[uid]
		if in == nil {
			return neckfrac.Holding{}, notFound("held")
		}
		versions := slices.SortedFunc(slices.Values(in.versions), func(a, b neckfrac.BlobRef) int {
			return slices.Compare([]byte(a.Digest), []byte(b.Digest))
		})
		return neckfrac.Holding{SOPClassUID: in.SOPClassUID, Blobs: append([]neckfrac.BlobRef{in.Blob}, versions...)}, nil
	})
}

// DecideCommitment implements neckfrac.Commitments.
func (l *Ledger) DecideCommitment(ctx context.Context, id neckfrac.CommitmentID, reasons []neckfrac.FailureReason, until time.Time) error {
	return l.commit(ctx, "DecideCommitment", id, func(c *commitment) error {
		if c.Reasons != nil {
			return nil
		}
		if len(reasons) != len(c.Instances) || until.IsZero() {
			return neckfrac.Errorf(neckfrac.Invalid, "decide commitment", "%d answers for %d references, or no date", len(reasons), len(c.Instances))
		}
		for i, r := range reasons {
			if r == neckfrac.Committed && l.instances[c.Instances[i].UID] == nil {
				return neckfrac.Errorf(neckfrac.Conflict, "decide commitment", "a committed instance is gone")
			}
		}
		c.Reasons = slices.Clone(reasons)
		return nil
	})
}

// CommitmentReported implements neckfrac.Commitments.
func (l *Ledger) CommitmentReported(ctx context.Context, id neckfrac.CommitmentID, at time.Time) error {
	return l.commit(ctx, "CommitmentReported", id, func(c *commitment) error {
		if c.Reasons == nil {
			return neckfrac.Errorf(neckfrac.Conflict, "commitment reported", "nothing was decided yet")
		}
		c.ended = micro(at)
		return nil
	})
}

// RetryCommitment implements neckfrac.Commitments.
func (l *Ledger) RetryCommitment(ctx context.Context, id neckfrac.CommitmentID, next time.Time, _ neckfrac.Kind) error {
	return l.commit(ctx, "RetryCommitment", id, func(c *commitment) error {
		if c.ended.IsZero() {
			c.Attempt++
			c.Next, c.leased = micro(next), time.Time{}
		}
		return nil
	})
}

func (l *Ledger) commit(ctx context.Context, method string, id neckfrac.CommitmentID, do func(*commitment) error) error {
	_, err := call(ctx, l.Faults, method, func() (none, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		c, err := l.commitment(method, id)
		if err != nil {
			return none{}, err
		}
		return none{}, do(c)
	})
	return err
}
