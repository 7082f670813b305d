package scp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// errMismatch means that the command, or the request, names another object than the data set.
var errMismatch = errors.New("command and data set disagree")

func (s *session) store(ctx context.Context, rq *dicomnet.StoreRequest, body io.Reader) error {
	_, err := s.backend.receive(ctx, s.log, incoming{
		sopClass: rq.SOPClassUID, sopInstance: rq.SOPInstanceUID, transferSyntax: rq.TransferSyntaxUID, peer: s.peer,
	}, body)
	return err
}

// incoming is what was announced of an object before its data set: by a C-STORE request,
// or by the file meta information of a part.
type incoming struct {
	sopClass, sopInstance, transferSyntax string
	// study is the one that a request addressed; empty means any.
	study neckfrac.StudyUID
	peer  Peer
}

// receive checks, stores and records one object, whichever way it came; body is its data
// set. The arrival is what the header said, also with an error once it was read.
func (b *Backend) receive(ctx context.Context, log *slog.Logger, in incoming, body io.Reader) (neckfrac.Arrival, error) {
	ts, ok := dataset.LookupTransferSyntax(in.transferSyntax)
	if !ok {
		return neckfrac.Arrival{}, neckfrac.Errorf(neckfrac.Unsupported, "store", "transfer syntax")
	}
	// The header is parsed from the stream, and what was consumed for it is stored first:
	// the object on disk is byte for byte what came.
	h, err := b.readHead(ctx, body, ts, in.sopClass)
	defer h.release()
	if err != nil {
		return neckfrac.Arrival{}, err
	}
	ds := h.ds
	h.ds = nil // not held while the pixels come
	if text(ds, dataset.TagSOPInstanceUID) != in.sopInstance || text(ds, dataset.TagSOPClassUID) != in.sopClass {
		return neckfrac.Arrival{}, neckfrac.Wrap(neckfrac.Invalid, "store", errMismatch)
	}
	// gofail: var headerParsed struct{}
	a, err := ReadArrival(ds, in.transferSyntax, in.peer, b.cfg.Now().UTC())
	if err != nil {
		return neckfrac.Arrival{}, neckfrac.E("store", err)
	}
	if in.study != "" && in.study != a.Study.UID {
		return a, neckfrac.Wrap(neckfrac.Invalid, "store: study", errMismatch)
	}
	if a.Instance.Kind, a.Rejection, err = classify(ds, a); err != nil {
		return a, neckfrac.E("store", err)
	}
	var meta bytes.Buffer
	err = dataset.WriteMeta(&meta, dataset.Meta{
		TransferSyntaxUID: in.transferSyntax, SOPClassUID: in.sopClass, SOPInstanceUID: in.sopInstance,
		ImplementationClassUID: ImplementationClassUID, ImplementationVersionName: ImplementationVersionName,
		SourceAETitle: string(in.peer.AETitle),
	})
	if err != nil {
		return a, neckfrac.Wrap(neckfrac.Invalid, "store: meta", err)
	}
	object := io.Reader(io.MultiReader(h.bytes, body))
	switch {
	case ts.Deflated:
		inflate, err := newInflateReader(object, h.offset, h.pixels)
		if err != nil {
			return a, neckfrac.Wrap(neckfrac.Invalid, "store: deflated", err)
		}
		defer inflate.Close()
		object = inflate
	case h.pixels.Present:
		object = &wholeReader{r: object, before: h.pixels.Offset, value: newValue(h.pixels, ts), ts: ts}
	}
	receipt, err := b.cfg.Receiver.Receive(ctx, a, io.MultiReader(&meta, object))
	if err != nil {
		return a, neckfrac.E("store", err)
	}
	if receipt.Version {
		log.Warn("object known with other bytes, first version stays in use", "study", receipt.StudyID)
	}
	return a, nil
}
