package dimse

import "github.com/neckfrac/neckfrac/dicomnet/dataset"

// NCreateRQ asks to create a managed instance (PS3.7 §10.3.5.1).
//
//	(0000,0002) UI  affected SOP class UID
//	(0000,0100) US  0140H
//	(0000,0110) US  message id
//	(0000,0800) US  not 0101H if attributes follow
//	(0000,1000) UI  affected SOP instance UID, absent if the SCP is to assign it
type NCreateRQ struct {
	MessageID              uint16
	AffectedSOPClassUID    string
	AffectedSOPInstanceUID string
	// HasAttributes is true if the attribute list follows.
	HasAttributes bool
	badInstance   bool
}

// Header implements Command.
func (c *NCreateRQ) Header() Header {
	return Header{Field: FieldNCreateRQ, MessageID: c.MessageID, HasDataset: c.HasAttributes}
}

// Elements implements Command.
func (c *NCreateRQ) Elements() dataset.Dataset {
	ds := addText(c.Header().start(), dataset.TagAffectedSOPClassUID, c.AffectedSOPClassUID)
	return addText(ds, dataset.TagAffectedSOPInstanceUID, c.AffectedSOPInstanceUID)
}

// Check returns the status that a request that must not be served deserves,
// else Success. A UID that breaks PS3.5 §9.1 is not the same as none.
func (c *NCreateRQ) Check() Status {
	switch {
	case c.AffectedSOPClassUID == "":
		return NoSuchSOPClass
	case c.badInstance:
		return InvalidSOPInstance
	}
	return Success
}

func decodeNCreateRQ(h Header, ds dataset.Dataset) *NCreateRQ {
	c := &NCreateRQ{MessageID: h.MessageID, HasAttributes: h.HasDataset}
	c.AffectedSOPClassUID, _ = ds.UID(dataset.TagAffectedSOPClassUID)
	uid, ok := ds.UID(dataset.TagAffectedSOPInstanceUID)
	e, present := ds.Find(dataset.TagAffectedSOPInstanceUID)
	c.AffectedSOPInstanceUID, c.badInstance = uid, !ok && present && len(e.Value) > 0
	return c
}

// NCreateRSP answers an N-CREATE-RQ (PS3.7 §10.3.5.2).
//
//	(0000,0002) UI  affected SOP class UID
//	(0000,0100) US  8140H
//	(0000,0120) US  message id being responded to
//	(0000,0800) US  not 0101H if attributes follow
//	(0000,0900) US  status
//	(0000,0902) LO  error comment, with a failure
//	(0000,1000) UI  affected SOP instance UID
type NCreateRSP struct {
	MessageID              uint16
	AffectedSOPClassUID    string
	AffectedSOPInstanceUID string
	Status                 Status
	ErrorComment           string
	// HasAttributes is true if the attribute list follows.
	HasAttributes bool
}

// Header implements Command.
func (c *NCreateRSP) Header() Header {
	return Header{Field: FieldNCreateRSP, MessageID: c.MessageID, HasDataset: c.HasAttributes}
}

// Elements implements Command.
func (c *NCreateRSP) Elements() dataset.Dataset {
	ds := addText(c.Header().start(), dataset.TagAffectedSOPClassUID, c.AffectedSOPClassUID)
	ds = addText(ds, dataset.TagAffectedSOPInstanceUID, c.AffectedSOPInstanceUID)
	return addStatus(ds, c.Status, c.ErrorComment)
}

func decodeNCreateRSP(h Header, ds dataset.Dataset) *NCreateRSP {
	c := &NCreateRSP{MessageID: h.MessageID, HasAttributes: h.HasDataset}
	c.AffectedSOPClassUID, _ = ds.UID(dataset.TagAffectedSOPClassUID)
	c.AffectedSOPInstanceUID, _ = ds.UID(dataset.TagAffectedSOPInstanceUID)
	c.Status, c.ErrorComment = statusOf(ds)
	return c
}
