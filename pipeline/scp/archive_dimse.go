package scp

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
	"github.com/neckfrac/neckfrac/pipeline"
)

// Dialer associates with one configured source.
type Dialer func(ctx context.Context, proposals []dicomnet.Service) (*dicomnet.Client, error)

// querySyntaxes are what identifiers are written in.
var querySyntaxes = []string{dataset.ExplicitVRLittleEndian, dataset.ImplicitVRLittleEndian}

func queryService(class string) dicomnet.Service {
	return dicomnet.Service{SOPClassUIDs: []string{class}, TransferSyntaxUIDs: querySyntaxes}
}

// GetArchive is a source that is asked by C-GET (PS3.4 §C.4.3): the instances come on the
// association that asks for them.
type GetArchive struct {
	Backend *Backend
	Source  Source
	Dial    Dialer
	// Services are what is accepted, as in associations that others ask for.
	Services []dicomnet.Service
}

// MoveArchive is a source that is asked by C-MOVE (PS3.4 §C.4.2): it sends the instances
// to our own AE, where they arrive as any other C-STORE.
type MoveArchive struct {
	Dial Dialer
	// Destination is our AE title, whose address the source has to know.
	Destination neckfrac.AETitle
}

var (
	_ pipeline.Archive = (*GetArchive)(nil)
	_ pipeline.Archive = (*MoveArchive)(nil)
	_ Lister           = (*GetArchive)(nil)
	_ Lister           = (*MoveArchive)(nil)
)

// Fetch implements pipeline.Archive.
func (g *GetArchive) Fetch(ctx context.Context, want pipeline.Wanted) (pipeline.Fetched, error) {
	f := g.Backend.newFetching(g.Source, want.Study)
	storage := storageProposals(want.SOPClasses, g.Services)
	if len(storage) == 0 {
		return f.fetched, neckfrac.Errorf(neckfrac.Unsupported, "c-get", "no storage class of the instances is accepted")
	}
	client, err := g.Dial(ctx, append([]dicomnet.Service{queryService(dataset.StudyRootQueryGet)}, storage...))
	if err != nil {
		return f.fetched, sourceError("c-get", err)
	}
	defer client.Abort()
	store := func(ctx context.Context, rq *dicomnet.StoreRequest, body io.Reader) error {
		err := f.take(ctx, rq.SOPClassUID, rq.SOPInstanceUID, rq.TransferSyntaxUID, body)
		if err == nil {
			return nil
		}
		return statusOf(err)
	}
	for _, sel := range want.Selections {
		n, err := client.Get(ctx, dicomnet.GetRequest{SOPClassUID: dataset.StudyRootQueryGet, Identifier: identifier(want.Study, sel)}, store, nil)
		f.fetched.Failed = addFailed(f.fetched.Failed, n.FailedInstanceUIDs)
		if err != nil {
			return f.fetched, sourceError("c-get", err)
		}
	}
	// All has come: how the association ends changes nothing.
	_ = client.Release(ctx)
	return f.fetched, nil
}

// storageProposals are the wanted classes in the syntaxes that are accepted, in the role of
// SCP. Each pair is a presentation context, of which there are 128: with many classes each
// gets the syntaxes that we like best.
func storageProposals(classes []string, services []dicomnet.Service) (out []dicomnet.Service) {
	for _, class := range classes {
		i := slices.IndexFunc(services, func(s dicomnet.Service) bool {
			return class != dataset.Verification && slices.Contains(s.SOPClassUIDs, class)
		})
		if i >= 0 {
			out = append(out, dicomnet.Service{SOPClassUIDs: []string{class}, TransferSyntaxUIDs: services[i].TransferSyntaxUIDs, Role: dicomnet.RoleSCP})
		}
	}
	room := pdu.MaxPresentationContexts - len(querySyntaxes)
	out = out[:min(len(out), room)]
	for i := range out {
		if n := room / len(out); n < len(out[i].TransferSyntaxUIDs) {
			out[i].TransferSyntaxUIDs = out[i].TransferSyntaxUIDs[:n]
		}
	}
	return out
}

// Fetch implements pipeline.Archive. Whether everything came is the ledger's to say.
func (m *MoveArchive) Fetch(ctx context.Context, want pipeline.Wanted) (pipeline.Fetched, error) {
	client, err := m.Dial(ctx, []dicomnet.Service{queryService(dataset.StudyRootQueryMove)})
	if err != nil {
		return pipeline.Fetched{}, sourceError("c-move", err)
	}
	defer client.Abort()
	var fetched pipeline.Fetched
	for _, sel := range want.Selections {
		n, err := client.Move(ctx, dicomnet.MoveRequest{SOPClassUID: dataset.StudyRootQueryMove, Destination: string(m.Destination), Identifier: identifier(want.Study, sel)}, nil)
		fetched.Failed = addFailed(fetched.Failed, n.FailedInstanceUIDs)
		if err != nil {
			return fetched, sourceError("c-move", err)
		}
	}
	_ = client.Release(ctx)
	return fetched, nil
}

