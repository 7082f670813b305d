package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/neckfrac/neckfrac"
)

// Defaults of a Worker.
const (
	// DefaultLease is how long a silent worker keeps a job; a dead one is replaced
	// after it, so it bounds the delay that a crash adds.
	DefaultLease = 10 * time.Second
	// DefaultPoll is how often the ledger is asked although no hint came.
	DefaultPoll = 2 * time.Second
	// DefaultMaxCrashes is how many runners or workers may die on one study before it
	// ends as worker-failed: a poison study must not stop the others.
	DefaultMaxCrashes = 3
)

// WorkerConfig is what a Worker needs. Ports and Log are required.
type WorkerConfig struct {
	Name    string
	Jobs    neckfrac.Jobs
	Records neckfrac.Records
	Blobs   neckfrac.Blobs
	Queue   neckfrac.Queue
	// Runner is nil where no pack is installed: every study then ends in no-pack.
	Runner Runner
	Pack   neckfrac.PackID
	// Decision comes from the verified pack.
	Decision neckfrac.Decision
	// Fault is set instead of a Runner when the configured pack failed its check.
	Fault neckfrac.Reason
	// Site is the configured profile.
	Site neckfrac.Profile
	// Destinations says which deliveries a result needs; nil is none.
	Destinations func(neckfrac.Study, neckfrac.Assessment) []neckfrac.Delivery
	// ScratchDir holds the runners' private folders.
	ScratchDir string
	Lease      time.Duration
	Poll       time.Duration
	MaxCrashes int
	Now        func() time.Time
	NewID      func() string
	Log        *slog.Logger
}

// Worker leases jobs, has a runner do them and is the only one that writes their
// results.
type Worker struct{ cfg WorkerConfig }

