package scp

import (
	"context"
	"errors"
	"io"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/pipeline"
)

// Lister says what a source has of a study.
type Lister interface {
	// List returns at most neckfrac.MaxAnnounced instances; more is Limit.
	List(ctx context.Context, study neckfrac.StudyUID) ([]neckfrac.AnnouncedInstance, error)
}

// Source is a configured archive as its objects' sender.
type Source struct {
	AETitle neckfrac.AETitle
	// Issuer stands in where its objects name none.
	Issuer string
}

func (b *Backend) sourcePeer(s Source) Peer {
	return Peer{AETitle: s.AETitle, Issuer: s.Issuer, Zone: b.cfg.Zone}
}

// fetching is one Fetch under way.
type fetching struct {
	backend *Backend
	peer    Peer
	study   neckfrac.StudyUID
	fetched pipeline.Fetched
}

func (b *Backend) newFetching(s Source, study neckfrac.StudyUID) *fetching {
	return &fetching{backend: b, peer: b.sourcePeer(s), study: study,
		fetched: pipeline.Fetched{Refused: map[neckfrac.InstanceUID]neckfrac.Kind{}}}
}

// take receives one object the way of a C-STORE. What the object itself is to blame for
// is remembered as refused; a broken connection is not.
func (f *fetching) take(ctx context.Context, class, instance, syntax string, body io.Reader) error {
	watched := &watchedReader{r: body}
	_, err := f.backend.receive(ctx, f.backend.cfg.Log, incoming{sopClass: class, sopInstance: instance, transferSyntax: syntax, study: f.study, peer: f.peer}, watched)
	if err == nil {
		return nil
	}
	if watched.err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "fetch", watched.err)
	}
	f.refuse(instance, err)
	return err
}

func (f *fetching) refuse(instance string, err error) {
	f.fetched.Refused[neckfrac.InstanceUID(instance)] = neckfrac.KindOf(err)
	f.backend.cfg.Log.Warn("fetched object refused", "source", f.peer.AETitle, "kind", neckfrac.KindOf(err), "err", err)
}

// watchedReader remembers that the sender, and not the object, is at fault.
type watchedReader struct {
	r   io.Reader
	err error
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// sourceError gives what a source answered the kind that the retriever goes by.
func sourceError(op string, err error) error {
	if err == nil {
		return nil
	}
	var own *neckfrac.Error
	if errors.As(err, &own) {
		return neckfrac.E(op, err)
	}
	return neckfrac.Wrap(sourceKind(err), op, err)
}

func sourceKind(err error) neckfrac.Kind {
	var status *dicomnet.StatusError
	var reject *dicomnet.RejectError
	var answer *dicomweb.StatusError
	switch {
	case errors.As(err, &status):
		if status.Status>>12 == 0xC { // "unable to process", whatever the archive means by it
			return neckfrac.Invalid
		}
		switch status.Status {
		case dimse.SOPClassNotSupported, dimse.NoSuchSOPClass, dimse.UnrecognizedOperation:
			return neckfrac.Unsupported
		case dimse.NotAuthorized, dimse.MoveDestinationUnknown:
			return neckfrac.Unauthorized
		case dimse.DataSetDoesNotMatchSOPClass:
			return neckfrac.Invalid
		}
		return neckfrac.Unavailable
	case errors.As(err, &reject):
		if *reject == *dicomnet.RejectCalledAE || *reject == *dicomnet.RejectCallingAE {
			return neckfrac.Unauthorized
		}
		return neckfrac.Unavailable
	case errors.As(err, &answer) && (answer.Code == 401 || answer.Code == 403):
		return neckfrac.Unauthorized
	case errors.Is(err, dicomnet.ErrNotAccepted):
		return neckfrac.Unsupported
	case errors.Is(err, dicomweb.ErrNotFound):
		return neckfrac.NotFound
	case errors.Is(err, dicomweb.ErrLimit), errors.Is(err, dicomnet.ErrObjectTooLarge):
		return neckfrac.Limit
	case errors.Is(err, dicomweb.ErrInvalid), errors.Is(err, dataset.ErrSyntax):
		return neckfrac.Invalid
	}
	return neckfrac.Unavailable
}

// announcedOf reads one match of a search at the level of instances.
func announcedOf(ds dataset.Dataset) (neckfrac.AnnouncedInstance, error) {
	var in neckfrac.AnnouncedInstance
	var err error
	if in.Series, err = neckfrac.ParseSeriesUID(text(ds, dataset.TagSeriesInstanceUID)); err != nil {
		return in, neckfrac.E("list: series", err)
	}
	if in.UID, err = neckfrac.ParseInstanceUID(text(ds, dataset.TagSOPInstanceUID)); err != nil {
		return in, neckfrac.E("list: instance", err)
	}
	if in.SOPClassUID = text(ds, dataset.TagSOPClassUID); !dataset.ValidUID(in.SOPClassUID) {
		return in, neckfrac.Errorf(neckfrac.Invalid, "list: instance", "the source does not tell its SOP class")
	}
	return in, nil
}

var errTooMany = neckfrac.Errorf(neckfrac.Limit, "list", "more than %d instances", neckfrac.MaxAnnounced)
