package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/neckfrac/neckfrac"
)

const (
	setConflict = `
		UPDATE study SET conflict = 1 WHERE id = ? AND conflict = 0`
	// setPending: a job that runs, or one that has its part of the study, goes on.
	setPending = `
		UPDATE study SET pending = 1
		WHERE id = ? AND EXISTS (
			SELECT 1 FROM job WHERE study_id = study.id AND (state = 'running' OR state = 'ready' AND seen > 0))`
	setWaiting = `
		UPDATE job SET state = 'waiting' WHERE study_id = ? AND state = 'ready'`
	setReceiving = `
		UPDATE study SET state = 'receiving', pending = 0 WHERE id = ?`
)

// markConflict notes that a second person claimed the study, which makes it settle
// once more and end as a result that says so.
func markConflict(ctx context.Context, tx *sql.Tx, id neckfrac.StudyID) error {
	if err := one(tx.ExecContext(ctx, setConflict, id)); err != nil {
		return err
	}
	return reopen(ctx, tx, id)
}

// reopen sends a study back to receiving, unless its job runs or has its part of the
// study already: then Finish does.
func reopen(ctx context.Context, tx *sql.Tx, id neckfrac.StudyID) error {
	res, err := tx.ExecContext(ctx, setPending, id)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	if _, err := tx.ExecContext(ctx, setWaiting, id); err != nil {
		return err
	}
	return one(tx.ExecContext(ctx, setReceiving, id))
}

const selectQuiet = `
	SELECT id FROM study WHERE state = 'receiving' AND last_received BETWEEN 1 AND ? ORDER BY last_received, id LIMIT ?`

// Quiet implements neckfrac.Intake.
func (d *DB) Quiet(ctx context.Context, before time.Time, n int) (out []neckfrac.StudyID, err error) {
	err = d.read(ctx, "quiet", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, selectQuiet, micros(before), max(n, 0))
		out, err = collect(rows, err, func(r *sql.Rows) (id neckfrac.StudyID, err error) { return id, r.Scan(&id) })
		return err
	})
	return out, err
}

const (
	setQueued = `
		UPDATE study SET state = 'queued' WHERE id = ? AND state = 'receiving' AND last_received BETWEEN 1 AND ? RETURNING last_received`
	selectStudyExists = `
		SELECT EXISTS (SELECT 1 FROM study WHERE id = ?)`
	readyAgain = `
		UPDATE job SET state = 'ready', t0 = ?, series = ?, seen = ?, basis = ?,
			priority = CASE WHEN priority_rank < ? THEN ? ELSE priority END,
			priority_rank = max(priority_rank, ?)
		WHERE study_id = ? AND state = 'waiting' RETURNING ` + jobColumns
	insertJob = `
		INSERT INTO job (id, study_id, priority, priority_rank, state, ready, t0, series, seen, basis, again)
		VALUES (?, ?, ?, ?, 'ready', ?, ?, ?, ?, ?, EXISTS (SELECT 1 FROM assessment WHERE study_id = ?)) RETURNING ` + jobColumns
)

// Settle implements neckfrac.Intake.
func (d *DB) Settle(ctx context.Context, id neckfrac.StudyID, seen time.Time, by neckfrac.Basis, p neckfrac.Priority, now time.Time) (j neckfrac.Job, err error) {
	const op = "settle"
	err = d.write(ctx, op, func(tx *sql.Tx) error {
		var t0 int64
		switch err := tx.QueryRowContext(ctx, setQueued, id, micros(seen)).Scan(&t0); {
		case errors.Is(err, sql.ErrNoRows):
			return absent(ctx, tx, selectStudyExists, id, op, "study is not receiving, has newer instances or no image")
		case err != nil:
			return err
		}
		j, err = d.makeReady(ctx, tx, id, part{t0: t0, basis: by}, p, now)
		return err
	})
	return j, err
}

// part is a Snapshot as the schema keeps it; without series and seen it is the study.
type part struct {
	t0, seen int64
	series   string
	basis    neckfrac.Basis
}

// makeReady makes the study's waiting job ready, or a new one.
func (d *DB) makeReady(ctx context.Context, tx *sql.Tx, id neckfrac.StudyID, of part, p neckfrac.Priority, now time.Time) (neckfrac.Job, error) {
	j, err := scanJob(tx.QueryRowContext(ctx, readyAgain, of.t0, of.series, of.seen, of.basis, p.Rank(), p, p.Rank(), id))
	if errors.Is(err, sql.ErrNoRows) {
		return scanJob(tx.QueryRowContext(ctx, insertJob, d.newID(), id, p, p.Rank(), micros(now), of.t0, of.series, of.seen, of.basis, id))
	}
	return j, err
}

const setPartQueued = `
	UPDATE study SET state = 'queued' WHERE id = ? AND state = 'receiving' AND last_received >= 1 RETURNING 1`

// SettlePart implements neckfrac.Intake.
func (d *DB) SettlePart(ctx context.Context, id neckfrac.StudyID, s neckfrac.Snapshot, by neckfrac.Basis, p neckfrac.Priority, now time.Time) (j neckfrac.Job, err error) {
	const op = "settle part"
	if len(s.Series) == 0 || s.Seen.IsZero() || s.T0.IsZero() {
		return j, neckfrac.Errorf(neckfrac.Invalid, op, "series or times are missing")
	}
	names, err := encode(s.Series)
	if err != nil {
		return j, neckfrac.E(op, err)
	}
	err = d.write(ctx, op, func(tx *sql.Tx) error {
		var there int
		switch err := tx.QueryRowContext(ctx, setPartQueued, id).Scan(&there); {
		case errors.Is(err, sql.ErrNoRows):
			return absent(ctx, tx, selectStudyExists, id, op, "study is not receiving or has no image")
		case err != nil:
			return err
		}
		j, err = d.makeReady(ctx, tx, id, part{t0: micros(s.T0), seen: micros(s.Seen), series: names, basis: by}, p, now)
		return err
	})
	return j, err
}

// absent tells a row that is not there (NotFound) from one in another state
// (Conflict); exists selects the first.
func absent(ctx context.Context, tx *sql.Tx, exists string, id any, op, conflict string) error {
	var there bool
	if err := tx.QueryRowContext(ctx, exists, id).Scan(&there); err != nil {
		return err
	}
	if !there {
		return notFound(op)
	}
	return neckfrac.Errorf(neckfrac.Conflict, op, "%s", conflict)
}
