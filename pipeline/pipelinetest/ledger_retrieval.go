package pipelinetest

import (
	"context"
	"slices"
	"time"

	"github.com/neckfrac/neckfrac"
)

// retrieval is a row.
type retrieval struct {
	neckfrac.Retrieval
	leased time.Time
	ended  time.Time
}

func (r *retrieval) copy() neckfrac.Retrieval {
	out := r.Retrieval
	out.Instances, out.Failed = slices.Clone(r.Instances), slices.Clone(r.Failed)
	return out
}

// RequestRetrievals implements neckfrac.Retrievals.
func (l *Ledger) RequestRetrievals(ctx context.Context, rs []neckfrac.Retrieval) error {
	_, err := call(ctx, l.Faults, "RequestRetrievals", func() (none, error) {
		const op = "request retrievals"
		l.mu.Lock()
		defer l.mu.Unlock()
		open, own := 0, map[neckfrac.AETitle]int{}
		for _, k := range l.retrievals {
			if !k.State.Ended() {
				open++
				own[k.From]++
			}
		}
		var added []*retrieval
		for _, r := range rs {
			switch {
			case r.Source == "" || r.Notification == "" || r.Study == "" || r.Received.IsZero() || len(r.Instances) == 0:
				return none{}, neckfrac.Errorf(neckfrac.Invalid, op, "source, notification, study, time or instances are missing")
			case len(r.Instances) > neckfrac.MaxAnnounced:
				return none{}, neckfrac.Errorf(neckfrac.Limit, op, "more than %d instances", neckfrac.MaxAnnounced)
			}
			i := slices.IndexFunc(l.retrievals, func(k *retrieval) bool { return k.Source == r.Source && k.Notification == r.Notification })
			switch {
			case i >= 0 && !slices.Equal(l.retrievals[i].Instances, r.Instances):
				return none{}, neckfrac.Errorf(neckfrac.Conflict, op, "notification is known with other instances")
			case i >= 0:
				continue
			case open >= neckfrac.MaxOpenRetrievals || own[r.From] >= l.openPerPeer():
				return none{}, neckfrac.Errorf(neckfrac.Limit, op, "%d retrievals wait, %d of the peer", open, own[r.From])
			}
			open++
			own[r.From]++
			r.State, r.Reason, r.Missing, r.Attempt, r.Failed, r.Expired = neckfrac.RetrievalWaiting, neckfrac.Internal, 0, 0, nil, false
			r.Instances, r.Received, r.Next = slices.Clone(r.Instances), micro(r.Received), micro(r.Received)
			added = append(added, &retrieval{Retrieval: r})
		}
		for _, r := range added {
			r.ID = neckfrac.RetrievalID(l.newID("retrieval"))
		}
		l.retrievals = append(l.retrievals, added...)
		return none{}, nil
	})
	return err
}

// DueRetrievals implements neckfrac.Retrievals.
func (l *Ledger) DueRetrievals(ctx context.Context, now time.Time, n int, d time.Duration) ([]neckfrac.Retrieval, error) {
	return call(ctx, l.Faults, "DueRetrievals", func() ([]neckfrac.Retrieval, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		now = micro(now)
		var due []*retrieval
		for _, r := range l.retrievals {
			if !r.State.Ended() && !r.Next.After(now) && !r.leased.After(now) {
				due = append(due, r)
			}
		}
		slices.SortStableFunc(due, func(a, b *retrieval) int { return a.Next.Compare(b.Next) })
		var out []neckfrac.Retrieval
		for _, r := range due[:min(max(n, 0), len(due))] {
			r.leased = now.Add(d)
			out = append(out, r.copy())
		}
		return out, nil
	})
}

// MissingInstances implements neckfrac.Retrievals.
func (l *Ledger) MissingInstances(ctx context.Context, id neckfrac.RetrievalID) ([]neckfrac.AnnouncedInstance, error) {
	var missing []neckfrac.AnnouncedInstance
	err := l.retrieve(ctx, "MissingInstances", id, func(r *retrieval) {
		missing = l.missing(r)
	})
	return missing, err
}

// missing lists what is not held of r.
func (l *Ledger) missing(r *retrieval) (out []neckfrac.AnnouncedInstance) {
	for _, in := range r.Instances {
		if l.instances[in.UID] == nil {
			out = append(out, in)
		}
	}
	return out
}

// EndRetrieval implements neckfrac.Retrievals.
func (l *Ledger) EndRetrieval(ctx context.Context, id neckfrac.RetrievalID, end neckfrac.RetrievalEnd) error {
	if !end.State.Ended() || end.At.IsZero() {
		return neckfrac.Errorf(neckfrac.Invalid, "end retrieval", "state or time is missing")
	}
	if len(end.Failed) > neckfrac.MaxAnnounced {
		return neckfrac.Errorf(neckfrac.Limit, "end retrieval", "more than %d failed instances", neckfrac.MaxAnnounced)
	}
	return l.retrieve(ctx, "EndRetrieval", id, func(r *retrieval) {
		if r.State.Ended() {
			return
		}
		for _, in := range l.missing(r) {
			if slices.Contains(end.Failed, in.UID) {
				r.Failed = append(r.Failed, in.UID)
			}
		}
		r.State, r.Reason, r.Missing, r.leased, r.ended = end.State, end.Reason, end.Missing, time.Time{}, micro(end.At)
		if end.State == neckfrac.RetrievalDone {
			r.Reason = neckfrac.Internal
		}
	})
}

// RetryRetrieval implements neckfrac.Retrievals.
func (l *Ledger) RetryRetrieval(ctx context.Context, id neckfrac.RetrievalID, attempt int, next time.Time, reason neckfrac.Kind) error {
	return l.retrieve(ctx, "RetryRetrieval", id, func(r *retrieval) {
		if !r.State.Ended() {
			r.Attempt, r.Next, r.Reason, r.leased = attempt, micro(next), reason, time.Time{}
		}
	})
}

// StudyRetrievals implements neckfrac.Retrievals.
func (l *Ledger) StudyRetrievals(ctx context.Context, study neckfrac.StudyUID) ([]neckfrac.Retrieval, error) {
	return call(ctx, l.Faults, "StudyRetrievals", func() ([]neckfrac.Retrieval, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		var out []neckfrac.Retrieval
		for _, r := range l.retrievals {
			if r.Study == study {
				out = append(out, r.copy())
			}
		}
		return out, nil
	})
}

func (l *Ledger) retrieve(ctx context.Context, method string, id neckfrac.RetrievalID, do func(*retrieval)) error {
	_, err := call(ctx, l.Faults, method, func() (none, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		i := slices.IndexFunc(l.retrievals, func(r *retrieval) bool { return r.ID == id })
		if i < 0 {
			return none{}, notFound(method)
		}
		do(l.retrievals[i])
		return none{}, nil
	})
	return err
}
