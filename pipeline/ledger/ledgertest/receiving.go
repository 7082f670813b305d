package ledgertest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
)

func receivingCases() []testCase {
	return []testCase{
		{"progress of what is received", progressOf},
		{"placements come back as they were", placements},
		{"a notification that is met", announcedMet},
		{"a commitment request that names all", committedAll},
		{"a part is settled while the rest arrives", settlePart},
		{"a part that was settled goes on after a crash", partAgain},
		{"a job that waits is made ready for a part", partOfWaiting},
		{"what has no result goes first", againLast},
		{"parts that can't be settled", partRefused},
	}
}

func (f *fixture) progress() []neckfrac.Progress {
	f.Helper()
	p, err := f.l.Receiving(f.ctx(), 9)
	f.must("receiving", err)
	return p
}

func (f *fixture) wantProgress(what string, want ...neckfrac.Progress) {
	f.Helper()
	if d := cmp.Diff(want, f.progress()); d != "" {
		f.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

func series(n, images int, first, last time.Duration) neckfrac.SeriesProgress {
	return neckfrac.SeriesProgress{UID: arrival(1, n, 1).Series.UID, Images: images, First: at(first), Last: at(last)}
}

func progressOf(f *fixture) {
	f.wantProgress("empty")
	id := f.receive(received(arrival(1, 1, 1), at(3*time.Second))).StudyID
	f.receive(received(arrival(1, 2, 2), at(time.Second)))
	f.receive(received(arrival(1, 1, 3), at(2*time.Second)))
	doc := received(arrival(1, 3, 4), at(time.Minute))
	doc.Instance.Kind = neckfrac.ObjectInstance
	f.receive(doc)
	p := neckfrac.Progress{ID: id, LastReceived: at(3 * time.Second), Held: 4,
		Series: []neckfrac.SeriesProgress{series(1, 2, 2*time.Second, 3*time.Second), series(2, 1, time.Second, time.Second)}}
	f.wantProgress("one study", p)
	if p.Images() != 3 || !p.First().Equal(at(time.Second)) {
		f.Fatalf("%d images since %v", p.Images(), p.First())
	}
	other := f.receive(arrival(2, 1, 1)).StudyID
	got, err := f.l.Receiving(f.ctx(), 1)
	f.must("receiving", err)
	if len(got) != 1 || got[0].ID != other {
		f.Fatalf("%+v, want the study that has been quiet longest alone", got)
	}
	f.settle(other, epoch, at(time.Minute))
	j := f.settle(id, at(time.Hour), at(time.Minute))
	f.wantProgress("settled")
	a, err := f.l.Finish(f.ctx(), f.lease(j.ID, at(time.Minute)), assessment(f.record(id)), nil)
	f.must("finish", err)
	f.receive(received(arrival(1, 1, 9), at(time.Hour)))
	p.Assessed, p.LastReceived, p.Held = a.Created, at(time.Hour), 5
	p.Series[0], p.Series[1].First = series(1, 3, time.Hour, time.Hour), time.Time{}
	f.wantProgress("late slice", p)
}

func placements(f *fixture) {
	full := neckfrac.Placement{Modality: "CT", ImageType: []string{"ORIGINAL", "PRIMARY"}, Computed: []string{"MIP"}, Kernel: "B60", Frame: "1.2.3", Rows: 512, Columns: 256,
		Orientation: [6]float64{1, 0, 0, 0, 0.9999999999, 1e-7}, SpacingMM: [2]float64{0.3, 0.7}, ThicknessMM: 1.25, PositionsMM: [][3]float64{{-1.5, 2, 3}, {0.1, 0, -4}},
		Mixed: true, Temporal: "1", Acquisition: "2", Stack: "3", KVP: "120", Concatenation: "1.9", Part: 1, Parts: 2, Related: 300}
	a, b := arrival(1, 1, 2), received(arrival(1, 1, 1), at(time.Second))
	a.Placement = full
	id := f.receive(a).StudyID
	f.receive(b)
	f.receive(arrival(1, 2, 3))
	doc := arrival(1, 1, 4)
	doc.Instance.Kind = neckfrac.ObjectInstance
	f.receive(doc)
	got, err := f.l.Placements(f.ctx(), id, a.Series.UID)
	f.must("placements", err)
	want := []neckfrac.Placed{{Placement: full, SOPClassUID: a.Instance.SOPClassUID, Received: epoch}, {SOPClassUID: b.Instance.SOPClassUID, Received: at(time.Second)}}
	if d := cmp.Diff(want, got); d != "" {
		f.Fatalf("placements (-want +got):\n%s", d)
	}
	if got, err := f.l.Placements(f.ctx(), id, "1.2.3.99"); err != nil || len(got) != 0 {
		f.Fatalf("placements of no series: %v, %v", got, err)
	}
}

func announcedMet(f *fixture) {
	r := retrieval(1, 1, 1, 2)
	r.Expected = 2
	f.notify(r)
	for i, want := range []bool{false, true, false} {
		f.receive(arrival(1, 1, i+1))
		if p := f.progress(); len(p) != 1 || p[0].Announced != want || p[0].Held != i+1 {
			f.Fatalf("with %d held: %+v, want announced %v", i+1, p, want)
		}
	}
	// The count fits, but a named instance is another one.
	r = retrieval(2, 2, 7)
	r.Expected = 1
	f.notify(r)
	id := f.receive(arrival(2, 1, 1)).StudyID
	for _, p := range f.progress() {
		if p.ID == id && p.Announced {
			f.Fatalf("%+v, want it not announced", p)
		}
	}
}

func committedAll(f *fixture) {
	f.receive(arrival(1, 1, 1))
	f.receive(received(arrival(1, 1, 2), at(time.Second)))
	ask := func(n int, received time.Duration, instances ...int) {
		c := neckfrac.Commitment{TransactionUID: string(arrival(9, 9, n).Instance.UID), Peer: "CT1", Received: at(received)}
		for _, i := range instances {
			in := arrival(1, 1, i).Instance
			c.Instances = append(c.Instances, neckfrac.InstanceRef{SOPClassUID: in.SOPClassUID, UID: in.UID})
		}
		_, err := f.l.RequestCommitment(f.ctx(), c)
		f.must("request", err)
	}
	want := func(what string, want bool) {
		f.Helper()
		if p := f.progress(); len(p) != 1 || p[0].Committed != want {
			f.Fatalf("%s: %+v, want committed %v", what, p, want)
		}
	}
	want("nothing asked", false)
	ask(1, 0, 1, 2)
	want("asked before the newest image", false)
	ask(2, time.Second, 2)
	want("one of two", false)
	ask(3, 2*time.Second, 1, 5)
	want("the other one too", true)
	f.receive(received(arrival(1, 1, 3), at(2*time.Second)))
	want("one more image", false)
}

func (f *fixture) settlePart(id neckfrac.StudyID, n int, seen time.Duration) neckfrac.Job {
	f.Helper()
	j, err := f.l.SettlePart(f.ctx(), id, neckfrac.Snapshot{Series: []neckfrac.SeriesUID{arrival(1, n, 1).Series.UID}, Seen: at(seen), T0: epoch}, neckfrac.BasisContiguous, neckfrac.Routine, at(time.Minute))
	f.must("settle part", err)
	return j
}

func settlePart(f *fixture) {
	id := f.receive(arrival(1, 1, 1)).StudyID
	f.receive(received(arrival(1, 2, 2), at(3*time.Second)))
	j := f.settlePart(id, 1, time.Second)
	want := neckfrac.Job{ID: j.ID, StudyID: id, Priority: neckfrac.Routine, State: neckfrac.JobReady, Ready: at(time.Minute), T0: epoch,
		Series: []neckfrac.SeriesUID{arrival(1, 1, 1).Series.UID}, Seen: at(time.Second), Basis: neckfrac.BasisContiguous}
	if d := cmp.Diff(want, j); d != "" || j.Whole() {
		f.Fatalf("job (-want +got):\n%s", d)
	}
	// It stays ready, whatever arrives.
	f.receive(received(arrival(1, 2, 3), at(4*time.Second)))
	f.receive(received(arrival(1, 1, 4), at(5*time.Second)))
	f.wantState("more arrived", id, neckfrac.StudyQueued, neckfrac.JobReady)
	l := f.lease(j.ID, at(time.Minute))
	want.State = neckfrac.JobRunning
	if d := cmp.Diff(want, l.Job); d != "" {
		f.Fatalf("leased job (-want +got):\n%s", d)
	}
	_, err := f.l.Finish(f.ctx(), l, assessment(f.record(id)), nil)
	f.must("finish", err)
	f.wantState("finished", id, neckfrac.StudyReceiving, neckfrac.JobAssessed)
	// The rest makes the next revision.
	whole := f.settle(id, at(5*time.Second), at(2*time.Minute))
	if !whole.Whole() || !whole.T0.Equal(at(5*time.Second)) {
		f.Fatalf("job %+v, want the whole study", whole)
	}
	second, err := f.l.Finish(f.ctx(), f.lease(whole.ID, at(2*time.Minute)), assessment(f.record(id)), nil)
	f.must("finish", err)
	if second.Revision != 2 {
		f.Fatalf("revision %d, want 2", second.Revision)
	}
	f.wantState("all", id, neckfrac.StudyAssessed, neckfrac.JobAssessed)
}

func partAgain(f *fixture) {
	id := f.receive(arrival(1, 1, 1)).StudyID
	j := f.settlePart(id, 1, time.Second)
	l := f.lease(j.ID, at(time.Minute))
	f.must("release", f.l.Release(f.ctx(), l, true))
	f.wantState("released", id, neckfrac.StudyQueued, neckfrac.JobReady)
	again := f.lease(j.ID, at(2*time.Minute)).Job
	if again.Whole() || again.Crashes != 1 || !again.T0.Equal(epoch) {
		f.Fatalf("job %+v, want its part with one crash", again)
	}
}

func partOfWaiting(f *fixture) {
	id := f.receive(arrival(1, 1, 1)).StudyID
	first := f.settle(id, epoch, at(time.Minute))
	f.receive(received(arrival(1, 2, 2), at(time.Second)))
	part := f.settlePart(id, 2, time.Second)
	if part.ID != first.ID || part.Whole() {
		f.Fatalf("job %+v after %+v, want it reused for the part", part, first)
	}
}

func againLast(f *fixture) {
	old, _ := f.finished(1)
	f.receive(received(arrival(1, 1, 2), at(time.Second)))
	again := f.settle(old, at(time.Second), at(time.Minute))
	fresh := f.settle(f.receive(arrival(2, 1, 1)).StudyID, epoch, at(time.Hour))
	urgent, err := f.l.Settle(f.ctx(), f.receive(arrival(3, 1, 1)).StudyID, epoch, neckfrac.BasisQuiet, neckfrac.Urgent, at(2*time.Hour))
	f.must("settle", err)
	jobs, err := f.l.Runnable(f.ctx(), at(3*time.Hour), 9)
	f.must("runnable", err)
	var got []neckfrac.JobID
	for _, j := range jobs {
		got = append(got, j.ID)
	}
	if d := cmp.Diff([]neckfrac.JobID{urgent.ID, fresh.ID, again.ID}, got); d != "" {
		f.Fatalf("order (-want +got):\n%s", d)
	}
}

func partRefused(f *fixture) {
	id := f.receive(arrival(1, 1, 1)).StudyID
	good := neckfrac.Snapshot{Series: []neckfrac.SeriesUID{"1.2"}, Seen: epoch, T0: epoch}
	for name, change := range map[string]func(*neckfrac.Snapshot){
		"series": func(s *neckfrac.Snapshot) { s.Series = nil },
		"seen":   func(s *neckfrac.Snapshot) { s.Seen = time.Time{} },
		"t0":     func(s *neckfrac.Snapshot) { s.T0 = time.Time{} },
	} {
		bad := good
		change(&bad)
		_, err := f.l.SettlePart(f.ctx(), id, bad, neckfrac.BasisQuiet, neckfrac.Routine, epoch)
		f.wantKind("without "+name, err, neckfrac.Invalid)
	}
	_, err := f.l.SettlePart(f.ctx(), "nobody", good, neckfrac.BasisQuiet, neckfrac.Routine, epoch)
	f.wantKind("unknown", err, neckfrac.NotFound)
	f.settle(id, epoch, at(time.Minute))
	_, err = f.l.SettlePart(f.ctx(), id, good, neckfrac.BasisQuiet, neckfrac.Routine, epoch)
	f.wantKind("settled", err, neckfrac.Conflict)
}
