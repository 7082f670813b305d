package dicomnet

import (
	"context"
	"io"
	"slices"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

// SubOperations counts the C-STORE sub-operations of a C-MOVE or C-GET, as the
// peer states them: a counter that it leaves out is 0.
type SubOperations = dimse.SubOperations

// Retrieved is what the last response of a C-MOVE or C-GET says.
type Retrieved struct {
	SubOperations
	// FailedInstanceUIDs is the Failed SOP Instance UID List (0008,0058) of PS3.4
	// §C.4.2.1.4.2: what the peer could not send. It is the peer's word, and nil where it
	// gives none or one that can't be read; values that are no UIDs are left out.
	FailedInstanceUIDs []string
}

// MoveRequest is a C-MOVE.
type MoveRequest struct {
	// SOPClassUID is that of the information model.
	SOPClassUID string
	// Destination is the AE title that the instances are to be sent to; the
	// peer has to know its address.
	Destination string
	Priority    dimse.Priority
	// Identifier holds the level and the unique keys (PS3.4 §C.4.2.1.4).
	Identifier dataset.Dataset
}

// GetRequest is a C-GET.
type GetRequest struct {
	// SOPClassUID is that of the information model.
	SOPClassUID string
	Priority    dimse.Priority
	// Identifier holds the level and the unique keys (PS3.4 §C.4.3.1.3).
	Identifier dataset.Dataset
}

// Move sends a C-MOVE and waits until the peer has sent the instances to the
// destination, on associations of its own. progress, if not nil, hears the
// counters of the pending responses. The result is that of the last, also with
// an error.
//
// The end of ctx cancels, as in Find. The error is a *StatusError if the peer
// ended the operation by anything but success or a warning; with the warning
// "sub-operations complete, one or more failures" the counters tell how many.
func (c *Client) Move(ctx context.Context, rq MoveRequest, progress func(SubOperations)) (Retrieved, error) {
	var n Retrieved
	err := c.run(func() error {
		pc, ok := c.find(rq.SOPClassUID, "")
		if !ok || !dataset.ValidAETitle(rq.Destination) {
			return ErrNotAccepted
		}
		cmd := &dimse.CMoveRQ{MessageID: c.messageID(), AffectedSOPClassUID: rq.SOPClassUID,
			MoveDestination: rq.Destination, Priority: rq.Priority}
		return c.operate(ctx, pc, cmd, rq.Identifier, nil, func(op *operation, rsp dimse.Command) (bool, error) {
			move, ok := rsp.(*dimse.CMoveRSP)
			if !ok {
				return true, c.otherCommand()
			}
			n.SubOperations = move.SubOperations
			if move.Status.Class() == dimse.ClassPending {
				return false, c.pending(op, rsp, n.SubOperations, progress)
			}
			return true, c.lastRetrieve(op, rsp, &n, move.Status, move.ErrorComment)
		})
	})
	return n, wrap("move", err)
}

// Get sends a C-GET and gives the instances that the peer sends on this
// association to store, which has the contract of Session.Store: only nil is
// answered as Success, after the end of the body. ctx is that of Get. The
// storage SOP classes must have been proposed with RoleSCP or RoleBoth. For the
// rest see Move; once cancelled, instances still on their way are refused.
func (c *Client) Get(ctx context.Context, rq GetRequest, store func(context.Context, *StoreRequest, io.Reader) error, progress func(SubOperations)) (Retrieved, error) {
	var n Retrieved
	err := c.run(func() error {
		pc, ok := c.find(rq.SOPClassUID, "")
		if !ok {
			return ErrNotAccepted
		}
		cmd := &dimse.CGetRQ{MessageID: c.messageID(), AffectedSOPClassUID: rq.SOPClassUID, Priority: rq.Priority}
		take := func(op *operation, pc AcceptedContext, cmd dimse.Command) (bool, error) {
			return c.takeStore(op, pc, cmd, store)
		}
		return c.operate(ctx, pc, cmd, rq.Identifier, take, func(op *operation, rsp dimse.Command) (bool, error) {
			get, ok := rsp.(*dimse.CGetRSP)
			if !ok {
				return true, c.otherCommand()
			}
			n.SubOperations = get.SubOperations
			if get.Status.Class() == dimse.ClassPending {
				return false, c.pending(op, rsp, n.SubOperations, progress)
			}
			return true, c.lastRetrieve(op, rsp, &n, get.Status, get.ErrorComment)
		})
	})
	return n, wrap("get", err)
}

// lastRetrieve takes the final response with its list of failures. A list that can't be
// read is none: the counters tell the same, and the status decides.
func (c *Client) lastRetrieve(op *operation, rsp dimse.Command, n *Retrieved, s dimse.Status, comment string) error {
	if rsp.Header().HasDataset {
		ds, malformed, broken := c.a.readDataset(op.pc)
		if broken != nil {
			return broken
		}
		if uids, _ := ds.Strings(dataset.TagFailedSOPInstanceUIDList); malformed == nil {
			n.FailedInstanceUIDs = slices.DeleteFunc(uids, func(uid string) bool { return !dataset.ValidUID(uid) })
		}
	}
	return responseError(s, comment)
}

// pending takes a response that is not the last.
func (c *Client) pending(op *operation, rsp dimse.Command, n SubOperations, progress func(SubOperations)) error {
	if rsp.Header().HasDataset {
		if err := c.skip(op.pc); err != nil {
			return err
		}
	}
	if progress != nil && !op.given() {
		progress(n)
	}
	return nil
}

// takeStore serves a C-STORE sub-operation of a C-GET.
func (c *Client) takeStore(op *operation, pc AcceptedContext, cmd dimse.Command, store func(context.Context, *StoreRequest, io.Reader) error) (bool, error) {
	rq, ok := cmd.(*dimse.CStoreRQ)
	if !ok {
		return false, nil
	}
	if op.given() {
		return true, c.a.refuse(pc, rq, dimse.ProcessingFailure)
	}
	_, broken := c.a.serveStore(pc, rq, pc.Role.SCP(), func(rq *StoreRequest, body io.Reader) error {
		return store(op.ctx, rq, body)
	})
	return true, broken
}
