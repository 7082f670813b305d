package dimse

import "github.com/neckfrac/neckfrac/dicomnet/dataset"

// NEventReportRQ reports an event of a managed instance (PS3.7 §10.3.1.1).
//
//	(0000,0002) UI  affected SOP class UID
//	(0000,0100) US  0100H
//	(0000,0110) US  message id
//	(0000,0800) US  not 0101H if event information follows
//	(0000,1000) UI  affected SOP instance UID
//	(0000,1002) US  event type id
type NEventReportRQ struct {
	MessageID              uint16
	AffectedSOPClassUID    string
	AffectedSOPInstanceUID string
	EventTypeID            uint16
	// HasInformation is true if event information follows.
	HasInformation bool
	noType         bool
}

// Header implements Command.
func (c *NEventReportRQ) Header() Header {
	return Header{Field: FieldNEventReportRQ, MessageID: c.MessageID, HasDataset: c.HasInformation}
}

// Elements implements Command.
func (c *NEventReportRQ) Elements() dataset.Dataset {
	ds := addText(c.Header().start(), dataset.TagAffectedSOPClassUID, c.AffectedSOPClassUID)
	ds = addText(ds, dataset.TagAffectedSOPInstanceUID, c.AffectedSOPInstanceUID)
	return addType(ds, dataset.TagEventTypeID, c.EventTypeID, !c.noType)
}

// Check returns the status that a request that must not be served deserves,
// else Success. UIDs that break PS3.5 §9.1 decode as "".
func (c *NEventReportRQ) Check() Status {
	return checkNormalized(c.AffectedSOPClassUID, c.AffectedSOPInstanceUID, c.noType)
}

// checkNormalized is what N-EVENT-REPORT and N-ACTION requests have to hold.
func checkNormalized(class, instance string, noType bool) Status {
	switch {
	case class == "":
		return NoSuchSOPClass
	case instance == "":
		return InvalidSOPInstance
	case noType:
		return MistypedArgument
	}
	return Success
}

// addType appends an event or action type id where there is one.
func addType(ds dataset.Dataset, tag dataset.Tag, id uint16, has bool) dataset.Dataset {
	if !has {
		return ds
	}
	return append(ds, dataset.NewInt(tag, int64(id)))
}

func decodeNEventReportRQ(h Header, ds dataset.Dataset) *NEventReportRQ {
	c := &NEventReportRQ{MessageID: h.MessageID, HasInformation: h.HasDataset}
	c.AffectedSOPClassUID, _ = ds.UID(dataset.TagAffectedSOPClassUID)
	c.AffectedSOPInstanceUID, _ = ds.UID(dataset.TagAffectedSOPInstanceUID)
	id, ok := ds.Uint16(dataset.TagEventTypeID)
	c.EventTypeID, c.noType = id, !ok
	return c
}

// NEventReportRSP answers an N-EVENT-REPORT-RQ (PS3.7 §10.3.1.2).
//
//	(0000,0002) UI  affected SOP class UID
//	(0000,0100) US  8100H
//	(0000,0120) US  message id being responded to
//	(0000,0800) US  not 0101H if an event reply follows
//	(0000,0900) US  status
//	(0000,0902) LO  error comment, with a failure
//	(0000,1000) UI  affected SOP instance UID
//	(0000,1002) US  event type id
type NEventReportRSP struct {
	MessageID              uint16
	AffectedSOPClassUID    string
	AffectedSOPInstanceUID string
	EventTypeID            uint16
	Status                 Status
	ErrorComment           string
	// HasReply is true if an event reply follows.
	HasReply bool
}

// Header implements Command.
func (c *NEventReportRSP) Header() Header {
	return Header{Field: FieldNEventReportRSP, MessageID: c.MessageID, HasDataset: c.HasReply}
}

// Elements implements Command.
func (c *NEventReportRSP) Elements() dataset.Dataset {
	ds := addText(c.Header().start(), dataset.TagAffectedSOPClassUID, c.AffectedSOPClassUID)
	ds = addText(ds, dataset.TagAffectedSOPInstanceUID, c.AffectedSOPInstanceUID)
	ds = addType(ds, dataset.TagEventTypeID, c.EventTypeID, c.EventTypeID != 0)
	return addStatus(ds, c.Status, c.ErrorComment)
}

func decodeNEventReportRSP(h Header, ds dataset.Dataset) *NEventReportRSP {
	c := &NEventReportRSP{MessageID: h.MessageID, HasReply: h.HasDataset}
	c.AffectedSOPClassUID, _ = ds.UID(dataset.TagAffectedSOPClassUID)
	c.AffectedSOPInstanceUID, _ = ds.UID(dataset.TagAffectedSOPInstanceUID)
	c.EventTypeID, _ = ds.Uint16(dataset.TagEventTypeID)
	c.Status, c.ErrorComment = statusOf(ds)
	return c
}
