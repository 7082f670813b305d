package scp

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

// The attributes of each level that come from a stored header (PS3.18 Tables 10.6.3-3 to
// 10.6.3-5), with those that viewers list besides.
var (
	studyAttributes = []dataset.Tag{
		dataset.TagSpecificCharacterSet, dataset.TagStudyDate, dataset.TagStudyTime, dataset.TagAccessionNumber,
		dataset.TagReferringPhysicianName, dataset.TagTimezoneOffsetFromUTC, dataset.TagStudyDescription, dataset.TagPatientName,
		dataset.TagPatientID, dataset.TagIssuerOfPatientID, dataset.TagPatientBirthDate, dataset.TagPatientSex,
		dataset.TagStudyInstanceUID, dataset.TagStudyID,
	}
	seriesAttributes = []dataset.Tag{
		dataset.TagModality, dataset.TagSeriesDescription, dataset.TagBodyPartExamined, dataset.TagSeriesInstanceUID, dataset.TagSeriesNumber,
		dataset.TagPerformedProcedureStepStartDate, dataset.TagPerformedProcedureStepStartTime, dataset.TagRequestAttributesSequence,
	}
	instanceAttributes = []dataset.Tag{
		dataset.TagSOPClassUID, dataset.TagSOPInstanceUID, dataset.TagInstanceNumber, dataset.TagRows, dataset.TagColumns,
		dataset.TagBitsAllocated, dataset.TagNumberOfFrames,
	}
	// allStudy and allSeries are what includefield=all adds where the header belongs to
	// one instance, but the match is a study or a series.
	allStudy = []dataset.Tag{
		dataset.TagPatientAge, dataset.TagPatientSize, dataset.TagPatientWeight, dataset.TagInstitutionName, dataset.TagProcedureCodeSequence,
	}
	allSeries = []dataset.Tag{
		dataset.TagSeriesDate, dataset.TagSeriesTime, dataset.TagManufacturer, dataset.TagManufacturerModelName, dataset.TagStationName,
		dataset.TagProtocolName, dataset.TagPatientPosition, dataset.TagFrameOfReferenceUID,
	}
)

// describe is one match: attributes of the header, counts of the ledger.
func (s *searching) describe(ctx context.Context, st neckfrac.Study, se neckfrac.Series, in neckfrac.Instance) (dataset.Dataset, error) {
	head, err := s.web.header(ctx, in)
	available := "ONLINE"
	if err != nil {
		if neckfrac.KindOf(err) == neckfrac.Unavailable {
			return nil, err
		}
		// An object that can't be read must not hide its study.
		s.web.cfg.Backend.cfg.Log.Error("stored object can't be described", "stage", "search", "study", st.ID, "err", err)
		head, available = ledgerHeader(st, se, in), "UNAVAILABLE"
	}
	out := dataset.Dataset{}
	for _, e := range head {
		if s.wanted(e.Tag) && e.Fragments == nil {
			out = append(out, e)
		}
	}
	put := func(e dataset.Element) { out = out.Put(e) }
	put(dataset.NewText(dataset.TagInstanceAvailability, available))
	var modalities []string
	count := 0
	for _, x := range st.Series {
		count += x.Count
		if !slices.Contains(modalities, x.Modality) {
			modalities = append(modalities, x.Modality)
		}
	}
	put(dataset.NewText(dataset.TagModalitiesInStudy, modalities...))
	put(dataset.NewInt(dataset.TagNumberOfStudyRelatedSeries, int64(len(st.Series))))
	put(dataset.NewInt(dataset.TagNumberOfStudyRelatedInstances, int64(count)))
	if s.q.Level != dicomweb.LevelStudy {
		put(dataset.NewInt(dataset.TagNumberOfSeriesRelatedInstances, int64(se.Count)))
	}
	return out, nil
}

// wanted reports whether an attribute of the header belongs in the answer.
func (s *searching) wanted(t dataset.Tag) bool {
	lists := [][]dataset.Tag{studyAttributes, s.q.Include}
	if s.q.IncludeAll {
		lists = append(lists, allStudy)
	}
	if s.q.Level >= dicomweb.LevelSeries {
		lists = append(lists, seriesAttributes)
		if s.q.IncludeAll {
			lists = append(lists, allSeries)
		}
	}
	if s.q.Level == dicomweb.LevelInstance {
		lists = append(lists, instanceAttributes)
		if s.q.IncludeAll {
			return true
		}
	}
	for _, l := range lists {
		if slices.Contains(l, t) {
			return true
		}
	}
	return false
}

// header reads a stored object up to its pixels, a large one when it is its turn.
func (w *Web) header(ctx context.Context, in neckfrac.Instance) (dataset.Dataset, error) {
	f, err := w.cfg.Blobs.Open(ctx, in.Blob)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	ds, err := storedHeader(f, in, plainLimits)
	if !errors.Is(err, dataset.ErrLimit) {
		return ds, err
	}
	release, err := w.cfg.Backend.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	return storedHeader(f, in, limitsOf(in.SOPClassUID))
}

func storedHeader(f io.ReaderAt, in neckfrac.Instance, lim dataset.Limits) (dataset.Dataset, error) {
	_, r, err := dataset.ReadPart10(io.NewSectionReader(f, 0, in.Blob.Size), lim)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Internal, "stored header", err)
	}
	ds, _, err := r.ReadHeader()
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Internal, "stored header", err)
	}
	return ds, nil
}

// ledgerHeader is what the ledger knows of a header, in UTF-8.
func ledgerHeader(st neckfrac.Study, se neckfrac.Series, in neckfrac.Instance) dataset.Dataset {
	return dataset.Dataset{
		dataset.NewText(dataset.TagSpecificCharacterSet, "ISO_IR 192"),
		dataset.NewText(dataset.TagSOPClassUID, in.SOPClassUID),
		dataset.NewText(dataset.TagSOPInstanceUID, string(in.UID)),
		dataset.NewText(dataset.TagAccessionNumber, string(st.Accession)),
		dataset.NewText(dataset.TagModality, se.Modality),
		dataset.NewText(dataset.TagStudyDescription, st.Description),
		dataset.NewText(dataset.TagSeriesDescription, se.Description),
		dataset.NewText(dataset.TagPatientName, st.Patient.Name),
		dataset.NewText(dataset.TagPatientID, st.Patient.Key.ID),
		dataset.NewText(dataset.TagIssuerOfPatientID, st.Patient.Key.Issuer),
		dataset.NewText(dataset.TagPatientBirthDate, st.Patient.BirthDate),
		dataset.NewText(dataset.TagPatientSex, st.Patient.Sex),
		dataset.NewText(dataset.TagStudyInstanceUID, string(st.UID)),
		dataset.NewText(dataset.TagSeriesInstanceUID, string(se.UID)),
		dataset.NewInt(dataset.TagSeriesNumber, int64(se.Number)),
		dataset.NewInt(dataset.TagInstanceNumber, int64(in.Number)),
	}
}
