package dicomnet

import (
	"bytes"
	"context"
	"fmt"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// Action sends an N-ACTION and waits for the response. The error is a
// *StatusError if the peer answered anything but success or a warning; the
// association then goes on.
func (c *Client) Action(ctx context.Context, rq ActionRequest) error {
	err := c.do(ctx, func() error {
		pc, ok := c.find(rq.SOPClassUID, "")
		if !ok || !dataset.ValidUID(rq.SOPInstanceUID) {
			return ErrNotAccepted
		}
		rsp, err := c.request(pc, &dimse.NActionRQ{MessageID: c.messageID(), RequestedSOPClassUID: rq.SOPClassUID,
			RequestedSOPInstanceUID: rq.SOPInstanceUID, ActionTypeID: rq.ActionTypeID, HasInformation: rq.Information != nil}, rq.Information)
		if err != nil {
			return err
		}
		action, ok := rsp.(*dimse.NActionRSP)
		if !ok {
			return c.otherCommand()
		}
		return responseError(action.Status, action.ErrorComment)
	})
	return wrap("action", err)
}

// EventReport sends an N-EVENT-REPORT, as SCP of its SOP class, and waits for
// the response. The error is as in Action. A peer that accepted the SOP class
// without answering the proposed role is tried all the same.
func (c *Client) EventReport(ctx context.Context, ev EventReport) error {
	err := c.do(ctx, func() error {
		pc, ok := c.findContext(ev.SOPClassUID, "")
		if !ok || !dataset.ValidUID(ev.SOPInstanceUID) {
			return ErrNotAccepted
		}
		rsp, err := c.request(pc, &dimse.NEventReportRQ{MessageID: c.messageID(), AffectedSOPClassUID: ev.SOPClassUID,
			AffectedSOPInstanceUID: ev.SOPInstanceUID, EventTypeID: ev.EventTypeID, HasInformation: ev.Information != nil}, ev.Information)
		if err != nil {
			return err
		}
		report, ok := rsp.(*dimse.NEventReportRSP)
		if !ok {
			return c.otherCommand()
		}
		return responseError(report.Status, report.ErrorComment)
	})
	return wrap("event report", err)
}

// Create sends an N-CREATE and waits for the response. The error is as in
// Action.
func (c *Client) Create(ctx context.Context, rq CreateRequest) error {
	err := c.do(ctx, func() error {
		pc, ok := c.find(rq.SOPClassUID, "")
		if !ok || (rq.SOPInstanceUID != "" && !dataset.ValidUID(rq.SOPInstanceUID)) {
			return ErrNotAccepted
		}
		rsp, err := c.request(pc, &dimse.NCreateRQ{MessageID: c.messageID(), AffectedSOPClassUID: rq.SOPClassUID,
			AffectedSOPInstanceUID: rq.SOPInstanceUID, HasAttributes: rq.Attributes != nil}, rq.Attributes)
		if err != nil {
			return err
		}
		create, ok := rsp.(*dimse.NCreateRSP)
		if !ok {
			return c.otherCommand()
		}
		return responseError(create.Status, create.ErrorComment)
	})
	return wrap("create", err)
}

// request sends a command, with a data set if its header says so, and waits
// for the response. A data set that comes with the response is skipped.
func (c *Client) request(pc AcceptedContext, cmd dimse.Command, ds dataset.Dataset) (dimse.Command, error) {
	if err := c.sendRequest(pc, cmd, ds); err != nil {
		return nil, err
	}
	rsp, err := c.next(pc, cmd.Header().MessageID)
	if err != nil {
		return nil, err
	}
	if rsp.Header().HasDataset {
		if err := c.skip(pc); err != nil {
			return nil, err
		}
	}
	return rsp, nil
}

// sendRequest sends a command, with a data set if its header says so. What
// cannot be encoded is not sent, and leaves the association as it is.
func (c *Client) sendRequest(pc AcceptedContext, cmd dimse.Command, ds dataset.Dataset) error {
	if !cmd.Header().HasDataset {
		return c.a.writeCommand(pc.ID, cmd)
	}
	data, err := c.a.encodeDataset(pc, ds)
	if err != nil {
		return err
	}
	if err := c.a.writeCommand(pc.ID, cmd); err != nil {
		return err
	}
	return c.a.writeDataset(pc.ID, bytes.NewReader(data))
}

// skip reads a data set that nobody wants.
func (c *Client) skip(pc AcceptedContext) error {
	data := c.a.newBody(pc.ID)
	data.max = c.a.lim.MaxInformationBytes
	_, err := data.drain()
	return err
}

func (c *Client) otherCommand() error {
	return c.a.violation(pdu.ReasonUnexpectedParameter, "response of another command")
}

// responseError makes an error of a status that is not as good as success.
func responseError(s dimse.Status, comment string) error {
	if class := s.Class(); class == dimse.ClassSuccess || class == dimse.ClassWarning {
		return nil
	}
	return &StatusError{Status: s, Comment: comment}
}

func wrap(op string, err error) error {
	if err != nil {
		return fmt.Errorf("dicomnet: %s: %w", op, err)
	}
	return nil
}
