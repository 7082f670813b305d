package ledgertest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
)

func settleCases() []testCase {
	return []testCase{
		{"quiet lists by the newest instance", quiet},
		{"settle makes a ready job", settleOnce},
		{"newer instance in between", settleRaced},
		{"unknown or settled study", settleRefused},
		{"job that has not started is reused", settleReuse},
		{"later instances after the result", settleAgain},
	}
}

func quiet(f *fixture) {
	old := f.receive(arrival(1, 1, 1)).StudyID
	mid := f.receive(received(arrival(2, 1, 1), at(time.Second))).StudyID
	f.receive(arrival(3, 1, 1))
	f.receive(received(arrival(3, 1, 2), at(3*time.Second)))
	for _, c := range []struct {
		before time.Duration
		n      int
		want   []neckfrac.StudyID
	}{
		{-time.Second, 9, nil},
		{0, 9, []neckfrac.StudyID{old}},
		{2 * time.Second, 9, []neckfrac.StudyID{old, mid}},
		{2 * time.Second, 1, []neckfrac.StudyID{old}},
	} {
		got, err := f.l.Quiet(f.ctx(), at(c.before), c.n)
		f.must("quiet", err)
		if len(got) != len(c.want) || (len(got) > 0 && !cmp.Equal(got, c.want)) {
			f.Fatalf("quiet before %v, %d: %v, want %v", c.before, c.n, got, c.want)
		}
	}
	f.settle(old, epoch, at(time.Minute))
	got, err := f.l.Quiet(f.ctx(), at(2*time.Second), 9)
	f.must("quiet", err)
	if !cmp.Equal(got, []neckfrac.StudyID{mid}) {
		f.Fatalf("quiet after settle: %v, want %v", got, mid)
	}
}

func settleOnce(f *fixture) {
	id := f.receive(arrival(1, 1, 1)).StudyID
	got, err := f.l.Settle(f.ctx(), id, epoch, neckfrac.BasisQuiet, neckfrac.Stat, at(20*time.Second))
	f.must("settle", err)
	want := neckfrac.Job{ID: got.ID, StudyID: id, Priority: neckfrac.Stat, State: neckfrac.JobReady, Ready: at(20 * time.Second), T0: epoch, Basis: neckfrac.BasisQuiet}
	if got.ID == "" || !cmp.Equal(got, want) {
		f.Fatalf("job %+v, want %+v", got, want)
	}
	f.wantState("settled", id, neckfrac.StudyQueued, neckfrac.JobReady)
}

func settleRaced(f *fixture) {
	id := f.receive(arrival(1, 1, 1)).StudyID
	f.receive(received(arrival(1, 1, 2), at(time.Second)))
	_, err := f.l.Settle(f.ctx(), id, epoch, neckfrac.BasisQuiet, neckfrac.Routine, at(20*time.Second))
	f.wantKind("settle", err, neckfrac.Conflict)
	f.wantState("not settled", id, neckfrac.StudyReceiving, "")
}

func settleRefused(f *fixture) {
	_, err := f.l.Settle(f.ctx(), "nobody", epoch, neckfrac.BasisQuiet, neckfrac.Routine, epoch)
	f.wantKind("settle unknown", err, neckfrac.NotFound)
	id := f.receive(arrival(1, 1, 1)).StudyID
	f.settle(id, epoch, at(time.Minute))
	_, err = f.l.Settle(f.ctx(), id, epoch, neckfrac.BasisQuiet, neckfrac.Routine, at(time.Minute))
	f.wantKind("settle twice", err, neckfrac.Conflict)
}

func settleReuse(f *fixture) {
	id := f.receive(arrival(1, 1, 1)).StudyID
	first := f.settle(id, epoch, at(20*time.Second))
	f.receive(received(arrival(1, 1, 2), at(30*time.Second)))
	f.wantState("more arrived", id, neckfrac.StudyReceiving, neckfrac.JobWaiting)
	_, err := f.l.Lease(f.ctx(), first.ID, "w", at(31*time.Second), time.Minute)
	f.wantKind("lease of a waiting job", err, neckfrac.Conflict)
	if jobs, err := f.l.Runnable(f.ctx(), at(time.Hour), 9); err != nil || len(jobs) != 0 {
		f.Fatalf("runnable %+v, %v; want none while the study receives", jobs, err)
	}
	second, err := f.l.Settle(f.ctx(), id, at(30*time.Second), neckfrac.BasisCounted, neckfrac.Urgent, at(50*time.Second))
	f.must("settle", err)
	want := first
	want.T0, want.Priority, want.Basis = at(30*time.Second), neckfrac.Urgent, neckfrac.BasisCounted
	if !cmp.Equal(second, want) {
		f.Fatalf("job %+v, want %+v", second, want)
	}
}

func settleAgain(f *fixture) {
	id, first := f.finished(1)
	f.wantState("finished", id, neckfrac.StudyAssessed, neckfrac.JobAssessed)
	f.receive(received(arrival(1, 1, 2), at(time.Hour)))
	f.wantState("late slice", id, neckfrac.StudyReceiving, neckfrac.JobAssessed)
	j := f.settle(id, at(time.Hour), at(time.Hour))
	f.wantState("settled again", id, neckfrac.StudyQueued, neckfrac.JobReady)
	second, err := f.l.Finish(f.ctx(), f.lease(j.ID, at(time.Hour)), assessment(f.record(id)), nil)
	f.must("finish", err)
	if second.Revision != 2 || second.ID == first.ID || !second.T0.Equal(at(time.Hour)) {
		f.Fatalf("second result %q revision %d after %q, want a new one with revision 2", second.ID, second.Revision, first.ID)
	}
}
