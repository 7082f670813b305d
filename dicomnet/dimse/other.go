package dimse

import "github.com/neckfrac/neckfrac/dicomnet/dataset"

// Other is a command that this package has no type for.
type Other struct {
	header   Header
	elements dataset.Dataset
}

// NewOther returns a command with the given further elements, which must not
// repeat what the header stands for.
func NewOther(h Header, more ...dataset.Element) *Other {
	return &Other{header: h, elements: append(h.start(), more...)}
}

// Header implements Command.
func (c *Other) Header() Header { return c.header }

// Elements implements Command.
func (c *Other) Elements() dataset.Dataset { return c.elements }

// Refusal returns the response that refuses a request with a status, for any
// command: the request's field with the response bit, its message id and its
// affected or requested SOP class (PS3.7 Annex C.5). ok is false if the
// request cannot be answered, because it is a response or a C-CANCEL-RQ.
func Refusal(c Command, s Status) (response *Other, ok bool) {
	h := c.Header()
	if h.Field.Response() || h.Field == FieldCCancelRQ {
		return nil, false
	}
	more := dataset.Dataset{dataset.NewInt(dataset.TagStatus, int64(s))}
	class, ok := c.Elements().UID(dataset.TagAffectedSOPClassUID)
	if !ok {
		class, _ = c.Elements().UID(dataset.TagRequestedSOPClassUID)
	}
	more = addText(more, dataset.TagAffectedSOPClassUID, class)
	return NewOther(Header{Field: h.Field | responseBit, MessageID: h.MessageID}, more...), true
}
