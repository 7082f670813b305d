package pipelinetest

import (
	"context"
	"slices"
	"time"

	"github.com/neckfrac/neckfrac"
)

// outboxRows makes the rows of a result whose keys are not there yet.
func (l *Ledger) outboxRows(a neckfrac.Assessment, out []neckfrac.Delivery) ([]*outboxRow, error) {
	var rows []*outboxRow
	for _, d := range out {
		if d.Key == "" || d.Kind == "" || d.StudyID != "" && d.StudyID != a.StudyID || d.AssessmentID != "" && d.AssessmentID != a.ID {
			return nil, neckfrac.Errorf(neckfrac.Invalid, "finish", "delivery without key or kind, or of another result")
		}
		sameKey := func(r *outboxRow) bool { return r.Key == d.Key }
		if slices.ContainsFunc(l.deliveries, sameKey) || slices.ContainsFunc(rows, sameKey) {
			continue
		}
		d.StudyID, d.AssessmentID, d.Attempt, d.Next = a.StudyID, a.ID, 0, micro(d.Next)
		if d.Next.IsZero() {
			d.Next = micro(l.clock.Now())
		}
		if d.ID == "" {
			d.ID = neckfrac.DeliveryID(l.newID("delivery"))
		}
		rows = append(rows, &outboxRow{Delivery: d})
	}
	return rows, nil
}

// Due implements neckfrac.Outbox.
func (l *Ledger) Due(ctx context.Context, now time.Time, n int, d time.Duration) ([]neckfrac.Delivery, error) {
	return call(ctx, l.Faults, "Due", func() ([]neckfrac.Delivery, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		now = micro(now)
		var due []*outboxRow
		for _, r := range l.deliveries {
			if !r.delivered && !r.Next.After(now) && !r.leased.After(now) {
				due = append(due, r)
			}
		}
		slices.SortStableFunc(due, func(a, b *outboxRow) int { return a.Next.Compare(b.Next) })
		var out []neckfrac.Delivery
		for _, r := range due[:min(n, len(due))] {
			r.leased = now.Add(d)
			out = append(out, r.Delivery)
		}
		return out, nil
	})
}

// Delivered implements neckfrac.Outbox.
func (l *Ledger) Delivered(ctx context.Context, id neckfrac.DeliveryID, _ time.Time) error {
	return l.outbox(ctx, "Delivered", id, func(r *outboxRow) { r.delivered = true })
}

// Retry implements neckfrac.Outbox.
func (l *Ledger) Retry(ctx context.Context, id neckfrac.DeliveryID, next time.Time, _ neckfrac.Kind) error {
	return l.outbox(ctx, "Retry", id, func(r *outboxRow) {
		if !r.delivered {
			r.Attempt++
			r.Next, r.leased = micro(next), time.Time{}
		}
	})
}

func (l *Ledger) outbox(ctx context.Context, method string, id neckfrac.DeliveryID, do func(*outboxRow)) error {
	_, err := call(ctx, l.Faults, method, func() (none, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, r := range l.deliveries {
			if r.ID == id {
				do(r)
				return none{}, nil
			}
		}
		return none{}, notFound(method)
	})
	return err
}
