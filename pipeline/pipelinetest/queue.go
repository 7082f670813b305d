package pipelinetest

import (
	"context"
	"slices"
	"sync"

	"github.com/neckfrac/neckfrac"
)

// Queue is the fake of neckfrac.Queue. It is unbounded.
type Queue struct {
	*Faults
	mu    sync.Mutex
	hints []hint
	wake  chan struct{}
}

type hint struct {
	id   neckfrac.JobID
	rank int
}

// NewQueue returns an empty queue.
func NewQueue() *Queue {
	return &Queue{Faults: newFaults("Announce", "Next"), wake: make(chan struct{})}
}

// Announce implements neckfrac.Queue.
func (q *Queue) Announce(ctx context.Context, id neckfrac.JobID, p neckfrac.Priority) error {
	_, err := call(ctx, q.Faults, "Announce", func() (none, error) {
		if id == "" {
			return none{}, neckfrac.Errorf(neckfrac.Invalid, "announce", "no job")
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		i := slices.IndexFunc(q.hints, func(h hint) bool { return h.id == id })
		if i < 0 {
			q.hints = append(q.hints, hint{id, p.Rank()})
		} else {
			q.hints[i].rank = max(q.hints[i].rank, p.Rank())
		}
		slices.SortStableFunc(q.hints, func(a, b hint) int { return b.rank - a.rank })
		close(q.wake)
		q.wake = make(chan struct{})
		return none{}, nil
	})
	return err
}

// Next implements neckfrac.Queue.
func (q *Queue) Next(ctx context.Context) (neckfrac.JobID, error) {
	return call(ctx, q.Faults, "Next", func() (neckfrac.JobID, error) {
		for {
			q.mu.Lock()
			wake := q.wake
			if len(q.hints) > 0 {
				id := q.hints[0].id
				q.hints = slices.Delete(q.hints, 0, 1)
				q.mu.Unlock()
				return id, nil
			}
			q.mu.Unlock()
			select {
			case <-wake:
			case <-ctx.Done():
				return "", neckfrac.Wrap(neckfrac.Unavailable, "next hint", ctx.Err())
			}
		}
	})
}

// Flush loses all hints, as a restart of the real queue does.
func (q *Queue) Flush() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hints = nil
}
