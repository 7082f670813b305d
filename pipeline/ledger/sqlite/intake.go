package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/neckfrac/neckfrac"
)

// Receive implements neckfrac.Intake. Concurrent calls share a transaction (group.go).
func (d *DB) Receive(ctx context.Context, a neckfrac.Arrival) (neckfrac.Receipt, error) {
	const op = "receive"
	if a.Study.UID == "" || a.Series.UID == "" || a.Instance.UID == "" || a.Instance.Blob.Digest == "" || a.Instance.Received.IsZero() {
		return neckfrac.Receipt{}, neckfrac.Errorf(neckfrac.Invalid, op, "a name, a digest or the time of receipt is missing")
	}
	if err := checkRejection(a); err != nil {
		return neckfrac.Receipt{}, err
	}
	if d.bad.Load() {
		return neckfrac.Receipt{}, closedForWriting(op)
	}
	r, clash, err := d.record(ctx, a)
	if err != nil {
		return neckfrac.Receipt{}, d.fail(op, err)
	}
	if clash != 0 {
		// Committed all the same: the study's mark has to survive the refusal.
		return neckfrac.Receipt{}, neckfrac.Wrap(neckfrac.Conflict, op, &neckfrac.ConflictError{Part: clash})
	}
	return r, nil
}

const (
	selectStudyByUID = `
		SELECT id, patient_issuer, patient_id, conflict, state FROM study WHERE uid = ?`
	selectInstance = `
		SELECT i.number, i.series_uid, i.digest, s.id, s.uid
		FROM instance i JOIN study s ON s.id = i.study_id WHERE i.uid = ?`
	insertStudy = `
		INSERT INTO study (id, uid, patient_issuer, patient_id, patient_name, birth_date, sex, age_years,
			accession, accession_issuer, started, description, from_aet, state, last_received)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'receiving', ?)`
	// touchStudy takes the newest receipt and fills in facts that were missing.
	touchStudy = `
		UPDATE study SET
			last_received = max(last_received, ?),
			patient_name = CASE patient_name WHEN '' THEN ? ELSE patient_name END,
			birth_date = CASE birth_date WHEN '' THEN ? ELSE birth_date END,
			sex = CASE sex WHEN '' THEN ? ELSE sex END,
			age_years = CASE WHEN age_years < 0 THEN ? ELSE age_years END,
			accession = CASE accession WHEN '' THEN ? ELSE accession END,
			accession_issuer = CASE accession_issuer WHEN '' THEN ? ELSE accession_issuer END,
			started = coalesce(started, ?),
			description = CASE description WHEN '' THEN ? ELSE description END,
			from_aet = CASE from_aet WHEN '' THEN ? ELSE from_aet END
		WHERE id = ?`
	insertSeries = `
		INSERT INTO series (study_id, uid, modality, number, description) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (study_id, uid) DO NOTHING`
	insertInstance = `
		INSERT INTO instance (uid, study_id, series_uid, sop_class, transfer_syntax, instance_number, digest, size, received, kind, placement)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number`
	insertVersion = `
		INSERT INTO instance_version (instance_number, digest, size, received) VALUES (?, ?, ?, ?)
		ON CONFLICT (instance_number, digest) DO NOTHING`
)

// hotStatements run for every arrival; preparing them anew would cost as much as the rows.
var hotStatements = []string{selectStudyByUID, selectInstance, touchStudy, insertSeries, insertInstance}

// hot is a statement of hotStatements in a transaction of the writer.
func (d *DB) hot(ctx context.Context, tx *sql.Tx, query string) *sql.Stmt {
	return tx.StmtContext(ctx, d.prepared[query])
}

