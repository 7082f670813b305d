package dicomnet

import (
	"errors"
	"io"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// serveStore serves one C-STORE as SCP, on either side of an association. scp
// is whether the roles allow it. refused is why the instance was not stored,
// which the peer was told; broken is why the association is over.
func (a *association) serveStore(pc AcceptedContext, rq *dimse.CStoreRQ, scp bool, store func(*StoreRequest, io.Reader) error) (refused, broken error) {
	if s := rq.Check(); s != dimse.Success {
		return nil, a.refuse(pc, rq, s)
	}
	if rq.AffectedSOPClassUID != pc.SOPClassUID || pc.SOPClassUID == dataset.Verification || !scp {
		return nil, a.refuse(pc, rq, dimse.SOPClassNotSupported)
	}
	data := a.newBody(pc.ID)
	err := store(&StoreRequest{
		SOPClassUID: rq.AffectedSOPClassUID, SOPInstanceUID: rq.AffectedSOPInstanceUID,
		TransferSyntaxUID: pc.TransferSyntaxUID, Priority: rq.Priority,
		MoveOriginatorAETitle: rq.MoveOriginatorAETitle, MoveOriginatorMessageID: rq.MoveOriginatorMessageID,
	}, data)
	left, broken := data.drain()
	if broken != nil {
		return err, broken // no response: the peer must not take this for stored
	}
	if err == nil && left {
		err = errors.New("dicomnet: Store returned before the end of the data set")
	}
	status, comment := statusOf(err)
	return err, a.writeCommand(pc.ID, &dimse.CStoreRSP{MessageID: rq.MessageID, AffectedSOPClassUID: rq.AffectedSOPClassUID,
		AffectedSOPInstanceUID: rq.AffectedSOPInstanceUID, Status: status, ErrorComment: comment})
}

// refuse skips a command's data set and answers with a status.
func (a *association) refuse(pc AcceptedContext, cmd dimse.Command, s dimse.Status) error {
	if cmd.Header().HasDataset {
		if _, err := a.newBody(pc.ID).drain(); err != nil {
			return err
		}
	}
	rsp, ok := dimse.Refusal(cmd, s)
	if !ok {
		if cmd.Header().Field == dimse.FieldCCancelRQ {
			return nil // nothing to cancel, and C-CANCEL has no response
		}
		return a.violation(pdu.ReasonUnexpectedParameter, "response without request")
	}
	return a.writeCommand(pc.ID, rsp)
}
