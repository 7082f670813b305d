package dicomnet

import (
	"context"
	"fmt"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// FindRequest is a C-FIND.
type FindRequest struct {
	// SOPClassUID is that of the information model.
	SOPClassUID string
	Priority    dimse.Priority
	// Identifier holds the query level, the keys to match and, empty, the keys
	// to return (PS3.4 §C.4.1.1.3).
	Identifier dataset.Dataset
}

// Find sends a C-FIND and gives every match to each, in the order of arrival.
// Values are as the peer sent them, and may miss any key that was asked for.
//
// The end of ctx, an error of each, or more than Limits.MaxResponses matches
// cancel the query, and are returned; the association then goes on if the peer
// ends the query within Limits.CancelTimeout. The error is a *StatusError if
// the peer ended it by anything but success.
func (c *Client) Find(ctx context.Context, rq FindRequest, each func(dataset.Dataset) error) error {
	err := c.run(func() error {
		pc, ok := c.find(rq.SOPClassUID, "")
		if !ok {
			return ErrNotAccepted
		}
		cmd := &dimse.CFindRQ{MessageID: c.messageID(), AffectedSOPClassUID: rq.SOPClassUID, Priority: rq.Priority}
		return c.operate(ctx, pc, cmd, rq.Identifier, nil, func(op *operation, rsp dimse.Command) (bool, error) {
			find, ok := rsp.(*dimse.CFindRSP)
			if !ok {
				return true, c.otherCommand()
			}
			if find.Status.Class() == dimse.ClassPending {
				return false, c.match(op, find, each)
			}
			return true, c.last(op, rsp, find.Status, find.ErrorComment)
		})
	})
	return wrap("find", err)
}

// match reads one match and delivers it.
func (c *Client) match(op *operation, rsp *dimse.CFindRSP, each func(dataset.Dataset) error) error {
	if !rsp.HasIdentifier {
		return c.a.violation(pdu.ReasonUnexpectedParameter, "match without identifier")
	}
	ds, malformed, broken := c.a.readDataset(op.pc)
	switch {
	case broken != nil:
		return broken
	case op.given():
		return nil
	case malformed != nil:
		op.fail(fmt.Errorf("match: %w", malformed))
		return nil
	}
	if err := each(ds); err != nil {
		op.fail(err)
	}
	return nil
}

// last takes the final response of an operation.
func (c *Client) last(op *operation, rsp dimse.Command, s dimse.Status, comment string) error {
	if rsp.Header().HasDataset {
		if err := c.skip(op.pc); err != nil {
			return err
		}
	}
	return responseError(s, comment)
}
