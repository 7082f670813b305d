package pipelinetest

import (
	"cmp"
	"context"
	"slices"

	"github.com/neckfrac/neckfrac"
)

// maxFind is the page size where a query states none, as in the real ledgers.
const maxFind = 1000

// Record implements neckfrac.Records.
func (l *Ledger) Record(ctx context.Context, id neckfrac.StudyID) (neckfrac.Record, error) {
	return call(ctx, l.Faults, "Record", func() (neckfrac.Record, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		s := l.study(id)
		if s == nil {
			return neckfrac.Record{}, notFound("record")
		}
		return l.record(s)
	})
}

func (l *Ledger) record(s *study) (neckfrac.Record, error) {
	r := neckfrac.Record{Study: s.Study}
	r.Study.Series = l.series(s)
	for i := range r.Study.Series {
		r.Study.Series[i].Instances = nil
	}
	if j := l.newest(s.ID); j != nil {
		r.Job = j.State
	}
	if n := len(s.revisions); n > 0 {
		a, err := copyOf(s.revisions[n-1])
		if err != nil {
			return neckfrac.Record{}, err
		}
		r.Latest = &a
	}
	return r, nil
}

// series assembles the study's series with their instances, both by number.
func (l *Ledger) series(s *study) []neckfrac.Series {
	out := slices.Clone(s.Series)
	for _, in := range l.instances {
		for i := range out {
			if in.study == s && in.series == out[i].UID {
				found := in.Instance
				found.Withdrawn = s.withdrawn[found.UID]
				out[i].Instances = append(out[i].Instances, found)
				out[i].Count++
			}
		}
	}
	for _, x := range out {
		slices.SortFunc(x.Instances, func(a, b neckfrac.Instance) int {
			return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.UID, b.UID))
		})
	}
	slices.SortFunc(out, func(a, b neckfrac.Series) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.UID, b.UID))
	})
	return out
}

// Find implements neckfrac.Records.
func (l *Ledger) Find(ctx context.Context, q neckfrac.StudyQuery) ([]neckfrac.Record, error) {
	return call(ctx, l.Faults, "Find", func() ([]neckfrac.Record, error) {
		if q.Limit < 0 || q.Offset < 0 {
			return nil, neckfrac.Errorf(neckfrac.Invalid, "find", "negative page")
		}
		if q.Limit == 0 || q.Limit > maxFind {
			q.Limit = maxFind
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		var hits []*study
		for _, s := range l.studies {
			if matches(s, q) && l.holds(s, q) {
				hits = append(hits, s)
			}
		}
		slices.SortStableFunc(hits, func(a, b *study) int {
			return cmp.Or(b.LastReceived.Compare(a.LastReceived), cmp.Compare(a.ID, b.ID))
		})
		hits = hits[min(q.Offset, len(hits)):]
		var out []neckfrac.Record
		for _, s := range hits[:min(q.Limit, len(hits))] {
			r, err := l.record(s)
			if err != nil {
				return nil, err
			}
			out = append(out, r)
		}
		return out, nil
	})
}

func matches(s *study, q neckfrac.StudyQuery) bool {
	return (q.UID == "" || q.UID == s.UID) && (q.Accession == "" || q.Accession == s.Accession) &&
		(q.UIDs == nil || slices.Contains(q.UIDs, s.UID)) &&
		(q.PatientIssuer == "" || q.PatientIssuer == s.Patient.Key.Issuer) &&
		q.PatientID.Match(s.Patient.Key.ID) && q.PatientName.MatchFold(s.Patient.Name) && q.Accessions.Match(string(s.Accession)) &&
		(q.StartedFrom.IsZero() || !s.Started.IsZero() && !s.Started.Before(q.StartedFrom)) &&
		(q.StartedBefore.IsZero() || !s.Started.IsZero() && s.Started.Before(q.StartedBefore)) &&
		(q.Patients == nil || s.Patient.Key.Certain() && slices.Contains(q.Patients, s.Patient.Key))
}

// holds reports whether the study has the series, the instance and one of the
// modalities that q names.
func (l *Ledger) holds(s *study, q neckfrac.StudyQuery) bool {
	has := func(want func(neckfrac.Series) bool) bool { return slices.ContainsFunc(s.Series, want) }
	if q.Series != "" && !has(func(x neckfrac.Series) bool { return x.UID == q.Series }) {
		return false
	}
	if len(q.Modalities) > 0 && !has(func(x neckfrac.Series) bool { return slices.Contains(q.Modalities, x.Modality) }) {
		return false
	}
	if q.Instance == "" {
		return true
	}
	in := l.instances[q.Instance]
	return in != nil && in.study == s
}

// Instances implements neckfrac.Records.
func (l *Ledger) Instances(ctx context.Context, id neckfrac.StudyID) ([]neckfrac.Series, error) {
	return call(ctx, l.Faults, "Instances", func() ([]neckfrac.Series, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		s := l.study(id)
		if s == nil {
			return nil, notFound("instances")
		}
		return l.series(s), nil
	})
}

// Revisions implements neckfrac.Records.
func (l *Ledger) Revisions(ctx context.Context, id neckfrac.StudyID) ([]neckfrac.Assessment, error) {
	return call(ctx, l.Faults, "Revisions", func() ([]neckfrac.Assessment, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		s := l.study(id)
		if s == nil {
			return nil, notFound("revisions")
		}
		var out []neckfrac.Assessment
		for _, r := range s.revisions {
			a, err := copyOf(r)
			if err != nil {
				return nil, err
			}
			out = append(out, a)
		}
		return out, nil
	})
}

// Artefact implements neckfrac.Records.
func (l *Ledger) Artefact(ctx context.Context, id neckfrac.ArtefactID) (neckfrac.Artefact, neckfrac.StudyID, error) {
	var study neckfrac.StudyID
	a, err := call(ctx, l.Faults, "Artefact", func() (neckfrac.Artefact, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, s := range l.studies {
			for _, r := range s.revisions {
				for _, a := range r.Artefacts {
					if a.ID == id {
						study = s.ID
						return a, nil
					}
				}
			}
		}
		return neckfrac.Artefact{}, notFound("artefact")
	})
	return a, study, err
}

// References implements neckfrac.Records.
func (l *Ledger) References(ctx context.Context, fn func(neckfrac.BlobRef) error) error {
	refs, err := call(ctx, l.Faults, "References", func() (map[neckfrac.BlobRef]bool, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		refs := map[neckfrac.BlobRef]bool{}
		for _, in := range l.instances {
			refs[in.Blob] = true
			for _, v := range in.versions {
				refs[v] = true
			}
		}
		for _, s := range l.studies {
			for _, r := range s.revisions {
				for _, a := range r.Artefacts {
					refs[a.Blob] = true
				}
			}
		}
		return refs, nil
	})
	for r := range refs {
		if err = fn(r); err != nil {
			return err
		}
	}
	return err
}
