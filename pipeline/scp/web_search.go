package scp

import (
	"context"
	"slices"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

const (
	// searchPage is how many studies are fetched at once.
	searchPage = 50
	// maxSearched is how many studies one search of series or instances looks through.
	maxSearched = 2000
	// maxFound bounds what all matches of a search hold: 200 whole headers of CT slices
	// have some 20 MiB with their private groups.
	maxFound = 64 << 20
	// elementBytes is the size of a dataset.Element without its value.
	elementBytes = 112
)

// Search implements dicomweb.Backend, newest study first. Dates match in the site's time
// zone. A search of series or instances looks through the newest maxSearched studies;
// one that names no study and goes beyond is ErrLimit.
func (w *Web) Search(ctx context.Context, q dicomweb.Query) ([]dataset.Dataset, error) {
	sq, err := w.studyQuery(q)
	if err != nil {
		return nil, webErr(neckfrac.E("web search", err))
	}
	s := &searching{web: w, q: q, skip: q.Offset}
	if q.Level == dicomweb.LevelStudy {
		sq.Offset, s.skip = q.Offset, 0
	}
	for looked := 0; len(s.out) <= q.Limit; looked += searchPage {
		if q.Level != dicomweb.LevelStudy && looked >= maxSearched {
			return nil, webErr(neckfrac.Errorf(neckfrac.Limit, "web search", "more than %d studies", maxSearched))
		}
		sq.Limit = searchPage
		recs, err := w.cfg.Records.Find(ctx, sq)
		if err != nil {
			return nil, webErr(neckfrac.E("web search", err))
		}
		for _, r := range recs {
			if len(s.out) > q.Limit {
				break
			}
			if err := s.study(ctx, r.Study); err != nil {
				return nil, webErr(neckfrac.E("web search", err))
			}
		}
		if len(recs) < searchPage {
			break
		}
		sq.Offset += searchPage
	}
	return s.out, nil
}

// studyQuery is q in the ledger's words.
func (w *Web) studyQuery(q dicomweb.Query) (sq neckfrac.StudyQuery, err error) {
	for _, f := range []struct {
		to   *neckfrac.Pattern
		text string
	}{{&sq.PatientID, q.PatientID}, {&sq.PatientName, q.PatientName}, {&sq.Accessions, q.AccessionNumber}} {
		if *f.to, err = neckfrac.ParsePattern(f.text); err != nil {
			return sq, err
		}
	}
	sq.PatientIssuer, sq.Modalities = q.IssuerOfPatientID, q.ModalitiesInStudy
	if q.Level != dicomweb.LevelStudy && len(sq.Modalities) == 0 {
		sq.Modalities = q.Modality
	}
	if q.StudyInstanceUIDs != nil {
		sq.UIDs = []neckfrac.StudyUID{}
		for _, uid := range q.StudyInstanceUIDs {
			sq.UIDs = append(sq.UIDs, neckfrac.StudyUID(uid))
		}
	}
	if len(q.SeriesInstanceUIDs) == 1 {
		sq.Series = neckfrac.SeriesUID(q.SeriesInstanceUIDs[0])
	}
	if len(q.SOPInstanceUIDs) == 1 {
		sq.Instance = neckfrac.InstanceUID(q.SOPInstanceUIDs[0])
	}
	if sq.StartedFrom, err = w.day(q.StudyDate.From, 0); err != nil {
		return sq, err
	}
	sq.StartedBefore, err = w.day(q.StudyDate.To, 1)
	return sq, err
}

func (w *Web) day(da string, more int) (time.Time, error) {
	if da == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation("20060102", da, w.cfg.Backend.cfg.Zone)
	if err != nil {
		return time.Time{}, neckfrac.Errorf(neckfrac.Invalid, "date", "not YYYYMMDD")
	}
	return t.AddDate(0, 0, more), nil
}

// searching collects the matches of one search.
type searching struct {
	web  *Web
	q    dicomweb.Query
	skip int
	out  []dataset.Dataset
	held int64 // bytes of out
}

func (s *searching) study(ctx context.Context, st neckfrac.Study) error {
	series, err := s.web.series(ctx, st.ID)
	if err != nil {
		return err
	}
	st.Series = series
	if len(series) == 0 {
		return nil // all of it was withdrawn
	}
	if s.q.Level == dicomweb.LevelStudy {
		return s.match(ctx, st, series[0], series[0].Instances[0])
	}
	for _, se := range series {
		if !among(s.q.SeriesInstanceUIDs, string(se.UID)) || len(s.q.Modality) > 0 && !slices.Contains(s.q.Modality, se.Modality) {
			continue
		}
		for _, in := range se.Instances {
			if !among(s.q.SOPInstanceUIDs, string(in.UID)) {
				continue
			}
			if err := s.match(ctx, st, se, in); err != nil || len(s.out) > s.q.Limit {
				return err
			}
			if s.q.Level == dicomweb.LevelSeries {
				break
			}
		}
	}
	return nil
}

func among(list []string, s string) bool { return list == nil || slices.Contains(list, s) }

// match adds one answer, described by the header of the instance.
func (s *searching) match(ctx context.Context, st neckfrac.Study, se neckfrac.Series, in neckfrac.Instance) error {
	if s.skip > 0 {
		s.skip--
		return nil
	}
	if err := ctx.Err(); err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "search", err)
	}
	ds, err := s.describe(ctx, st, se, in)
	if err != nil {
		return err
	}
	if s.held += heldBytes(ds); s.held > maxFound {
		return neckfrac.Errorf(neckfrac.Limit, "search", "matches of more than %d bytes", maxFound)
	}
	s.out = append(s.out, ds)
	return nil
}

// heldBytes is what a data set costs in memory, about.
func heldBytes(ds dataset.Dataset) (n int64) {
	for _, e := range ds {
		n += elementBytes + int64(len(e.Value))
		for _, item := range e.Items {
			n += heldBytes(item)
		}
	}
	return n
}
