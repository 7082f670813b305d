package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/neckfrac/neckfrac"
)

const (
	leaseDeliveries = `
		UPDATE delivery SET leased = ?
		WHERE number IN (
			SELECT number FROM delivery WHERE delivered IS NULL AND next <= ? AND leased <= ?
			ORDER BY next, number LIMIT ?)
		RETURNING number, id, kind, destination, key, study_id, assessment_id, attempt, next`
	endDelivery = `
		UPDATE delivery SET delivered = ?, leased = 0, failure = '' WHERE id = ? AND delivered IS NULL`
	retryDelivery = `
		UPDATE delivery SET attempt = attempt + 1, next = ?, leased = 0, failure = ? WHERE id = ? AND delivered IS NULL`
	selectDeliveryExists = `
		SELECT EXISTS (SELECT 1 FROM delivery WHERE id = ?)`
)

// Due implements neckfrac.Outbox.
func (d *DB) Due(ctx context.Context, now time.Time, n int, dur time.Duration) ([]neckfrac.Delivery, error) {
	type numbered struct {
		neckfrac.Delivery
		number int64
	}
	var rows []numbered
	err := d.write(ctx, "due", func(tx *sql.Tx) error {
		res, err := tx.QueryContext(ctx, leaseDeliveries, micros(now.Add(dur)), micros(now), micros(now), max(n, 0))
		rows, err = collect(res, err, func(r *sql.Rows) (v numbered, err error) {
			var next int64
			err = r.Scan(&v.number, &v.ID, &v.Kind, &v.Destination, &v.Key, &v.StudyID, &v.AssessmentID, &v.Attempt, &next)
			v.Next = fromMicros(next)
			return v, err
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	// RETURNING promises no order.
	slices.SortFunc(rows, func(a, b numbered) int { return cmp.Or(a.Next.Compare(b.Next), cmp.Compare(a.number, b.number)) })
	var out []neckfrac.Delivery
	for _, r := range rows {
		out = append(out, r.Delivery)
	}
	return out, nil
}

// Delivered implements neckfrac.Outbox.
func (d *DB) Delivered(ctx context.Context, id neckfrac.DeliveryID, now time.Time) error {
	return d.endDelivery(ctx, "delivered", id, endDelivery, micros(now), id)
}

// Retry implements neckfrac.Outbox.
func (d *DB) Retry(ctx context.Context, id neckfrac.DeliveryID, next time.Time, kind neckfrac.Kind) error {
	return d.endDelivery(ctx, "retry", id, retryDelivery, micros(next), kind.String(), id)
}

// endDelivery runs an update of an open row; a row that is already delivered stays.
func (d *DB) endDelivery(ctx context.Context, op string, id neckfrac.DeliveryID, update string, args ...any) error {
	return d.write(ctx, op, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, update, args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		var there bool
		if err := tx.QueryRowContext(ctx, selectDeliveryExists, id).Scan(&there); err != nil || there {
			return err
		}
		return notFound(op)
	})
}
