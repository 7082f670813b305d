package sqlite

import (
	"context"
	"database/sql"

	"github.com/neckfrac/neckfrac"
)

const (
	// insertWithdrawal lets a mistake replace an expired retention, and nothing else: an
	// instance that was wrong stays wrong.
	insertWithdrawal = `
		INSERT INTO withdrawal (study_id, instance_uid, code, note) VALUES (?, ?, ?, ?)
		ON CONFLICT (study_id, instance_uid) DO UPDATE SET code = excluded.code, note = excluded.note
		WHERE withdrawal.code = '113039' AND excluded.code <> '113039'`
	selectTookImages = `
		SELECT EXISTS (
			SELECT 1 FROM withdrawal w JOIN instance i ON i.uid = w.instance_uid AND i.study_id = w.study_id
			WHERE w.note = ? AND i.kind = 'image')`
)

// checkRejection wants a note exactly where the kind says so.
func checkRejection(a neckfrac.Arrival) error {
	const op = "receive"
	if (a.Instance.Kind == neckfrac.RejectionInstance) != (a.Rejection != nil) {
		return neckfrac.Errorf(neckfrac.Invalid, op, "kind and rejection disagree")
	}
	if a.Rejection == nil {
		return nil
	}
	if !a.Rejection.Code.Valid() {
		return neckfrac.Errorf(neckfrac.Invalid, op, "rejection code")
	}
	if len(a.Rejection.Instances) > neckfrac.MaxRejected {
		return neckfrac.Errorf(neckfrac.Limit, op, "more than %d rejected instances", neckfrac.MaxRejected)
	}
	return nil
}

// reject takes instances of a study back. A mistake that meets images sends the study
// back to receiving, so that it is analysed without them.
func reject(ctx context.Context, tx *sql.Tx, id neckfrac.StudyID, state neckfrac.StudyState, note int64, r neckfrac.Rejection) error {
	for _, uid := range r.Instances {
		if _, err := tx.ExecContext(ctx, insertWithdrawal, id, uid, r.Code, note); err != nil {
			return err
		}
	}
	if !r.Code.Mistaken() || state == neckfrac.StudyReceiving {
		return nil
	}
	var took bool
	if err := tx.QueryRowContext(ctx, selectTookImages, note).Scan(&took); err != nil || !took {
		return err
	}
	return reopen(ctx, tx, id)
}
