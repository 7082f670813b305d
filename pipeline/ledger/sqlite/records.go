package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/neckfrac/neckfrac"
)

const selectInstances = `
	SELECT e.uid, e.modality, e.number, e.description,
		i.uid, i.sop_class, i.transfer_syntax, i.instance_number, i.digest, i.size, i.number, i.received, i.kind, coalesce(w.code, '')
	FROM series e JOIN instance i ON i.study_id = e.study_id AND i.series_uid = e.uid
		LEFT JOIN withdrawal w ON w.study_id = i.study_id AND w.instance_uid = i.uid
	WHERE e.study_id = ? ORDER BY e.number, e.uid, i.instance_number, i.uid`

// Instances implements neckfrac.Records.
func (d *DB) Instances(ctx context.Context, id neckfrac.StudyID) (out []neckfrac.Series, err error) {
	err = d.read(ctx, "instances", func(tx *sql.Tx) error {
		if err := known(ctx, tx, id, "instances"); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, selectInstances, id)
		_, err = collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
			var s neckfrac.Series
			var in neckfrac.Instance
			var received int64
			var kind string
			err = r.Scan(&s.UID, &s.Modality, &s.Number, &s.Description, &in.UID, &in.SOPClassUID, &in.TransferSyntaxUID,
				&in.Number, &in.Blob.Digest, &in.Blob.Size, &in.Sequence, &received, &kind, &in.Withdrawn)
			if err != nil {
				return none, err
			}
			if in.Kind, err = neckfrac.ParseInstanceKind(kind); err != nil {
				return none, err
			}
			in.Received = fromMicros(received)
			if len(out) == 0 || out[len(out)-1].UID != s.UID {
				out = append(out, s)
			}
			last := &out[len(out)-1]
			last.Instances = append(last.Instances, in)
			last.Count++
			return none, nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func known(ctx context.Context, tx *sql.Tx, id neckfrac.StudyID, op string) error {
	var there bool
	if err := tx.QueryRowContext(ctx, selectStudyExists, id).Scan(&there); err != nil || there {
		return err
	}
	return notFound(op)
}

const selectRevisions = `
	SELECT document FROM assessment WHERE study_id = ? ORDER BY revision`

// Revisions implements neckfrac.Records.
func (d *DB) Revisions(ctx context.Context, id neckfrac.StudyID) (out []neckfrac.Assessment, err error) {
	err = d.read(ctx, "revisions", func(tx *sql.Tx) error {
		if err := known(ctx, tx, id, "revisions"); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, selectRevisions, id)
		out, err = collect(rows, err, func(r *sql.Rows) (neckfrac.Assessment, error) {
			var doc string
			if err := r.Scan(&doc); err != nil {
				return neckfrac.Assessment{}, err
			}
			return decode[neckfrac.Assessment](doc)
		})
		return err
	})
	return out, err
}

const selectArtefact = `
	SELECT study_id, document FROM artefact WHERE id = ?`

// Artefact implements neckfrac.Records.
func (d *DB) Artefact(ctx context.Context, id neckfrac.ArtefactID) (a neckfrac.Artefact, study neckfrac.StudyID, err error) {
	const op = "artefact"
	err = d.read(ctx, op, func(tx *sql.Tx) error {
		var doc string
		err := tx.QueryRowContext(ctx, selectArtefact, id).Scan(&study, &doc)
		if errors.Is(err, sql.ErrNoRows) {
			return notFound(op)
		}
		if err != nil {
			return err
		}
		a, err = decode[neckfrac.Artefact](doc)
		return err
	})
	return a, study, err
}

const selectReferences = `
	SELECT digest, size FROM instance
	UNION SELECT digest, size FROM instance_version
	UNION SELECT digest, size FROM artefact`

// References implements neckfrac.Records. It holds one reader's snapshot until fn has
// seen all; an error of fn comes back unchanged.
func (d *DB) References(ctx context.Context, fn func(neckfrac.BlobRef) error) error {
	var stopped error
	err := d.read(ctx, "references", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, selectReferences)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var ref neckfrac.BlobRef
			if err := rows.Scan(&ref.Digest, &ref.Size); err != nil {
				return err
			}
			if stopped = fn(ref); stopped != nil {
				return nil
			}
		}
		return rows.Err()
	})
	if stopped != nil {
		return stopped
	}
	return err
}

const selectStored = `SELECT uid, digest, size FROM instance`

// Stored calls fn for every instance with the bytes in use, on one reader's snapshot; an
// error of fn comes back unchanged.
func (d *DB) Stored(ctx context.Context, fn func(neckfrac.InstanceUID, neckfrac.BlobRef) error) error {
	var stopped error
	err := d.read(ctx, "stored", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, selectStored)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var uid neckfrac.InstanceUID
			var ref neckfrac.BlobRef
			if err := rows.Scan(&uid, &ref.Digest, &ref.Size); err != nil {
				return err
			}
			if stopped = fn(uid, ref); stopped != nil {
				return nil
			}
		}
		return rows.Err()
	})
	if stopped != nil {
		return stopped
	}
	return err
}
