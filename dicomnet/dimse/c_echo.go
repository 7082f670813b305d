package dimse

import "github.com/neckfrac/neckfrac/dicomnet/dataset"

// CEchoRQ asks whether the peer is there (PS3.7 §9.3.5.1).
//
//	(0000,0002) UI  affected SOP class UID, Verification
//	(0000,0100) US  0030H
//	(0000,0110) US  message id
//	(0000,0800) US  0101H, no data set
type CEchoRQ struct {
	MessageID           uint16
	AffectedSOPClassUID string
	hasDataset          bool
}

// Header implements Command.
func (c *CEchoRQ) Header() Header {
	return Header{Field: FieldCEchoRQ, MessageID: c.MessageID, HasDataset: c.hasDataset}
}

// Elements implements Command.
func (c *CEchoRQ) Elements() dataset.Dataset {
	return addText(c.Header().start(), dataset.TagAffectedSOPClassUID, c.AffectedSOPClassUID)
}

// Check returns the status that a request that must not be served deserves,
// else Success.
func (c *CEchoRQ) Check() Status {
	if c.hasDataset {
		return MistypedArgument
	}
	if c.AffectedSOPClassUID != dataset.Verification {
		return NoSuchSOPClass
	}
	return Success
}

func decodeCEchoRQ(h Header, ds dataset.Dataset) *CEchoRQ {
	class, _ := ds.UID(dataset.TagAffectedSOPClassUID)
	return &CEchoRQ{MessageID: h.MessageID, AffectedSOPClassUID: class, hasDataset: h.HasDataset}
}

// CEchoRSP answers a C-ECHO-RQ (PS3.7 §9.3.5.2).
//
//	(0000,0002) UI  affected SOP class UID
//	(0000,0100) US  8030H
//	(0000,0120) US  message id being responded to
//	(0000,0800) US  0101H, no data set
//	(0000,0900) US  status
type CEchoRSP struct {
	MessageID           uint16
	AffectedSOPClassUID string
	Status              Status
	ErrorComment        string
}

// Header implements Command.
func (c *CEchoRSP) Header() Header { return Header{Field: FieldCEchoRSP, MessageID: c.MessageID} }

// Elements implements Command.
func (c *CEchoRSP) Elements() dataset.Dataset {
	ds := addText(c.Header().start(), dataset.TagAffectedSOPClassUID, c.AffectedSOPClassUID)
	return addStatus(ds, c.Status, c.ErrorComment)
}

func decodeCEchoRSP(h Header, ds dataset.Dataset) *CEchoRSP {
	class, _ := ds.UID(dataset.TagAffectedSOPClassUID)
	status, comment := statusOf(ds)
	return &CEchoRSP{MessageID: h.MessageID, AffectedSOPClassUID: class, Status: status, ErrorComment: comment}
}