// NewWorker copies cfg and fills its defaults.
func NewWorker(cfg WorkerConfig) (*Worker, error) {
	switch {
	case cfg.Jobs == nil || cfg.Records == nil || cfg.Blobs == nil || cfg.Queue == nil || cfg.Log == nil || cfg.NewID == nil:
		return nil, neckfrac.Errorf(neckfrac.Invalid, "new worker", "a port is missing")
	case cfg.Name == "":
		return nil, neckfrac.Errorf(neckfrac.Invalid, "new worker", "name is empty")
	}
	if cfg.Lease <= 0 {
		cfg.Lease = DefaultLease
	}
	if cfg.Poll <= 0 {
		cfg.Poll = DefaultPoll
	}
	if cfg.MaxCrashes <= 0 {
		cfg.MaxCrashes = DefaultMaxCrashes
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Worker{cfg: cfg}, nil
}

// Run works until ctx ends. A job in hand is given back without a crash.
func (w *Worker) Run(ctx context.Context) {
	hints := make(chan neckfrac.JobID)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.listen(ctx, hints)
	}()
	defer func() { <-done }()
	tick := time.NewTicker(w.cfg.Poll)
	defer tick.Stop()
	for {
		if err := w.Round(ctx); err != nil && ctx.Err() == nil {
			w.cfg.Log.Error("worker round failed", "kind", neckfrac.KindOf(err), "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-hints:
		case <-tick.C:
		}
	}
}

// listen forwards hints; a broken queue only costs the wait for the next poll.
func (w *Worker) listen(ctx context.Context, hints chan<- neckfrac.JobID) {
	for {
		id, err := w.cfg.Queue.Next(ctx)
		if err != nil {
			if ctx.Err() == nil {
				w.cfg.Log.Warn("queue failed", "kind", neckfrac.KindOf(err))
			}
			id = ""
			select {
			case <-ctx.Done():
				return
			case <-time.After(w.cfg.Poll):
				continue
			}
		}
		select {
		case hints <- id:
		case <-ctx.Done():
			return
		}
	}
}

// Round works off what the ledger lists as runnable, most urgent first, and returns
// when the list is empty or a job could not be finished.
func (w *Worker) Round(ctx context.Context) error {
	for ctx.Err() == nil {
		jobs, err := w.cfg.Jobs.Runnable(ctx, w.cfg.Now(), 8)
		if err != nil {
			return neckfrac.E("worker: runnable", err)
		}
		took := false
		for _, j := range jobs {
			l, err := w.cfg.Jobs.Lease(ctx, j.ID, w.cfg.Name, w.cfg.Now(), w.cfg.Lease)
			if err != nil {
				if neckfrac.KindOf(err) == neckfrac.Conflict {
					continue // another worker was faster
				}
				return neckfrac.E("worker: lease", err)
			}
			// gofail: var jobLeased struct{}
			if !w.work(ctx, l) {
				return nil // what failed is not tried again before the next poll
			}
			took = true
			break // the list may have a more urgent job now
		}
		if !took {
			return nil
		}
	}
	return nil
}

// work does one leased job and always ends the lease: by Finish, by Release, or by
// letting it run out when the ledger is away. It reports whether the job is finished.
func (w *Worker) work(ctx context.Context, l neckfrac.Lease) bool {
	log := w.cfg.Log.With("job", l.Job.ID, "study", l.Job.StudyID)
	start := w.cfg.Now()
	run, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	keep := make(chan struct{})
	go func() {
		defer close(keep)
		w.renew(run, l, cancel)
	}()
	a, err := w.analyse(run, l, log)
	lost := context.Cause(run)
	cancel(nil)
	<-keep
	if err == nil {
		err = w.finish(ctx, l, a)
	}
	if err == nil {
		// gofail: var resultStored struct{}
		log.Info("job finished", "status", a.Status, "reason", a.Reason, "dur_ms", w.cfg.Now().Sub(start).Milliseconds())
		return true
	}
	if errors.Is(lost, errLeaseLost) || neckfrac.KindOf(err) == neckfrac.Conflict {
		log.Warn("lease lost", "stage", "work")
		return false
	}
	// Only a runner that died speaks against the study: a full disk or a ledger that is
	// away would else end every waiting study as worker-failed.
	crashed := errors.Is(err, errRunner) && ctx.Err() == nil
	// The job goes back also when the worker is being stopped.
	back, stop := context.WithTimeout(context.WithoutCancel(ctx), w.cfg.Lease)
	defer stop()
	if rerr := w.cfg.Jobs.Release(back, l, crashed); rerr != nil && neckfrac.KindOf(rerr) != neckfrac.Conflict {
		log.Error("release failed", "kind", neckfrac.KindOf(rerr), "err", rerr)
	}
	if ctx.Err() == nil {
		log.Error("job failed", "kind", neckfrac.KindOf(err), "err", err, "crashed", crashed)
	}
	return false
}

// finish stores the result with the deliveries that its study needs.
func (w *Worker) finish(ctx context.Context, l neckfrac.Lease, a neckfrac.Assessment) error {
	var out []neckfrac.Delivery
	if w.cfg.Destinations != nil {
		rec, err := w.cfg.Records.Record(ctx, l.Job.StudyID)
		if err != nil {
			return neckfrac.E("finish: record", err)
		}
		out = w.cfg.Destinations(rec.Study, a)
	}
	// gofail: var resultReady struct{}
	_, err := w.cfg.Jobs.Finish(ctx, l, a, out)
	return err
}

// errRunner marks an error of the runner: it died, ran out of time or failed.
var errRunner = errors.New("runner")

var errLeaseLost = errors.New("lease lost")

// renew keeps the lease alive and cancels the work when it is lost, so that a paused
// worker does not go on beside its successor.
func (w *Worker) renew(ctx context.Context, l neckfrac.Lease, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(w.cfg.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_, err := w.cfg.Jobs.Renew(ctx, l, w.cfg.Now(), w.cfg.Lease)
		if err != nil && neckfrac.KindOf(err) == neckfrac.Conflict {
			cancel(errLeaseLost)
			return
		}
	}
}
