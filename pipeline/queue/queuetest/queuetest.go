package queuetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
)

// patience bounds a wait that a broken queue would never end.
const patience = 10 * time.Second

// Run runs the suite; open returns an empty queue that is closed by t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) neckfrac.Queue) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, q neckfrac.Queue)
	}{
		{"priority, then age", order},
		{"one job is one hint", coalesced},
		{"a later hint can raise", raised},
		{"announced again after it was taken", again},
		{"announce does not wait", neverBlocks},
		{"next waits for a hint", waits},
		{"next ends with its context", ends},
		{"each hint goes to one consumer", shared},
		{"no id", invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, open(t))
		})
	}
}

func announce(t *testing.T, q neckfrac.Queue, id neckfrac.JobID, p neckfrac.Priority) {
	t.Helper()
	if err := q.Announce(t.Context(), id, p); err != nil {
		t.Fatalf("announce %s: %v", id, err)
	}
}

func take(t *testing.T, q neckfrac.Queue, n int) []neckfrac.JobID {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out []neckfrac.JobID
	for range n {
		id, err := q.Next(ctx)
		if err != nil {
			t.Fatalf("next after %v: %v", out, err)
		}
		out = append(out, id)
	}
	return out
}

func wantTaken(t *testing.T, q neckfrac.Queue, want ...neckfrac.JobID) {
	t.Helper()
	if got := take(t, q, len(want)); !slices.Equal(got, want) {
		t.Fatalf("taken %v, want %v", got, want)
	}
}

// wantEmpty announces a marker of the lowest priority: it comes next only if nothing
// else is left.
func wantEmpty(t *testing.T, q neckfrac.Queue) {
	t.Helper()
	announce(t, q, "marker", neckfrac.Routine)
	wantTaken(t, q, "marker")
}

func order(t *testing.T, q neckfrac.Queue) {
	for _, j := range []struct {
		id neckfrac.JobID
		p  neckfrac.Priority
	}{
		{"routine-1", neckfrac.Routine}, {"stat-1", neckfrac.Stat}, {"urgent-1", neckfrac.Urgent},
		{"asap-1", neckfrac.ASAP}, {"routine-2", neckfrac.Routine}, {"stat-2", neckfrac.Stat}, {"unknown", "someday"},
	} {
		announce(t, q, j.id, j.p)
	}
	wantTaken(t, q, "stat-1", "stat-2", "asap-1", "urgent-1", "routine-1", "routine-2", "unknown")
	wantEmpty(t, q)
}

func coalesced(t *testing.T, q neckfrac.Queue) {
	announce(t, q, "a", neckfrac.Routine)
	announce(t, q, "b", neckfrac.Routine)
	announce(t, q, "a", neckfrac.Routine)
	wantTaken(t, q, "a", "b")
	wantEmpty(t, q)
}

func raised(t *testing.T, q neckfrac.Queue) {
	announce(t, q, "a", neckfrac.Routine)
	announce(t, q, "b", neckfrac.Urgent)
	announce(t, q, "a", neckfrac.Stat)
	announce(t, q, "a", neckfrac.Routine) // never lowered
	wantTaken(t, q, "a", "b")
	wantEmpty(t, q)
}

func again(t *testing.T, q neckfrac.Queue) {
	for range 2 {
		announce(t, q, "a", neckfrac.Routine)
		wantTaken(t, q, "a")
	}
}

func neverBlocks(t *testing.T, q neckfrac.Queue) {
	const n = 50
	for i := range n {
		announce(t, q, neckfrac.JobID(fmt.Sprintf("job-%02d", i)), neckfrac.Routine)
	}
	if got := take(t, q, n); !slices.IsSorted(got) {
		t.Fatalf("taken out of order: %v", got)
	}
}

type taken struct {
	id  neckfrac.JobID
	err error
}

// next runs Next beside the test.
func next(ctx context.Context, q neckfrac.Queue) <-chan taken {
	c := make(chan taken, 1)
	go func() {
		id, err := q.Next(ctx)
		c <- taken{id, err}
	}()
	return c
}

func receive(t *testing.T, c <-chan taken) taken {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case got := <-c:
		return got
	case <-ctx.Done():
		t.Fatal("next did not return")
		return taken{}
	}
}

func waits(t *testing.T, q neckfrac.Queue) {
	c := next(t.Context(), q)
	announce(t, q, "a", neckfrac.Routine)
	if got := receive(t, c); got.err != nil || got.id != "a" {
		t.Fatalf("next: %+v, want a", got)
	}
}

func ends(t *testing.T, q neckfrac.Queue) {
	ctx, cancel := context.WithCancel(t.Context())
	c := next(ctx, q)
	cancel()
	got := receive(t, c)
	if !errors.Is(got.err, context.Canceled) || neckfrac.KindOf(got.err) != neckfrac.Unavailable {
		t.Fatalf("next: %+v, want Unavailable because of context.Canceled", got)
	}
	announce(t, q, "a", neckfrac.Routine) // the consumer that left took nothing with it
	wantTaken(t, q, "a")
}

func shared(t *testing.T, q neckfrac.Queue) {
	const n = 8
	var cs []<-chan taken
	for range n {
		cs = append(cs, next(t.Context(), q))
	}
	var wg sync.WaitGroup
	want := map[neckfrac.JobID]int{}
	for i := range n {
		id := neckfrac.JobID(fmt.Sprintf("job-%d", i))
		want[id] = 1
		wg.Go(func() {
			if err := q.Announce(t.Context(), id, neckfrac.Routine); err != nil {
				t.Errorf("announce %s: %v", id, err)
			}
		})
	}
	wg.Wait()
	got := map[neckfrac.JobID]int{}
	for _, c := range cs {
		r := receive(t, c)
		if r.err != nil {
			t.Fatalf("next: %v", r.err)
		}
		got[r.id]++
	}
	if !maps.Equal(got, want) {
		t.Fatalf("taken %v, want %v", got, want)
	}
}

func invalid(t *testing.T, q neckfrac.Queue) {
	if err := q.Announce(t.Context(), "", neckfrac.Stat); neckfrac.KindOf(err) != neckfrac.Invalid || err == nil {
		t.Fatalf("announce without an id: %v, want Invalid", err)
	}
}
