package pipeline

import (
	"context"
	"log/slog"
	"time"

	"github.com/neckfrac/neckfrac"
)

// Pauses between attempts of one delivery: doubling from the first to the last, so
// that a receiver that is down is asked often at first and not flooded later.
const (
	firstRetry = 2 * time.Second
	lastRetry  = 10 * time.Minute
	// deliveryLease is how long a publisher may take before the row is due again.
	deliveryLease = time.Minute
)

// Drain sends outbox rows to their publishers.
type Drain struct {
	Outbox     neckfrac.Outbox
	Records    neckfrac.Records
	Publishers []neckfrac.Publisher
	// Poll is how often the outbox is asked. Defaults to DefaultPoll.
	Poll time.Duration
	Now  func() time.Time
	Log  *slog.Logger
}

// Run drains until ctx ends.
func (d *Drain) Run(ctx context.Context) {
	poll := d.Poll
	if poll <= 0 {
		poll = DefaultPoll
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if _, err := d.Round(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("drain failed", "kind", neckfrac.KindOf(err), "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Round sends what is due and returns how many rows were delivered.
func (d *Drain) Round(ctx context.Context) (int, error) {
	rows, err := d.Outbox.Due(ctx, d.Now(), 32, deliveryLease)
	if err != nil {
		return 0, neckfrac.E("drain: due", err)
	}
	n := 0
	for _, row := range rows {
		err := d.send(ctx, row)
		if err == nil {
			if err := d.Outbox.Delivered(ctx, row.ID, d.Now()); err != nil {
				return n, neckfrac.E("drain: delivered", err)
			}
			n++
			continue
		}
		d.Log.Warn("delivery failed", "delivery", row.ID, "kind", neckfrac.KindOf(err), "attempt", row.Attempt+1)
		if err := d.Outbox.Retry(ctx, row.ID, d.Now().Add(backoff(row.Attempt)), neckfrac.KindOf(err)); err != nil {
			return n, neckfrac.E("drain: retry", err)
		}
	}
	return n, nil
}

func (d *Drain) send(ctx context.Context, row neckfrac.Delivery) error {
	for _, p := range d.Publishers {
		if p.Kind() != row.Kind {
			continue
		}
		rec, err := d.Records.Record(ctx, row.StudyID)
		if err != nil {
			return neckfrac.E("send: record", err)
		}
		revs, err := d.Records.Revisions(ctx, row.StudyID)
		if err != nil {
			return neckfrac.E("send: revisions", err)
		}
		for _, a := range revs {
			if a.ID == row.AssessmentID {
				return neckfrac.E("send", p.Publish(ctx, row, rec.Study, a))
			}
		}
		return neckfrac.Errorf(neckfrac.NotFound, "send", "no such revision")
	}
	return neckfrac.Errorf(neckfrac.Unavailable, "send", "no publisher of this kind is configured")
}

func backoff(attempt int) time.Duration {
	d := firstRetry
	for range attempt {
		if d *= 2; d >= lastRetry {
			return lastRetry
		}
	}
	return d
}
