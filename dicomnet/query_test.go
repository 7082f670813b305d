package dicomnet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// Contexts of an archive that is queried.
const (
	findID, moveID, getID, ctID, mrID byte = 1, 3, 5, 7, 9
)

// archivePeer returns a client of a scripted archive. The archive has accepted
// the association when f is called.
func archivePeer(t *testing.T, edit func(*dicomnet.ClientConfig), f func(*dicomnettest.Peer)) *dicomnet.Client {
	t.Helper()
	implicit := []string{dataset.ImplicitVRLittleEndian}
	cfg := dicomnettest.ClientConfig()
	cfg.Proposals = []dicomnet.Service{
		{SOPClassUIDs: []string{dataset.StudyRootQueryFind, dataset.StudyRootQueryMove, dataset.StudyRootQueryGet}, TransferSyntaxUIDs: implicit},
		{SOPClassUIDs: []string{dataset.CTImageStorage}, TransferSyntaxUIDs: implicit, Role: dicomnet.RoleSCP},
		{SOPClassUIDs: []string{dataset.MRImageStorage}, TransferSyntaxUIDs: implicit},
	}
	if edit != nil {
		edit(&cfg)
	}
	c, err := scriptedAs(t, cfg, func(p *dicomnettest.Peer) {
		rq := p.Next().(*pdu.AssociateRQ)
		ac := &pdu.AssociateAC{ProtocolVersion: 1, ApplicationContext: dataset.ApplicationContext}
		ac.UserInformation.RoleSelections = rq.UserInformation.RoleSelections
		for _, pc := range rq.PresentationContexts {
			ac.PresentationResults = append(ac.PresentationResults, pdu.PresentationResult{ID: pc.ID, TransferSyntax: pc.TransferSyntaxes[0]})
		}
		p.Send(ac)
		f(p)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// released expects the client to release the association.
func released(t *testing.T, p *dicomnettest.Peer) {
	if u := p.Next(); u.Type() != pdu.TypeReleaseRQ {
		t.Errorf("got %v, want A-RELEASE-RQ", u)
	}
	p.Send(&pdu.ReleaseRP{})
	p.ExpectEnd()
}

func encoded(t *testing.T, ds dataset.Dataset) []byte {
	t.Helper()
	var b bytes.Buffer
	implicit, _ := dataset.LookupTransferSyntax(dataset.ImplicitVRLittleEndian)
	if err := dataset.Encode(&b, implicit, ds); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func patient(id string) dataset.Dataset {
	return dataset.Dataset{dataset.NewText(dataset.TagQueryRetrieveLevel, "STUDY"), dataset.NewText(dataset.TagPatientID, id)}
}

func findRequest() dicomnet.FindRequest {
	return dicomnet.FindRequest{SOPClassUID: dataset.StudyRootQueryFind, Identifier: patient("")}
}

// query expects a C-FIND-RQ with its identifier and returns its message id.
func query(t *testing.T, p *dicomnettest.Peer) uint16 {
	t.Helper()
	rq, ok := p.NextCommand().(*dimse.CFindRQ)
	if !ok || rq.AffectedSOPClassUID != dataset.StudyRootQueryFind {
		t.Errorf("got %+v, want C-FIND-RQ", rq)
	}
	if data := p.Next().(*pdu.PDataTF).PDVs[0]; data.Command || !data.Last || !bytes.Equal(data.Data, encoded(t, patient(""))) {
		t.Errorf("identifier %+v", data)
	}
	return rq.MessageID
}

func match(t *testing.T, p *dicomnettest.Peer, id uint16, s dimse.Status, patientID string) {
	t.Helper()
	p.Send(dicomnettest.Command(t, findID, &dimse.CFindRSP{MessageID: id, Status: s, HasIdentifier: true}),
		dicomnettest.Data(findID, true, encoded(t, patient(patientID))))
}

func endFind(t *testing.T, p *dicomnettest.Peer, id uint16, s dimse.Status) {
	t.Helper()
	p.Send(dicomnettest.Command(t, findID, &dimse.CFindRSP{MessageID: id, Status: s, ErrorComment: "why"}))
}

func TestFind(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status dimse.Status
		fails  bool
	}{
		{dimse.Success, false}, {dimse.OutOfResources, true}, {dimse.DataSetDoesNotMatchSOPClass, true},
		{dimse.CannotUnderstand, true}, {dimse.SOPClassNotSupported, true}, {dimse.Cancel, true}, {0x4242, true},
	} {
		c := archivePeer(t, nil, func(p *dicomnettest.Peer) {
			id := query(t, p)
			match(t, p, id, dimse.Pending, "A")
			match(t, p, id, dimse.PendingWarning, "B")
			endFind(t, p, id, tt.status)
			released(t, p)
		})
		var got []string
		err := c.Find(t.Context(), findRequest(), func(ds dataset.Dataset) error {
			id, _ := ds.String(dataset.TagPatientID)
			got = append(got, id)
			return nil
		})
		var se *dicomnet.StatusError
		if is := errors.As(err, &se); is != tt.fails || (is && (se.Status != tt.status || se.Comment != "why")) {
			t.Errorf("%v: %v", tt.status, err)
		}
		if len(got) != 2 || got[0] != "A" || got[1] != "B" {
			t.Errorf("%v: matches %v", tt.status, got)
		}
		if err := c.Release(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// cancelled expects the C-CANCEL-RQ of an operation.
func cancelled(t *testing.T, p *dicomnettest.Peer, id uint16) {
	t.Helper()
	if rq, ok := p.NextCommand().(*dimse.CCancelRQ); !ok || rq.MessageID != id {
		t.Errorf("got %+v, want C-CANCEL-RQ", rq)
	}
}

// Whatever makes this side lose interest, the peer hears C-CANCEL, what was
// under way is not delivered, and the association is good for another query.
func TestFindCancels(t *testing.T) {
	t.Parallel()
	broken := errors.New("no more")
	for name, tt := range map[string]struct {
		limit int
		each  func(cancel func()) error
		final dimse.Status
		want  error
	}{
		"each fails":                  {0, func(func()) error { return broken }, dimse.Cancel, broken},
		"context ends":                {0, func(cancel func()) error { cancel(); return nil }, dimse.Cancel, context.Canceled},
		"ends as if nothing happened": {0, func(func()) error { return broken }, dimse.Success, broken},
		"too many":                    {1, func(func()) error { return nil }, dimse.Cancel, dicomnet.ErrTooManyResponses},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := archivePeer(t, func(cfg *dicomnet.ClientConfig) { cfg.Limits.MaxResponses = tt.limit }, func(p *dicomnettest.Peer) {
				id := query(t, p)
				match(t, p, id, dimse.Pending, "A")
				if tt.limit > 0 {
					match(t, p, id, dimse.Pending, "B")
				}
				cancelled(t, p, id)
				match(t, p, id, dimse.Pending, "C")
				endFind(t, p, id, tt.final)
				endFind(t, p, query(t, p), dimse.Success)
				released(t, p)
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			matches := 0
			err := c.Find(ctx, findRequest(), func(dataset.Dataset) error { matches++; return tt.each(cancel) })
			if !errors.Is(err, tt.want) || matches != 1 {
				t.Errorf("%v after %d matches, want %v", err, matches, tt.want)
			}
			if err := c.Find(t.Context(), findRequest(), nil); err != nil {
				t.Errorf("second query: %v", err)
			}
			if err := c.Release(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMaxResponses(t *testing.T) {
	t.Parallel()
	c := archivePeer(t, func(cfg *dicomnet.ClientConfig) { cfg.Limits.MaxResponses = 2 }, func(p *dicomnettest.Peer) {
		id := query(t, p)
		match(t, p, id, dimse.Pending, "A")
		match(t, p, id, dimse.Pending, "B")
		endFind(t, p, id, dimse.Success)
		released(t, p)
	})
	matches := 0
	if err := c.Find(t.Context(), findRequest(), func(dataset.Dataset) error { matches++; return nil }); err != nil || matches != 2 {
		t.Errorf("at the limit: %d matches, %v", matches, err)
	}
	if err := c.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

// A peer that goes on after C-CANCEL has CancelTimeout, and is then aborted; one
// that is asked nothing because the context ended before costs nothing.
func TestCancelIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := archivePeer(t, nil, func(p *dicomnettest.Peer) {
			cancelled(t, p, query(t, p)) // and no answer
			p.ExpectAbort(pdu.AbortByUser, 0)
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		expectAfter(t, time.Minute+10*time.Second, func() {
			if err := c.Find(ctx, findRequest(), nil); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, dicomnet.ErrClosed) {
				t.Errorf("find: %v", err)
			}
		})
		other := archivePeer(t, nil, func(p *dicomnettest.Peer) { released(t, p) })
		if err := other.Find(ctx, findRequest(), nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("context over before: %v", err)
		}
		if err := other.Release(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestFindDistrustsThePeer(t *testing.T) {
	t.Parallel()
	limit := func(cfg *dicomnet.ClientConfig) { cfg.Limits.MaxInformationBytes = 100 }
	for name, tt := range map[string]struct {
		send func(*testing.T, *dicomnettest.Peer, uint16)
		want error
	}{
		"pending without identifier": {func(t *testing.T, p *dicomnettest.Peer, id uint16) {
			p.Send(dicomnettest.Command(t, findID, &dimse.CFindRSP{MessageID: id, Status: dimse.Pending}))
			p.ExpectAbort(pdu.AbortByProvider, pdu.ReasonUnexpectedParameter)
		}, dicomnet.ErrProtocol},
		"identifier over the limit": {func(t *testing.T, p *dicomnettest.Peer, id uint16) {
			p.Send(dicomnettest.Command(t, findID, &dimse.CFindRSP{MessageID: id, Status: dimse.Pending, HasIdentifier: true}), dicomnettest.Data(findID, true, make([]byte, 102)))
			p.ExpectAbort(pdu.AbortByUser, 0)
		}, dicomnet.ErrObjectTooLarge},
		"response of a move": {func(t *testing.T, p *dicomnettest.Peer, id uint16) {
			p.Send(dicomnettest.Command(t, findID, &dimse.CMoveRSP{MessageID: id}))
			p.ExpectAbort(pdu.AbortByProvider, pdu.ReasonUnexpectedParameter)
		}, dicomnet.ErrProtocol},
		"a store": {func(t *testing.T, p *dicomnettest.Peer, _ uint16) {
			p.Send(dicomnettest.Command(t, ctID, &dimse.CStoreRQ{MessageID: 1, AffectedSOPClassUID: dataset.CTImageStorage, AffectedSOPInstanceUID: "1.2"}))
			p.ExpectAbort(pdu.AbortByProvider, pdu.ReasonUnexpectedParameter)
		}, dicomnet.ErrProtocol},
		"abort": {func(_ *testing.T, p *dicomnettest.Peer, _ uint16) { p.Send(&pdu.Abort{}); p.ExpectEnd() }, dicomnet.ErrPeerAbort},
		"malformed identifier": {func(t *testing.T, p *dicomnettest.Peer, id uint16) {
			p.Send(dicomnettest.Command(t, findID, &dimse.CFindRSP{MessageID: id, Status: dimse.Pending, HasIdentifier: true}), dicomnettest.Data(findID, true, []byte("ab")))
			cancelled(t, p, id)
			endFind(t, p, id, dimse.Cancel)
			p.Close()
		}, dataset.ErrTruncated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := archivePeer(t, limit, func(p *dicomnettest.Peer) { tt.send(t, p, query(t, p)) })
			err := c.Find(t.Context(), findRequest(), func(dataset.Dataset) error { t.Error("a match"); return nil })
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestMove(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status dimse.Status
		fails  bool
	}{
		{dimse.Success, false}, {dimse.CoercionOfDataElements, false}, // B000H: one or more failures
		{dimse.MoveDestinationUnknown, true}, {dimse.UnableToCalculateMatches, true}, {dimse.UnableToPerformSubOperations, true}, {dimse.Cancel, true},
	} {
		c := archivePeer(t, nil, func(p *dicomnettest.Peer) {
			rq := p.NextCommand().(*dimse.CMoveRQ)
			if rq.MoveDestination != "NECKFRAC" {
				t.Errorf("destination %q", rq.MoveDestination)
			}
			p.Next()
			p.Send(dicomnettest.Command(t, moveID, &dimse.CMoveRSP{MessageID: rq.MessageID, Status: dimse.Pending, SubOperations: dimse.SubOperations{Remaining: 2, Completed: 1}}),
				dicomnettest.Command(t, moveID, &dimse.CMoveRSP{MessageID: rq.MessageID, Status: tt.status, HasIdentifier: true, SubOperations: dimse.SubOperations{Completed: 2, Failed: 1}}),
				dicomnettest.Data(moveID, true, encoded(t, dataset.Dataset{dataset.NewText(dataset.TagFailedSOPInstanceUIDList, "1.2", "no UID", "1.3")})))
			released(t, p)
		})
		var seen []dicomnet.SubOperations
		n, err := c.Move(t.Context(), dicomnet.MoveRequest{SOPClassUID: dataset.StudyRootQueryMove, Destination: "NECKFRAC", Identifier: patient("A")},
			func(n dicomnet.SubOperations) { seen = append(seen, n) })
		var se *dicomnet.StatusError
		if is := errors.As(err, &se); is != tt.fails || (is && se.Status != tt.status) {
			t.Errorf("%v: %v", tt.status, err)
		}
		if n.SubOperations != (dicomnet.SubOperations{Completed: 2, Failed: 1}) || !slices.Equal(n.FailedInstanceUIDs, []string{"1.2", "1.3"}) || len(seen) != 1 || seen[0] != (dicomnet.SubOperations{Remaining: 2, Completed: 1}) {
			t.Errorf("%v: %+v, progress %+v", tt.status, n, seen)
		}
		if _, err := c.Move(t.Context(), dicomnet.MoveRequest{SOPClassUID: dataset.StudyRootQueryMove, Destination: "A\\B"}, nil); !errors.Is(err, dicomnet.ErrNotAccepted) {
			t.Errorf("bad destination: %v", err)
		}
		if err := c.Release(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestFailedListThatCannotBeRead: the counters and the status count all the same.
func TestFailedListThatCannotBeRead(t *testing.T) {
	t.Parallel()
	c := archivePeer(t, nil, func(p *dicomnettest.Peer) {
		rq := p.NextCommand().(*dimse.CMoveRQ)
		p.Next()
		p.Send(dicomnettest.Command(t, moveID, &dimse.CMoveRSP{MessageID: rq.MessageID, Status: dimse.CoercionOfDataElements, HasIdentifier: true, SubOperations: dimse.SubOperations{Failed: 1}}),
			dicomnettest.Data(moveID, true, []byte{8, 0, 0x58, 0, 0xff, 0xff, 0, 0, '1', '2'}))
		released(t, p)
	})
	n, err := c.Move(t.Context(), dicomnet.MoveRequest{SOPClassUID: dataset.StudyRootQueryMove, Destination: "NECKFRAC", Identifier: patient("A")}, nil)
	if err != nil || n.Failed != 1 || n.FailedInstanceUIDs != nil {
		t.Errorf("%+v, %v", n, err)
	}
	if err := c.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

func storeOn(t *testing.T, p *dicomnettest.Peer, id byte, class, data string) *dimse.CStoreRSP {
	t.Helper()
	p.Send(dicomnettest.Command(t, id, &dimse.CStoreRQ{MessageID: 40, AffectedSOPClassUID: class, AffectedSOPInstanceUID: "1.2.3"}),
		dicomnettest.Data(id, true, []byte(data)))
	rsp, ok := p.NextCommand().(*dimse.CStoreRSP)
	if !ok {
		t.Fatal("no C-STORE-RSP")
	}
	return rsp
}

func TestGet(t *testing.T) {
	t.Parallel()
	c := archivePeer(t, nil, func(p *dicomnettest.Peer) {
		rq := p.NextCommand().(*dimse.CGetRQ)
		p.Next()
		for i, tt := range []struct {
			id          byte
			class, data string
			want        dimse.Status
		}{
			{ctID, dataset.CTImageStorage, "good", dimse.Success},
			{ctID, dataset.CTImageStorage, "full", dimse.OutOfResources},
			{ctID, dataset.CTImageStorage, "lazy", dimse.ProcessingFailure},
			{ctID, dataset.MRImageStorage, "alias.", dimse.SOPClassNotSupported},
			{mrID, dataset.MRImageStorage, "not SCP.", dimse.SOPClassNotSupported},
		} {
			if rsp := storeOn(t, p, tt.id, tt.class, tt.data); rsp.Status != tt.want || rsp.MessageID != 40 {
				t.Errorf("%s: %+v, want %v", tt.data, rsp, tt.want)
			}
			p.Send(dicomnettest.Command(t, getID, &dimse.CGetRSP{MessageID: rq.MessageID, Status: dimse.Pending, SubOperations: dimse.SubOperations{Remaining: 4 - i}}))
		}
		p.Send(dicomnettest.Command(t, getID, &dimse.CGetRSP{MessageID: rq.MessageID, Status: dimse.CoercionOfDataElements, SubOperations: dimse.SubOperations{Completed: 1, Failed: 4}}))
		released(t, p)
	})
	var kept []string
	store := func(_ context.Context, rq *dicomnet.StoreRequest, body io.Reader) error {
		head := make([]byte, 2)
		if _, err := io.ReadFull(body, head); err != nil {
			return err
		}
		if string(head) == "la" {
			return nil // unread bytes: no success
		}
		rest, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		if string(head) == "fu" {
			return &dicomnet.StatusError{Status: dimse.OutOfResources}
		}
		kept = append(kept, rq.SOPInstanceUID+" "+string(head)+string(rest)+" "+rq.TransferSyntaxUID)
		return nil
	}
	pending := 0
	n, err := c.Get(t.Context(), dicomnet.GetRequest{SOPClassUID: dataset.StudyRootQueryGet, Identifier: patient("A")}, store, func(dicomnet.SubOperations) { pending++ })
	if err != nil || n.SubOperations != (dicomnet.SubOperations{Completed: 1, Failed: 4}) || n.FailedInstanceUIDs != nil || pending != 5 {
		t.Errorf("%+v, %v, %d pending", n, err, pending)
	}
	if len(kept) != 1 || kept[0] != "1.2.3 good "+dataset.ImplicitVRLittleEndian {
		t.Errorf("kept %q", kept)
	}
	if err := c.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

// Once cancelled, instances on their way are refused, not stored.
func TestGetCancels(t *testing.T) {
	t.Parallel()
	c := archivePeer(t, nil, func(p *dicomnettest.Peer) {
		rq := p.NextCommand().(*dimse.CGetRQ)
		p.Next()
		p.Send(dicomnettest.Command(t, ctID, &dimse.CStoreRQ{MessageID: 1, AffectedSOPClassUID: dataset.CTImageStorage, AffectedSOPInstanceUID: "1.2"}), dicomnettest.Data(ctID, true, []byte("ab")))
		// The C-CANCEL and the response to the first store, in either order.
		for range 2 {
			switch cmd := p.NextCommand().(type) {
			case *dimse.CCancelRQ:
				if cmd.MessageID != rq.MessageID {
					t.Errorf("cancelled %d", cmd.MessageID)
				}
			case *dimse.CStoreRSP:
				if cmd.Status != dimse.Success {
					t.Errorf("first: %v", cmd.Status)
				}
			default:
				t.Errorf("got %+v", cmd)
			}
		}
		if rsp := storeOn(t, p, ctID, dataset.CTImageStorage, "late"); rsp.Status != dimse.ProcessingFailure {
			t.Errorf("late: %v", rsp.Status)
		}
		p.Send(dicomnettest.Command(t, getID, &dimse.CGetRSP{MessageID: rq.MessageID, Status: dimse.Cancel, SubOperations: dimse.SubOperations{Remaining: 7, Completed: 1, Failed: 1}}))
		released(t, p)
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n, err := c.Get(ctx, dicomnet.GetRequest{SOPClassUID: dataset.StudyRootQueryGet, Identifier: patient("A")},
		func(_ context.Context, _ *dicomnet.StoreRequest, body io.Reader) error {
			defer cancel()
			return discard(body)
		}, nil)
	if !errors.Is(err, context.Canceled) || n.Remaining != 7 {
		t.Errorf("%+v, %v", n, err)
	}
	if err := c.Release(t.Context()); err != nil {
		t.Error(err)
	}
}
