package dicomnet

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

// Data sets that are not instances (identifiers, action and event information,
// attribute lists) are small and held whole, within Limits.MaxInformationBytes.

// maxInformationElements caps the elements and items of a data set held whole.
// A commitment of 30 000 instances needs 90 000. At about 112 bytes each they
// cost at most 11 MiB beside the values.
const maxInformationElements = 100_000

// readDataset reads the data set of a message into memory. malformed says that
// it arrived but cannot be read; broken that the association is over.
func (a *association) readDataset(pc AcceptedContext) (ds dataset.Dataset, malformed, broken error) {
	data := a.newBody(pc.ID)
	data.max = a.lim.MaxInformationBytes
	ts, known := dataset.LookupTransferSyntax(pc.TransferSyntaxUID)
	if !known {
		_, broken = data.drain()
		return nil, dataset.ErrUnsupported, broken
	}
	r, malformed := dataset.NewReader(data, ts, dataset.Limits{
		MaxElementBytes: data.max, MaxTotalBytes: data.max, MaxPixelBytes: data.max, MaxInflatedBytes: data.max,
		MaxElements: maxInformationElements,
	})
	if malformed == nil {
		ds, malformed = r.ReadDataset()
	}
	if _, broken = data.drain(); broken != nil || malformed != nil {
		return nil, malformed, broken
	}
	return ds, nil, nil
}

// statusOfMalformed is the status that a data set that cannot be read deserves.
func statusOfMalformed(err error) *StatusError {
	if errors.Is(err, dataset.ErrLimit) {
		return &StatusError{Status: dimse.ResourceLimitation, Comment: "data set over a limit", Err: err}
	}
	return &StatusError{Status: dimse.ProcessingFailure, Comment: "data set cannot be read", Err: err}
}

// encodeDataset returns a data set as it is sent on a presentation context. A
// failure leaves the association as it is.
func (a *association) encodeDataset(pc AcceptedContext, ds dataset.Dataset) ([]byte, error) {
	ts, _ := dataset.LookupTransferSyntax(pc.TransferSyntaxUID)
	var b bytes.Buffer
	if err := dataset.Encode(&b, ts, ds); err != nil {
		return nil, fmt.Errorf("data set: %w", err)
	}
	if int64(b.Len()) > a.lim.MaxInformationBytes {
		return nil, fmt.Errorf("data set of %d bytes: %w", b.Len(), ErrObjectTooLarge)
	}
	return b.Bytes(), nil
}
