package dimse

import "github.com/neckfrac/neckfrac/dicomnet/dataset"

// NActionRQ asks a managed instance to act (PS3.7 §10.3.4.1).
//
//	(0000,0003) UI  requested SOP class UID
//	(0000,0100) US  0130H
//	(0000,0110) US  message id
//	(0000,0800) US  not 0101H if action information follows
//	(0000,1001) UI  requested SOP instance UID
//	(0000,1008) US  action type id
type NActionRQ struct {
	MessageID               uint16
	RequestedSOPClassUID    string
	RequestedSOPInstanceUID string
	ActionTypeID            uint16
	// HasInformation is true if action information follows.
	HasInformation bool
	noType         bool
}

// Header implements Command.
func (c *NActionRQ) Header() Header {
	return Header{Field: FieldNActionRQ, MessageID: c.MessageID, HasDataset: c.HasInformation}
}

// Elements implements Command.
func (c *NActionRQ) Elements() dataset.Dataset {
	ds := addText(c.Header().start(), dataset.TagRequestedSOPClassUID, c.RequestedSOPClassUID)
	ds = addText(ds, dataset.TagRequestedSOPInstanceUID, c.RequestedSOPInstanceUID)
	return addType(ds, dataset.TagActionTypeID, c.ActionTypeID, !c.noType)
}

// Check returns the status that a request that must not be served deserves,
// else Success. UIDs that break PS3.5 §9.1 decode as "".
func (c *NActionRQ) Check() Status {
	return checkNormalized(c.RequestedSOPClassUID, c.RequestedSOPInstanceUID, c.noType)
}

func decodeNActionRQ(h Header, ds dataset.Dataset) *NActionRQ {
	c := &NActionRQ{MessageID: h.MessageID, HasInformation: h.HasDataset}
	c.RequestedSOPClassUID, _ = ds.UID(dataset.TagRequestedSOPClassUID)
	c.RequestedSOPInstanceUID, _ = ds.UID(dataset.TagRequestedSOPInstanceUID)
	id, ok := ds.Uint16(dataset.TagActionTypeID)
	c.ActionTypeID, c.noType = id, !ok
	return c
}

// NActionRSP answers an N-ACTION-RQ (PS3.7 §10.3.4.2).
//
//	(0000,0002) UI  affected SOP class UID
//	(0000,0100) US  8130H
//	(0000,0120) US  message id being responded to
//	(0000,0800) US  not 0101H if an action reply follows
//	(0000,0900) US  status
//	(0000,0902) LO  error comment, with a failure
//	(0000,1000) UI  affected SOP instance UID
//	(0000,1008) US  action type id
type NActionRSP struct {
	MessageID              uint16
	AffectedSOPClassUID    string
	AffectedSOPInstanceUID string
	ActionTypeID           uint16
	Status                 Status
	ErrorComment           string
	// HasReply is true if an action reply follows.
	HasReply bool
}

// Header implements Command.
func (c *NActionRSP) Header() Header {
	return Header{Field: FieldNActionRSP, MessageID: c.MessageID, HasDataset: c.HasReply}
}

// Elements implements Command.
func (c *NActionRSP) Elements() dataset.Dataset {
	ds := addText(c.Header().start(), dataset.TagAffectedSOPClassUID, c.AffectedSOPClassUID)
	ds = addText(ds, dataset.TagAffectedSOPInstanceUID, c.AffectedSOPInstanceUID)
	ds = addType(ds, dataset.TagActionTypeID, c.ActionTypeID, c.ActionTypeID != 0)
	return addStatus(ds, c.Status, c.ErrorComment)
}

func decodeNActionRSP(h Header, ds dataset.Dataset) *NActionRSP {
	c := &NActionRSP{MessageID: h.MessageID, HasReply: h.HasDataset}
	c.AffectedSOPClassUID, _ = ds.UID(dataset.TagAffectedSOPClassUID)
	c.AffectedSOPInstanceUID, _ = ds.UID(dataset.TagAffectedSOPInstanceUID)
	c.ActionTypeID, _ = ds.Uint16(dataset.TagActionTypeID)
	c.Status, c.ErrorComment = statusOf(ds)
	return c
}
