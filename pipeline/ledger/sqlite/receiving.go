package sqlite

import (
	"context"
	"database/sql"
	"reflect"

	"github.com/neckfrac/neckfrac"
)

// placementText is the placement column; the zero value is ”.
func placementText(p neckfrac.Placement) (string, error) {
	if reflect.ValueOf(p).IsZero() {
		return "", nil
	}
	return encode(p)
}

const (
	selectReceiving = `
		SELECT s.id, s.uid, s.last_received,
			coalesce((SELECT a.created FROM assessment a WHERE a.study_id = s.id ORDER BY a.revision DESC LIMIT 1), 0)
		FROM study s WHERE s.state = 'receiving' AND s.last_received >= 1 ORDER BY s.last_received, s.id LIMIT ?`
	selectProgress = `
		SELECT i.series_uid, sum(i.kind IN ('image', 'object')),
			sum(i.kind = 'image' AND w.code IS NULL),
			coalesce(min(CASE WHEN i.kind = 'image' AND w.code IS NULL AND i.received > ? THEN i.received END), 0),
			coalesce(max(CASE WHEN i.kind = 'image' AND w.code IS NULL THEN i.received END), 0)
		FROM instance i LEFT JOIN withdrawal w ON w.study_id = i.study_id AND w.instance_uid = i.uid
		WHERE i.study_id = ? GROUP BY i.series_uid ORDER BY i.series_uid`
	selectExpected = `
		SELECT coalesce(max(expected), 0) FROM retrieval WHERE study_uid = ?`
	selectAnyMissing = `
		SELECT EXISTS (
			SELECT 1 FROM retrieval r JOIN retrieval_instance n ON n.retrieval_id = r.id
			WHERE r.study_uid = ? AND NOT EXISTS (SELECT 1 FROM instance i WHERE i.uid = n.instance_uid))`
	selectCommitted = `
		SELECT count(DISTINCT n.instance_uid)
		FROM commitment c JOIN commitment_instance n ON n.commitment_id = c.id JOIN instance i ON i.uid = n.instance_uid
					LEFT JOIN withdrawal w ON w.study_id = i.study_id AND w.instance_uid = i.uid
		WHERE c.received >= ? AND i.study_id = ? AND i.kind = 'image' AND w.code IS NULL`
)

// Receiving implements neckfrac.Intake.
func (d *DB) Receiving(ctx context.Context, n int) (out []neckfrac.Progress, err error) {
	err = d.read(ctx, "receiving", func(tx *sql.Tx) error {
		type row struct {
			neckfrac.Progress
			uid      neckfrac.StudyUID
			received int64
		}
		rows, err := tx.QueryContext(ctx, selectReceiving, max(n, 0))
		studies, err := collect(rows, err, func(r *sql.Rows) (v row, err error) {
			var assessed int64
			err = r.Scan(&v.ID, &v.uid, &v.received, &assessed)
			v.LastReceived = fromMicros(v.received)
			if assessed > 0 {
				v.Assessed = fromMicros(assessed)
			}
			return v, err
		})
		if err != nil {
			return err
		}
		for _, s := range studies {
			if err := progress(ctx, tx, &s.Progress, s.uid, s.received); err != nil {
				return err
			}
			out = append(out, s.Progress)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// progress fills in what came of a study and what was said of it.
func progress(ctx context.Context, tx *sql.Tx, p *neckfrac.Progress, uid neckfrac.StudyUID, received int64) error {
	var assessed int64
	if !p.Assessed.IsZero() {
		assessed = micros(p.Assessed)
	}
	rows, err := tx.QueryContext(ctx, selectProgress, assessed, p.ID)
	_, err = collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var s neckfrac.SeriesProgress
		var held int
		var first, last int64
		if err := r.Scan(&s.UID, &held, &s.Images, &first, &last); err != nil {
			return none, err
		}
		p.Held += held
		if s.Images > 0 {
			if s.Last = fromMicros(last); first > 0 {
				s.First = fromMicros(first)
			}
			p.Series = append(p.Series, s)
		}
		return none, nil
	})
	if err != nil {
		return err
	}
	return said(ctx, tx, p, uid, received)
}

// said fills in what the sender said of the whole study. A count that does not fit spares
// the look at each instance.
func said(ctx context.Context, tx *sql.Tx, p *neckfrac.Progress, uid neckfrac.StudyUID, received int64) error {
	var n int
	if err := tx.QueryRowContext(ctx, selectCommitted, received, p.ID).Scan(&n); err != nil {
		return err
	}
	p.Committed = n > 0 && n == p.Images()
	if err := tx.QueryRowContext(ctx, selectExpected, uid).Scan(&n); err != nil || n == 0 || n != p.Held {
		return err
	}
	var missing bool
	err := tx.QueryRowContext(ctx, selectAnyMissing, uid).Scan(&missing)
	p.Announced = !missing
	return err
}

const selectPlacements = `
	SELECT i.sop_class, i.received, i.placement
	FROM instance i LEFT JOIN withdrawal w ON w.study_id = i.study_id AND w.instance_uid = i.uid
	WHERE i.study_id = ? AND i.series_uid = ? AND i.kind = 'image' AND w.code IS NULL ORDER BY i.number`

// Placements implements neckfrac.Intake.
func (d *DB) Placements(ctx context.Context, id neckfrac.StudyID, series neckfrac.SeriesUID) (out []neckfrac.Placed, err error) {
	err = d.read(ctx, "placements", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, selectPlacements, id, series)
		out, err = collect(rows, err, func(r *sql.Rows) (p neckfrac.Placed, err error) {
			var received int64
			var doc string
			if err := r.Scan(&p.SOPClassUID, &received, &doc); err != nil {
				return p, err
			}
			p.Received = fromMicros(received)
			if doc != "" {
				p.Placement, err = decode[neckfrac.Placement](doc)
			}
			return p, err
		})
		return err
	})
	return out, err
}
