package dimse

import "github.com/neckfrac/neckfrac/dicomnet/dataset"

// CMoveRQ asks to send what matches the identifier that follows to a third
// party (PS3.7 §9.3.4.1).
//
//	(0000,0002) UI  affected SOP class UID
//	(0000,0100) US  0021H
//	(0000,0110) US  message id
//	(0000,0600) AE  move destination
//	(0000,0700) US  priority
//	(0000,0800) US  not 0101H, an identifier follows
type CMoveRQ struct {
	MessageID           uint16
	AffectedSOPClassUID string
	// MoveDestination is "" if what was received is no AE title.
	MoveDestination string
	Priority        Priority
	noDataset       bool
}

// Header implements Command.
func (c *CMoveRQ) Header() Header {
	return Header{Field: FieldCMoveRQ, MessageID: c.MessageID, HasDataset: !c.noDataset}
}

// Elements implements Command.
func (c *CMoveRQ) Elements() dataset.Dataset {
	ds := addText(c.Header().start(), dataset.TagAffectedSOPClassUID, c.AffectedSOPClassUID)
	ds = append(ds, dataset.NewInt(dataset.TagPriority, int64(c.Priority)))
	return addText(ds, dataset.TagMoveDestination, c.MoveDestination)
}

// Check returns the status that a request that must not be served deserves,
// else Success.
func (c *CMoveRQ) Check() Status {
	if s := checkQuery(c.noDataset, c.AffectedSOPClassUID); s != Success {
		return s
	}
	if c.MoveDestination == "" {
		return MoveDestinationUnknown
	}
	return Success
}

func decodeCMoveRQ(h Header, ds dataset.Dataset) *CMoveRQ {
	c := &CMoveRQ{MessageID: h.MessageID, noDataset: !h.HasDataset}
	c.AffectedSOPClassUID, _ = ds.UID(dataset.TagAffectedSOPClassUID)
	c.Priority = priorityOf(ds)
	if ae, _ := ds.String(dataset.TagMoveDestination); dataset.ValidAETitle(ae) {
		c.MoveDestination = ae
	}
	return c
}

// CMoveRSP tells how far a C-MOVE has come, while its status is pending, or
// how it ended (PS3.7 §9.3.4.2).
//
//	(0000,0002) UI  affected SOP class UID
//	(0000,0100) US  8021H
//	(0000,0120) US  message id being responded to
//	(0000,0800) US  not 0101H if an identifier follows: failed SOP instance UIDs
//	(0000,0900) US  status
//	(0000,0902) LO  error comment, with a failure
//	(0000,102x) US  sub-operations
type CMoveRSP struct {
	MessageID           uint16
	AffectedSOPClassUID string
	Status              Status
	ErrorComment        string
	// HasIdentifier is true if the list of failed instances follows.
	HasIdentifier bool
	SubOperations SubOperations
}

// Header implements Command.
func (c *CMoveRSP) Header() Header {
	return Header{Field: FieldCMoveRSP, MessageID: c.MessageID, HasDataset: c.HasIdentifier}
}

// Elements implements Command.
func (c *CMoveRSP) Elements() dataset.Dataset {
	ds := addText(c.Header().start(), dataset.TagAffectedSOPClassUID, c.AffectedSOPClassUID)
	return c.SubOperations.add(addStatus(ds, c.Status, c.ErrorComment), c.Status)
}

func decodeCMoveRSP(h Header, ds dataset.Dataset) *CMoveRSP {
	c := &CMoveRSP{MessageID: h.MessageID, HasIdentifier: h.HasDataset, SubOperations: subOperationsOf(ds)}
	c.AffectedSOPClassUID, _ = ds.UID(dataset.TagAffectedSOPClassUID)
	c.Status, c.ErrorComment = statusOf(ds)
	return c
}
