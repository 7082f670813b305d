package ledgertest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
)

func upkeepCases() []testCase {
	return []testCase{
		{"a peer has its share of open transactions", commitmentShare},
		{"an ended transaction that is asked again needs room", commitmentShareAgain},
		{"a peer has its share of open retrievals", retrievalShare},
		{"transactions expire", commitmentExpiry},
		{"an expired transaction may still be reported", commitmentLate},
		{"retrievals expire", retrievalExpiry},
		{"a lease outlives the expiry", expiryLeased},
		{"what has ended is pruned", pruning},
		{"a promise outlives its transaction", promiseStays},
		{"what the source said it could not send", failedInstances},
	}
}

func commitmentShare(f *fixture) {
	for i := range OpenPerPeer {
		f.ask(commitment(i+1, 1, 1))
	}
	_, err := f.l.RequestCommitment(f.ctx(), commitment(OpenPerPeer+1, 1, 1))
	f.wantKind("one more", err, neckfrac.Limit)
	f.ask(commitment(1, 1, 1)) // known and open: nothing new
	other := commitment(OpenPerPeer+1, 1, 1)
	other.Peer = "CT2"
	f.ask(other)
}

func commitmentShareAgain(f *fixture) {
	first := f.ask(commitment(1, 1, 1))
	f.report(first, at(2*time.Hour))
	for i := range OpenPerPeer {
		f.ask(commitment(i+2, 1, 1))
	}
	_, err := f.l.RequestCommitment(f.ctx(), commitment(1, 1, 1))
	f.wantKind("asked again without room", err, neckfrac.Limit)
}

// report decides and reports a transaction of one instance that nothing is known of.
func (f *fixture) report(id neckfrac.CommitmentID, t time.Time) {
	f.Helper()
	f.must("decide", f.l.DecideCommitment(f.ctx(), id, []neckfrac.FailureReason{neckfrac.CommitNoSuchInstance}, at(1000*time.Hour)))
	f.must("reported", f.l.CommitmentReported(f.ctx(), id, t))
}

func retrievalShare(f *fixture) {
	for i := range OpenPerPeer {
		f.notify(retrieval(i+1, 1, 1))
	}
	more := retrieval(OpenPerPeer+1, 1, 1)
	f.wantKind("one more", f.l.RequestRetrievals(f.ctx(), []neckfrac.Retrieval{more}), neckfrac.Limit)
	f.notify(retrieval(1, 1, 1))
	more.From = "RIS2"
	f.notify(more)
	id := f.retrievalOf(1, 0).ID
	f.must("end", f.l.EndRetrieval(f.ctx(), id, neckfrac.RetrievalEnd{State: neckfrac.RetrievalDone, At: at(2 * time.Hour)}))
	f.notify(retrieval(OpenPerPeer+2, 1, 1))
	two := []neckfrac.Retrieval{retrieval(50, 2, 1), retrieval(51, 2, 1)}
	two[0].From, two[1].From = "RIS3", "RIS"
	f.wantKind("the second of two", f.l.RequestRetrievals(f.ctx(), two), neckfrac.Limit)
	f.retrievals(2)
}

// retrievalOf is the n-th retrieval of a study.
func (f *fixture) retrievalOf(study, n int) neckfrac.Retrieval {
	f.Helper()
	rs, err := f.l.StudyRetrievals(f.ctx(), arrival(study, 1, 1).Study.UID)
	f.must("study retrievals", err)
	if len(rs) <= n {
		f.Fatalf("%d retrievals, want more than %d", len(rs), n)
	}
	return rs[n]
}

// expireCommitments expects ids to end of those asked for before t.
func (f *fixture) expireCommitments(t time.Duration, n int, want ...neckfrac.CommitmentID) {
	f.Helper()
	got, err := f.l.ExpireCommitments(f.ctx(), at(t), at(200*time.Hour), n)
	f.must("expire", err)
	if d := cmp.Diff(want, got); d != "" {
		f.Fatalf("expired before %v (-want +got):\n%s", t, d)
	}
}

