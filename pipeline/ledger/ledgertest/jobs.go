package ledgertest

import (
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
)

func jobCases() []testCase {
	return []testCase{
		{"runnable by priority, then age", runnable},
		{"dead leases are runnable", runnableDead},
		{"one of many workers gets the lease", leaseExclusive},
		{"taking over counts a crash", leaseTakeover},
		{"unknown and ended jobs", leaseRefused},
		{"renew moves the deadline", renew},
		{"release with and without a crash", release},
		{"release after more arrived", releaseReceiving},
		{"stale fence changes nothing", staleFence},
	}
}

func runnable(f *fixture) {
	var want []neckfrac.JobID
	byStudy := map[int]neckfrac.JobID{}
	for _, s := range []struct {
		study int
		p     neckfrac.Priority
		ready time.Duration
	}{{1, neckfrac.Routine, 0}, {2, neckfrac.Stat, 3}, {3, neckfrac.Routine, 1}, {4, neckfrac.Stat, 2}, {5, neckfrac.ASAP, 4}, {6, neckfrac.Urgent, 5}} {
		id := f.receive(arrival(s.study, 1, 1)).StudyID
		j, err := f.l.Settle(f.ctx(), id, epoch, neckfrac.BasisQuiet, s.p, at(s.ready*time.Second))
		f.must("settle", err)
		byStudy[s.study] = j.ID
	}
	for _, s := range []int{4, 2, 5, 6, 1, 3} {
		want = append(want, byStudy[s])
	}
	for _, n := range []int{6, 3} {
		jobs, err := f.l.Runnable(f.ctx(), at(time.Minute), n)
		f.must("runnable", err)
		var got []neckfrac.JobID
		for _, j := range jobs {
			got = append(got, j.ID)
		}
		if d := cmp.Diff(want[:n], got); d != "" {
			f.Fatalf("order (-want +got):\n%s", d)
		}
	}
}

func runnableDead(f *fixture) {
	_, l := f.leased(1)
	for _, c := range []struct {
		now  time.Time
		want int
	}{{l.Deadline.Add(-time.Microsecond), 0}, {l.Deadline, 1}} {
		jobs, err := f.l.Runnable(f.ctx(), c.now, 9)
		f.must("runnable", err)
		if len(jobs) != c.want {
			f.Fatalf("runnable at %v: %+v, want %d", c.now, jobs, c.want)
		}
	}
}

func leaseExclusive(f *fixture) {
	id := f.receive(arrival(1, 1, 1)).StudyID
	j := f.settle(id, epoch, at(20*time.Second))
	const n = 8
	var wg sync.WaitGroup
	leases, errs := make([]neckfrac.Lease, n), make([]error, n)
	for i := range n {
		wg.Go(func() { leases[i], errs[i] = f.l.Lease(f.ctx(), j.ID, "w", at(21*time.Second), time.Minute) })
	}
	wg.Wait()
	won := 0
	for i, err := range errs {
		if err != nil {
			f.wantKind("lease", err, neckfrac.Conflict)
			continue
		}
		won++
		want := neckfrac.Lease{Job: j, Worker: "w", Fence: leases[i].Fence, Deadline: at(81 * time.Second)}
		want.Job.State = neckfrac.JobRunning
		if !cmp.Equal(leases[i], want) {
			f.Fatalf("lease %+v, want %+v", leases[i], want)
		}
	}
	if won != 1 {
		f.Fatalf("%d workers hold the lease, want 1", won)
	}
	f.wantState("leased", id, neckfrac.StudyQueued, neckfrac.JobRunning)
}

func leaseTakeover(f *fixture) {
	id, first := f.leased(1)
	_, err := f.l.Lease(f.ctx(), first.Job.ID, "w2", first.Deadline.Add(-time.Microsecond), time.Minute)
	f.wantKind("lease of a live job", err, neckfrac.Conflict)
	f.receive(received(arrival(1, 1, 2), at(30*time.Second)))
	second, err := f.l.Lease(f.ctx(), first.Job.ID, "w2", first.Deadline, time.Minute)
	f.must("take over", err)
	if second.Job.Crashes != 1 || second.Fence <= first.Fence || second.Worker != "w2" || !second.Job.T0.Equal(at(30*time.Second)) {
		f.Fatalf("lease %+v, want one crash, a newer fence and T0 of the newest slice", second)
	}
	// The second lease began after the second slice, so its result covers everything.
	_, err = f.l.Finish(f.ctx(), second, assessment(f.record(id)), nil)
	f.must("finish", err)
	f.wantState("finished", id, neckfrac.StudyAssessed, neckfrac.JobAssessed)
}

