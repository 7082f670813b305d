package ledgertest

import (
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
)

func retrievalCases() []testCase {
	return []testCase{
		{"from notification to done", retrievalFlow},
		{"notified twice", retrievalTwice},
		{"all rows of a notification or none", retrievalTogether},
		{"leases and order", retrievalLease},
		{"an end stands", retrievalEnds},
		{"requests that can't be", retrievalInvalid},
		{"unknown retrievals", retrievalUnknown},
	}
}

// retrieval asks for instances of a study's first series.
func retrieval(notification, study int, instances ...int) neckfrac.Retrieval {
	r := neckfrac.Retrieval{Notification: fmt.Sprintf("1.2.8.%d", notification), Source: "PACS", From: "RIS",
		Study: arrival(study, 1, 1).Study.UID, Expected: len(instances) + 1, Received: at(time.Hour)}
	for _, i := range instances {
		a := arrival(study, 1, i)
		r.Instances = append(r.Instances, neckfrac.AnnouncedInstance{Series: a.Series.UID,
			InstanceRef: neckfrac.InstanceRef{SOPClassUID: a.Instance.SOPClassUID, UID: a.Instance.UID}})
	}
	return r
}

// retrievals is what the ledger has of a study, ids left out.
func (f *fixture) retrievals(study int, want ...neckfrac.Retrieval) []neckfrac.Retrieval {
	f.Helper()
	got, err := f.l.StudyRetrievals(f.ctx(), arrival(study, 1, 1).Study.UID)
	f.must("study retrievals", err)
	seen := append([]neckfrac.Retrieval(nil), got...)
	for i := range seen {
		if seen[i].ID == "" {
			f.Fatal("no id")
		}
		seen[i].ID = ""
	}
	if d := cmp.Diff(want, seen); d != "" {
		f.Fatalf("retrievals (-want +got):\n%s", d)
	}
	return got
}

func (f *fixture) dueRetrievals(now time.Duration, want ...neckfrac.Retrieval) {
	f.Helper()
	got, err := f.l.DueRetrievals(f.ctx(), at(now), 9, time.Minute)
	f.must("due", err)
	if d := cmp.Diff(want, got); d != "" {
		f.Fatalf("due at %v (-want +got):\n%s", now, d)
	}
}

func (f *fixture) notify(rs ...neckfrac.Retrieval) {
	f.Helper()
	f.must("request", f.l.RequestRetrievals(f.ctx(), rs))
}

func retrievalFlow(f *fixture) {
	f.dueRetrievals(24 * time.Hour)
	f.receive(arrival(1, 1, 2))
	r := retrieval(1, 1, 1, 2, 3)
	f.notify(r)
	r.State, r.Next = neckfrac.RetrievalWaiting, r.Received
	r.ID = f.retrievals(1, r)[0].ID
	f.dueRetrievals(time.Minute)
	f.dueRetrievals(time.Hour, r)
	missing, err := f.l.MissingInstances(f.ctx(), r.ID)
	f.must("missing", err)
	if d := cmp.Diff([]neckfrac.AnnouncedInstance{r.Instances[0], r.Instances[2]}, missing); d != "" {
		f.Fatalf("missing (-want +got):\n%s", d)
	}
	f.must("retry", f.l.RetryRetrieval(f.ctx(), r.ID, 3, at(2*time.Hour), neckfrac.Unavailable))
	r.Attempt, r.Next, r.Reason = 3, at(2*time.Hour), neckfrac.Unavailable
	f.dueRetrievals(2*time.Hour - time.Second)
	f.dueRetrievals(2*time.Hour, r)
	f.receive(arrival(1, 1, 1))
	f.receive(arrival(1, 1, 3))
	if missing, err = f.l.MissingInstances(f.ctx(), r.ID); err != nil || len(missing) != 0 {
		f.Fatalf("missing %v, %v", missing, err)
	}
	f.must("end", f.l.EndRetrieval(f.ctx(), r.ID, neckfrac.RetrievalEnd{State: neckfrac.RetrievalDone, At: at(3 * time.Hour)}))
	f.dueRetrievals(24 * 365 * time.Hour)
	r.State, r.Reason, r.ID = neckfrac.RetrievalDone, neckfrac.Internal, ""
	f.retrievals(1, r)
}

func retrievalTwice(f *fixture) {
	r := retrieval(1, 1, 1, 2)
	f.notify(r)
	f.notify(r)
	r.State, r.Next = neckfrac.RetrievalWaiting, r.Received
	id := f.retrievals(1, r)[0].ID
	f.must("end", f.l.EndRetrieval(f.ctx(), id, neckfrac.RetrievalEnd{State: neckfrac.RetrievalFailed, Reason: neckfrac.Unavailable, Missing: 2, At: at(2 * time.Hour)}))
	f.notify(r)
	r.State, r.Reason, r.Missing = neckfrac.RetrievalFailed, neckfrac.Unavailable, 2
	f.retrievals(1, r)
	f.wantKind("other instances", f.l.RequestRetrievals(f.ctx(), []neckfrac.Retrieval{retrieval(1, 1, 1)}), neckfrac.Conflict)
	// Another source, or another notification, is another row.
	other := retrieval(1, 1, 1)
	other.Source = "VNA"
	f.notify(other, retrieval(2, 1, 1))
	if got, err := f.l.StudyRetrievals(f.ctx(), r.Study); err != nil || len(got) != 3 {
		f.Fatalf("%d rows, %v", len(got), err)
	}
}

