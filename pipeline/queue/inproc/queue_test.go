package inproc_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/queue/inproc"
	"github.com/neckfrac/neckfrac/pipeline/queue/queuetest"
)

func TestQueue(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, func(*testing.T) neckfrac.Queue { return inproc.New(0) })
}

// drain takes hints until the queue is empty, which its last Next shows by waiting
// until the context ends.
func drain(t *testing.T, q *inproc.Queue) []neckfrac.JobID {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out []neckfrac.JobID
	for {
		id, err := q.Next(ctx)
		if err != nil {
			return out
		}
		out = append(out, id)
	}
}

func TestFull(t *testing.T) {
	t.Parallel()
	type hint struct {
		id neckfrac.JobID
		p  neckfrac.Priority
	}
	for _, c := range []struct {
		name string
		in   []hint
		want []neckfrac.JobID
	}{
		{"same priority is dropped", []hint{{"a", neckfrac.Routine}, {"b", neckfrac.Routine}, {"c", neckfrac.Routine}}, []neckfrac.JobID{"a", "b"}},
		{"higher priority takes the youngest's place", []hint{{"a", neckfrac.Routine}, {"b", neckfrac.Routine}, {"c", neckfrac.Stat}}, []neckfrac.JobID{"c", "a"}},
		{"lower priority is dropped", []hint{{"a", neckfrac.Stat}, {"b", neckfrac.Urgent}, {"c", neckfrac.Routine}}, []neckfrac.JobID{"a", "b"}},
		{"lowest gives way first", []hint{{"a", neckfrac.Urgent}, {"b", neckfrac.Routine}, {"c", neckfrac.Stat}}, []neckfrac.JobID{"c", "a"}},
		{"raising needs no room", []hint{{"a", neckfrac.Routine}, {"b", neckfrac.Routine}, {"b", neckfrac.Stat}}, []neckfrac.JobID{"b", "a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			q := inproc.New(2)
			for _, h := range c.in {
				if err := q.Announce(t.Context(), h.id, h.p); err != nil {
					t.Fatalf("announce %s: %v", h.id, err)
				}
			}
			if got := drain(t, q); !slices.Equal(got, c.want) {
				t.Fatalf("%v: taken %v, want %v", c.in, got, c.want)
			}
		})
	}
}

// TestNextBlocks proves the waiting: in a synctest bubble Wait returns only when every
// goroutine is durably blocked.
func TestNextBlocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := inproc.New(0)
		var got neckfrac.JobID
		go func() { got, _ = q.Next(t.Context()) }()
		synctest.Wait()
		if got != "" {
			t.Fatalf("next took %q from an empty queue", got)
		}
		if err := q.Announce(t.Context(), "a", neckfrac.Routine); err != nil {
			t.Fatalf("announce: %v", err)
		}
		synctest.Wait()
		if got != "a" {
			t.Fatalf("next took %q, want a", got)
		}
	})
}

func ExampleQueue() {
	ctx := context.Background()
	q := inproc.New(0)
	_ = q.Announce(ctx, "job-1", neckfrac.Routine)
	_ = q.Announce(ctx, "job-2", neckfrac.Stat)
	for range 2 {
		fmt.Println(q.Next(ctx))
	}
	// Output:
	// job-2 <nil>
	// job-1 <nil>
}