func commitmentExpiry(f *fixture) {
	var ids []neckfrac.CommitmentID
	for i := range 3 {
		c := commitment(i+1, 1, 1)
		c.Received = at(time.Duration(i) * time.Hour)
		ids = append(ids, f.ask(c))
	}
	f.expireCommitments(-time.Second, 9)
	f.expireCommitments(time.Hour, 1, ids[0])
	f.expireCommitments(time.Hour, 9, ids[1])
	f.expireCommitments(time.Hour, 9)
	// Neither is due; asked again one is open, and decided anew.
	got, err := f.l.DueCommitments(f.ctx(), at(300*time.Hour), 9, time.Minute)
	f.must("due", err)
	if len(got) != 1 || got[0].ID != ids[2] {
		f.Fatalf("due %+v, want the one that is not expired", got)
	}
	f.must("retry of an expired one", f.l.RetryCommitment(f.ctx(), ids[0], at(3*time.Hour), neckfrac.Unavailable))
	again := commitment(1, 1, 1)
	again.Received = at(250 * time.Hour)
	if id := f.ask(again); id != ids[0] {
		f.Fatalf("asked again: %q, want %q", id, ids[0])
	}
	f.must("release", f.l.RetryCommitment(f.ctx(), ids[2], at(4*time.Hour), neckfrac.Unavailable))
	f.expireCommitments(249*time.Hour, 9, ids[2])
	got, err = f.l.DueCommitments(f.ctx(), at(400*time.Hour), 9, time.Minute)
	f.must("due", err)
	if len(got) != 1 || got[0].ID != ids[0] || got[0].Attempt != 0 {
		f.Fatalf("due %+v, want the one that was asked for again", got)
	}
	// Asked for while open, its age counts from then.
	again.Received = at(350 * time.Hour)
	f.ask(again)
	f.must("release", f.l.RetryCommitment(f.ctx(), ids[0], at(351*time.Hour), neckfrac.Unavailable))
	f.expireCommitments(300*time.Hour, 9)
}

func commitmentLate(f *fixture) {
	id := f.ask(commitment(1, 1, 1))
	f.must("decide", f.l.DecideCommitment(f.ctx(), id, []neckfrac.FailureReason{neckfrac.CommitNoSuchInstance}, at(1000*time.Hour)))
	f.expireCommitments(2*time.Hour, 9, id)
	f.must("reported", f.l.CommitmentReported(f.ctx(), id, at(201*time.Hour)))
	f.expireCommitments(500*time.Hour, 9)
}

func retrievalExpiry(f *fixture) {
	none, some, all := retrieval(1, 1, 1, 2), retrieval(2, 2, 1, 2), retrieval(3, 3, 1, 2)
	f.notify(none, some, all)
	f.receive(arrival(2, 1, 1))
	f.receive(arrival(3, 1, 1))
	f.receive(arrival(3, 1, 2))
	f.must("retry", f.l.RetryRetrieval(f.ctx(), f.retrievalOf(2, 0).ID, 1, at(2*time.Hour), neckfrac.NotFound))
	ids := []neckfrac.RetrievalID{f.retrievalOf(1, 0).ID, f.retrievalOf(2, 0).ID, f.retrievalOf(3, 0).ID}
	for _, s := range []struct {
		before time.Duration
		want   []neckfrac.RetrievalID
	}{{time.Hour - time.Second, nil}, {time.Hour, ids[:2]}, {time.Hour, ids[2:]}, {time.Hour, nil}} {
		got, err := f.l.ExpireRetrievals(f.ctx(), at(s.before), at(200*time.Hour), 2)
		f.must("expire", err)
		if d := cmp.Diff(s.want, got); d != "" {
			f.Fatalf("expired (-want +got):\n%s", d)
		}
	}
	none.State, none.Reason, none.Missing, none.Expired, none.Next = neckfrac.RetrievalFailed, neckfrac.Unavailable, 2, true, none.Received
	some.State, some.Reason, some.Missing, some.Expired, some.Attempt, some.Next = neckfrac.RetrievalPartial, neckfrac.NotFound, 1, true, 1, at(2*time.Hour)
	all.State, all.Next = neckfrac.RetrievalDone, all.Received
	f.retrievals(1, none)
	f.retrievals(2, some)
	f.retrievals(3, all)
	f.dueRetrievals(300 * time.Hour)
}

