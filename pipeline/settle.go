package pipeline

import (
	"context"
	"log/slog"
	"time"

	"github.com/neckfrac/neckfrac"
)

// DefaultQuiet is how long a study must have received nothing before it is taken as
// complete: DICOM has no end-of-study message, and senders pause between series.
const DefaultQuiet = 20 * time.Second

// settleBatch bounds one round, so that a backlog can't hold the loop.
const settleBatch = 64

// Settler turns quiet studies into jobs.
type Settler struct {
	Intake neckfrac.Intake
	Queue  neckfrac.Queue
	Log    *slog.Logger
	// Quiet is the pause that ends a study. Defaults to DefaultQuiet.
	Quiet time.Duration
	// Now defaults to time.Now.
	Now func() time.Time
}

// Run settles until ctx ends. A failing ledger is logged and tried again.
func (s *Settler) Run(ctx context.Context) {
	quiet := s.Quiet
	if quiet <= 0 {
		quiet = DefaultQuiet
	}
	tick := time.NewTicker(min(max(quiet/8, 50*time.Millisecond), time.Second))
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

// Round settles every study that has been quiet for the given time and returns how
// many jobs it made ready.
func (s *Settler) Round(ctx context.Context, quiet time.Duration) (int, error) {
	now := s.now()
	before := now.Add(-quiet)
	ids, err := s.Intake.Quiet(ctx, before, settleBatch)
	if err != nil {
		return 0, neckfrac.E("settle: list", err)
	}
	n := 0
	for _, id := range ids {
		job, err := s.Intake.Settle(ctx, id, before, neckfrac.Routine, now)
		if neckfrac.KindOf(err) == neckfrac.Conflict && err != nil {
			continue // an instance came in between; the study is not quiet any more
		}
		if err != nil {
			return n, neckfrac.E("settle", err)
		}
		// gofail: var studySettled struct{}
		n++
		s.Log.Info("study settled", "study", id, "job", job.ID)
		if err := s.Queue.Announce(ctx, job.ID, job.Priority); err != nil {
			s.Log.Warn("announce failed", "job", job.ID, "kind", neckfrac.KindOf(err))
		}
	}
	return n, nil
}

func (s *Settler) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}