func leaseRefused(f *fixture) {
	_, err := f.l.Lease(f.ctx(), "nothing", "w", epoch, time.Minute)
	f.wantKind("lease unknown", err, neckfrac.NotFound)
	id, l := f.leased(1)
	_, err = f.l.Finish(f.ctx(), l, assessment(f.record(id)), nil)
	f.must("finish", err)
	_, err = f.l.Lease(f.ctx(), l.Job.ID, "w", at(time.Hour), time.Minute)
	f.wantKind("lease ended", err, neckfrac.Conflict)
}

func renew(f *fixture) {
	_, l := f.leased(1)
	got, err := f.l.Renew(f.ctx(), l, at(40*time.Second), time.Minute)
	f.must("renew", err)
	want := l
	want.Deadline = at(100 * time.Second)
	if !cmp.Equal(got, want) {
		f.Fatalf("lease %+v, want %+v", got, want)
	}
	_, err = f.l.Lease(f.ctx(), l.Job.ID, "w2", l.Deadline, time.Minute)
	f.wantKind("lease after renewal", err, neckfrac.Conflict)
	// A worker that is late, but was not replaced, may go on.
	_, err = f.l.Renew(f.ctx(), got, at(time.Hour), time.Minute)
	f.must("late renewal", err)
}

func release(f *fixture) {
	id, l := f.leased(1)
	f.must("release", f.l.Release(f.ctx(), l, false))
	f.wantState("released", id, neckfrac.StudyQueued, neckfrac.JobReady)
	l = f.lease(l.Job.ID, at(30*time.Second))
	if l.Job.Crashes != 0 {
		f.Fatalf("crashes %d after a shutdown, want 0", l.Job.Crashes)
	}
	f.must("release", f.l.Release(f.ctx(), l, true))
	if l = f.lease(l.Job.ID, at(31*time.Second)); l.Job.Crashes != 1 {
		f.Fatalf("crashes %d after a crash, want 1", l.Job.Crashes)
	}
}

func releaseReceiving(f *fixture) {
	id, l := f.leased(1)
	f.receive(received(arrival(1, 1, 2), at(30*time.Second)))
	f.must("release", f.l.Release(f.ctx(), l, true))
	f.wantState("released", id, neckfrac.StudyReceiving, neckfrac.JobWaiting)
	j := f.settle(id, at(30*time.Second), at(50*time.Second))
	if j.ID != l.Job.ID || j.Crashes != 1 || !j.T0.Equal(at(30*time.Second)) {
		f.Fatalf("job %+v, want the same one with its crash and the new T0", j)
	}
}

// staleFence lets a paused worker wake up after another took its job over, and after
// it gave the job back itself.
func staleFence(f *fixture) {
	id, zombie := f.leased(1)
	live, err := f.l.Lease(f.ctx(), zombie.Job.ID, "w2", zombie.Deadline, time.Hour)
	f.must("take over", err)
	write := func(what string, l neckfrac.Lease) {
		f.Helper()
		before := f.record(id)
		_, err := f.l.Renew(f.ctx(), l, at(3*time.Minute), time.Minute)
		f.wantKind(what+" renew", err, neckfrac.Conflict)
		f.wantKind(what+" release", f.l.Release(f.ctx(), l, true), neckfrac.Conflict)
		_, err = f.l.Finish(f.ctx(), l, assessment(before), []neckfrac.Delivery{delivery("k")})
		f.wantKind(what+" finish", err, neckfrac.Conflict)
		if d := cmp.Diff(before, f.record(id)); d != "" {
			f.Fatalf("%s changed the record:\n%s", what, d)
		}
		due, err := f.l.Due(f.ctx(), at(time.Hour), 9, time.Minute)
		f.must("due", err)
		if len(due) != 0 {
			f.Fatalf("%s left deliveries %+v", what, due)
		}
	}
	write("zombie", zombie)
	f.must("release", f.l.Release(f.ctx(), live, false))
	write("released", live)
	again := f.lease(live.Job.ID, at(4*time.Minute))
	if again.Job.Crashes != 1 {
		f.Fatalf("crashes %d, want only the takeover's", again.Job.Crashes)
	}
	_, err = f.l.Finish(f.ctx(), again, assessment(f.record(id)), nil)
	f.must("finish", err)
	write("ended", again)
}
