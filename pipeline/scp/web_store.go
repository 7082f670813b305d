package scp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

// metaLimits bounds the file meta information of a part: a dozen UIDs and names.
var metaLimits = dataset.Limits{MaxElementBytes: 64 << 10, MaxTotalBytes: 128 << 10, MaxElements: 64}

// Failure reasons of PS3.18 Table I.2-2 that a C-STORE can't meet, since an association
// negotiates what they refuse.
const (
	reasonClass  = 0x0122
	reasonSyntax = 0xC122
)

var (
	errClass  = errors.New("storage class is not accepted")
	errSyntax = errors.New("transfer syntax is not accepted")
)

// Store implements dicomweb.Backend. The part goes the way of a C-STORE: same checks,
// same Receiver, same promise.
func (w *Web) Store(ctx context.Context, rq dicomweb.StoreRequest, body io.Reader) (dicomweb.Reference, error) {
	m, data, err := splitPart10(body)
	if err != nil {
		return dicomweb.Reference{}, failure(err)
	}
	ref := dicomweb.Reference{SOPClassUID: m.SOPClassUID, SOPInstanceUID: m.SOPInstanceUID}
	if !dataset.ValidUID(ref.SOPClassUID) || !dataset.ValidUID(ref.SOPInstanceUID) {
		return dicomweb.Reference{}, failure(neckfrac.Errorf(neckfrac.Invalid, "store: meta", "not a UID"))
	}
	if err := accepted(w.cfg.Services, m); err != nil {
		return ref, failure(err)
	}
	a, err := w.cfg.Backend.receive(ctx, w.cfg.Backend.cfg.Log, incoming{
		sopClass: m.SOPClassUID, sopInstance: m.SOPInstanceUID, transferSyntax: m.TransferSyntaxUID,
		study: neckfrac.StudyUID(rq.StudyInstanceUID), peer: w.peer(rq.RemoteAddr),
	}, data)
	ref.StudyInstanceUID, ref.SeriesInstanceUID = string(a.Study.UID), string(a.Series.UID)
	if err != nil {
		return ref, failure(err)
	}
	return ref, nil
}

// accepted asks the table of the associations.
func accepted(services []dicomnet.Service, m dataset.Meta) error {
	known := false
	for _, s := range services {
		if m.SOPClassUID == dataset.Verification || !slices.Contains(s.SOPClassUIDs, m.SOPClassUID) {
			continue
		}
		known = true
		if slices.Contains(s.TransferSyntaxUIDs, m.TransferSyntaxUID) {
			return nil
		}
	}
	if known {
		return neckfrac.Wrap(neckfrac.Unsupported, "store", errSyntax)
	}
	return neckfrac.Wrap(neckfrac.Unsupported, "store", errClass)
}

// splitPart10 reads the file meta information and returns the bytes behind it, which are
// the data set as it came.
func splitPart10(body io.Reader) (dataset.Meta, io.Reader, error) {
	var head bytes.Buffer
	m, r, err := dataset.ReadPart10(io.TeeReader(body, &head), metaLimits)
	switch {
	case errors.Is(err, dataset.ErrUnsupported):
		return m, nil, neckfrac.Wrap(neckfrac.Unsupported, "store: meta", errSyntax)
	case err != nil:
		return m, nil, neckfrac.Wrap(neckfrac.Invalid, "store: meta", err)
	case m.Bare:
		return m, nil, neckfrac.Errorf(neckfrac.Invalid, "store: meta", "no file meta information")
	}
	return m, io.MultiReader(bytes.NewReader(head.Bytes()[r.Offset():]), body), nil
}

// failure gives an error the reason that a C-STORE's status would have, in the same
// numbers (PS3.18 Table I.2-2, PS3.4 §B.2.3).
func failure(err error) error {
	reason := uint16(statusOf(err).Status)
	switch {
	case errors.Is(err, errClass):
		reason = reasonClass
	case errors.Is(err, errSyntax):
		reason = reasonSyntax
	}
	return &dicomweb.FailureError{Reason: reason, Err: err}
}
