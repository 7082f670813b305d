package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/neckfrac/neckfrac"
)

const (
	jobColumns     = `id, study_id, priority, state, crashes, ready, t0, series, seen, basis`
	selectRunnable = `
		SELECT ` + jobColumns + ` FROM job
		WHERE state IN ('ready', 'running') AND (state = 'ready' OR deadline <= ?)
		ORDER BY priority_rank DESC, again, ready, number LIMIT ?`
)

type scanner interface{ Scan(...any) error }

func scanJob(s scanner) (j neckfrac.Job, err error) {
	var ready, t0, seen int64
	var series string
	if err := s.Scan(&j.ID, &j.StudyID, &j.Priority, &j.State, &j.Crashes, &ready, &t0, &series, &seen, &j.Basis); err != nil {
		return neckfrac.Job{}, err
	}
	j.Ready, j.T0 = fromMicros(ready), fromMicros(t0)
	if seen > 0 {
		var err error
		if j.Series, err = decode[[]neckfrac.SeriesUID](series); err != nil {
			return neckfrac.Job{}, err
		}
		j.Seen = fromMicros(seen)
	}
	return j, nil
}

// Runnable implements neckfrac.Jobs.
func (d *DB) Runnable(ctx context.Context, now time.Time, n int) (out []neckfrac.Job, err error) {
	err = d.read(ctx, "runnable", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, selectRunnable, micros(now), max(n, 0))
		out, err = collect(rows, err, func(r *sql.Rows) (neckfrac.Job, error) { return scanJob(r) })
		return err
	})
	return out, err
}

const (
	// takeJob sees the old state on the right of each assignment: a job that was
	// running lost its worker.
	takeJob = `
		UPDATE job SET state = 'running', fence = fence + 1, worker = ?, deadline = ?,
			crashes = crashes + CASE state WHEN 'running' THEN 1 ELSE 0 END,
			t0 = CASE WHEN seen > 0 THEN t0 ELSE (SELECT last_received FROM study WHERE study.id = job.study_id) END
		WHERE id = ? AND (state = 'ready' OR state = 'running' AND deadline <= ?)
		RETURNING fence, ` + jobColumns
	selectJobExists = `
		SELECT EXISTS (SELECT 1 FROM job WHERE id = ?)`
	// beginPending: the worker reads the instances after this commit, so its result
	// covers all that arrived before, unless the job is of a part of the study.
	beginPending = `
		UPDATE study SET pending = ? WHERE id = ?`
)

// Lease implements neckfrac.Jobs.
func (d *DB) Lease(ctx context.Context, id neckfrac.JobID, worker string, now time.Time, dur time.Duration) (neckfrac.Lease, error) {
	const op = "lease"
	l := neckfrac.Lease{Worker: worker, Deadline: fromMicros(micros(now.Add(dur)))}
	err := d.write(ctx, op, func(tx *sql.Tx) (err error) {
		row := tx.QueryRowContext(ctx, takeJob, worker, micros(l.Deadline), id, micros(now))
		l.Job, err = scanJob(withFence{row, &l.Fence})
		if errors.Is(err, sql.ErrNoRows) {
			return absent(ctx, tx, selectJobExists, id, op, "job is leased, waiting or ended")
		}
		if err != nil {
			return err
		}
		return one(tx.ExecContext(ctx, beginPending, !l.Job.Whole(), l.Job.StudyID))
	})
	if err != nil {
		return neckfrac.Lease{}, err
	}
	return l, nil
}

// withFence scans a fence in front of a job's columns.
type withFence struct {
	row   *sql.Row
	fence *int64
}

func (w withFence) Scan(dest ...any) error { return w.row.Scan(append([]any{w.fence}, dest...)...) }

const renewJob = `
	UPDATE job SET deadline = ? WHERE id = ? AND state = 'running' AND fence = ?`

// Renew implements neckfrac.Jobs.
func (d *DB) Renew(ctx context.Context, l neckfrac.Lease, now time.Time, dur time.Duration) (neckfrac.Lease, error) {
	l.Deadline = fromMicros(micros(now.Add(dur)))
	err := d.write(ctx, "renew", func(tx *sql.Tx) error {
		return one(tx.ExecContext(ctx, renewJob, micros(l.Deadline), l.Job.ID, l.Fence))
	})
	if err != nil {
		return neckfrac.Lease{}, err
	}
	return l, nil
}

const (
	releaseJob = `
		UPDATE job SET state = 'ready', worker = '', deadline = 0, crashes = crashes + ?
		WHERE id = ? AND state = 'running' AND fence = ? RETURNING study_id`
	selectPending = `
		SELECT pending FROM study WHERE id = ?`
)

// Release implements neckfrac.Jobs.
func (d *DB) Release(ctx context.Context, l neckfrac.Lease, crashed bool) error {
	const op = "release"
	crashes := 0
	if crashed {
		crashes = 1
	}
	return d.write(ctx, op, func(tx *sql.Tx) error {
		var id neckfrac.StudyID
		var pending bool
		switch err := tx.QueryRowContext(ctx, releaseJob, crashes, l.Job.ID, l.Fence).Scan(&id); {
		case errors.Is(err, sql.ErrNoRows):
			return neckfrac.Errorf(neckfrac.Conflict, op, "stale fence")
		case err != nil:
			return err
		}
		if err := tx.QueryRowContext(ctx, selectPending, id).Scan(&pending); err != nil || !pending {
			return err
		}
		return reopen(ctx, tx, id)
	})
}
