package dimse

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// MaxCommandBytes caps a command set. The largest legal C-STORE-RQ is under
// 400 bytes; a C-MOVE response with a long list of failed instances fits.
const MaxCommandBytes = 64 << 10

// ErrCommand means that bytes are not a command set.
var ErrCommand = errors.New("dimse: not a command set")

// Command is one command set.
type Command interface {
	// Header returns what all commands share.
	Header() Header
	// Elements returns the command set without its group length.
	Elements() dataset.Dataset
}

// Header is what all commands share.
type Header struct {
	Field Field
	// MessageID is the message's own id in a request, and that of the request
	// in a response or a C-CANCEL-RQ.
	MessageID uint16
	// HasDataset is true if a data set follows.
	HasDataset bool
}

// Values of Command Data Set Type (0000,0800): 0101H means none, any other
// value that a data set follows.
const (
	noDataset   = 0x0101
	withDataset = 0x0001
)

// Append appends the encoded command set, group length first, to dst.
func Append(dst []byte, c Command) ([]byte, error) {
	implicit, _ := dataset.LookupTransferSyntax(dataset.ImplicitVRLittleEndian)
	var body bytes.Buffer
	if err := dataset.Encode(&body, implicit, c.Elements()); err != nil {
		return nil, fmt.Errorf("dimse: %v: %w", c.Header().Field, err)
	}
	if body.Len() > MaxCommandBytes-groupLengthBytes {
		return nil, fmt.Errorf("dimse: %v: %d bytes: %w", c.Header().Field, body.Len(), ErrCommand)
	}
	dst = append(dst, 0, 0, 0, 0, 4, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(body.Len()))
	return append(dst, body.Bytes()...), nil
}

// groupLengthBytes is the size of the element (0000,0000).
const groupLengthBytes = 12

// Decode reads a whole command set. Its error wraps ErrCommand if b is too
// large, holds elements of another group, states a wrong group length, or has
// no command field or message id.
func Decode(b []byte) (Command, error) {
	ds, err := elements(b)
	if err != nil {
		return nil, err
	}
	h, err := headerOf(ds)
	if err != nil {
		return nil, err
	}
	return decodeAs(h, ds), nil
}

// decodeAs turns a command set into the type of its field.
func decodeAs(h Header, ds dataset.Dataset) Command {
	switch h.Field {
	case FieldCEchoRQ:
		return decodeCEchoRQ(h, ds)
	case FieldCEchoRSP:
		return decodeCEchoRSP(h, ds)
	case FieldCStoreRQ:
		return decodeCStoreRQ(h, ds)
	case FieldCStoreRSP:
		return decodeCStoreRSP(h, ds)
	case FieldCFindRQ:
		return decodeCFindRQ(h, ds)
	case FieldCFindRSP:
		return decodeCFindRSP(h, ds)
	case FieldCMoveRQ:
		return decodeCMoveRQ(h, ds)
	case FieldCMoveRSP:
		return decodeCMoveRSP(h, ds)
	case FieldCGetRQ:
		return decodeCGetRQ(h, ds)
	case FieldCGetRSP:
		return decodeCGetRSP(h, ds)
	case FieldCCancelRQ:
		return decodeCCancelRQ(h)
	case FieldNEventReportRQ:
		return decodeNEventReportRQ(h, ds)
	case FieldNEventReportRSP:
		return decodeNEventReportRSP(h, ds)
	case FieldNActionRQ:
		return decodeNActionRQ(h, ds)
	case FieldNActionRSP:
		return decodeNActionRSP(h, ds)
	case FieldNCreateRQ:
		return decodeNCreateRQ(h, ds)
	case FieldNCreateRSP:
		return decodeNCreateRSP(h, ds)
	}
	return &Other{header: h, elements: ds}
}

func elements(b []byte) (dataset.Dataset, error) {
	if len(b) > MaxCommandBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrCommand, len(b))
	}
	implicit, _ := dataset.LookupTransferSyntax(dataset.ImplicitVRLittleEndian)
	r, err := dataset.NewReader(bytes.NewReader(b), implicit, dataset.Limits{
		MaxElementBytes: MaxCommandBytes, MaxTotalBytes: MaxCommandBytes, MaxElements: 256, MaxDepth: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCommand, err)
	}
	ds, err := r.ReadDataset()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCommand, err)
	}
	for i, e := range ds {
		if e.Tag.Group() != 0 || (i > 0 && ds[i-1].Tag >= e.Tag) {
			return nil, fmt.Errorf("%w: tag %v out of place", ErrCommand, e.Tag)
		}
	}
	if n, ok := ds.Uint32(dataset.TagCommandGroupLength); !ok || int(n) != len(b)-groupLengthBytes {
		return nil, fmt.Errorf("%w: group length", ErrCommand)
	}
	return ds[1:], nil
}

func headerOf(ds dataset.Dataset) (Header, error) {
	field, ok := ds.Uint16(dataset.TagCommandField)
	if !ok {
		return Header{}, fmt.Errorf("%w: no command field", ErrCommand)
	}
	h := Header{Field: Field(field)}
	id := dataset.TagMessageID
	if h.Field.Response() || h.Field == FieldCCancelRQ {
		id = dataset.TagMessageIDBeingRespondedTo
	}
	if h.MessageID, ok = ds.Uint16(id); !ok {
		return Header{}, fmt.Errorf("%w: no message id", ErrCommand)
	}
	kind, ok := ds.Uint16(dataset.TagCommandDataSetType)
	if !ok {
		return Header{}, fmt.Errorf("%w: no data set type", ErrCommand)
	}
	h.HasDataset = kind != noDataset
	return h, nil
}

// start returns the elements that h stands for.
func (h Header) start() dataset.Dataset {
	id, kind := dataset.TagMessageID, int64(noDataset)
	if h.Field.Response() || h.Field == FieldCCancelRQ {
		id = dataset.TagMessageIDBeingRespondedTo
	}
	if h.HasDataset {
		kind = withDataset
	}
	return dataset.Dataset{
		dataset.NewInt(dataset.TagCommandField, int64(h.Field)),
		dataset.NewInt(id, int64(h.MessageID)),
		dataset.NewInt(dataset.TagCommandDataSetType, kind),
	}
}

// addText appends a text element unless it is empty.
func addText(ds dataset.Dataset, tag dataset.Tag, s string) dataset.Dataset {
	if s == "" {
		return ds
	}
	return append(ds, dataset.NewText(tag, s))
}

// maxCommentBytes is the length of an LO value, Error Comment's VR.
const maxCommentBytes = 64

// addStatus appends status and error comment; the comment is cut to its
// maximum, and left out unless it is printable ASCII without a backslash.
func addStatus(ds dataset.Dataset, s Status, comment string) dataset.Dataset {
	ds = append(ds, dataset.NewInt(dataset.TagStatus, int64(s)))
	for i := range len(comment) {
		if comment[i] < 0x20 || comment[i] > 0x7E || comment[i] == '\\' {
			return ds
		}
	}
	return addText(ds, dataset.TagErrorComment, comment[:min(len(comment), maxCommentBytes)])
}
