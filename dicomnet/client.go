package dicomnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// Client is the requestor's end of an association, made by [Dial]. Its methods
// may be called by many goroutines; operations run one after the other. Once a
// method returned an error other than ErrNotAccepted, the association is over.
// End it by Release or Abort.
type Client struct {
	mu     sync.Mutex
	a      *association
	server string // implementation version name of the peer
	nextID uint16
	events []pendingEvent // of WaitEventReport
}

// Accepted returns the transfer syntaxes in which the peer takes a SOP class,
// in the order in which they were proposed.
func (c *Client) Accepted(sopClassUID string) []string {
	var uids []string
	for id := 1; id <= 255; id += 2 {
		if pc, ok := c.a.contexts[byte(id)]; ok && pc.SOPClassUID == sopClassUID {
			uids = append(uids, pc.TransferSyntaxUID)
		}
	}
	return uids
}

// PeerImplementation returns the implementation version name of the peer, ""
// if it gave none or an illegal one.
func (c *Client) PeerImplementation() string { return c.server }

// Echo sends a C-ECHO and waits for the response. The error is a *StatusError
// if the peer answered anything but success; the association then goes on.
func (c *Client) Echo(ctx context.Context) error {
	err := c.do(ctx, func() error {
		pc, ok := c.find(dataset.Verification, "")
		if !ok {
			return ErrNotAccepted
		}
		rq := &dimse.CEchoRQ{MessageID: c.messageID(), AffectedSOPClassUID: dataset.Verification}
		if err := c.a.writeCommand(pc.ID, rq); err != nil {
			return err
		}
		rsp, err := c.response(pc, rq.MessageID)
		if err != nil {
			return err
		}
		echo, ok := rsp.(*dimse.CEchoRSP)
		if !ok {
			return c.a.violation(pdu.ReasonUnexpectedParameter, "response of another command")
		}
		if echo.Status != dimse.Success {
			return &StatusError{Status: echo.Status, Comment: echo.ErrorComment}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("dicomnet: echo: %w", err)
	}
	return nil
}

// Store sends one instance, its data set being what body yields until io.EOF,
// and returns the peer's status, whatever it is; see dimse.Status.Class. If the
// error is not nil, the instance must be taken for not stored. An error of
// body aborts the association, since PS3.7 knows no other way to stop.
func (c *Client) Store(ctx context.Context, rq StoreRequest, body io.Reader) (dimse.Status, error) {
	status := dimse.ProcessingFailure
	err := c.do(ctx, func() error {
		if !dataset.ValidUID(rq.SOPInstanceUID) {
			return fmt.Errorf("%w: SOP instance UID", ErrNotAccepted)
		}
		pc, ok := c.find(rq.SOPClassUID, rq.TransferSyntaxUID)
		if !ok {
			return ErrNotAccepted
		}
		cmd := &dimse.CStoreRQ{
			MessageID: c.messageID(), AffectedSOPClassUID: rq.SOPClassUID, AffectedSOPInstanceUID: rq.SOPInstanceUID,
			Priority: rq.Priority, MoveOriginatorAETitle: rq.MoveOriginatorAETitle,
			MoveOriginatorMessageID: rq.MoveOriginatorMessageID,
		}
		if err := c.a.writeCommand(pc.ID, cmd); err != nil {
			return err
		}
		if err := c.a.writeDataset(pc.ID, body); err != nil {
			return err
		}
		rsp, err := c.response(pc, cmd.MessageID)
		if err != nil {
			return err
		}
		store, ok := rsp.(*dimse.CStoreRSP)
		if !ok {
			return c.a.violation(pdu.ReasonUnexpectedParameter, "response of another command")
		}
		status = store.Status
		return nil
	})
	if err != nil {
		return dimse.ProcessingFailure, fmt.Errorf("dicomnet: store: %w", err)
	}
	return status, nil
}

// Release ends the association in order.
func (c *Client) Release(ctx context.Context) error {
	err := c.do(ctx, func() error {
		if err := c.a.event(Evt11, nil, nil); err != nil {
			return err
		}
		for {
			p, err := c.a.receive(c.a.lim.ARTIM)
			if err != nil {
				return err
			}
			if p.Type() == pdu.TypeReleaseRQ { // collision: we are the requestor
				if err := c.a.event(Evt14, nil, nil); err != nil {
					return err
				}
			}
		}
	})
	if err != nil && !errors.Is(err, ErrReleased) {
		return fmt.Errorf("dicomnet: release: %w", err)
	}
	return nil
}

// Abort ends the association at once, an operation under way included. It does
// nothing if the association is over.
func (c *Client) Abort() {
	c.a.meter.stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.a.abort(ErrClosed)
	c.a.linger()
}

// do runs one operation; the end of ctx aborts the association.
func (c *Client) do(ctx context.Context, f func() error) error {
	return c.run(func() error {
		stop := context.AfterFunc(ctx, c.a.meter.stop)
		defer stop()
		err := f()
		if c.a.ended != nil && ctx.Err() != nil && !errors.Is(err, ErrReleased) {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		return err
	})
}

// run runs one operation, alone.
func (c *Client) run(f func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.a.ended != nil {
		return c.a.ended
	}
	err := f()
	if c.a.ended != nil {
		c.a.linger()
	}
	return err
}

// find returns the accepted context of a SOP class of which this side is SCU
// and, unless it is "", of a transfer syntax.
func (c *Client) find(class, syntax string) (AcceptedContext, bool) {
	pc, ok := c.findContext(class, syntax)
	return pc, ok && pc.Role.SCU()
}

// findContext is find whatever the role.
func (c *Client) findContext(class, syntax string) (AcceptedContext, bool) {
	for id := 1; id <= 255; id += 2 {
		pc, ok := c.a.contexts[byte(id)]
		if ok && pc.SOPClassUID == class && (syntax == "" || pc.TransferSyntaxUID == syntax) {
			return pc, true
		}
	}
	return AcceptedContext{}, false
}

func (c *Client) messageID() uint16 {
	c.nextID++
	return c.nextID
}

// response waits for the response to a request, which has no data set.
func (c *Client) response(pc AcceptedContext, id uint16) (dimse.Command, error) {
	rsp, err := c.next(pc, id)
	if err == nil && rsp.Header().HasDataset {
		return nil, c.a.violation(pdu.ReasonUnexpectedParameter, "response out of place")
	}
	return rsp, err
}

// next waits for the next response to a request. Event reports that arrive
// meanwhile are kept for WaitEventReport.
func (c *Client) next(pc AcceptedContext, id uint16) (dimse.Command, error) {
	return c.nextOf(pc, id, func(AcceptedContext, dimse.Command) (bool, error) { return false, nil })
}

// nextOf is next with a function that may take other commands of the peer.
func (c *Client) nextOf(pc AcceptedContext, id uint16, other func(AcceptedContext, dimse.Command) (taken bool, err error)) (dimse.Command, error) {
	for {
		got, rsp, err := c.a.readCommand(c.a.lim.ResponseTimeout)
		if err == errReleaseRQ {
			return nil, c.a.violation(pdu.ReasonUnexpectedPDU, "release before the response")
		}
		if err != nil {
			return nil, err
		}
		if ev, ok := rsp.(*dimse.NEventReportRQ); ok {
			if err := c.takeEvent(got, ev); err != nil {
				return nil, err
			}
			continue
		}
		if !rsp.Header().Field.Response() {
			if taken, err := other(got, rsp); err != nil {
				return nil, err
			} else if taken {
				continue
			}
		}
		if h := rsp.Header(); got.ID != pc.ID || !h.Field.Response() || h.MessageID != id {
			return nil, c.a.violation(pdu.ReasonUnexpectedParameter, "response out of place")
		}
		return rsp, nil
	}
}
