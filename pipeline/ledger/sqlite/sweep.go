package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/neckfrac/neckfrac"
)

// StopMark implements neckfrac.StopMarks.
func (d *DB) StopMark(ctx context.Context) (mark string, err error) {
	err = d.read(ctx, "stop mark", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT mark FROM stop_mark WHERE number = 1`).Scan(&mark)
	})
	return mark, err
}

// SetStopMark implements neckfrac.StopMarks.
func (d *DB) SetStopMark(ctx context.Context, mark string) error {
	const op = "set stop mark"
	if !neckfrac.ValidStopMark(mark) {
		return neckfrac.Errorf(neckfrac.Invalid, op, "not a mark")
	}
	return d.write(ctx, op, func(tx *sql.Tx) error {
		return one(tx.ExecContext(ctx, `UPDATE stop_mark SET mark = ? WHERE number = 1`, mark))
	})
}

const keepBlob = `
	INSERT INTO kept_blob (digest, size, since) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING`

// KeepBlobs implements neckfrac.KeptBlobs.
func (d *DB) KeepBlobs(ctx context.Context, refs []neckfrac.BlobRef, at time.Time) error {
	if len(refs) == 0 {
		return nil
	}
	return d.write(ctx, "keep blobs", func(tx *sql.Tx) error {
		keep, err := tx.PrepareContext(ctx, keepBlob)
		if err != nil {
			return err
		}
		defer keep.Close()
		for _, r := range refs {
			if _, err := keep.ExecContext(ctx, r.Digest, r.Size, micros(at)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Kept implements neckfrac.KeptBlobs.
func (d *DB) Kept(ctx context.Context, fn func(neckfrac.BlobRef) error) error {
	var refs []neckfrac.BlobRef
	err := d.read(ctx, "kept", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT digest, size FROM kept_blob ORDER BY digest`)
		refs, err = collect(rows, err, func(r *sql.Rows) (ref neckfrac.BlobRef, err error) { return ref, r.Scan(&ref.Digest, &ref.Size) })
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range refs {
		if err := fn(r); err != nil {
			return err
		}
	}
	return nil
}
