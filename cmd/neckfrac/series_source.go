package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/blob/fsblob"
	"github.com/neckfrac/neckfrac/pipeline/ledger/sqlite"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// explainFiles explains each study below paths, by its UID.
func explainFiles(rt *Runtime, paths []string, rules *volume.Rules, show func(explained) error) error {
	found, err := findDICOM(paths)
	if err != nil {
		return err
	}
	byStudy := map[neckfrac.StudyUID][]volume.Input{}
	var files []*os.File
	defer func() { closeAll(files) }()
	for _, d := range found {
		f, err := os.Open(d.path)
		if err != nil {
			return neckfrac.Wrap(neckfrac.NotFound, "read", err)
		}
		files = append(files, f)
		study, in, err := inputOf(f, d)
		if err != nil {
			return err
		}
		if study == "" {
			continue // a DICOMDIR
		}
		byStudy[study] = append(byStudy[study], in)
	}
	for _, s := range slices.Sorted(maps.Keys(byStudy)) {
		e, err := explain(rt, s, byStudy[s], rules)
		if err != nil {
			return err
		}
		if rules != volume.DefaultRules() {
			shipped, err := explain(rt, s, byStudy[s], volume.DefaultRules())
			if err != nil {
				return err
			}
			e.Before = shipped.series()
			e.Changed = e.Before != e.series()
		}
		if err := show(e); err != nil {
			return err
		}
	}
	return nil
}

// inputOf reads whose file it is; an object of no study has none.
func inputOf(f *os.File, d dicomFile) (neckfrac.StudyUID, volume.Input, error) {
	st, err := f.Stat()
	if err != nil {
		return "", volume.Input{}, neckfrac.Wrap(neckfrac.Unavailable, "read", err)
	}
	ds, err := readHeader(f)
	if err != nil {
		return "", volume.Input{}, neckfrac.Errorf(neckfrac.Invalid, "read", "%s: header can't be read", d.path)
	}
	study, _ := ds.UID(dataset.TagStudyInstanceUID)
	series, _ := ds.UID(dataset.TagSeriesInstanceUID)
	return neckfrac.StudyUID(study), volume.Input{Series: neckfrac.SeriesUID(series),
		Instance: neckfrac.InstanceUID(d.meta.SOPInstanceUID), File: f, Size: st.Size()}, nil
}

// explainPast explains studies of a data directory, beside a running service or without
// one: the named ones, or the newest.
func (c SeriesExplainCmd) explainPast(rt *Runtime, uids []neckfrac.StudyUID, rules *volume.Rules, show func(explained) error) error {
	dir := c.Data
	if dir == "" {
		cfg, err := LoadConfig(c.Config, rt.Environ)
		if err != nil {
			return err
		}
		dir = cfg.Data.Dir
	}
	db, err := sqlite.OpenReadOnly(rt.Context, filepath.Join(dir, "ledger.db"))
	if err != nil {
		return storeErr(dir, err)
	}
	defer db.Close()
	blobs, err := fsblob.OpenReadOnly(filepath.Join(dir, "blobs"))
	if err != nil {
		return storeErr(dir, err)
	}
	defer blobs.Close()
	q := neckfrac.StudyQuery{Limit: c.Limit}
	if len(uids) > 0 {
		q = neckfrac.StudyQuery{UIDs: uids, Limit: len(uids)}
	}
	records, err := db.Find(rt.Context, q)
	if err != nil {
		return err
	}
	if len(records) < len(uids) || len(records) == 0 {
		return neckfrac.Errorf(neckfrac.NotFound, "series explain", "%s has %d of the studies asked for", dir, len(records))
	}
	p := newProgress(rt, len(records), "explain")
	defer p.end()
	for i, r := range records {
		e, err := explainRecord(rt, db, blobs, r, rules)
		if err == nil {
			err = show(e)
		}
		if err != nil {
			return err
		}
		p.set(i+1, len(records))
	}
	return nil
}

func explainRecord(rt *Runtime, db neckfrac.Records, blobs neckfrac.Blobs, r neckfrac.Record, rules *volume.Rules) (explained, error) {
	series, err := db.Instances(rt.Context, r.Study.ID)
	if err != nil {
		return explained{}, err
	}
	var in []volume.Input
	var files []*os.File
	defer func() { closeAll(files) }()
	for _, s := range series {
		for _, i := range s.Instances {
			if !i.Analysable() {
				continue
			}
			f, err := blobs.Open(rt.Context, i.Blob)
			if err != nil {
				return explained{}, err
			}
			files = append(files, f)
			in = append(in, volume.Input{Series: s.UID, Instance: i.UID, File: f, Size: i.Blob.Size})
		}
	}
	e, err := explain(rt, r.Study.UID, in, rules)
	if err != nil || r.Latest == nil {
		return e, err
	}
	e.Basis = r.Latest.Basis
	if before, ok := chosenBefore(*r.Latest); ok {
		e.Before, e.Changed = before, before != e.series()
	}
	return e, nil
}

// chosenBefore is the series that the choice had taken when the assessment was made, ""
// if none; ok is false where it never came to a choice. A study that was refused later,
// for the patient's age or the coverage, had one.
func chosenBefore(a neckfrac.Assessment) (series neckfrac.SeriesUID, ok bool) {
	if a.Series != "" {
		return a.Series, true
	}
	if len(a.Candidates) == 0 {
		return "", false
	}
	if c := a.Candidates[0]; c.Lost == "" || c.Rule == "" && c.Reason == a.Reason {
		return c.Series, true
	}
	return "", true
}

func explain(rt *Runtime, study neckfrac.StudyUID, in []volume.Input, rules *volume.Rules) (explained, error) {
	e, err := volume.Explain(rt.Context, in, rules, volume.Limits{})
	return explained{Study: study, Explanation: e}, err
}

// series is the one that would be analysed, "" if none would.
func (e explained) series() neckfrac.SeriesUID {
	if !e.Chosen {
		return ""
	}
	return e.Candidates[0].Series
}
