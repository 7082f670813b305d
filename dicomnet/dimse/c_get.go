package dimse

import "github.com/neckfrac/neckfrac/dicomnet/dataset"

// CGetRQ asks to send what matches the identifier that follows on this
// association (PS3.7 §9.3.3.1).
//
//	(0000,0002) UI  affected SOP class UID
//	(0000,0100) US  0010H
//	(0000,0110) US  message id
//	(0000,0700) US  priority
//	(0000,0800) US  not 0101H, an identifier follows
type CGetRQ struct {
	MessageID           uint16
	AffectedSOPClassUID string
	Priority            Priority
	noDataset           bool
}

// Header implements Command.
func (c *CGetRQ) Header() Header {
	return Header{Field: FieldCGetRQ, MessageID: c.MessageID, HasDataset: !c.noDataset}
}

// Elements implements Command.
func (c *CGetRQ) Elements() dataset.Dataset {
	ds := addText(c.Header().start(), dataset.TagAffectedSOPClassUID, c.AffectedSOPClassUID)
	return append(ds, dataset.NewInt(dataset.TagPriority, int64(c.Priority)))
}

// Check returns the status that a request that must not be served deserves,
// else Success.
func (c *CGetRQ) Check() Status { return checkQuery(c.noDataset, c.AffectedSOPClassUID) }

func decodeCGetRQ(h Header, ds dataset.Dataset) *CGetRQ {
	c := &CGetRQ{MessageID: h.MessageID, noDataset: !h.HasDataset}
	c.AffectedSOPClassUID, _ = ds.UID(dataset.TagAffectedSOPClassUID)
	c.Priority = priorityOf(ds)
	return c
}

// CGetRSP tells how far a C-GET has come, while its status is pending, or how
// it ended (PS3.7 §9.3.3.2).
//
//	(0000,0002) UI  affected SOP class UID
//	(0000,0100) US  8010H
//	(0000,0120) US  message id being responded to
//	(0000,0800) US  not 0101H if an identifier follows: failed SOP instance UIDs
//	(0000,0900) US  status
//	(0000,0902) LO  error comment, with a failure
//	(0000,102x) US  sub-operations
type CGetRSP struct {
	MessageID           uint16
	AffectedSOPClassUID string
	Status              Status
	ErrorComment        string
	// HasIdentifier is true if the list of failed instances follows.
	HasIdentifier bool
	SubOperations SubOperations
}

// Header implements Command.
func (c *CGetRSP) Header() Header {
	return Header{Field: FieldCGetRSP, MessageID: c.MessageID, HasDataset: c.HasIdentifier}
}

// Elements implements Command.
func (c *CGetRSP) Elements() dataset.Dataset {
	ds := addText(c.Header().start(), dataset.TagAffectedSOPClassUID, c.AffectedSOPClassUID)
	return c.SubOperations.add(addStatus(ds, c.Status, c.ErrorComment), c.Status)
}

func decodeCGetRSP(h Header, ds dataset.Dataset) *CGetRSP {
	c := &CGetRSP{MessageID: h.MessageID, HasIdentifier: h.HasDataset, SubOperations: subOperationsOf(ds)}
	c.AffectedSOPClassUID, _ = ds.UID(dataset.TagAffectedSOPClassUID)
	c.Status, c.ErrorComment = statusOf(ds)
	return c
}
