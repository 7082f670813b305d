package dicomnet

import (
	"context"
	"errors"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

func (c *served) action(ctx context.Context, pc AcceptedContext, rq *dimse.NActionRQ) error {
	actor, ok := c.session.(Actor)
	if s := c.checkNormalized(pc, ok, rq.RequestedSOPClassUID, rq.Check()); s != dimse.Success {
		return c.refuse(pc, rq, s)
	}
	status, comment, broken := c.withDataset(pc, rq, func(ds dataset.Dataset) error {
		return actor.Action(ctx, &ActionRequest{SOPClassUID: rq.RequestedSOPClassUID,
			SOPInstanceUID: rq.RequestedSOPInstanceUID, ActionTypeID: rq.ActionTypeID, Information: ds})
	})
	if broken != nil {
		return broken
	}
	return c.writeCommand(pc.ID, &dimse.NActionRSP{MessageID: rq.MessageID,
		AffectedSOPClassUID: rq.RequestedSOPClassUID, AffectedSOPInstanceUID: rq.RequestedSOPInstanceUID,
		ActionTypeID: rq.ActionTypeID, Status: status, ErrorComment: comment})
}

// eventReport serves the one command whose requestor is the SCP. The role is
// not asked for: peers that leave its negotiation out are common, and an event
// is given only to a session that waits for events.
func (c *served) eventReport(ctx context.Context, pc AcceptedContext, rq *dimse.NEventReportRQ) error {
	receiver, ok := c.session.(EventReceiver)
	pc.Role = RoleBoth
	if s := c.checkNormalized(pc, ok, rq.AffectedSOPClassUID, rq.Check()); s != dimse.Success {
		return c.refuse(pc, rq, s)
	}
	status, comment, broken := c.withDataset(pc, rq, func(ds dataset.Dataset) error {
		return receiver.EventReport(ctx, &EventReport{SOPClassUID: rq.AffectedSOPClassUID,
			SOPInstanceUID: rq.AffectedSOPInstanceUID, EventTypeID: rq.EventTypeID, Information: ds})
	})
	if broken != nil {
		return broken
	}
	return c.writeCommand(pc.ID, eventResponse(rq, status, comment))
}

func eventResponse(rq *dimse.NEventReportRQ, s dimse.Status, comment string) *dimse.NEventReportRSP {
	return &dimse.NEventReportRSP{MessageID: rq.MessageID, AffectedSOPClassUID: rq.AffectedSOPClassUID,
		AffectedSOPInstanceUID: rq.AffectedSOPInstanceUID, EventTypeID: rq.EventTypeID, Status: s, ErrorComment: comment}
}

func (c *served) create(ctx context.Context, pc AcceptedContext, rq *dimse.NCreateRQ) error {
	creator, ok := c.session.(Creator)
	if s := c.checkNormalized(pc, ok, rq.AffectedSOPClassUID, rq.Check()); s != dimse.Success {
		return c.refuse(pc, rq, s)
	}
	uid := rq.AffectedSOPInstanceUID
	status, comment, broken := c.withDataset(pc, rq, func(ds dataset.Dataset) error {
		create := &CreateRequest{SOPClassUID: rq.AffectedSOPClassUID, SOPInstanceUID: uid, Attributes: ds}
		err := creator.Create(ctx, create)
		if uid == "" && dataset.ValidUID(create.SOPInstanceUID) {
			uid = create.SOPInstanceUID
		}
		if err == nil && uid == "" {
			return errors.New("dicomnet: Create assigned no SOP instance UID")
		}
		return err
	})
	if broken != nil {
		return broken
	}
	return c.writeCommand(pc.ID, &dimse.NCreateRSP{MessageID: rq.MessageID, AffectedSOPClassUID: rq.AffectedSOPClassUID,
		AffectedSOPInstanceUID: uid, Status: status, ErrorComment: comment})
}

// checkNormalized returns why a command of PS3.7 §10 is not served, else
// Success. has is whether the session has a method for it, check what the
// command itself says.
func (c *served) checkNormalized(pc AcceptedContext, has bool, class string, check dimse.Status) dimse.Status {
	switch {
	case !has:
		return dimse.UnrecognizedOperation
	case check != dimse.Success:
		return check
	case class != pc.SOPClassUID:
		return dimse.NoSuchSOPClass
	case !pc.Role.SCU():
		return dimse.SOPClassNotSupported
	}
	return dimse.Success
}

// withDataset reads the data set of a command, if it has one, and serves it.
// No more than Limits.MaxHeldDatasets are held by a server at one time: over
// that the peer hears "resource limitation" and may try again.
func (c *served) withDataset(pc AcceptedContext, cmd dimse.Command, serve func(dataset.Dataset) error) (s dimse.Status, comment string, broken error) {
	var err error
	if cmd.Header().HasDataset {
		select {
		case c.srv.held <- struct{}{}:
			defer func() { <-c.srv.held }()
			var ds dataset.Dataset
			if ds, err, broken = c.readDataset(pc); broken != nil {
				return 0, "", broken
			}
			if err != nil {
				err = statusOfMalformed(err)
			} else {
				err = serve(ds)
			}
		default:
			data := c.newBody(pc.ID)
			data.max = c.lim.MaxInformationBytes
			if _, broken = data.drain(); broken != nil {
				return 0, "", broken
			}
			err = &StatusError{Status: dimse.ResourceLimitation, Comment: "busy, try again"}
		}
	} else {
		err = serve(nil)
	}
	s, comment = statusOf(err)
	if err != nil {
		c.log.Warn("dicom command refused", "command", cmd.Header().Field.String(), "status", s.String(), "err", err)
	}
	return s, comment, nil
}
