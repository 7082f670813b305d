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
	selectCommitment = `
		SELECT id, ended IS NOT NULL FROM commitment WHERE peer = ? AND transaction_uid = ?`
	countCommitments = `
		SELECT count(*), coalesce(sum(peer = ?), 0) FROM commitment WHERE ended IS NULL`
	insertCommitment = `
		INSERT INTO commitment (id, peer, transaction_uid, state, received, asked, next) VALUES (?, ?, ?, 'requested', ?, ?, ?)`
	insertCommitmentInstance = `
		INSERT INTO commitment_instance (commitment_id, position, sop_class, instance_uid) VALUES (?, ?, ?, ?)`
	selectCommitmentInstances = `
		SELECT sop_class, instance_uid, reason FROM commitment_instance WHERE commitment_id = ? ORDER BY position`
	// askAgain has an ended transaction decided anew: what was true then may not be now.
	askAgain = `
		UPDATE commitment SET state = 'requested', attempt = 0, asked = ?, next = ?, leased = 0, failure = '', ended = NULL WHERE id = ? AND ended IS NOT NULL`
	// keepAsking has the age of an open one count from now.
	keepAsking = `
		UPDATE commitment SET asked = max(asked, ?) WHERE id = ? AND ended IS NULL`
)

// RequestCommitment implements neckfrac.Commitments.
func (d *DB) RequestCommitment(ctx context.Context, c neckfrac.Commitment) (id neckfrac.CommitmentID, err error) {
	const op = "request commitment"
	switch {
	case c.Peer == "" || c.TransactionUID == "" || c.Received.IsZero() || len(c.Instances) == 0:
		return "", neckfrac.Errorf(neckfrac.Invalid, op, "peer, transaction, time or references are missing")
	case len(c.Instances) > neckfrac.MaxCommitted:
		return "", neckfrac.Errorf(neckfrac.Limit, op, "more than %d references", neckfrac.MaxCommitted)
	}
	err = d.write(ctx, op, func(tx *sql.Tx) error {
		var ended bool
		switch err := tx.QueryRowContext(ctx, selectCommitment, c.Peer, c.TransactionUID).Scan(&id, &ended); {
		case errors.Is(err, sql.ErrNoRows):
			id, err = d.insertCommitment(ctx, tx, c)
			return err
		case err != nil:
			return err
		}
		known, _, err := commitmentInstances(ctx, tx, id)
		if err != nil {
			return err
		}
		if !slices.Equal(known, c.Instances) {
			return neckfrac.Errorf(neckfrac.Conflict, op, "transaction is known with other references")
		}
		at := micros(c.Received)
		if !ended {
			return one(tx.ExecContext(ctx, keepAsking, at, id))
		}
		if err := d.roomForCommitment(ctx, tx, c.Peer); err != nil {
			return err
		}
		return one(tx.ExecContext(ctx, askAgain, at, at, id))
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

func (d *DB) insertCommitment(ctx context.Context, tx *sql.Tx, c neckfrac.Commitment) (neckfrac.CommitmentID, error) {
	if err := d.roomForCommitment(ctx, tx, c.Peer); err != nil {
		return "", err
	}
	id, at := neckfrac.CommitmentID(d.newID()), micros(c.Received)
	if _, err := tx.ExecContext(ctx, insertCommitment, id, c.Peer, c.TransactionUID, at, at, at); err != nil {
		return "", err
	}
	for i, in := range c.Instances {
		if _, err := tx.ExecContext(ctx, insertCommitmentInstance, id, i, in.SOPClassUID, in.UID); err != nil {
			return "", err
		}
	}
	return id, nil
}

// roomForCommitment is Limit where one more may not be open.
func (d *DB) roomForCommitment(ctx context.Context, tx *sql.Tx, peer neckfrac.AETitle) error {
	var all, own int
	if err := tx.QueryRowContext(ctx, countCommitments, peer).Scan(&all, &own); err != nil {
		return err
	}
	if all >= neckfrac.MaxOpenCommitments || own >= d.openPerPeer {
		return neckfrac.Errorf(neckfrac.Limit, "request commitment", "%d transactions wait for their report, %d of the peer", all, own)
	}
	return nil
}

func commitmentInstances(ctx context.Context, tx *sql.Tx, id neckfrac.CommitmentID) (refs []neckfrac.InstanceRef, reasons []neckfrac.FailureReason, err error) {
	rows, err := tx.QueryContext(ctx, selectCommitmentInstances, id)
	_, err = collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var ref neckfrac.InstanceRef
		var reason neckfrac.FailureReason
		err = r.Scan(&ref.SOPClassUID, &ref.UID, &reason)
		refs, reasons = append(refs, ref), append(reasons, reason)
		return none, err
	})
	return refs, reasons, err
}

const leaseCommitments = `
	UPDATE commitment SET leased = ?
	WHERE number IN (
		SELECT number FROM commitment WHERE ended IS NULL AND next <= ? AND leased <= ?
		ORDER BY next, number LIMIT ?)
	RETURNING number, id, peer, transaction_uid, state, received, attempt, next`

// DueCommitments implements neckfrac.Commitments.
func (d *DB) DueCommitments(ctx context.Context, now time.Time, n int, dur time.Duration) ([]neckfrac.Commitment, error) {
	type numbered struct {
		neckfrac.Commitment
		number int64
		state  string
	}
	const op = "due commitments"
	var rows []numbered
	if none, err := d.noCommitment(ctx, op, now); err != nil || none {
		return nil, err
	}
	err := d.write(ctx, op, func(tx *sql.Tx) error {
		res, err := tx.QueryContext(ctx, leaseCommitments, micros(now.Add(dur)), micros(now), micros(now), max(n, 0))
		rows, err = collect(res, err, func(r *sql.Rows) (v numbered, err error) {
			var received, next int64
			err = r.Scan(&v.number, &v.ID, &v.Peer, &v.TransactionUID, &v.state, &received, &v.Attempt, &next)
			v.Received, v.Next = fromMicros(received), fromMicros(next)
			return v, err
		})
		for i := range rows {
			if err != nil {
				return err
			}
			rows[i].Instances, rows[i].Reasons, err = commitmentInstances(ctx, tx, rows[i].ID)
			if rows[i].state != "decided" {
				rows[i].Reasons = nil
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	// RETURNING promises no order.
	slices.SortFunc(rows, func(a, b numbered) int { return cmp.Or(a.Next.Compare(b.Next), cmp.Compare(a.number, b.number)) })
	var out []neckfrac.Commitment
	for _, r := range rows {
		out = append(out, r.Commitment)
	}
	return out, nil
}

const selectCommitmentDue = `
	SELECT EXISTS (SELECT 1 FROM commitment WHERE ended IS NULL AND next <= ?)`

// noCommitment spares the only writer a transaction every few seconds.
func (d *DB) noCommitment(ctx context.Context, op string, now time.Time) (none bool, err error) {
	err = d.read(ctx, op, func(tx *sql.Tx) error {
		var due bool
		err := tx.QueryRowContext(ctx, selectCommitmentDue, micros(now)).Scan(&due)
		none = !due
		return err
	})
	return none, err
}

const selectHeldBlobs = `
	SELECT sop_class, digest, size, 0 FROM instance WHERE uid = ?
	UNION ALL
	SELECT i.sop_class, v.digest, v.size, 1 FROM instance i JOIN instance_version v ON v.instance_number = i.number WHERE i.uid = ?
	ORDER BY 4, 2`

// Held implements neckfrac.Commitments.
func (d *DB) Held(ctx context.Context, uid neckfrac.InstanceUID) (h neckfrac.Holding, err error) {
	const op = "held"
	err = d.read(ctx, op, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, selectHeldBlobs, uid, uid)
		h.Blobs, err = collect(rows, err, func(r *sql.Rows) (ref neckfrac.BlobRef, err error) {
			var version int
			return ref, r.Scan(&h.SOPClassUID, &ref.Digest, &ref.Size, &version)
		})
		if err == nil && len(h.Blobs) == 0 {
			return notFound(op)
		}
		return err
	})
	if err != nil {
		return neckfrac.Holding{}, err
	}
	return h, nil
}

const (
	setDecided = `
		UPDATE commitment SET state = 'decided' WHERE id = ? AND state = 'requested'`
	setReason = `
		UPDATE commitment_instance SET reason = ? WHERE commitment_id = ? AND position = ?`
	setCommittedUntil = `
		UPDATE instance SET committed_until = max(committed_until, ?)
		WHERE uid = (SELECT instance_uid FROM commitment_instance WHERE commitment_id = ? AND position = ?)`
	setReported = `
		UPDATE commitment SET state = 'reported', leased = 0, failure = '', ended = ? WHERE id = ? AND state = 'decided'`
	retryCommitment = `
		UPDATE commitment SET attempt = attempt + 1, next = ?, leased = 0, failure = ? WHERE id = ? AND ended IS NULL`
	selectCommitmentState = `
		SELECT state, (SELECT count(*) FROM commitment_instance WHERE commitment_id = commitment.id) FROM commitment WHERE id = ?`
)

// DecideCommitment implements neckfrac.Commitments.
func (d *DB) DecideCommitment(ctx context.Context, id neckfrac.CommitmentID, reasons []neckfrac.FailureReason, until time.Time) error {
	const op = "decide commitment"
	return d.write(ctx, op, func(tx *sql.Tx) error {
		state, n, err := commitmentState(ctx, tx, id, op)
		if err != nil || state != "requested" {
			return err
		}
		if n != len(reasons) || until.IsZero() {
			return neckfrac.Errorf(neckfrac.Invalid, op, "%d answers for %d references, or no date", len(reasons), n)
		}
		for i, r := range reasons {
			if err := one(tx.ExecContext(ctx, setReason, r, id, i)); err != nil {
				return err
			}
			if r != neckfrac.Committed {
				continue
			}
			if err := one(tx.ExecContext(ctx, setCommittedUntil, micros(until), id, i)); err != nil {
				return err
			}
		}
		return one(tx.ExecContext(ctx, setDecided, id))
	})
}

func commitmentState(ctx context.Context, tx *sql.Tx, id neckfrac.CommitmentID, op string) (state string, instances int, err error) {
	err = tx.QueryRowContext(ctx, selectCommitmentState, id).Scan(&state, &instances)
	if errors.Is(err, sql.ErrNoRows) {
		err = notFound(op)
	}
	return state, instances, err
}

// CommitmentReported implements neckfrac.Commitments.
func (d *DB) CommitmentReported(ctx context.Context, id neckfrac.CommitmentID, at time.Time) error {
	const op = "commitment reported"
	return d.write(ctx, op, func(tx *sql.Tx) error {
		state, _, err := commitmentState(ctx, tx, id, op)
		switch {
		case err != nil || state == "reported":
			return err
		case state != "decided":
			return neckfrac.Errorf(neckfrac.Conflict, op, "nothing was decided yet")
		}
		return one(tx.ExecContext(ctx, setReported, micros(at), id))
	})
}

// RetryCommitment implements neckfrac.Commitments.
func (d *DB) RetryCommitment(ctx context.Context, id neckfrac.CommitmentID, next time.Time, kind neckfrac.Kind) error {
	const op = "retry commitment"
	return d.write(ctx, op, func(tx *sql.Tx) error {
		if _, _, err := commitmentState(ctx, tx, id, op); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, retryCommitment, micros(next), kind.String(), id)
		return err
	})
}
