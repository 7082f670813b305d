package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/neckfrac/neckfrac"
)

const (
	selectHeld = `
		SELECT s.id, s.uid, s.pending, (SELECT coalesce(max(revision), 0) FROM assessment WHERE study_id = s.id)
		FROM job j JOIN study s ON s.id = j.study_id
		WHERE j.id = ? AND j.state = 'running' AND j.fence = ?`
	insertAssessment = `
		INSERT INTO assessment (id, study_id, revision, status, reason, presence, created, pack_digest, document)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
	insertArtefact = `
		INSERT INTO artefact (id, study_id, assessment_id, digest, size, document) VALUES (?, ?, ?, ?, ?, ?)`
	endJob = `
		UPDATE job SET state = ?, worker = '', deadline = 0 WHERE id = ? AND state = 'running' AND fence = ?`
	endStudy = `
		UPDATE study SET state = CASE pending WHEN 1 THEN 'receiving' ELSE 'assessed' END, pending = 0
		WHERE id = ? AND state = 'queued'`
	insertDelivery = `
		INSERT INTO delivery (id, key, kind, destination, study_id, assessment_id, next) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (key) DO NOTHING`
)

// Finish implements neckfrac.Jobs.
func (d *DB) Finish(ctx context.Context, l neckfrac.Lease, a neckfrac.Assessment, out []neckfrac.Delivery) (stored neckfrac.Assessment, err error) {
	const op = "finish"
	err = d.write(ctx, op, func(tx *sql.Tx) error {
		var study neckfrac.Study
		var pending bool
		err := tx.QueryRowContext(ctx, selectHeld, l.Job.ID, l.Fence).Scan(&study.ID, &study.UID, &pending, &a.Revision)
		if errors.Is(err, sql.ErrNoRows) {
			return neckfrac.Errorf(neckfrac.Conflict, op, "stale fence")
		}
		if err != nil {
			return err
		}
		if a.StudyID != study.ID || a.StudyUID != study.UID {
			return neckfrac.Errorf(neckfrac.Invalid, op, "assessment of another study")
		}
		a.Revision++
		if stored, err = d.insertAssessment(ctx, tx, a); err != nil {
			return err
		}
		for _, r := range out {
			if err := d.insertDelivery(ctx, tx, stored, r); err != nil {
				return err
			}
		}
		if err := one(tx.ExecContext(ctx, endJob, stored.JobState(), l.Job.ID, l.Fence)); err != nil {
			return err
		}
		return one(tx.ExecContext(ctx, endStudy, study.ID))
	})
	if err != nil {
		return neckfrac.Assessment{}, err
	}
	return stored, nil
}

// insertAssessment names and stores a with its artefacts and returns what a reader
// will get.
func (d *DB) insertAssessment(ctx context.Context, tx *sql.Tx, a neckfrac.Assessment) (neckfrac.Assessment, error) {
	if a.ID == "" {
		a.ID = neckfrac.AssessmentID(d.newID())
	}
	a.Artefacts = append([]neckfrac.Artefact(nil), a.Artefacts...)
	for i := range a.Artefacts {
		if a.Artefacts[i].ID == "" {
			a.Artefacts[i].ID = neckfrac.ArtefactID(d.newID())
		}
	}
	doc, err := encode(a)
	if err != nil {
		return a, err
	}
	if _, err := tx.ExecContext(ctx, insertAssessment, a.ID, a.StudyID, a.Revision, a.Status, a.Reason, a.Presence.String(),
		micros(a.Created), a.Pack.Digest, doc); err != nil {
		return a, err
	}
	for _, art := range a.Artefacts {
		doc, err := encode(art)
		if err != nil {
			return a, err
		}
		if _, err := tx.ExecContext(ctx, insertArtefact, art.ID, a.StudyID, a.ID, art.Blob.Digest, art.Blob.Size, doc); err != nil {
			return a, err
		}
	}
	return decode[neckfrac.Assessment](doc)
}

func (d *DB) insertDelivery(ctx context.Context, tx *sql.Tx, a neckfrac.Assessment, r neckfrac.Delivery) error {
	if r.Key == "" || r.Kind == "" || r.StudyID != "" && r.StudyID != a.StudyID || r.AssessmentID != "" && r.AssessmentID != a.ID {
		return neckfrac.Errorf(neckfrac.Invalid, "finish", "delivery without key or kind, or of another result")
	}
	if r.ID == "" {
		r.ID = neckfrac.DeliveryID(d.newID())
	}
	if r.Next.IsZero() {
		r.Next = d.now()
	}
	_, err := tx.ExecContext(ctx, insertDelivery, r.ID, r.Key, r.Kind, r.Destination, a.StudyID, a.ID, micros(r.Next))
	return err
}

// encode makes the document of a value; one that has none (NaN) is Invalid.
func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", neckfrac.Wrap(neckfrac.Invalid, "encode document", err)
	}
	return string(b), nil
}

func decode[T any](doc string) (v T, err error) {
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		return v, neckfrac.Wrap(neckfrac.Internal, "decode document", err)
	}
	return v, nil
}
