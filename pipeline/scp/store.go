package scp

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// headerLimits bounds what the header of one object costs while it is received. Real CT
// headers have 5 to 50 KiB; private groups before the pixels seldom exceed 1 MiB.
var headerLimits = dataset.Limits{MaxElementBytes: 4 << 20, MaxTotalBytes: 8 << 20, MaxElements: 20_000}

// maxTrailing bounds what may follow the pixels: data set trailing padding and a few
// groups above 7FE0.
const maxTrailing = 1 << 20

// errMismatch means that the command names another object than the data set.
var errMismatch = errors.New("command and data set disagree")

func (s *session) store(ctx context.Context, rq *dicomnet.StoreRequest, body io.Reader) error {
	ts, ok := dataset.LookupTransferSyntax(rq.TransferSyntaxUID)
	if !ok {
		return neckfrac.Errorf(neckfrac.Unsupported, "store", "transfer syntax")
	}
	// The header is parsed from the stream, and what was consumed for it is stored first:
	// the object on disk is byte for byte what came.
	var head bytes.Buffer
	reader, err := dataset.NewReader(io.TeeReader(body, &head), ts, headerLimits)
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unsupported, "store: header", err)
	}
	ds, pixels, err := reader.ReadHeader()
	if err != nil {
		return neckfrac.Wrap(neckfrac.Invalid, "store: header", err)
	}
	if text(ds, dataset.TagSOPInstanceUID) != rq.SOPInstanceUID || text(ds, dataset.TagSOPClassUID) != rq.SOPClassUID {
		return neckfrac.Wrap(neckfrac.Invalid, "store", errMismatch)
	}
	a, err := ReadArrival(ds, rq.TransferSyntaxUID, s.peer, s.backend.cfg.Now().UTC())
	if err != nil {
		return neckfrac.E("store", err)
	}
	var meta bytes.Buffer
	err = dataset.WriteMeta(&meta, dataset.Meta{
		TransferSyntaxUID: rq.TransferSyntaxUID, SOPClassUID: rq.SOPClassUID, SOPInstanceUID: rq.SOPInstanceUID,
		ImplementationClassUID: ImplementationClassUID, ImplementationVersionName: ImplementationVersionName,
		SourceAETitle: string(s.peer.AETitle),
	})
	if err != nil {
		return neckfrac.Wrap(neckfrac.Invalid, "store: meta", err)
	}
	object := io.Reader(io.MultiReader(&head, body))
	if pixels.Present && !pixels.Encapsulated() && pixels.Offset >= 0 {
		object = &wholeReader{r: object, end: pixels.Offset + pixels.Length, ts: ts}
	}
	receipt, err := s.backend.cfg.Receiver.Receive(ctx, a, io.MultiReader(&meta, object))
	if err != nil {
		return neckfrac.E("store", err)
	}
	if receipt.Version {
		s.log.Warn("object known with other bytes, first version stays in use", "study", receipt.StudyID)
	}
	return nil
}

// wholeReader passes a data set on and turns its end into an error where the pixel value
// or an element behind it is cut: a sender that lost the rest of its file still ends the
// message properly.
type wholeReader struct {
	r        io.Reader
	pos, end int64
	ts       dataset.TransferSyntax
	trailing bytes.Buffer
}

func (w *wholeReader) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if after := w.pos + int64(n) - w.end; after > 0 {
		if w.trailing.Len()+int(min(after, int64(n))) > maxTrailing {
			return n, dataset.ErrLimit
		}
		w.trailing.Write(p[n-int(min(after, int64(n))) : n])
	}
	w.pos += int64(n)
	if err != io.EOF {
		return n, err
	}
	if w.pos < w.end {
		return n, dataset.ErrTruncated
	}
	if w.trailing.Len() > 0 {
		rest, rerr := dataset.NewReader(&w.trailing, w.ts, headerLimits)
		if rerr == nil {
			_, rerr = rest.ReadDataset()
		}
		if rerr != nil {
			return n, rerr
		}
		w.trailing.Reset()
	}
	return n, io.EOF
}
