package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/neckfrac/neckfrac"
)

const (
	selectRetrieval = `
		SELECT id FROM retrieval WHERE source = ? AND notification = ?`
	countRetrievals = `
		SELECT count(*), coalesce(sum(notifier = ?), 0) FROM retrieval WHERE state = 'waiting'`
	insertRetrieval = `
		INSERT INTO retrieval (id, source, notification, notifier, study_uid, expected, received, next)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	insertRetrievalInstance = `
		INSERT INTO retrieval_instance (retrieval_id, position, series_uid, sop_class, instance_uid) VALUES (?, ?, ?, ?, ?)`
	selectRetrievalInstances = `
		SELECT series_uid, sop_class, instance_uid FROM retrieval_instance WHERE retrieval_id = ? ORDER BY position`
)

// RequestRetrievals implements neckfrac.Retrievals.
func (d *DB) RequestRetrievals(ctx context.Context, rs []neckfrac.Retrieval) error {
	const op = "request retrievals"
	for _, r := range rs {
		switch {
		case r.Source == "" || r.Notification == "" || r.Study == "" || r.Received.IsZero() || len(r.Instances) == 0:
			return neckfrac.Errorf(neckfrac.Invalid, op, "source, notification, study, time or instances are missing")
		case len(r.Instances) > neckfrac.MaxAnnounced:
			return neckfrac.Errorf(neckfrac.Limit, op, "more than %d instances", neckfrac.MaxAnnounced)
		}
	}
	return d.write(ctx, op, func(tx *sql.Tx) error {
		for _, r := range rs {
			if err := d.requestRetrieval(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *DB) requestRetrieval(ctx context.Context, tx *sql.Tx, r neckfrac.Retrieval) error {
	const op = "request retrievals"
	var id neckfrac.RetrievalID
	switch err := tx.QueryRowContext(ctx, selectRetrieval, r.Source, r.Notification).Scan(&id); {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return err
	default:
		known, err := retrievalInstances(ctx, tx, selectRetrievalInstances, id)
		if err == nil && !slices.Equal(known, r.Instances) {
			err = neckfrac.Errorf(neckfrac.Conflict, op, "notification is known with other instances")
		}
		return err
	}
	var all, own int
	if err := tx.QueryRowContext(ctx, countRetrievals, r.From).Scan(&all, &own); err != nil {
		return err
	}
	if all >= neckfrac.MaxOpenRetrievals || own >= d.openPerPeer {
		return neckfrac.Errorf(neckfrac.Limit, op, "%d retrievals wait, %d of the peer", all, own)
	}
	id = neckfrac.RetrievalID(d.newID())
	_, err := tx.ExecContext(ctx, insertRetrieval, id, r.Source, r.Notification, r.From, r.Study, r.Expected, micros(r.Received), micros(r.Received))
	for i, in := range r.Instances {
		if err != nil {
			break
		}
		_, err = tx.ExecContext(ctx, insertRetrievalInstance, id, i, in.Series, in.SOPClassUID, in.UID)
	}
	return err
}

func retrievalInstances(ctx context.Context, tx *sql.Tx, query string, id neckfrac.RetrievalID) ([]neckfrac.AnnouncedInstance, error) {
	rows, err := tx.QueryContext(ctx, query, id)
	return collect(rows, err, func(r *sql.Rows) (in neckfrac.AnnouncedInstance, err error) {
		return in, r.Scan(&in.Series, &in.SOPClassUID, &in.UID)
	})
}

const (
	retrievalColumns = `number, id, source, notification, notifier, study_uid, expected, received, state, failure, missing, attempt, next, expired`
	leaseRetrievals  = `
	UPDATE retrieval SET leased = ?
	WHERE number IN (
		SELECT number FROM retrieval WHERE state = 'waiting' AND next <= ? AND leased <= ?
		ORDER BY next, number LIMIT ?)
	RETURNING ` + retrievalColumns
	selectRetrievalDue = `
	SELECT EXISTS (SELECT 1 FROM retrieval WHERE state = 'waiting' AND next <= ? AND leased <= ?)`
	selectStudyRetrievals = `
	SELECT ` + retrievalColumns + ` FROM retrieval WHERE study_uid = ? ORDER BY number`
)

// numberedRetrieval is a row with its place in the order of arrival.
type numberedRetrieval struct {
	neckfrac.Retrieval
	number int64
}

func scanRetrieval(rows *sql.Rows) (v numberedRetrieval, err error) {
	var received, next int64
	var reason string
	err = rows.Scan(&v.number, &v.ID, &v.Source, &v.Notification, &v.From, &v.Study, &v.Expected, &received, &v.State, &reason, &v.Missing, &v.Attempt, &next, &v.Expired)
	v.Received, v.Next, v.Reason = fromMicros(received), fromMicros(next), kindNamed(reason)
	return v, err
}

// kindNamed is the kind that String wrote; "" is the zero kind.
func kindNamed(name string) neckfrac.Kind {
	for k := neckfrac.Internal; k <= neckfrac.Unavailable; k++ {
		if k.String() == name {
			return k
		}
	}
	return neckfrac.Internal
}

// DueRetrievals implements neckfrac.Retrievals.
func (d *DB) DueRetrievals(ctx context.Context, now time.Time, n int, dur time.Duration) ([]neckfrac.Retrieval, error) {
	const op = "due retrievals"
	// The look spares the only writer a transaction every few seconds.
	var due bool
	err := d.read(ctx, op, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, selectRetrievalDue, micros(now), micros(now)).Scan(&due)
	})
	if err != nil || !due {
		return nil, err
	}
	var rows []numberedRetrieval
	err = d.write(ctx, op, func(tx *sql.Tx) error {
		res, err := tx.QueryContext(ctx, leaseRetrievals, micros(now.Add(dur)), micros(now), micros(now), max(n, 0))
		if rows, err = collect(res, err, scanRetrieval); err != nil {
			return err
		}
		return fillRetrievals(ctx, tx, rows)
	})
	if err != nil {
		return nil, err
	}
	// RETURNING promises no order.
	slices.SortFunc(rows, func(a, b numberedRetrieval) int {
		return cmp.Or(a.Next.Compare(b.Next), cmp.Compare(a.number, b.number))
	})
	return plainRetrievals(rows), nil
}

// StudyRetrievals implements neckfrac.Retrievals.
func (d *DB) StudyRetrievals(ctx context.Context, study neckfrac.StudyUID) ([]neckfrac.Retrieval, error) {
	var rows []numberedRetrieval
	err := d.read(ctx, "study retrievals", func(tx *sql.Tx) error {
		res, err := tx.QueryContext(ctx, selectStudyRetrievals, study)
		if rows, err = collect(res, err, scanRetrieval); err != nil {
			return err
		}
		return fillRetrievals(ctx, tx, rows)
	})
	if err != nil {
		return nil, err
	}
	return plainRetrievals(rows), nil
}

func fillRetrievals(ctx context.Context, tx *sql.Tx, rows []numberedRetrieval) (err error) {
	for i := range rows {
		if rows[i].Instances, err = retrievalInstances(ctx, tx, selectRetrievalInstances, rows[i].ID); err != nil {
			return err
		}
		failed, err := tx.QueryContext(ctx, selectFailedInstances, rows[i].ID)
		rows[i].Failed, err = collect(failed, err, func(r *sql.Rows) (uid neckfrac.InstanceUID, err error) { return uid, r.Scan(&uid) })
		if err != nil {
			return err
		}
	}
	return nil
}

func plainRetrievals(rows []numberedRetrieval) (out []neckfrac.Retrieval) {
	for _, r := range rows {
		out = append(out, r.Retrieval)
	}
	return out
}

const (
	selectMissing = `
	SELECT r.series_uid, r.sop_class, r.instance_uid FROM retrieval_instance r
	WHERE r.retrieval_id = ? AND NOT EXISTS (SELECT 1 FROM instance i WHERE i.uid = r.instance_uid)
	ORDER BY r.position`
	selectFailedInstances = `
	SELECT instance_uid FROM retrieval_instance WHERE retrieval_id = ? AND failed = 1 ORDER BY position`
	selectMissingPositions = `
	SELECT r.instance_uid, r.position FROM retrieval_instance r
	WHERE r.retrieval_id = ? AND NOT EXISTS (SELECT 1 FROM instance i WHERE i.uid = r.instance_uid)`
	setFailedInstance = `
	UPDATE retrieval_instance SET failed = 1 WHERE retrieval_id = ? AND position = ?`
	selectRetrievalState = `
	SELECT state FROM retrieval WHERE id = ?`
	endRetrieval = `
	UPDATE retrieval SET state = ?, failure = ?, missing = ?, ended = ?, leased = 0 WHERE id = ? AND state = 'waiting'`
	retryRetrieval = `
	UPDATE retrieval SET attempt = ?, next = ?, leased = 0, failure = ? WHERE id = ? AND state = 'waiting'`
)

// MissingInstances implements neckfrac.Retrievals.
func (d *DB) MissingInstances(ctx context.Context, id neckfrac.RetrievalID) (missing []neckfrac.AnnouncedInstance, err error) {
	const op = "missing instances"
	err = d.read(ctx, op, func(tx *sql.Tx) error {
		if _, err := retrievalState(ctx, tx, op, id); err != nil {
			return err
		}
		missing, err = retrievalInstances(ctx, tx, selectMissing, id)
		return err
	})
	return missing, err
}

func retrievalState(ctx context.Context, tx *sql.Tx, op string, id neckfrac.RetrievalID) (state neckfrac.RetrievalState, err error) {
	if err = tx.QueryRowContext(ctx, selectRetrievalState, id).Scan(&state); errors.Is(err, sql.ErrNoRows) {
		err = notFound(op)
	}
	return state, err
}

// EndRetrieval implements neckfrac.Retrievals.
func (d *DB) EndRetrieval(ctx context.Context, id neckfrac.RetrievalID, end neckfrac.RetrievalEnd) error {
	const op = "end retrieval"
	switch {
	case !end.State.Ended() || end.At.IsZero():
		return neckfrac.Errorf(neckfrac.Invalid, op, "state or time is missing")
	case len(end.Failed) > neckfrac.MaxAnnounced:
		return neckfrac.Errorf(neckfrac.Limit, op, "more than %d failed instances", neckfrac.MaxAnnounced)
	}
	reason := end.Reason.String()
	if end.State == neckfrac.RetrievalDone {
		reason = ""
	}
	return d.write(ctx, op, func(tx *sql.Tx) error {
		if state, err := retrievalState(ctx, tx, op, id); err != nil || state.Ended() {
			return err
		}
		if err := markFailed(ctx, tx, id, end.Failed); err != nil {
			return err
		}
		return one(tx.ExecContext(ctx, endRetrieval, end.State, reason, end.Missing, micros(end.At), id))
	})
}

// markFailed marks those of uids that the retrieval has and that did not come.
func markFailed(ctx context.Context, tx *sql.Tx, id neckfrac.RetrievalID, uids []neckfrac.InstanceUID) error {
	if len(uids) == 0 {
		return nil
	}
	positions := map[neckfrac.InstanceUID]int{}
	rows, err := tx.QueryContext(ctx, selectMissingPositions, id)
	_, err = collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var uid neckfrac.InstanceUID
		var position int
		err = r.Scan(&uid, &position)
		positions[uid] = position
		return none, err
	})
	for _, uid := range uids {
		if err != nil {
			return err
		}
		if position, ok := positions[uid]; ok {
			_, err = tx.ExecContext(ctx, setFailedInstance, id, position)
		}
	}
	return err
}

// RetryRetrieval implements neckfrac.Retrievals.
func (d *DB) RetryRetrieval(ctx context.Context, id neckfrac.RetrievalID, attempt int, next time.Time, reason neckfrac.Kind) error {
	const op = "retry retrieval"
	return d.write(ctx, op, func(tx *sql.Tx) error {
		if state, err := retrievalState(ctx, tx, op, id); err != nil || state.Ended() {
			return err
		}
		return one(tx.ExecContext(ctx, retryRetrieval, attempt, micros(next), reason.String(), id))
	})
}

const releaseRetrievals = `
	UPDATE retrieval SET leased = 0 WHERE state = 'waiting' AND leased > 0`

// ReleaseRetrievals ends the leases of a process that was killed, so that what it was
// fetching does not rest until they run out. It is for the one process that holds the data
// directory, before it leases any itself.
func (d *DB) ReleaseRetrievals(ctx context.Context) error {
	return d.write(ctx, "release retrievals", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, releaseRetrievals)
		return err
	})
}
