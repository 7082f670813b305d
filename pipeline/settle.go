package pipeline

import (
	"context"
	"log/slog"
	"time"

	"github.com/neckfrac/neckfrac"
)

const (
	// DefaultQuiet is how long a study must have received nothing before it is taken as
	// complete whatever its headers say: DICOM has no end-of-study message, and senders
	// pause between series.
	DefaultQuiet = 20 * time.Second
	// DefaultReady is how long a series must have received nothing before its geometry is
	// believed.
	DefaultReady = 2 * time.Second
	// endless is how long a study may receive without being analysed, or two quiet times
	// where that is longer: a sender that never ends must not keep a result back.
	endless = 5 * time.Minute
)

// settleBatch bounds one round, so that a backlog can't hold the loop.
const settleBatch = 64

// Settler turns studies into jobs when they are complete: by the sender's word, by the
// geometry of their series, or because nothing came for the quiet time. It is for one
// goroutine at a time.
type Settler struct {
	Intake neckfrac.Intake
	Queue  neckfrac.Queue
	Log    *slog.Logger
	// Quiet is the pause that ends a study. Defaults to DefaultQuiet.
	Quiet time.Duration
	// Ready is the pause after which a complete series is analysed. Defaults to
	// DefaultReady; at Quiet or more, geometry settles nothing.
	Ready time.Duration
	// Now defaults to time.Now.
	Now func() time.Time

	seen judgements
}

// Run settles until ctx ends. A failing ledger is logged and tried again.
func (s *Settler) Run(ctx context.Context) {
	quiet := s.Quiet
	if quiet <= 0 {
		quiet = DefaultQuiet
	}
	tick := time.NewTicker(min(max(min(quiet, s.ready())/8, 50*time.Millisecond), time.Second))
	defer tick.Stop()
	for {
		if _, err := s.Round(ctx, quiet); err != nil && ctx.Err() == nil {
			s.Log.Error("settle failed", "kind", neckfrac.KindOf(err), "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Round settles every study that has been quiet for the given time, and those that are
// complete before. It returns how many jobs it made ready.
func (s *Settler) Round(ctx context.Context, quiet time.Duration) (int, error) {
	now := s.now()
	before := now.Add(-quiet)
	ids, err := s.Intake.Quiet(ctx, before, settleBatch)
	if err != nil {
		return 0, neckfrac.E("settle: list", err)
	}
	n := 0
	for _, id := range ids {
		made, err := s.settle(ctx, id, decision{by: neckfrac.BasisQuiet, seen: before}, now)
		if err != nil {
			return n, err
		}
		n += made
	}
	m, err := s.early(ctx, now, quiet)
	return n + m, err
}

// settle makes one job ready as decided and returns 1; 0 if the study has moved on.
func (s *Settler) settle(ctx context.Context, id neckfrac.StudyID, d decision, now time.Time) (int, error) {
	var job neckfrac.Job
	var err error
	if d.part != nil {
		job, err = s.Intake.SettlePart(ctx, id, *d.part, d.by, neckfrac.Routine, now)
	} else {
		job, err = s.Intake.Settle(ctx, id, d.seen, d.by, neckfrac.Routine, now)
	}
	if err != nil && neckfrac.KindOf(err) == neckfrac.Conflict {
		return 0, nil // an instance came in between; the study is not quiet any more
	}
	if err != nil {
		return 0, neckfrac.E("settle", err)
	}
	// gofail: var studySettled struct{}
	s.Log.Info("study settled", "study", id, "job", job.ID, "by", string(d.by), "whole", job.Whole())
	if err := s.Queue.Announce(ctx, job.ID, job.Priority); err != nil {
		s.Log.Warn("announce failed", "job", job.ID, "kind", neckfrac.KindOf(err))
	}
	return 1, nil
}

func (s *Settler) ready() time.Duration {
	if s.Ready <= 0 {
		return DefaultReady
	}
	return s.Ready
}

func (s *Settler) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}