// addFailed adds what a source names as failed, as long as that is no more than a
// notification can name.
func addFailed(to []neckfrac.InstanceUID, uids []string) []neckfrac.InstanceUID {
	for _, uid := range uids {
		if len(to) == neckfrac.MaxAnnounced {
			break
		}
		to = append(to, neckfrac.InstanceUID(uid))
	}
	return to
}

// identifier is the request identifier of a selection (PS3.4 §C.4.2.1.4.1): the unique key
// of its level may be a list, those above it are single.
func identifier(study neckfrac.StudyUID, sel pipeline.Selection) dataset.Dataset {
	level := "STUDY"
	ds := dataset.Dataset{dataset.NewText(dataset.TagStudyInstanceUID, string(study))}
	if len(sel.Series) > 0 {
		level = "SERIES"
		ds = ds.Put(dataset.NewText(dataset.TagSeriesInstanceUID, texts(sel.Series)...))
	}
	if len(sel.Instances) > 0 {
		level = "IMAGE"
		ds = ds.Put(dataset.NewText(dataset.TagSOPInstanceUID, texts(sel.Instances)...))
	}
	return ds.Put(dataset.NewText(dataset.TagQueryRetrieveLevel, level))
}

func texts[T ~string](uids []T) []string {
	out := make([]string, len(uids))
	for i, u := range uids {
		out[i] = string(u)
	}
	return out
}

// List implements Lister by C-FIND.
func (g *GetArchive) List(ctx context.Context, study neckfrac.StudyUID) ([]neckfrac.AnnouncedInstance, error) {
	return find(ctx, g.Dial, study)
}

// List implements Lister by C-FIND.
func (m *MoveArchive) List(ctx context.Context, study neckfrac.StudyUID) ([]neckfrac.AnnouncedInstance, error) {
	return find(ctx, m.Dial, study)
}

// maxListedSeries bounds the queries of one listing.
const maxListedSeries = 1000

// find asks for the series of a study and then for the instances of each, since the keys
// above the level of a query have to be single (PS3.4 §C.4.1.2.1).
func find(ctx context.Context, dial Dialer, study neckfrac.StudyUID) ([]neckfrac.AnnouncedInstance, error) {
	client, err := dial(ctx, []dicomnet.Service{queryService(dataset.StudyRootQueryFind)})
	if err != nil {
		return nil, sourceError("c-find", err)
	}
	defer client.Abort()
	query := func(level string, keys dataset.Dataset, each func(dataset.Dataset) error) error {
		ds := keys.Put(dataset.NewText(dataset.TagQueryRetrieveLevel, level)).Put(dataset.NewText(dataset.TagStudyInstanceUID, string(study)))
		return sourceError("c-find", client.Find(ctx, dicomnet.FindRequest{SOPClassUID: dataset.StudyRootQueryFind, Identifier: ds}, each))
	}
	var series []neckfrac.SeriesUID
	err = query("SERIES", dataset.Dataset{dataset.NewText(dataset.TagSeriesInstanceUID, "")}, func(ds dataset.Dataset) error {
		s, err := neckfrac.ParseSeriesUID(text(ds, dataset.TagSeriesInstanceUID))
		if err == nil && len(series) == maxListedSeries {
			err = neckfrac.Errorf(neckfrac.Limit, "list", "more than %d series", maxListedSeries)
		}
		series = append(series, s)
		return err
	})
	var out []neckfrac.AnnouncedInstance
	for _, s := range series {
		if err != nil {
			return nil, err
		}
		keys := dataset.Dataset{dataset.NewText(dataset.TagSOPClassUID, ""), dataset.NewText(dataset.TagSOPInstanceUID, ""), dataset.NewText(dataset.TagSeriesInstanceUID, string(s))}
		err = query("IMAGE", keys, func(ds dataset.Dataset) error {
			in, err := announcedOf(ds.Put(dataset.NewText(dataset.TagSeriesInstanceUID, string(s))))
			if err == nil && len(out) == neckfrac.MaxAnnounced {
				err = errTooMany
			}
			out = append(out, in)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	if rerr := client.Release(ctx); rerr != nil && !errors.Is(rerr, dicomnet.ErrReleased) {
		return nil, sourceError("c-find", rerr)
	}
	return out, nil
}
