package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/neckfrac/neckfrac"
)

const (
	expireCommitments = `
	UPDATE commitment SET ended = ?, leased = 0
	WHERE number IN (SELECT number FROM commitment WHERE ended IS NULL AND asked <= ? AND leased <= ? ORDER BY asked, number LIMIT ?)
	RETURNING id`
	selectPrunedCommitments = `
	SELECT id FROM commitment WHERE ended IS NOT NULL AND ended <= ? ORDER BY ended, number LIMIT ?`
	deleteCommitmentInstances = `
	DELETE FROM commitment_instance WHERE commitment_id = ?`
	deleteCommitment = `
	DELETE FROM commitment WHERE id = ?`
	selectExpiredRetrievals = `
	SELECT id, failure, (SELECT count(*) FROM retrieval_instance n WHERE n.retrieval_id = r.id)
	FROM retrieval r WHERE state = 'waiting' AND received <= ? AND leased <= ? ORDER BY received, number LIMIT ?`
	expireRetrieval = `
	UPDATE retrieval SET state = ?, failure = ?, missing = ?, ended = ?, leased = 0, expired = ? WHERE id = ? AND state = 'waiting'`
	selectPrunedRetrievals = `
	SELECT id FROM retrieval WHERE ended IS NOT NULL AND ended <= ? ORDER BY ended, number LIMIT ?`
	deleteRetrievalInstances = `
	DELETE FROM retrieval_instance WHERE retrieval_id = ?`
	deleteRetrieval = `
	DELETE FROM retrieval WHERE id = ?`
)

// ExpireCommitments implements neckfrac.Upkeep.
func (d *DB) ExpireCommitments(ctx context.Context, t, now time.Time, n int) (ids []neckfrac.CommitmentID, err error) {
	const op = "expire commitments"
	if none, err := d.nothing(ctx, op, `SELECT EXISTS (SELECT 1 FROM commitment WHERE ended IS NULL AND asked <= ?)`, t); err != nil || none {
		return nil, err
	}
	err = d.write(ctx, op, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, expireCommitments, micros(now), micros(t), micros(now), max(n, 0))
		ids, err = collect(rows, err, func(r *sql.Rows) (id neckfrac.CommitmentID, err error) { return id, r.Scan(&id) })
		return err
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// nothing spares the only writer a transaction; query asks about what is not after t.
func (d *DB) nothing(ctx context.Context, op, query string, t time.Time) (none bool, err error) {
	err = d.read(ctx, op, func(tx *sql.Tx) error {
		var some bool
		err := tx.QueryRowContext(ctx, query, micros(t)).Scan(&some)
		none = !some
		return err
	})
	return none, err
}

// ExpireRetrievals implements neckfrac.Upkeep.
func (d *DB) ExpireRetrievals(ctx context.Context, t, now time.Time, n int) (ids []neckfrac.RetrievalID, err error) {
	const op = "expire retrievals"
	if none, err := d.nothing(ctx, op, `SELECT EXISTS (SELECT 1 FROM retrieval WHERE state = 'waiting' AND received <= ?)`, t); err != nil || none {
		return nil, err
	}
	type row struct {
		id        neckfrac.RetrievalID
		failure   string
		announced int
	}
	err = d.write(ctx, op, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, selectExpiredRetrievals, micros(t), micros(now), max(n, 0))
		old, err := collect(rows, err, func(r *sql.Rows) (v row, err error) { return v, r.Scan(&v.id, &v.failure, &v.announced) })
		for _, v := range old {
			if err != nil {
				return err
			}
			missing, merr := retrievalInstances(ctx, tx, selectMissing, v.id)
			if merr != nil {
				return merr
			}
			state, failure, expired := neckfrac.RetrievalPartial, v.failure, 1
			switch {
			case len(missing) == 0:
				state, failure, expired = neckfrac.RetrievalDone, "", 0
			case len(missing) == v.announced:
				state = neckfrac.RetrievalFailed
			}
			if failure == "" && expired == 1 {
				failure = neckfrac.Unavailable.String()
			}
			err = one(tx.ExecContext(ctx, expireRetrieval, state, failure, len(missing), micros(now), expired, v.id))
			ids = append(ids, v.id)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// PruneCommitments implements neckfrac.Upkeep.
func (d *DB) PruneCommitments(ctx context.Context, t time.Time, n int) (int, error) {
	const op = "prune commitments"
	if none, err := d.nothing(ctx, op, `SELECT EXISTS (SELECT 1 FROM commitment WHERE ended IS NOT NULL AND ended <= ?)`, t); err != nil || none {
		return 0, err
	}
	return d.prune(ctx, op, selectPrunedCommitments, deleteCommitmentInstances, deleteCommitment, t, n)
}

// PruneRetrievals implements neckfrac.Upkeep.
func (d *DB) PruneRetrievals(ctx context.Context, t time.Time, n int) (int, error) {
	const op = "prune retrievals"
	if none, err := d.nothing(ctx, op, `SELECT EXISTS (SELECT 1 FROM retrieval WHERE ended IS NOT NULL AND ended <= ?)`, t); err != nil || none {
		return 0, err
	}
	return d.prune(ctx, op, selectPrunedRetrievals, deleteRetrievalInstances, deleteRetrieval, t, n)
}

func (d *DB) prune(ctx context.Context, op, find, items, row string, t time.Time, n int) (pruned int, err error) {
	err = d.write(ctx, op, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, find, micros(t), max(n, 0))
		ids, err := collect(rows, err, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) })
		for _, id := range ids {
			if err == nil {
				_, err = tx.ExecContext(ctx, items, id)
			}
			if err == nil {
				err = one(tx.ExecContext(ctx, row, id))
			}
		}
		pruned = len(ids)
		return err
	})
	if err != nil {
		return 0, err
	}
	return pruned, nil
}
