package ledgertest

import (
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
)

func commitmentCases() []testCase {
	return []testCase{
		{"from request to report", commitmentFlow},
		{"asked twice", commitmentTwice},
		{"other references under one transaction", commitmentConflict},
		{"leases and order", commitmentLease},
		{"what is held", held},
		{"a promise needs its instance", commitmentGone},
		{"requests that can't be", commitmentInvalid},
		{"unknown transactions", commitmentUnknown},
	}
}

// commitment asks for instances of a study's first series.
func commitment(transaction, study int, instances ...int) neckfrac.Commitment {
	c := neckfrac.Commitment{TransactionUID: fmt.Sprintf("1.2.9.%d", transaction), Peer: "CT1", Received: at(time.Hour)}
	for _, i := range instances {
		a := arrival(study, 1, i).Instance
		c.Instances = append(c.Instances, neckfrac.InstanceRef{SOPClassUID: a.SOPClassUID, UID: a.UID})
	}
	return c
}

func (f *fixture) ask(c neckfrac.Commitment) neckfrac.CommitmentID {
	f.Helper()
	id, err := f.l.RequestCommitment(f.ctx(), c)
	f.must("request", err)
	if id == "" {
		f.Fatal("request: no id")
	}
	return id
}

func (f *fixture) dueCommitments(now time.Duration, want ...neckfrac.Commitment) {
	f.Helper()
	got, err := f.l.DueCommitments(f.ctx(), at(now), 9, time.Minute)
	f.must("due", err)
	if d := cmp.Diff(want, got); d != "" {
		f.Fatalf("due at %v (-want +got):\n%s", now, d)
	}
}

func commitmentFlow(f *fixture) {
	f.receive(arrival(1, 1, 1))
	f.dueCommitments(24 * time.Hour)
	c := commitment(1, 1, 1, 2)
	c.ID = f.ask(c)
	c.Next = c.Received
	f.dueCommitments(time.Minute)
	f.dueCommitments(time.Hour, c)
	reasons := []neckfrac.FailureReason{neckfrac.Committed, neckfrac.CommitNoSuchInstance}
	f.wantKind("reported before decided", f.l.CommitmentReported(f.ctx(), c.ID, at(4*time.Hour)), neckfrac.Conflict)
	f.must("decide", f.l.DecideCommitment(f.ctx(), c.ID, reasons, at(1000*time.Hour)))
	// The answer stands: the peer may have been told already.
	f.must("decide again", f.l.DecideCommitment(f.ctx(), c.ID, []neckfrac.FailureReason{neckfrac.Committed, neckfrac.Committed}, at(1000*time.Hour)))
	f.must("retry", f.l.RetryCommitment(f.ctx(), c.ID, at(2*time.Hour), neckfrac.Unavailable))
	c.Reasons, c.Attempt, c.Next = reasons, 1, at(2*time.Hour)
	f.dueCommitments(time.Hour)
	f.dueCommitments(2*time.Hour, c)
	f.must("reported", f.l.CommitmentReported(f.ctx(), c.ID, at(4*time.Hour)))
	f.must("reported again", f.l.CommitmentReported(f.ctx(), c.ID, at(4*time.Hour)))
	f.must("retry of a reported one", f.l.RetryCommitment(f.ctx(), c.ID, at(3*time.Hour), neckfrac.Unavailable))
	f.dueCommitments(24 * 365 * time.Hour)
}

func commitmentTwice(f *fixture) {
	f.receive(arrival(1, 1, 1))
	c := commitment(1, 1, 1)
	c.ID = f.ask(c)
	if again := f.ask(c); again != c.ID {
		f.Fatalf("asked twice: %q and %q", c.ID, again)
	}
	f.must("decide", f.l.DecideCommitment(f.ctx(), c.ID, []neckfrac.FailureReason{neckfrac.Committed}, at(1000*time.Hour)))
	f.must("reported", f.l.CommitmentReported(f.ctx(), c.ID, at(4*time.Hour)))
	// Asked after the report, it is decided anew: what was true may not be any more.
	c.Received = at(5 * time.Hour)
	if again := f.ask(c); again != c.ID {
		f.Fatalf("asked again: %q and %q", c.ID, again)
	}
	c.Received, c.Next = at(time.Hour), at(5*time.Hour)
	f.dueCommitments(5*time.Hour, c)
	other := c
	other.Peer = "CT2"
	if id := f.ask(other); id == c.ID {
		f.Fatal("two peers share a transaction")
	}
}

