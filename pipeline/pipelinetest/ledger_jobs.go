package pipelinetest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/neckfrac/neckfrac"
)

// Runnable implements neckfrac.Jobs.
func (l *Ledger) Runnable(ctx context.Context, now time.Time, n int) ([]neckfrac.Job, error) {
	return call(ctx, l.Faults, "Runnable", func() ([]neckfrac.Job, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		var found []*job
		for _, j := range l.jobs {
			if j.runnable(now) {
				found = append(found, j)
			}
		}
		again := func(j *job) int {
			if j.again {
				return 1
			}
			return 0
		}
		slices.SortStableFunc(found, func(a, b *job) int {
			return cmp.Or(cmp.Compare(b.Priority.Rank(), a.Priority.Rank()), cmp.Compare(again(a), again(b)), a.Ready.Compare(b.Ready))
		})
		var out []neckfrac.Job
		for _, j := range found[:min(n, len(found))] {
			out = append(out, j.Job)
		}
		return out, nil
	})
}

func (j *job) runnable(now time.Time) bool {
	return j.State == neckfrac.JobReady || j.State == neckfrac.JobRunning && !j.deadline.After(micro(now))
}

func (l *Ledger) job(id neckfrac.JobID) *job {
	for _, j := range l.jobs {
		if j.ID == id {
			return j
		}
	}
	return nil
}

// held returns the job if the lease still holds it.
func (l *Ledger) held(op string, lease neckfrac.Lease) (*job, error) {
	j := l.job(lease.Job.ID)
	if j == nil || j.State != neckfrac.JobRunning || j.fence != lease.Fence {
		return nil, neckfrac.Errorf(neckfrac.Conflict, op, "stale fence")
	}
	return j, nil
}

// Lease implements neckfrac.Jobs.
func (l *Ledger) Lease(ctx context.Context, id neckfrac.JobID, worker string, now time.Time, d time.Duration) (neckfrac.Lease, error) {
	return call(ctx, l.Faults, "Lease", func() (neckfrac.Lease, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		j := l.job(id)
		if j == nil {
			return neckfrac.Lease{}, notFound("lease")
		}
		if !j.runnable(now) {
			return neckfrac.Lease{}, neckfrac.Errorf(neckfrac.Conflict, "lease", "job is %s", j.State)
		}
		if j.State == neckfrac.JobRunning {
			j.Crashes++
		}
		s := l.study(j.StudyID)
		s.pending = !j.Whole()
		j.State = neckfrac.JobRunning
		if j.Whole() {
			j.T0 = s.LastReceived
		}
		j.fence++
		j.deadline = micro(now.Add(d))
		return neckfrac.Lease{Job: j.Job, Worker: worker, Fence: j.fence, Deadline: j.deadline}, nil
	})
}

// Renew implements neckfrac.Jobs.
func (l *Ledger) Renew(ctx context.Context, lease neckfrac.Lease, now time.Time, d time.Duration) (neckfrac.Lease, error) {
	return call(ctx, l.Faults, "Renew", func() (neckfrac.Lease, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		j, err := l.held("renew", lease)
		if err != nil {
			return neckfrac.Lease{}, err
		}
		j.deadline = micro(now.Add(d))
		lease.Deadline = j.deadline
		return lease, nil
	})
}

// Release implements neckfrac.Jobs.
func (l *Ledger) Release(ctx context.Context, lease neckfrac.Lease, crashed bool) error {
	_, err := call(ctx, l.Faults, "Release", func() (none, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		j, err := l.held("release", lease)
		if err != nil {
			return none{}, err
		}
		if crashed {
			j.Crashes++
		}
		j.State = neckfrac.JobReady
		if s := l.study(j.StudyID); s.pending {
			s.pending = false
			l.reopen(s)
		}
		return none{}, nil
	})
	return err
}

// Finish implements neckfrac.Jobs.
func (l *Ledger) Finish(ctx context.Context, lease neckfrac.Lease, a neckfrac.Assessment, out []neckfrac.Delivery) (neckfrac.Assessment, error) {
	return call(ctx, l.Faults, "Finish", func() (neckfrac.Assessment, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		j, err := l.held("finish", lease)
		if err != nil {
			return neckfrac.Assessment{}, err
		}
		s := l.study(j.StudyID)
		if a, err = l.named(s, a); err != nil {
			return neckfrac.Assessment{}, err
		}
		rows, err := l.outboxRows(a, out)
		if err != nil {
			return neckfrac.Assessment{}, err
		}
		s.revisions = append(s.revisions, a)
		l.deliveries = append(l.deliveries, rows...)
		j.State, s.State = a.JobState(), neckfrac.StudyAssessed
		if s.pending {
			s.pending, s.State = false, neckfrac.StudyReceiving
		}
		return copyOf(a)
	})
}

// named checks that a belongs to s and gives it its ids and revision.
func (l *Ledger) named(s *study, a neckfrac.Assessment) (neckfrac.Assessment, error) {
	if a.StudyID != s.ID || a.StudyUID != s.UID {
		return a, neckfrac.Errorf(neckfrac.Invalid, "finish", "assessment of another study")
	}
	a, err := copyOf(a)
	if err != nil {
		return a, err
	}
	a.Revision = len(s.revisions) + 1
	if a.ID == "" {
		a.ID = neckfrac.AssessmentID(l.newID("assessment"))
	}
	seen := map[neckfrac.ArtefactID]bool{}
	for _, st := range l.studies {
		for _, r := range st.revisions {
			if r.ID == a.ID {
				return a, neckfrac.Errorf(neckfrac.Conflict, "finish", "assessment id is taken")
			}
			for _, art := range r.Artefacts {
				seen[art.ID] = true
			}
		}
	}
	for i := range a.Artefacts {
		if a.Artefacts[i].ID == "" {
			a.Artefacts[i].ID = neckfrac.ArtefactID(l.newID("artefact"))
		}
		if seen[a.Artefacts[i].ID] {
			return a, neckfrac.Errorf(neckfrac.Conflict, "finish", "artefact id is taken")
		}
		seen[a.Artefacts[i].ID] = true
	}
	return a, nil
}
