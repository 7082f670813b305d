package ledgertest

import (
	"time"

	"github.com/neckfrac/neckfrac"
)

func outboxCases() []testCase {
	return []testCase{
		{"due leases rows", dueLeases},
		{"due is oldest first and bounded", dueOrder},
		{"retry counts and waits", retry},
		{"delivered rows stay delivered", delivered},
		{"one key is one row", oneKey},
	}
}

// later is delivery with a time before which it must not go out.
func later(key string, next time.Time) neckfrac.Delivery {
	d := delivery(key)
	d.Next = next
	return d
}

func (f *fixture) due(now time.Time, n int, want ...string) []neckfrac.Delivery {
	f.Helper()
	got, err := f.l.Due(f.ctx(), now, n, time.Minute)
	f.must("due", err)
	if len(got) != len(want) {
		f.Fatalf("due %+v, want %v", got, want)
	}
	for i := range want {
		if got[i].Key != want[i] {
			f.Fatalf("due %+v, want %v", got, want)
		}
	}
	return got
}

func dueLeases(f *fixture) {
	f.finished(1, later("k", at(time.Hour)))
	f.due(at(time.Hour-time.Microsecond), 9)
	f.due(at(time.Hour), 9, "k")
	f.due(at(time.Hour+time.Minute-time.Microsecond), 9)
	f.due(at(time.Hour+time.Minute), 9, "k")
}

func dueOrder(f *fixture) {
	f.finished(1, later("c", at(3*time.Hour)), later("a", at(time.Hour)), later("b", at(2*time.Hour)))
	f.due(at(4*time.Hour), 2, "a", "b")
	f.due(at(4*time.Hour), 2, "c")
}

func retry(f *fixture) {
	f.finished(1, later("k", at(time.Hour)))
	d := f.due(at(time.Hour), 1, "k")[0]
	f.must("retry", f.l.Retry(f.ctx(), d.ID, at(2*time.Hour), neckfrac.Unavailable))
	f.due(at(2*time.Hour-time.Microsecond), 9)
	if d = f.due(at(2*time.Hour), 9, "k")[0]; d.Attempt != 1 || !d.Next.Equal(at(2*time.Hour)) {
		f.Fatalf("delivery %+v, want attempt 1 at its new time", d)
	}
	f.wantKind("retry unknown", f.l.Retry(f.ctx(), "nothing", epoch, neckfrac.Internal), neckfrac.NotFound)
}

func delivered(f *fixture) {
	f.finished(1, later("k", at(time.Hour)))
	d := f.due(at(time.Hour), 1, "k")[0]
	for range 2 {
		f.must("delivered", f.l.Delivered(f.ctx(), d.ID, at(time.Hour)))
	}
	f.must("retry after delivered", f.l.Retry(f.ctx(), d.ID, at(time.Hour), neckfrac.Internal))
	f.due(at(24*time.Hour), 9)
	f.wantKind("delivered unknown", f.l.Delivered(f.ctx(), "nothing", epoch), neckfrac.NotFound)
}

func oneKey(f *fixture) {
	_, a := f.finished(1, later("k", at(time.Hour)), later("k", at(time.Hour)))
	f.finished(2, later("k", at(time.Hour)), later("l", at(time.Hour)))
	got := f.due(at(time.Hour), 9, "k", "l")
	if got[0].AssessmentID != a.ID {
		f.Fatalf("delivery %+v, want the first row with its key", got[0])
	}
}