func commitmentConflict(f *fixture) {
	f.ask(commitment(1, 1, 1, 2))
	for _, c := range []neckfrac.Commitment{commitment(1, 1, 1), commitment(1, 1, 2, 1), commitment(1, 1, 1, 2, 3)} {
		_, err := f.l.RequestCommitment(f.ctx(), c)
		f.wantKind("other references", err, neckfrac.Conflict)
	}
}

func commitmentLease(f *fixture) {
	var ids []neckfrac.CommitmentID
	for i := range 3 {
		c := commitment(i+1, 1, 1)
		c.Received = at(time.Duration(3-i) * time.Minute)
		ids = append(ids, f.ask(c))
	}
	got, err := f.l.DueCommitments(f.ctx(), at(time.Hour), 2, time.Minute)
	f.must("due", err)
	if len(got) != 2 || got[0].ID != ids[2] || got[1].ID != ids[1] {
		f.Fatalf("due %+v, want the two oldest", got)
	}
	got, err = f.l.DueCommitments(f.ctx(), at(time.Hour), 9, time.Minute)
	f.must("due", err)
	if len(got) != 1 || got[0].ID != ids[0] {
		f.Fatalf("due %+v, want the one that is not leased", got)
	}
	got, err = f.l.DueCommitments(f.ctx(), at(time.Hour+time.Minute), 9, time.Minute)
	f.must("due", err)
	if len(got) != 3 {
		f.Fatalf("due %+v, want all: the leases ran out", got)
	}
}

func held(f *fixture) {
	a := arrival(1, 1, 1)
	f.receive(a)
	got, err := f.l.Held(f.ctx(), a.Instance.UID)
	f.must("held", err)
	if d := cmp.Diff(neckfrac.Holding{SOPClassUID: a.Instance.SOPClassUID, Blobs: []neckfrac.BlobRef{a.Instance.Blob}}, got); d != "" {
		f.Fatalf("held (-want +got):\n%s", d)
	}
	other := a
	other.Instance.Blob = blobOf("other bytes")
	f.receive(other)
	got, err = f.l.Held(f.ctx(), a.Instance.UID)
	f.must("held", err)
	if d := cmp.Diff([]neckfrac.BlobRef{a.Instance.Blob, blobOf("other bytes")}, got.Blobs); d != "" {
		f.Fatalf("versions (-want +got):\n%s", d)
	}
	_, err = f.l.Held(f.ctx(), "1.2.3.4.5")
	f.wantKind("unknown", err, neckfrac.NotFound)
}

func commitmentGone(f *fixture) {
	id := f.ask(commitment(1, 1, 1))
	err := f.l.DecideCommitment(f.ctx(), id, []neckfrac.FailureReason{neckfrac.Committed}, at(time.Hour))
	f.wantKind("commit of nothing", err, neckfrac.Conflict)
	f.wantKind("reported", f.l.CommitmentReported(f.ctx(), id, at(4*time.Hour)), neckfrac.Conflict)
	err = f.l.DecideCommitment(f.ctx(), id, nil, at(time.Hour))
	f.wantKind("no answer", err, neckfrac.Invalid)
	err = f.l.DecideCommitment(f.ctx(), id, []neckfrac.FailureReason{neckfrac.CommitNoSuchInstance}, time.Time{})
	f.wantKind("no date", err, neckfrac.Invalid)
}

func commitmentInvalid(f *fixture) {
	for name, change := range map[string]func(*neckfrac.Commitment){
		"no peer":        func(c *neckfrac.Commitment) { c.Peer = "" },
		"no transaction": func(c *neckfrac.Commitment) { c.TransactionUID = "" },
		"no time":        func(c *neckfrac.Commitment) { c.Received = time.Time{} },
		"no reference":   func(c *neckfrac.Commitment) { c.Instances = nil },
	} {
		c := commitment(1, 1, 1)
		change(&c)
		_, err := f.l.RequestCommitment(f.ctx(), c)
		f.wantKind(name, err, neckfrac.Invalid)
	}
	c := commitment(1, 1, 1)
	c.Instances = make([]neckfrac.InstanceRef, neckfrac.MaxCommitted+1)
	_, err := f.l.RequestCommitment(f.ctx(), c)
	f.wantKind("too many", err, neckfrac.Limit)
}

func commitmentUnknown(f *fixture) {
	for name, err := range map[string]error{
		"decide":   f.l.DecideCommitment(f.ctx(), "nobody", nil, at(time.Hour)),
		"reported": f.l.CommitmentReported(f.ctx(), "nobody", at(4*time.Hour)),
		"retry":    f.l.RetryCommitment(f.ctx(), "nobody", at(time.Hour), neckfrac.Internal),
	} {
		f.wantKind(name, err, neckfrac.NotFound)
	}
}
