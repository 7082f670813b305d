package dicomnet

import (
	"context"

	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// maxPendingEvents is how many event reports may arrive while a client waits
// for something else; more are refused.
const maxPendingEvents = 8

// pendingEvent is an event report that arrived early and is not yet answered.
type pendingEvent struct {
	pc AcceptedContext
	rq *dimse.NEventReportRQ
	ev *EventReport
}

// WaitEventReport waits for one N-EVENT-REPORT on this association, as SCU of
// its SOP class, gives it to handle and answers it: what handle returns becomes
// the status, as in Session.Store, and is returned. The end of ctx before a
// report arrived is returned as its error and leaves the association as it is;
// the peer may release the association instead of reporting, ErrReleased.
func (c *Client) WaitEventReport(ctx context.Context, handle func(*EventReport) error) error {
	err := c.run(func() error {
		if len(c.events) == 0 {
			if err := c.awaitEvent(ctx); err != nil {
				return err
			}
		}
		e := c.events[0]
		c.events = c.events[1:]
		handled := handle(e.ev)
		status, comment := statusOf(handled)
		if err := c.a.writeCommand(e.pc.ID, eventResponse(e.rq, status, comment)); err != nil {
			return err
		}
		return handled
	})
	return wrap("event report", err)
}

// awaitEvent reads until an event report is pending.
func (c *Client) awaitEvent(ctx context.Context) error {
	for len(c.events) == 0 {
		if err := c.a.await(ctx); err != nil {
			return err
		}
		pc, cmd, err := c.a.readCommand(c.a.lim.IdleTimeout)
		if err == errReleaseRQ {
			return c.a.event(Evt14, nil, ErrReleased)
		}
		if err != nil {
			return err
		}
		rq, ok := cmd.(*dimse.NEventReportRQ)
		if !ok {
			return c.a.violation(pdu.ReasonUnexpectedParameter, "command out of place")
		}
		if err := c.takeEvent(pc, rq); err != nil {
			return err
		}
	}
	return nil
}

// takeEvent reads an event report and keeps it, or answers it if it cannot be
// served.
func (c *Client) takeEvent(pc AcceptedContext, rq *dimse.NEventReportRQ) error {
	ev := &EventReport{SOPClassUID: rq.AffectedSOPClassUID, SOPInstanceUID: rq.AffectedSOPInstanceUID, EventTypeID: rq.EventTypeID}
	refusal := rq.Check()
	if refusal == dimse.Success && rq.AffectedSOPClassUID != pc.SOPClassUID {
		refusal = dimse.NoSuchSOPClass
	}
	if len(c.events) >= maxPendingEvents {
		refusal = dimse.ResourceLimitation
	}
	if rq.HasInformation {
		ds, malformed, broken := c.a.readDataset(pc)
		if broken != nil {
			return broken
		}
		if malformed != nil {
			refusal = statusOfMalformed(malformed).Status
		}
		ev.Information = ds
	}
	if refusal != dimse.Success {
		return c.a.writeCommand(pc.ID, eventResponse(rq, refusal, ""))
	}
	c.events = append(c.events, pendingEvent{pc, rq, ev})
	return nil
}
