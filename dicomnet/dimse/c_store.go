package dimse

import "github.com/neckfrac/neckfrac/dicomnet/dataset"

// Priority of a request (0000,0700), PS3.7 §9.3.1.1.
type Priority uint16

// Priorities.
const (
	PriorityMedium Priority = 0
	PriorityHigh   Priority = 1
	PriorityLow    Priority = 2
)

// CStoreRQ asks to store the composite instance that follows (PS3.7 §9.3.1.1).
//
//	(0000,0002) UI  affected SOP class UID
//	(0000,0100) US  0001H
//	(0000,0110) US  message id
//	(0000,0700) US  priority
//	(0000,0800) US  not 0101H, a data set follows
//	(0000,1000) UI  affected SOP instance UID
//	(0000,1030) AE  move originator AE title, if a C-MOVE caused it
//	(0000,1031) US  move originator message id, if a C-MOVE caused it
type CStoreRQ struct {
	MessageID               uint16
	AffectedSOPClassUID     string
	AffectedSOPInstanceUID  string
	Priority                Priority
	MoveOriginatorAETitle   string
	MoveOriginatorMessageID uint16
	noDataset               bool
}

// Header implements Command.
func (c *CStoreRQ) Header() Header {
	return Header{Field: FieldCStoreRQ, MessageID: c.MessageID, HasDataset: !c.noDataset}
}

// Elements implements Command.
func (c *CStoreRQ) Elements() dataset.Dataset {
	ds := addText(c.Header().start(), dataset.TagAffectedSOPClassUID, c.AffectedSOPClassUID)
	ds = append(ds, dataset.NewInt(dataset.TagPriority, int64(c.Priority)))
	ds = addText(ds, dataset.TagAffectedSOPInstanceUID, c.AffectedSOPInstanceUID)
	if c.MoveOriginatorAETitle != "" {
		ds = addText(ds, dataset.TagMoveOriginatorApplicationEntityTitle, c.MoveOriginatorAETitle)
		ds = append(ds, dataset.NewInt(dataset.TagMoveOriginatorMessageID, int64(c.MoveOriginatorMessageID)))
	}
	return ds
}

// Check returns the status that a request that must not be served deserves,
// else Success. UIDs that break PS3.5 §9.1 decode as "".
func (c *CStoreRQ) Check() Status {
	switch {
	case c.noDataset:
		return MistypedArgument
	case c.AffectedSOPClassUID == "":
		return NoSuchSOPClass
	case c.AffectedSOPInstanceUID == "":
		return InvalidSOPInstance
	}
	return Success
}

func decodeCStoreRQ(h Header, ds dataset.Dataset) *CStoreRQ {
	c := &CStoreRQ{MessageID: h.MessageID, noDataset: !h.HasDataset}
	c.AffectedSOPClassUID, _ = ds.UID(dataset.TagAffectedSOPClassUID)
	c.AffectedSOPInstanceUID, _ = ds.UID(dataset.TagAffectedSOPInstanceUID)
	priority, _ := ds.Uint16(dataset.TagPriority)
	c.Priority = Priority(priority)
	if ae, _ := ds.String(dataset.TagMoveOriginatorApplicationEntityTitle); dataset.ValidAETitle(ae) {
		c.MoveOriginatorAETitle = ae
		c.MoveOriginatorMessageID, _ = ds.Uint16(dataset.TagMoveOriginatorMessageID)
	}
	return c
}

// CStoreRSP answers a C-STORE-RQ (PS3.7 §9.3.1.2).
//
//	(0000,0002) UI  affected SOP class UID
//	(0000,0100) US  8001H
//	(0000,0120) US  message id being responded to
//	(0000,0800) US  0101H, no data set
//	(0000,0900) US  status
//	(0000,0902) LO  error comment, with a failure
//	(0000,1000) UI  affected SOP instance UID
type CStoreRSP struct {
	MessageID              uint16
	AffectedSOPClassUID    string
	AffectedSOPInstanceUID string
	Status                 Status
	ErrorComment           string
}

// Header implements Command.
func (c *CStoreRSP) Header() Header { return Header{Field: FieldCStoreRSP, MessageID: c.MessageID} }

// Elements implements Command.
func (c *CStoreRSP) Elements() dataset.Dataset {
	ds := addText(c.Header().start(), dataset.TagAffectedSOPClassUID, c.AffectedSOPClassUID)
	ds = addText(ds, dataset.TagAffectedSOPInstanceUID, c.AffectedSOPInstanceUID)
	return addStatus(ds, c.Status, c.ErrorComment)
}

func decodeCStoreRSP(h Header, ds dataset.Dataset) *CStoreRSP {
	c := &CStoreRSP{MessageID: h.MessageID}
	c.AffectedSOPClassUID, _ = ds.UID(dataset.TagAffectedSOPClassUID)
	c.AffectedSOPInstanceUID, _ = ds.UID(dataset.TagAffectedSOPInstanceUID)
	c.Status, c.ErrorComment = statusOf(ds)
	return c
}