func retrievalTogether(f *fixture) {
	f.notify(retrieval(1, 1, 1))
	conflict := retrieval(1, 1, 2)
	fresh := retrieval(2, 2, 1)
	f.wantKind("second row is a conflict", f.l.RequestRetrievals(f.ctx(), []neckfrac.Retrieval{fresh, conflict}), neckfrac.Conflict)
	f.retrievals(2)
}

func retrievalLease(f *fixture) {
	var want []neckfrac.StudyUID
	for i := range 3 {
		r := retrieval(i+1, i+1, 1)
		r.Received = at(time.Duration(3-i) * time.Minute)
		f.notify(r)
		want = append([]neckfrac.StudyUID{r.Study}, want...)
	}
	take := func(now time.Time, n int, want ...neckfrac.StudyUID) {
		f.Helper()
		got, err := f.l.DueRetrievals(f.ctx(), now, n, time.Minute)
		f.must("due", err)
		var studies []neckfrac.StudyUID
		for _, r := range got {
			studies = append(studies, r.Study)
		}
		if d := cmp.Diff(want, studies); d != "" {
			f.Fatalf("due (-want +got):\n%s", d)
		}
	}
	take(at(time.Hour), 2, want[:2]...)
	take(at(time.Hour), 9, want[2])
	take(at(time.Hour+time.Minute), 9, want...)
}

func retrievalEnds(f *fixture) {
	r := retrieval(1, 1, 1, 2)
	f.notify(r)
	id := f.retrievals(1, func() neckfrac.Retrieval { w := r; w.State, w.Next = neckfrac.RetrievalWaiting, r.Received; return w }())[0].ID
	f.must("partial", f.l.EndRetrieval(f.ctx(), id, neckfrac.RetrievalEnd{State: neckfrac.RetrievalPartial, Reason: neckfrac.Refused, Missing: 1, At: at(2 * time.Hour)}))
	f.must("again", f.l.EndRetrieval(f.ctx(), id, neckfrac.RetrievalEnd{State: neckfrac.RetrievalDone, At: at(3 * time.Hour)}))
	f.must("retry", f.l.RetryRetrieval(f.ctx(), id, 1, at(3*time.Hour), neckfrac.Unavailable))
	r.State, r.Reason, r.Missing, r.Next = neckfrac.RetrievalPartial, neckfrac.Refused, 1, r.Received
	f.retrievals(1, r)
	f.wantKind("no end", f.l.EndRetrieval(f.ctx(), id, neckfrac.RetrievalEnd{State: neckfrac.RetrievalWaiting, At: at(0)}), neckfrac.Invalid)
	f.wantKind("no time", f.l.EndRetrieval(f.ctx(), id, neckfrac.RetrievalEnd{State: neckfrac.RetrievalDone}), neckfrac.Invalid)
}

func retrievalInvalid(f *fixture) {
	for name, change := range map[string]func(*neckfrac.Retrieval){
		"no source":       func(r *neckfrac.Retrieval) { r.Source = "" },
		"no notification": func(r *neckfrac.Retrieval) { r.Notification = "" },
		"no study":        func(r *neckfrac.Retrieval) { r.Study = "" },
		"no time":         func(r *neckfrac.Retrieval) { r.Received = time.Time{} },
		"no instance":     func(r *neckfrac.Retrieval) { r.Instances = nil },
	} {
		r := retrieval(1, 1, 1)
		change(&r)
		f.wantKind(name, f.l.RequestRetrievals(f.ctx(), []neckfrac.Retrieval{r}), neckfrac.Invalid)
	}
	r := retrieval(1, 1, 1)
	r.Instances = make([]neckfrac.AnnouncedInstance, neckfrac.MaxAnnounced+1)
	f.wantKind("too many", f.l.RequestRetrievals(f.ctx(), []neckfrac.Retrieval{r}), neckfrac.Limit)
}

func retrievalUnknown(f *fixture) {
	_, missing := f.l.MissingInstances(f.ctx(), "nobody")
	for name, err := range map[string]error{
		"missing": missing,
		"end":     f.l.EndRetrieval(f.ctx(), "nobody", neckfrac.RetrievalEnd{State: neckfrac.RetrievalDone, At: at(0)}),
		"retry":   f.l.RetryRetrieval(f.ctx(), "nobody", 1, at(time.Hour), neckfrac.Internal),
	} {
		f.wantKind(name, err, neckfrac.NotFound)
	}
	f.retrievals(1)
}
