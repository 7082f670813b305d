package dimse

import "github.com/neckfrac/neckfrac/dicomnet/dataset"

// CFindRQ asks for what matches the identifier that follows (PS3.7 §9.3.2.1).
//
//	(0000,0002) UI  affected SOP class UID
//	(0000,0100) US  0020H
//	(0000,0110) US  message id
//	(0000,0700) US  priority
//	(0000,0800) US  not 0101H, an identifier follows
type CFindRQ struct {
	MessageID           uint16
	AffectedSOPClassUID string
	Priority            Priority
	noDataset           bool
}

// Header implements Command.
func (c *CFindRQ) Header() Header {
	return Header{Field: FieldCFindRQ, MessageID: c.MessageID, HasDataset: !c.noDataset}
}

// Elements implements Command.
func (c *CFindRQ) Elements() dataset.Dataset {
	ds := addText(c.Header().start(), dataset.TagAffectedSOPClassUID, c.AffectedSOPClassUID)
	return append(ds, dataset.NewInt(dataset.TagPriority, int64(c.Priority)))
}

// Check returns the status that a request that must not be served deserves,
// else Success.
func (c *CFindRQ) Check() Status { return checkQuery(c.noDataset, c.AffectedSOPClassUID) }

// checkQuery is what C-FIND, C-MOVE and C-GET requests have to hold.
func checkQuery(noDataset bool, class string) Status {
	switch {
	case noDataset:
		return MistypedArgument
	case class == "":
		return NoSuchSOPClass
	}
	return Success
}

func decodeCFindRQ(h Header, ds dataset.Dataset) *CFindRQ {
	c := &CFindRQ{MessageID: h.MessageID, noDataset: !h.HasDataset}
	c.AffectedSOPClassUID, _ = ds.UID(dataset.TagAffectedSOPClassUID)
	c.Priority = priorityOf(ds)
	return c
}

func priorityOf(ds dataset.Dataset) Priority {
	p, _ := ds.Uint16(dataset.TagPriority)
	return Priority(p)
}

// CFindRSP is one match, while its status is pending, or the end of a C-FIND
// (PS3.7 §9.3.2.2).
//
//	(0000,0002) UI  affected SOP class UID
//	(0000,0100) US  8020H
//	(0000,0120) US  message id being responded to
//	(0000,0800) US  not 0101H if pending, an identifier follows; else 0101H
//	(0000,0900) US  status
//	(0000,0902) LO  error comment, with a failure
type CFindRSP struct {
	MessageID           uint16
	AffectedSOPClassUID string
	Status              Status
	ErrorComment        string
	// HasIdentifier is true if the match follows.
	HasIdentifier bool
}

// Header implements Command.
func (c *CFindRSP) Header() Header {
	return Header{Field: FieldCFindRSP, MessageID: c.MessageID, HasDataset: c.HasIdentifier}
}

// Elements implements Command.
func (c *CFindRSP) Elements() dataset.Dataset {
	ds := addText(c.Header().start(), dataset.TagAffectedSOPClassUID, c.AffectedSOPClassUID)
	return addStatus(ds, c.Status, c.ErrorComment)
}

func decodeCFindRSP(h Header, ds dataset.Dataset) *CFindRSP {
	c := &CFindRSP{MessageID: h.MessageID, HasIdentifier: h.HasDataset}
	c.AffectedSOPClassUID, _ = ds.UID(dataset.TagAffectedSOPClassUID)
	c.Status, c.ErrorComment = statusOf(ds)
	return c
}
