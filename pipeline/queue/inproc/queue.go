package inproc

import (
	"container/list"
	"context"
	"sync"

	"github.com/neckfrac/neckfrac"
)

const (
	// DefaultLimit is the number of hints that wait at most, some 200 bytes each: 2 MiB. A
	// busy hospital makes some hundred cervical studies a day.
	DefaultLimit = 10_000

	ranks = 4 // of Priority.Rank
)

// Queue implements neckfrac.Queue. It is safe for concurrent use.
type Queue struct {
	limit int

	mu sync.Mutex
	// byRank holds hints in order of age; index has each of them once.
	byRank [ranks]*list.List
	index  map[neckfrac.JobID]*list.Element
	// wake is closed, and replaced, when a hint arrives.
	wake chan struct{}
}

type hint struct {
	id   neckfrac.JobID
	rank int
}

// New returns an empty queue of at most limit hints; 0 or less is DefaultLimit.
func New(limit int) *Queue {
	if limit <= 0 {
		limit = DefaultLimit
	}
	q := &Queue{limit: limit, index: map[neckfrac.JobID]*list.Element{}, wake: make(chan struct{})}
	for i := range q.byRank {
		q.byRank[i] = list.New()
	}
	return q
}

// Announce implements neckfrac.Queue. It waits for nobody; in a full queue the
// youngest hint of the lowest priority gives way, or this one.
func (q *Queue) Announce(_ context.Context, id neckfrac.JobID, p neckfrac.Priority) error {
	if id == "" {
		return neckfrac.Errorf(neckfrac.Invalid, "announce", "no job")
	}
	h := hint{id, p.Rank()}
	q.mu.Lock()
	defer q.mu.Unlock()
	if e, ok := q.index[id]; ok {
		if e.Value.(hint).rank >= h.rank {
			return nil
		}
		q.drop(e)
	} else if len(q.index) >= q.limit && !q.makeRoom(h.rank) {
		return nil
	}
	q.index[id] = q.byRank[h.rank].PushBack(h)
	close(q.wake)
	q.wake = make(chan struct{})
	return nil
}

// makeRoom drops the youngest hint of the lowest priority below rank.
func (q *Queue) makeRoom(rank int) bool {
	for _, l := range q.byRank[:rank] {
		if e := l.Back(); e != nil {
			q.drop(e)
			return true
		}
	}
	return false
}

// drop forgets a hint. The caller holds mu.
func (q *Queue) drop(e *list.Element) hint {
	h := e.Value.(hint)
	q.byRank[h.rank].Remove(e)
	delete(q.index, h.id)
	return h
}

// Next implements neckfrac.Queue. The end of ctx is Unavailable.
func (q *Queue) Next(ctx context.Context) (neckfrac.JobID, error) {
	for {
		id, wake := q.take()
		if id != "" {
			return id, nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return "", neckfrac.Wrap(neckfrac.Unavailable, "next hint", ctx.Err())
		}
	}
}

// take returns the next hint, or "" and what to wait for.
func (q *Queue) take() (neckfrac.JobID, <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for r := ranks - 1; r >= 0; r-- {
		if e := q.byRank[r].Front(); e != nil {
			return q.drop(e).id, nil
		}
	}
	return "", q.wake
}
