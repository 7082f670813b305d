package dimse

import "github.com/neckfrac/neckfrac/dicomnet/dataset"

// CCancelRQ asks to end a C-FIND, C-MOVE or C-GET early (PS3.7 §9.3.2.3). It
// has no response of its own: the operation's last response then has the
// status Cancel, unless the operation ended before.
//
//	(0000,0100) US  0FFFH
//	(0000,0120) US  message id of the operation
//	(0000,0800) US  0101H, no data set
type CCancelRQ struct {
	// MessageID is that of the operation to cancel.
	MessageID  uint16
	hasDataset bool
}

// Header implements Command.
func (c *CCancelRQ) Header() Header {
	return Header{Field: FieldCCancelRQ, MessageID: c.MessageID, HasDataset: c.hasDataset}
}

// Elements implements Command.
func (c *CCancelRQ) Elements() dataset.Dataset { return c.Header().start() }

// Check returns the status that a malformed request would deserve; there is no
// response to say it in.
func (c *CCancelRQ) Check() Status {
	if c.hasDataset {
		return MistypedArgument
	}
	return Success
}

func decodeCCancelRQ(h Header) *CCancelRQ {
	return &CCancelRQ{MessageID: h.MessageID, hasDataset: h.HasDataset}
}
