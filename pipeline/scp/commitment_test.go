package scp_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

var refs = []neckfrac.InstanceRef{{SOPClassUID: dataset.CTImageStorage, UID: "1.2.3.1"}, {SOPClassUID: dataset.CTImageStorage, UID: "1.2.3.2"}}

// committing is a session of a peer whose address is known, or not.
func committing(t *testing.T, reportable bool) (dicomnet.Actor, *pipelinetest.Ledger) {
	return committingWith(t, reportable, nil)
}

func committingWith(t *testing.T, reportable bool, room func() error) (dicomnet.Actor, *pipelinetest.Ledger) {
	t.Helper()
	ledger := pipelinetest.NewLedger(pipelinetest.NewClock(time.Unix(0, 0)))
	_, any, _ := net.ParseCIDR("127.0.0.0/8")
	b, err := scp.New(scp.Config{AETitle: "NECKFRAC", Log: slog.New(slog.DiscardHandler), Commitments: ledger, Room: room,
		Receiver: &pipeline.Receiver{Blobs: pipelinetest.NewBlobs(), Intake: ledger},
		Rules:    []scp.Rule{{AETitle: "CT1", Network: any, Reportable: reportable}}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.NewSession(t.Context(), dicomnet.AssociationInfo{CalledAETitle: "NECKFRAC", CallingAETitle: "CT1", RemoteAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	return s.(dicomnet.Actor), ledger
}

func TestCommitmentRequests(t *testing.T) {
	t.Parallel()
	good := scp.CommitmentRequest("1.2.9", refs)
	change := func(f func(*dicomnet.ActionRequest)) dicomnet.ActionRequest {
		rq := good
		rq.Information = slices.Clone(good.Information)
		f(&rq)
		return rq
	}
	item := func(class, uid string) dataset.Element {
		return dataset.NewSequence(dataset.TagReferencedSOPSequence, dataset.Dataset{
			dataset.NewText(dataset.TagReferencedSOPClassUID, class), dataset.NewText(dataset.TagReferencedSOPInstanceUID, uid)})
	}
	many := make([]dataset.Dataset, neckfrac.MaxCommitted+1)
	for _, tc := range []struct {
		name string
		rq   dicomnet.ActionRequest
		want dimse.Status
	}{
		{"taken", good, dimse.Success},
		{"another class", change(func(r *dicomnet.ActionRequest) { r.SOPClassUID = dataset.InstanceAvailabilityNotification }), dimse.SOPClassNotSupported},
		{"another instance", change(func(r *dicomnet.ActionRequest) { r.SOPInstanceUID = "1.2.3" }), dimse.NoSuchSOPInstance},
		{"another action", change(func(r *dicomnet.ActionRequest) { r.ActionTypeID = 2 }), 0x0123},
		{"no transaction", change(func(r *dicomnet.ActionRequest) { r.Information = r.Information[1:] }), dimse.MissingAttribute},
		{"no references", change(func(r *dicomnet.ActionRequest) { r.Information = r.Information[:1] }), dimse.MissingAttribute},
		{"empty list", change(func(r *dicomnet.ActionRequest) {
			r.Information = r.Information.Put(dataset.NewSequence(dataset.TagReferencedSOPSequence))
		}), dimse.MissingAttribute},
		{"a reference that is no UID", change(func(r *dicomnet.ActionRequest) {
			r.Information = r.Information.Put(item(dataset.CTImageStorage, "../x"))
		}), 0x0115},
		{"a class that is none", change(func(r *dicomnet.ActionRequest) { r.Information = r.Information.Put(item("CT", "1.2")) }), 0x0115},
		{"too many", change(func(r *dicomnet.ActionRequest) {
			r.Information = r.Information.Put(dataset.NewSequence(dataset.TagReferencedSOPSequence, many...))
		}), dimse.ResourceLimitation},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			actor, ledger := committing(t, true)
			wantStatus(t, actor.Action(t.Context(), &tc.rq), tc.want)
			due, err := ledger.DueCommitments(t.Context(), time.Now().Add(time.Hour), 9, time.Minute)
			if err != nil || len(due) == 1 != (tc.want == dimse.Success) {
				t.Errorf("%d transactions, %v", len(due), err)
			}
			if tc.want == dimse.Success && (due[0].Peer != "CT1" || due[0].TransactionUID != "1.2.9" || !slices.Equal(due[0].Instances, refs)) {
				t.Errorf("stored %+v", due[0])
			}
		})
	}
}

func TestCommitmentIsTakenOnce(t *testing.T) {
	t.Parallel()
	actor, _ := committing(t, true)
	rq := scp.CommitmentRequest("1.2.9", refs)
	wantStatus(t, actor.Action(t.Context(), &rq), dimse.Success)
	wantStatus(t, actor.Action(t.Context(), &rq), dimse.Success)
	other := scp.CommitmentRequest("1.2.9", refs[:1])
	wantStatus(t, actor.Action(t.Context(), &other), 0x0115)
}

func TestCommitmentNeedsTheLedgerAndAnAddress(t *testing.T) {
	t.Parallel()
	rq := scp.CommitmentRequest("1.2.9", refs)
	actor, _ := committing(t, false)
	wantStatus(t, actor.Action(t.Context(), &rq), dimse.NotAuthorized)
	actor, ledger := committing(t, true)
	ledger.Fail("RequestCommitment", neckfrac.Unavailable, 1)
	wantStatus(t, actor.Action(t.Context(), &rq), dimse.ResourceLimitation)
	ledger.Fail("RequestCommitment", neckfrac.Internal, 1)
	wantStatus(t, actor.Action(t.Context(), &rq), dimse.ProcessingFailure)
}

// TestCommitmentsOfOnePeerAreBounded: what one peer may have open, it is told to wait
// for; a transaction that is known is no further one.
func TestCommitmentsOfOnePeerAreBounded(t *testing.T) {
	t.Parallel()
	actor, ledger := committing(t, true)
	ledger.OpenPerPeer = 2
	for i, want := range []dimse.Status{dimse.Success, dimse.Success, dimse.ResourceLimitation} {
		rq := scp.CommitmentRequest(fmt.Sprintf("1.2.9.%d", i), refs)
		wantStatus(t, actor.Action(t.Context(), &rq), want)
	}
	known := scp.CommitmentRequest("1.2.9.0", refs)
	wantStatus(t, actor.Action(t.Context(), &known), dimse.Success)
}

func TestCommitmentNeedsRoom(t *testing.T) {
	t.Parallel()
	full := neckfrac.Errorf(neckfrac.Unavailable, "store", "below its watermark")
	actor, ledger := committingWith(t, true, func() error { return full })
	rq := scp.CommitmentRequest("1.2.9", refs)
	wantStatus(t, actor.Action(t.Context(), &rq), dimse.ResourceLimitation)
	if n := ledger.Calls("RequestCommitment"); n != 0 {
		t.Errorf("%d requests taken without room", n)
	}
}

func wantStatus(t *testing.T, err error, want dimse.Status) {
	t.Helper()
	var status *dicomnet.StatusError
	switch {
	case err == nil && want == dimse.Success:
	case !errors.As(err, &status):
		t.Errorf("got %v, want status %v", err, want)
	case status.Status != want:
		t.Errorf("status %v, want %v", status.Status, want)
	}
}

func TestCommitmentReportReadsBack(t *testing.T) {
	t.Parallel()
	for name, reasons := range map[string][]neckfrac.FailureReason{
		"all committed": {neckfrac.Committed, neckfrac.Committed},
		"one failed":    {neckfrac.Committed, neckfrac.CommitClassConflict},
		"all failed":    {neckfrac.CommitNoSuchInstance, neckfrac.CommitProcessingFailure},
	} {
		want := neckfrac.Commitment{TransactionUID: "1.2.9", Instances: refs, Reasons: reasons}
		ev := scp.CommitmentReport(want)
		failed := slices.ContainsFunc(reasons, func(r neckfrac.FailureReason) bool { return r != neckfrac.Committed })
		kept := slices.Contains(reasons, neckfrac.Committed)
		if (ev.EventTypeID == 2) != failed || ev.Information.Has(dataset.TagFailedSOPSequence) != failed || ev.Information.Has(dataset.TagReferencedSOPSequence) != kept {
			t.Errorf("%s: event type %d, %v", name, ev.EventTypeID, ev.Information)
		}
		got, err := scp.ReadCommitmentReport(&ev)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestReportsThatSayNothing(t *testing.T) {
	t.Parallel()
	good := scp.CommitmentReport(neckfrac.Commitment{TransactionUID: "1.2.9", Instances: refs, Reasons: []neckfrac.FailureReason{0, 0}})
	for name, change := range map[string]func(*dicomnet.EventReport){
		"class":       func(e *dicomnet.EventReport) { e.SOPClassUID = dataset.Verification },
		"event":       func(e *dicomnet.EventReport) { e.EventTypeID = 3 },
		"transaction": func(e *dicomnet.EventReport) { e.Information = e.Information[1:] },
		"reference": func(e *dicomnet.EventReport) {
			e.Information = e.Information.Put(dataset.NewSequence(dataset.TagReferencedSOPSequence, dataset.Dataset{}))
		},
		"too many": func(e *dicomnet.EventReport) {
			e.Information = e.Information.Put(dataset.NewSequence(dataset.TagReferencedSOPSequence, make([]dataset.Dataset, neckfrac.MaxCommitted+1)...))
		},
	} {
		ev := good
		ev.Information = slices.Clone(good.Information)
		change(&ev)
		if _, err := scp.ReadCommitmentReport(&ev); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	// A failure without a reason is a failure all the same.
	ev := good
	ev.Information = good.Information[:1].Put(dataset.NewSequence(dataset.TagFailedSOPSequence, dataset.Dataset{
		dataset.NewText(dataset.TagReferencedSOPClassUID, dataset.CTImageStorage), dataset.NewText(dataset.TagReferencedSOPInstanceUID, "1.2")}))
	if c, err := scp.ReadCommitmentReport(&ev); err != nil || c.Reasons[0] == neckfrac.Committed {
		t.Errorf("failure without a reason: %+v, %v", c, err)
	}
}
