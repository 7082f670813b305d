package scp

import (
	"context"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

// WebConfig of a Web. All but Services are required.
type WebConfig struct {
	// Backend receives: objects of the web pass its checks and get its promise.
	Backend *Backend
	Records neckfrac.Records
	Blobs   neckfrac.Blobs
	// Services are the storage classes and transfer syntaxes that are accepted, the
	// associations' own table.
	Services []dicomnet.Service
}

// Web is the storage behind a dicomweb handler: it stores as the storage SCP does and
// finds and reads over the ledger's and the store's ports. Instances that their source
// has withdrawn are not given out.
type Web struct{ cfg WebConfig }

var (
	_ dicomweb.Backend  = (*Web)(nil)
	_ dicomweb.Renderer = (*Web)(nil)
)

// NewWeb copies cfg.
func NewWeb(cfg WebConfig) (*Web, error) {
	if cfg.Backend == nil || cfg.Records == nil || cfg.Blobs == nil {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "scp web", "a port is missing")
	}
	cfg.Services = slices.Clone(cfg.Services)
	return &Web{cfg: cfg}, nil
}

// webError gives an error of the pipeline its kind of the web.
type webError struct{ kind, err error }

func (e *webError) Error() string   { return e.err.Error() }
func (e *webError) Unwrap() []error { return []error{e.kind, e.err} }

// webErr maps a kind to the web's, once; our own faults keep none.
func webErr(err error) error {
	kind := map[neckfrac.Kind]error{
		neckfrac.Invalid:     dicomweb.ErrInvalid,
		neckfrac.NotFound:    dicomweb.ErrNotFound,
		neckfrac.Conflict:    dicomweb.ErrConflict,
		neckfrac.Unsupported: dicomweb.ErrUnsupported,
		neckfrac.Limit:       dicomweb.ErrLimit,
		neckfrac.Unavailable: dicomweb.ErrUnavailable,
	}[neckfrac.KindOf(err)]
	if err == nil || kind == nil {
		return err
	}
	return &webError{kind, err}
}

// Instances implements dicomweb.Backend.
func (w *Web) Instances(ctx context.Context, t dicomweb.Target, most int) ([]dicomweb.Instance, error) {
	const op = "web instances"
	uid, err := neckfrac.ParseStudyUID(t.StudyInstanceUID)
	if err != nil {
		return nil, webErr(err)
	}
	recs, err := w.cfg.Records.Find(ctx, neckfrac.StudyQuery{UID: uid, Limit: 1})
	if err != nil {
		return nil, webErr(neckfrac.E(op, err))
	}
	if len(recs) == 0 {
		return nil, webErr(neckfrac.Errorf(neckfrac.NotFound, op, "no such study"))
	}
	series, err := w.series(ctx, recs[0].Study.ID)
	if err != nil {
		return nil, webErr(neckfrac.E(op, err))
	}
	var out []dicomweb.Instance
	for _, s := range series {
		if t.SeriesInstanceUID != "" && t.SeriesInstanceUID != string(s.UID) {
			continue
		}
		for _, in := range s.Instances {
			if t.SOPInstanceUID != "" && t.SOPInstanceUID != string(in.UID) {
				continue
			}
			if len(out) == most {
				return nil, webErr(neckfrac.Errorf(neckfrac.Limit, op, "more than %d instances", most))
			}
			out = append(out, webInstance(uid, s.UID, in))
		}
	}
	if len(out) == 0 {
		return nil, webErr(neckfrac.Errorf(neckfrac.NotFound, op, "no such instance"))
	}
	return out, nil
}

func webInstance(study neckfrac.StudyUID, series neckfrac.SeriesUID, in neckfrac.Instance) dicomweb.Instance {
	return dicomweb.Instance{
		Reference: dicomweb.Reference{StudyInstanceUID: string(study), SeriesInstanceUID: string(series),
			SOPClassUID: in.SOPClassUID, SOPInstanceUID: string(in.UID)},
		TransferSyntaxUID: in.TransferSyntaxUID, Size: in.Blob.Size, Key: in.Blob.Digest,
	}
}

// series lists what may be given out of a study; a series without such an instance is
// left out.
func (w *Web) series(ctx context.Context, id neckfrac.StudyID) ([]neckfrac.Series, error) {
	series, err := w.cfg.Records.Instances(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []neckfrac.Series
	for _, s := range series {
		s.Instances = slices.DeleteFunc(slices.Clone(s.Instances), func(in neckfrac.Instance) bool { return in.Withdrawn != "" })
		if s.Count = len(s.Instances); s.Count > 0 {
			out = append(out, s)
		}
	}
	return out, nil
}

// Open implements dicomweb.Backend.
func (w *Web) Open(ctx context.Context, in dicomweb.Instance) (dicomweb.File, error) {
	f, err := w.cfg.Blobs.Open(ctx, neckfrac.BlobRef{Digest: in.Key, Size: in.Size})
	if err != nil {
		// The ledger names it: that it is gone is our fault, not the client's.
		if neckfrac.KindOf(err) == neckfrac.NotFound {
			err = neckfrac.Wrap(neckfrac.Internal, "web open", err)
		}
		return nil, webErr(err)
	}
	return f, nil
}

// Rendered implements dicomweb.Renderer: the first key image of a study's latest result.
// Key images are chosen by level, so triage shows none (W12).
func (w *Web) Rendered(ctx context.Context, t dicomweb.Target, accept []string) (string, io.ReadCloser, error) {
	const op = "web rendered"
	none := webErr(neckfrac.Errorf(neckfrac.NotFound, op, "no picture"))
	uid, err := neckfrac.ParseStudyUID(t.StudyInstanceUID)
	if err != nil || t.SeriesInstanceUID != "" {
		return "", nil, none
	}
	recs, err := w.cfg.Records.Find(ctx, neckfrac.StudyQuery{UID: uid, Limit: 1})
	if err != nil {
		return "", nil, webErr(neckfrac.E(op, err))
	}
	if len(recs) == 0 || recs[0].Latest == nil {
		return "", nil, none
	}
	a := recs[0].Latest
	if a.Profile != neckfrac.Research && a.Profile != neckfrac.Reading {
		return "", nil, none
	}
	for _, art := range a.Artefacts {
		if art.Kind != neckfrac.ArtefactKeyImage || !strings.HasPrefix(art.ContentType, "image/") {
			continue
		}
		if !slices.Contains(accept, art.ContentType) && !slices.Contains(accept, "image/*") && !slices.Contains(accept, "*/*") {
			return "", nil, dicomweb.ErrNotAcceptable
		}
		f, err := w.cfg.Blobs.Open(ctx, art.Blob)
		if err != nil {
			return "", nil, webErr(neckfrac.E(op, err))
		}
		return art.ContentType, f, nil
	}
	return "", nil, none
}

// peer stands for a client of the web, which has no AE title. Its images without an
// issuer get the one that the peers configured for its address agree on, if they do.
func (w *Web) peer(remote string) Peer {
	b := w.cfg.Backend
	p := Peer{Zone: b.cfg.Zone}
	addr, err := netip.ParseAddrPort(remote)
	if err != nil {
		return p
	}
	ip := net.IP(addr.Addr().Unmap().AsSlice())
	first := true
	for _, r := range *b.rules.Load() {
		switch {
		case r.Network == nil || !r.Network.Contains(ip):
		case first:
			p.Issuer, first = r.Issuer, false
		case r.Issuer != p.Issuer:
			return Peer{Zone: b.cfg.Zone}
		}
	}
	return p
}