func (d *DB) receive(ctx context.Context, tx *sql.Tx, a neckfrac.Arrival) (r neckfrac.Receipt, clash neckfrac.ConflictPart, err error) {
	var (
		id       neckfrac.StudyID
		key      neckfrac.PatientKey
		conflict bool
		state    neckfrac.StudyState
	)
	err = d.hot(ctx, tx, selectStudyByUID).QueryRowContext(ctx, a.Study.UID).Scan(&id, &key.Issuer, &key.ID, &conflict, &state)
	known := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return r, 0, err
	}
	image := a.Instance.Kind == neckfrac.ImageInstance
	if known && key != a.Study.Patient.Key {
		if image && !conflict {
			err = markConflict(ctx, tx, id)
		}
		return r, neckfrac.ConflictPatient, err
	}
	r, clash, err = d.again(ctx, tx, a)
	if clash != 0 || !errors.Is(err, sql.ErrNoRows) {
		return r, clash, err
	}
	if !known {
		id, state = neckfrac.StudyID(d.newID()), neckfrac.StudyReceiving
		err = newStudy(ctx, tx, id, a)
	} else {
		err = d.touch(ctx, tx, id, a)
	}
	if err != nil {
		return r, 0, err
	}
	if image && state != neckfrac.StudyReceiving {
		if err := reopen(ctx, tx, id); err != nil {
			return r, 0, err
		}
	}
	place, err := placementText(a.Placement)
	if err != nil {
		return r, 0, err
	}
	s, in := a.Series, a.Instance
	if _, err := d.hot(ctx, tx, insertSeries).ExecContext(ctx, id, s.UID, s.Modality, s.Number, s.Description); err != nil {
		return r, 0, err
	}
	r = neckfrac.Receipt{StudyID: id}
	err = d.hot(ctx, tx, insertInstance).QueryRowContext(ctx, in.UID, id, s.UID, in.SOPClassUID, in.TransferSyntaxUID, in.Number,
		in.Blob.Digest, in.Blob.Size, micros(in.Received), in.Kind.String(), place).Scan(&r.Sequence)
	if err == nil && a.Rejection != nil {
		err = reject(ctx, tx, id, state, r.Sequence, *a.Rejection)
	}
	return r, 0, err
}

// again answers an instance that is already there; sql.ErrNoRows means that it is not.
func (d *DB) again(ctx context.Context, tx *sql.Tx, a neckfrac.Arrival) (r neckfrac.Receipt, clash neckfrac.ConflictPart, err error) {
	var (
		series neckfrac.SeriesUID
		study  neckfrac.StudyUID
		digest string
	)
	err = d.hot(ctx, tx, selectInstance).QueryRowContext(ctx, a.Instance.UID).Scan(&r.Sequence, &series, &digest, &r.StudyID, &study)
	if err != nil {
		return neckfrac.Receipt{}, 0, err
	}
	if study != a.Study.UID || series != a.Series.UID {
		return neckfrac.Receipt{}, neckfrac.ConflictSeries, nil
	}
	if digest == a.Instance.Blob.Digest {
		r.Duplicate = true
		return r, 0, nil
	}
	r.Version = true
	res, err := tx.ExecContext(ctx, insertVersion, r.Sequence, a.Instance.Blob.Digest, a.Instance.Blob.Size, micros(a.Instance.Received))
	if err != nil {
		return r, 0, err
	}
	n, err := res.RowsAffected()
	r.Duplicate = n == 0
	return r, 0, err
}

func newStudy(ctx context.Context, tx *sql.Tx, id neckfrac.StudyID, a neckfrac.Arrival) error {
	s, p := a.Study, a.Study.Patient
	_, err := tx.ExecContext(ctx, insertStudy, id, s.UID, p.Key.Issuer, p.Key.ID, p.Name, p.BirthDate, p.Sex, p.AgeYears,
		s.Accession, s.AccessionIssuer, maybeMicros(s.Started), s.Description, s.From, imageReceipt(a))
	return err
}

// imageReceipt is what an arrival makes of its study's last_received: only an image is
// news.
func imageReceipt(a neckfrac.Arrival) int64 {
	if a.Instance.Kind != neckfrac.ImageInstance {
		return 0
	}
	return micros(a.Instance.Received)
}

func (d *DB) touch(ctx context.Context, tx *sql.Tx, id neckfrac.StudyID, a neckfrac.Arrival) error {
	s, p := a.Study, a.Study.Patient
	return one(d.hot(ctx, tx, touchStudy).ExecContext(ctx, imageReceipt(a), p.Name, p.BirthDate, p.Sex, p.AgeYears,
		s.Accession, s.AccessionIssuer, maybeMicros(s.Started), s.Description, s.From, id))
}
