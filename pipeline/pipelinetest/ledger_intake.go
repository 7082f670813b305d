package pipelinetest

import (
	"context"
	"slices"
	"time"

	"github.com/neckfrac/neckfrac"
)

// Receive implements neckfrac.Intake.
func (l *Ledger) Receive(ctx context.Context, a neckfrac.Arrival) (neckfrac.Receipt, error) {
	return call(ctx, l.Faults, "Receive", func() (neckfrac.Receipt, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.receive(a)
	})
}

func (l *Ledger) receive(a neckfrac.Arrival) (neckfrac.Receipt, error) {
	if a.Study.UID == "" || a.Series.UID == "" || a.Instance.UID == "" || a.Instance.Blob.Digest == "" || a.Instance.Received.IsZero() {
		return neckfrac.Receipt{}, neckfrac.Errorf(neckfrac.Invalid, "receive", "a name, a digest or the time of receipt is missing")
	}
	a.Instance.Received = micro(a.Instance.Received)
	i := slices.IndexFunc(l.studies, func(s *study) bool { return s.UID == a.Study.UID })
	if i >= 0 && l.studies[i].Patient.Key != a.Study.Patient.Key {
		if s := l.studies[i]; !s.Conflict {
			s.Conflict = true
			l.reopen(s)
		}
		return neckfrac.Receipt{}, conflict(neckfrac.ConflictPatient)
	}
	if old := l.instances[a.Instance.UID]; old != nil {
		return again(old, a)
	}
	if i < 0 {
		i = len(l.studies)
		s := a.Study
		s.ID, s.State, s.Conflict, s.Series = neckfrac.StudyID(l.newID("study")), neckfrac.StudyReceiving, false, nil
		s.Started, s.LastReceived = micro(s.Started), a.Instance.Received
		l.studies = append(l.studies, &study{Study: s})
	}
	s := l.studies[i]
	fill(&s.Study, a.Study)
	if a.Instance.Received.After(s.LastReceived) {
		s.LastReceived = a.Instance.Received
	}
	if !slices.ContainsFunc(s.Series, func(x neckfrac.Series) bool { return x.UID == a.Series.UID }) {
		x := a.Series
		x.Instances, x.Count = nil, 0
		s.Series = append(s.Series, x)
	}
	l.sequence++
	a.Instance.Sequence = l.sequence
	l.instances[a.Instance.UID] = &instance{Instance: a.Instance, study: s, series: a.Series.UID}
	l.reopen(s)
	return neckfrac.Receipt{StudyID: s.ID, Sequence: l.sequence}, nil
}

// again answers an instance that is already there.
func again(old *instance, a neckfrac.Arrival) (neckfrac.Receipt, error) {
	if old.study.UID != a.Study.UID || old.series != a.Series.UID {
		return neckfrac.Receipt{}, conflict(neckfrac.ConflictSeries)
	}
	r := neckfrac.Receipt{StudyID: old.study.ID, Sequence: old.Sequence}
	if old.Blob.Digest == a.Instance.Blob.Digest {
		r.Duplicate = true
		return r, nil
	}
	r.Version = true
	r.Duplicate = slices.Contains(old.versions, a.Instance.Blob)
	if !r.Duplicate {
		old.versions = append(old.versions, a.Instance.Blob)
	}
	return r, nil
}

func conflict(part neckfrac.ConflictPart) error {
	return neckfrac.Wrap(neckfrac.Conflict, "receive", &neckfrac.ConflictError{Part: part})
}

// fill completes what earlier instances left out.
func fill(s *neckfrac.Study, from neckfrac.Study) {
	set(&s.Patient.Name, from.Patient.Name)
	set(&s.Patient.BirthDate, from.Patient.BirthDate)
	set(&s.Patient.Sex, from.Patient.Sex)
	if s.Patient.AgeYears < 0 {
		s.Patient.AgeYears = from.Patient.AgeYears
	}
	set(&s.Accession, from.Accession)
	set(&s.AccessionIssuer, from.AccessionIssuer)
	set(&s.Description, from.Description)
	set(&s.From, from.From)
	if s.Started.IsZero() {
		s.Started = micro(from.Started)
	}
}

func set[T comparable](to *T, v T) {
	var zero T
	if *to == zero {
		*to = v
	}
}

// reopen sends a study back to receiving, unless its job runs: then Finish does.
func (l *Ledger) reopen(s *study) {
	j := l.newest(s.ID)
	if j != nil && j.State == neckfrac.JobRunning {
		s.pending = true
		return
	}
	if j != nil && j.State == neckfrac.JobReady {
		j.State = neckfrac.JobWaiting
	}
	s.State = neckfrac.StudyReceiving
}

// Quiet implements neckfrac.Intake.
func (l *Ledger) Quiet(ctx context.Context, before time.Time, n int) ([]neckfrac.StudyID, error) {
	return call(ctx, l.Faults, "Quiet", func() ([]neckfrac.StudyID, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		var quiet []*study
		for _, s := range l.studies {
			if s.State == neckfrac.StudyReceiving && !s.LastReceived.After(micro(before)) {
				quiet = append(quiet, s)
			}
		}
		slices.SortStableFunc(quiet, func(a, b *study) int { return a.LastReceived.Compare(b.LastReceived) })
		var out []neckfrac.StudyID
		for _, s := range quiet[:min(n, len(quiet))] {
			out = append(out, s.ID)
		}
		return out, nil
	})
}

// Settle implements neckfrac.Intake.
func (l *Ledger) Settle(ctx context.Context, id neckfrac.StudyID, seen time.Time, p neckfrac.Priority, now time.Time) (neckfrac.Job, error) {
	return call(ctx, l.Faults, "Settle", func() (neckfrac.Job, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		s := l.study(id)
		if s == nil {
			return neckfrac.Job{}, notFound("settle")
		}
		if s.State != neckfrac.StudyReceiving || s.LastReceived.After(micro(seen)) {
			return neckfrac.Job{}, neckfrac.Errorf(neckfrac.Conflict, "settle", "study is %s or has newer instances", s.State)
		}
		j := l.newest(id)
		if j == nil || j.State != neckfrac.JobWaiting {
			j = &job{Job: neckfrac.Job{ID: neckfrac.JobID(l.newID("job")), StudyID: id, Priority: p, Ready: micro(now)}}
			l.jobs = append(l.jobs, j)
		}
		if p.Rank() > j.Priority.Rank() {
			j.Priority = p
		}
		j.State, j.T0 = neckfrac.JobReady, s.LastReceived
		s.State = neckfrac.StudyQueued
		return j.Job, nil
	})
}
