package pipelinetest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/neckfrac/neckfrac"
)

// makeReady makes the study's waiting job ready, or a new one.
func (l *Ledger) makeReady(s *study, part neckfrac.Snapshot, by neckfrac.Basis, p neckfrac.Priority, now time.Time) neckfrac.Job {
	j := l.newest(s.ID)
	if j == nil || j.State != neckfrac.JobWaiting {
		j = &job{Job: neckfrac.Job{ID: neckfrac.JobID(l.newID("job")), StudyID: s.ID, Priority: p, Ready: micro(now)}, again: len(s.revisions) > 0}
		l.jobs = append(l.jobs, j)
	}
	if p.Rank() > j.Priority.Rank() {
		j.Priority = p
	}
	j.State, j.T0, j.Series, j.Seen, j.Basis = neckfrac.JobReady, micro(part.T0), slices.Clone(part.Series), micro(part.Seen), by
	s.State = neckfrac.StudyQueued
	return j.Job
}

// SettlePart implements neckfrac.Intake.
func (l *Ledger) SettlePart(ctx context.Context, id neckfrac.StudyID, part neckfrac.Snapshot, by neckfrac.Basis, p neckfrac.Priority, now time.Time) (neckfrac.Job, error) {
	return call(ctx, l.Faults, "SettlePart", func() (neckfrac.Job, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(part.Series) == 0 || part.Seen.IsZero() || part.T0.IsZero() {
			return neckfrac.Job{}, neckfrac.Errorf(neckfrac.Invalid, "settle part", "series or times are missing")
		}
		s := l.study(id)
		if s == nil {
			return neckfrac.Job{}, notFound("settle part")
		}
		if s.State != neckfrac.StudyReceiving || s.LastReceived.IsZero() {
			return neckfrac.Job{}, neckfrac.Errorf(neckfrac.Conflict, "settle part", "study is %s or has no image", s.State)
		}
		return l.makeReady(s, part, by, p, now), nil
	})
}

// Receiving implements neckfrac.Intake.
func (l *Ledger) Receiving(ctx context.Context, n int) ([]neckfrac.Progress, error) {
	return call(ctx, l.Faults, "Receiving", func() ([]neckfrac.Progress, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		var open []*study
		for _, s := range l.studies {
			if s.State == neckfrac.StudyReceiving && !s.LastReceived.IsZero() {
				open = append(open, s)
			}
		}
		slices.SortStableFunc(open, func(a, b *study) int { return a.LastReceived.Compare(b.LastReceived) })
		var out []neckfrac.Progress
		for _, s := range open[:min(max(n, 0), len(open))] {
			out = append(out, l.progress(s))
		}
		return out, nil
	})
}

func (l *Ledger) progress(s *study) neckfrac.Progress {
	p := neckfrac.Progress{ID: s.ID, LastReceived: s.LastReceived}
	if n := len(s.revisions); n > 0 {
		p.Assessed = micro(s.revisions[n-1].Created)
	}
	series := map[neckfrac.SeriesUID]*neckfrac.SeriesProgress{}
	for _, in := range l.instances {
		if in.study != s {
			continue
		}
		if in.Kind == neckfrac.ImageInstance || in.Kind == neckfrac.ObjectInstance {
			p.Held++
		}
		if !l.analysable(in) {
			continue
		}
		x := series[in.series]
		if x == nil {
			x = &neckfrac.SeriesProgress{UID: in.series, Last: in.Received}
			series[in.series] = x
		}
		x.Images++
		if in.Received.After(p.Assessed) && (x.First.IsZero() || in.Received.Before(x.First)) {
			x.First = in.Received
		}
		if in.Received.After(x.Last) {
			x.Last = in.Received
		}
	}
	for _, x := range series {
		p.Series = append(p.Series, *x)
	}
	slices.SortFunc(p.Series, func(a, b neckfrac.SeriesProgress) int { return cmp.Compare(a.UID, b.UID) })
	p.Announced, p.Committed = l.announced(s, p.Held), l.committed(s, p.Images())
	return p
}

func (l *Ledger) analysable(in *instance) bool {
	return in.Kind == neckfrac.ImageInstance && in.study.withdrawn[in.UID] == ""
}

// announced reports whether the study holds what notifications named, and nothing else.
func (l *Ledger) announced(s *study, held int) bool {
	expected, missing := 0, false
	for _, r := range l.retrievals {
		if r.Study != s.UID {
			continue
		}
		expected = max(expected, r.Expected)
		for _, in := range r.Instances {
			missing = missing || l.instances[in.UID] == nil
		}
	}
	return expected > 0 && expected == held && !missing
}

// committed reports whether requests that came after the newest image name every image.
func (l *Ledger) committed(s *study, images int) bool {
	named := map[neckfrac.InstanceUID]bool{}
	for _, c := range l.commitments {
		if c.Received.Before(s.LastReceived) {
			continue
		}
		for _, ref := range c.Instances {
			if in := l.instances[ref.UID]; in != nil && in.study == s && l.analysable(in) {
				named[ref.UID] = true
			}
		}
	}
	return len(named) > 0 && len(named) == images
}

// Placements implements neckfrac.Intake.
func (l *Ledger) Placements(ctx context.Context, id neckfrac.StudyID, series neckfrac.SeriesUID) ([]neckfrac.Placed, error) {
	return call(ctx, l.Faults, "Placements", func() ([]neckfrac.Placed, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		var in []*instance
		for _, i := range l.instances {
			if i.study.ID == id && i.series == series && l.analysable(i) {
				in = append(in, i)
			}
		}
		slices.SortFunc(in, func(a, b *instance) int { return cmp.Compare(a.Sequence, b.Sequence) })
		var out []neckfrac.Placed
		for _, i := range in {
			out = append(out, neckfrac.Placed{Placement: i.place, SOPClassUID: i.SOPClassUID, Received: i.Received})
		}
		return out, nil
	})
}
