package pipeline

import (
	"context"
	"time"

	"github.com/neckfrac/neckfrac"
)

// decision is how a study is settled: a part of it, or all that came until seen.
type decision struct {
	by   neckfrac.Basis
	seen time.Time
	part *neckfrac.Snapshot
}

// judgement is what the placements of a series said when it had so many images.
type judgement struct {
	images       int
	last         time.Time
	completeness Completeness
	// pause is the longest time that the sender let pass between two of its images.
	pause time.Duration
	// related is the largest NumberOfStudyRelatedInstances that an image states.
	related int
}

type seriesKey struct {
	study  neckfrac.StudyID
	series neckfrac.SeriesUID
}

// judgements spare reading a series again that has not changed.
type judgements map[seriesKey]judgement

// early settles studies that are complete before their quiet time has passed.
func (s *Settler) early(ctx context.Context, now time.Time, quiet time.Duration) (int, error) {
	studies, err := s.Intake.Receiving(ctx, settleBatch)
	if err != nil {
		return 0, neckfrac.E("settle: receiving", err)
	}
	kept, n := judgements{}, 0
	for _, p := range studies {
		d, ok, err := s.decide(ctx, p, now, quiet, kept)
		if err != nil {
			return n, err
		}
		if !ok {
			continue
		}
		made, err := s.settle(ctx, p.ID, d, now)
		if err != nil {
			return n, err
		}
		n += made
	}
	s.seen = kept
	return n, nil
}

// decide says whether a study settles now. The sender's word goes before geometry. A
// study that has a result waits for a word or for its quiet time, so that it is not
// analysed again for each series that follows.
func (s *Settler) decide(ctx context.Context, p neckfrac.Progress, now time.Time, quiet time.Duration, kept judgements) (decision, bool, error) {
	if p.Announced {
		return decision{by: neckfrac.BasisNotified, seen: p.LastReceived}, true, nil
	}
	ready := s.ready()
	whole := now.Sub(p.LastReceived) >= ready
	if whole && p.Committed {
		return decision{by: neckfrac.BasisCommitted, seen: p.LastReceived}, true, nil
	}
	late := overdue(p, now, quiet)
	var c collected
	for _, series := range p.Series {
		if !late && now.Sub(series.Last) < ready {
			c.rest = true // it still arrives
			continue
		}
		j, err := s.judge(ctx, p.ID, series)
		if err != nil {
			return decision{}, false, err
		}
		kept[seriesKey{p.ID, series.UID}] = j
		// Who has paused for so long may do so again.
		wait := min(max(ready, 2*j.pause), quiet)
		c.add(series, j, late || now.Sub(series.Last) >= wait)
	}
	switch {
	case whole && c.related > 0 && c.related == p.Held:
		return decision{by: neckfrac.BasisCounted, seen: p.LastReceived}, true, nil
	case late:
		return decision{by: neckfrac.BasisOverdue, part: c.part(p, now)}, true, nil
	case !p.Assessed.IsZero() || c.t0.IsZero() || ready >= quiet:
		return decision{}, false, nil
	case whole && !c.rest:
		return decision{by: neckfrac.BasisContiguous, seen: p.LastReceived}, true, nil
	}
	return decision{by: neckfrac.BasisContiguous, part: c.part(p, now.Add(-ready))}, true, nil
}

// overdue reports whether a study has received for so long that what came of it is
// analysed.
func overdue(p neckfrac.Progress, now time.Time, quiet time.Duration) bool {
	first := p.First()
	return !first.IsZero() && now.Sub(first) >= max(endless, 2*quiet)
}

// collected are the series of a study that can be analysed now.
type collected struct {
	series []neckfrac.SeriesUID
	// rest says that the study has more than series.
	rest bool
	// t0 is the newest image of a complete series, zero if there is none.
	t0      time.Time
	related int
}

func (c *collected) add(s neckfrac.SeriesProgress, j judgement, due bool) {
	c.related = max(c.related, j.related)
	switch {
	case j.completeness == Incomplete, !due:
		// A better series with a gap would have the whole study refused.
		c.rest = true
	case j.completeness == Complete:
		if s.Last.After(c.t0) {
			c.t0 = s.Last
		}
		c.series = append(c.series, s.UID)
	default: // it can't be chosen, and is listed with the reason
		c.series = append(c.series, s.UID)
	}
}

// part is what was collected; where no series is complete, all that came.
func (c *collected) part(p neckfrac.Progress, seen time.Time) *neckfrac.Snapshot {
	out := neckfrac.Snapshot{Series: c.series, Seen: seen, T0: c.t0}
	if c.t0.IsZero() {
		out.Series, out.T0 = nil, p.LastReceived
		for _, s := range p.Series {
			out.Series = append(out.Series, s.UID)
		}
	}
	return &out
}

// judge reads what the images of a series say, unless that is known.
func (s *Settler) judge(ctx context.Context, id neckfrac.StudyID, p neckfrac.SeriesProgress) (judgement, error) {
	if j, ok := s.seen[seriesKey{id, p.UID}]; ok && j.images == p.Images && j.last.Equal(p.Last) {
		return j, nil
	}
	images, err := s.Intake.Placements(ctx, id, p.UID)
	if err != nil {
		return judgement{}, neckfrac.E("settle: placements", err)
	}
	j := judgement{images: p.Images, last: p.Last, completeness: JudgeSeries(images)}
	// Images that came at one time over several associations need not be in order.
	var newest time.Time
	for _, im := range images {
		j.related = max(j.related, im.Related)
		if !newest.IsZero() {
			j.pause = max(j.pause, im.Received.Sub(newest))
		}
		if im.Received.After(newest) {
			newest = im.Received
		}
	}
	return j, nil
}
