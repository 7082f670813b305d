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
	if err := checkRejection(a); err != nil {
		return neckfrac.Receipt{}, err
	}
	a.Instance.Received, a.Instance.Withdrawn = micro(a.Instance.Received), ""
	image := a.Instance.Kind == neckfrac.ImageInstance
	i := slices.IndexFunc(l.studies, func(s *study) bool { return s.UID == a.Study.UID })
	if i >= 0 && l.studies[i].Patient.Key != a.Study.Patient.Key {
		if s := l.studies[i]; image && !s.Conflict {
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
		s.Started, s.LastReceived = micro(s.Started), time.Time{}
		l.studies = append(l.studies, &study{Study: s, withdrawn: map[neckfrac.InstanceUID]neckfrac.RejectionCode{}})
	}
	s := l.studies[i]
	fill(&s.Study, a.Study)
	if image && a.Instance.Received.After(s.LastReceived) {
		s.LastReceived = a.Instance.Received
	}
	if !slices.ContainsFunc(s.Series, func(x neckfrac.Series) bool { return x.UID == a.Series.UID }) {
		x := a.Series
		x.Instances, x.Count = nil, 0
		s.Series = append(s.Series, x)
	}
	l.sequence++
	a.Instance.Sequence = l.sequence
	l.instances[a.Instance.UID] = &instance{Instance: a.Instance, study: s, series: a.Series.UID, place: a.Placement}
	if image || a.Rejection != nil && l.reject(s, *a.Rejection) {
		l.reopen(s)
	}
	return neckfrac.Receipt{StudyID: s.ID, Sequence: l.sequence}, nil
}

// checkRejection wants a note exactly where the kind says so.
func checkRejection(a neckfrac.Arrival) error {
	switch {
	case (a.Instance.Kind == neckfrac.RejectionInstance) != (a.Rejection != nil):
		return neckfrac.Errorf(neckfrac.Invalid, "receive", "kind and rejection disagree")
	case a.Rejection != nil && !a.Rejection.Code.Valid():
		return neckfrac.Errorf(neckfrac.Invalid, "receive", "rejection code")
	case a.Rejection != nil && len(a.Rejection.Instances) > neckfrac.MaxRejected:
		return neckfrac.Errorf(neckfrac.Limit, "receive", "more than %d rejected instances", neckfrac.MaxRejected)
	}
	return nil
}

// reject takes instances back and reports whether that reopens the study.
func (l *Ledger) reject(s *study, r neckfrac.Rejection) (reopens bool) {
	for _, uid := range r.Instances {
		old, taken := s.withdrawn[uid]
		if taken && (old != neckfrac.RetentionExpired || !r.Code.Mistaken()) {
			continue
		}
		s.withdrawn[uid] = r.Code
		in := l.instances[uid]
		reopens = reopens || r.Code.Mistaken() && in != nil && in.study == s && in.Kind == neckfrac.ImageInstance
	}
	return reopens
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

// reopen sends a study back to receiving, unless its job runs or has its part of the
// study already: then Finish does.
func (l *Ledger) reopen(s *study) {
	j := l.newest(s.ID)
	if j != nil && (j.State == neckfrac.JobRunning || j.State == neckfrac.JobReady && !j.Whole()) {
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
			if s.State == neckfrac.StudyReceiving && !s.LastReceived.IsZero() && !s.LastReceived.After(micro(before)) {
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
func (l *Ledger) Settle(ctx context.Context, id neckfrac.StudyID, seen time.Time, by neckfrac.Basis, p neckfrac.Priority, now time.Time) (neckfrac.Job, error) {
	return call(ctx, l.Faults, "Settle", func() (neckfrac.Job, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		s := l.study(id)
		if s == nil {
			return neckfrac.Job{}, notFound("settle")
		}
		if s.State != neckfrac.StudyReceiving || s.LastReceived.IsZero() || s.LastReceived.After(micro(seen)) {
			return neckfrac.Job{}, neckfrac.Errorf(neckfrac.Conflict, "settle", "study is %s, has newer instances or no image", s.State)
		}
		return l.makeReady(s, neckfrac.Snapshot{T0: s.LastReceived}, by, p, now), nil
	})
}