func expiryLeased(f *fixture) {
	id := f.ask(commitment(1, 1, 1))
	f.notify(retrieval(1, 1, 1))
	_, err := f.l.DueCommitments(f.ctx(), at(200*time.Hour), 9, time.Minute)
	f.must("due", err)
	_, err = f.l.DueRetrievals(f.ctx(), at(200*time.Hour), 9, time.Minute)
	f.must("due", err)
	for _, s := range []struct {
		after time.Duration
		want  int
	}{{time.Minute - time.Second, 0}, {time.Minute, 1}} {
		now := at(200*time.Hour + s.after)
		cs, err := f.l.ExpireCommitments(f.ctx(), at(100*time.Hour), now, 9)
		f.must("expire", err)
		rs, err := f.l.ExpireRetrievals(f.ctx(), at(100*time.Hour), now, 9)
		f.must("expire", err)
		if len(cs) != s.want || len(rs) != s.want || s.want == 1 && cs[0] != id {
			f.Fatalf("%v into the lease: expired %v and %v, want %d each", s.after, cs, rs, s.want)
		}
	}
}

func pruning(f *fixture) {
	for i := range 3 {
		f.report(f.ask(commitment(i+1, 1, i+1)), at(time.Duration(i+2)*time.Hour))
		f.notify(retrieval(i+1, 1, 1))
		f.must("end", f.l.EndRetrieval(f.ctx(), f.retrievalOf(1, i).ID, neckfrac.RetrievalEnd{State: neckfrac.RetrievalDone, At: at(time.Duration(i+2) * time.Hour)}))
	}
	open := f.ask(commitment(9, 1, 1))
	f.notify(retrieval(9, 2, 1))
	for _, s := range []struct {
		before  time.Duration
		n, want int
	}{{2*time.Hour - time.Second, 9, 0}, {3 * time.Hour, 1, 1}, {3 * time.Hour, 9, 1}, {3 * time.Hour, 9, 0}, {500 * time.Hour, 9, 1}} {
		cs, err := f.l.PruneCommitments(f.ctx(), at(s.before), s.n)
		f.must("prune", err)
		rs, err := f.l.PruneRetrievals(f.ctx(), at(s.before), s.n)
		f.must("prune", err)
		if cs != s.want || rs != s.want {
			f.Fatalf("pruned %d and %d before %v, want %d each", cs, rs, s.before, s.want)
		}
	}
	f.retrievals(1)
	f.retrievalOf(2, 0)
	// A name that is forgotten is free: other references are no conflict.
	f.ask(commitment(1, 1, 5))
	f.notify(retrieval(1, 1, 7))
	due, err := f.l.DueCommitments(f.ctx(), at(500*time.Hour), 1, time.Minute)
	f.must("due", err)
	if len(due) != 1 || due[0].ID != open {
		f.Fatalf("due %+v, want the open one", due)
	}
}

func promiseStays(f *fixture) {
	f.receive(arrival(1, 1, 1))
	id := f.ask(commitment(1, 1, 1))
	f.must("decide", f.l.DecideCommitment(f.ctx(), id, []neckfrac.FailureReason{neckfrac.Committed}, at(1000*time.Hour)))
	f.must("reported", f.l.CommitmentReported(f.ctx(), id, at(2*time.Hour)))
	if n, err := f.l.PruneCommitments(f.ctx(), at(3*time.Hour), 9); err != nil || n != 1 {
		f.Fatalf("pruned %d, %v", n, err)
	}
	if h, err := f.l.Held(f.ctx(), arrival(1, 1, 1).Instance.UID); err != nil || len(h.Blobs) != 1 {
		f.Fatalf("held %+v, %v", h, err)
	}
}

func failedInstances(f *fixture) {
	r := retrieval(1, 1, 1, 2, 3)
	f.notify(r)
	f.receive(arrival(1, 1, 1))
	// The first came after all, and the last was never announced.
	named := []neckfrac.InstanceUID{r.Instances[2].UID, r.Instances[0].UID, "1.2.3.4.5.6"}
	id := f.retrievalOf(1, 0).ID
	f.must("end", f.l.EndRetrieval(f.ctx(), id, neckfrac.RetrievalEnd{State: neckfrac.RetrievalPartial, Reason: neckfrac.Refused, Missing: 2, Failed: named, At: at(2 * time.Hour)}))
	r.State, r.Reason, r.Missing, r.Next, r.Failed = neckfrac.RetrievalPartial, neckfrac.Refused, 2, r.Received, named[:1]
	f.retrievals(1, r)
	f.wantKind("too many", f.l.EndRetrieval(f.ctx(), id, neckfrac.RetrievalEnd{State: neckfrac.RetrievalFailed,
		Failed: make([]neckfrac.InstanceUID, neckfrac.MaxAnnounced+1), At: at(0)}), neckfrac.Limit)
}
