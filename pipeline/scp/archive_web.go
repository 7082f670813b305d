package scp

import (
	"context"
	"io"
	"net/url"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
	"github.com/neckfrac/neckfrac/pipeline"
)

// WebArchive is a source that is asked by WADO-RS and QIDO-RS (PS3.18 §10.4, §10.6).
type WebArchive struct {
	Backend *Backend
	Source  Source
	Client  *dicomweb.Client
	// BaseURL is the configured address of the service.
	BaseURL string
	// Services are what is accepted, as in associations.
	Services []dicomnet.Service
}

var (
	_ pipeline.Archive = (*WebArchive)(nil)
	_ Lister           = (*WebArchive)(nil)
)

// Fetch implements pipeline.Archive: one request a series or instance.
func (w *WebArchive) Fetch(ctx context.Context, want pipeline.Wanted) (pipeline.Fetched, error) {
	f := w.Backend.newFetching(w.Source, want.Study)
	for _, t := range targets(want) {
		err := w.Client.Retrieve(ctx, w.BaseURL, t, func(body io.Reader) error { return w.take(ctx, f, body) })
		if err != nil {
			return f.fetched, sourceError("wado-rs", err)
		}
	}
	return f.fetched, nil
}

// targets are the addresses of what is wanted: WADO-RS has no lists.
func targets(want pipeline.Wanted) (out []dicomweb.Target) {
	for _, sel := range want.Selections {
		t := dicomweb.Target{StudyInstanceUID: string(want.Study)}
		if len(sel.Series) == 0 {
			out = append(out, t)
		}
		for _, s := range sel.Series {
			t.SeriesInstanceUID, t.SOPInstanceUID = string(s), ""
			if len(sel.Instances) == 0 {
				out = append(out, t)
			}
			for _, in := range sel.Instances {
				t.SOPInstanceUID = string(in)
				out = append(out, t)
			}
		}
	}
	return out
}

// take receives one part. An object that we refuse does not end the retrieval, a failure
// of ours or of the connection does.
func (w *WebArchive) take(ctx context.Context, f *fetching, body io.Reader) error {
	watched := &watchedReader{r: body}
	m, data, err := splitPart10(watched)
	if watched.err != nil {
		return watched.err
	}
	if err == nil {
		err = accepted(w.Services, m)
	}
	if err != nil {
		if dataset.ValidUID(m.SOPInstanceUID) {
			f.refuse(m.SOPInstanceUID, err)
		}
		return nil
	}
	err = f.take(ctx, m.SOPClassUID, m.SOPInstanceUID, m.TransferSyntaxUID, data)
	if k := neckfrac.KindOf(err); err != nil && (k == neckfrac.Unavailable || k == neckfrac.Internal) {
		return err
	}
	return nil
}

// List implements Lister by QIDO-RS.
func (w *WebArchive) List(ctx context.Context, study neckfrac.StudyUID) ([]neckfrac.AnnouncedInstance, error) {
	var out []neckfrac.AnnouncedInstance
	keys := url.Values{"includefield": {"SOPClassUID,SeriesInstanceUID"}}
	err := w.Client.Search(ctx, w.BaseURL, dicomweb.LevelInstance, dicomweb.Target{StudyInstanceUID: string(study)}, keys, func(o dicomweb.Object) error {
		in, err := announcedOf(o.Dataset)
		if err == nil && len(out) == neckfrac.MaxAnnounced {
			err = errTooMany
		}
		out = append(out, in)
		return err
	})
	if err != nil {
		return nil, sourceError("qido-rs", err)
	}
	return out, nil
}
