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
	// selectStudyByUID also says, by bits in the order of facts, what the study lacks, and
	// whether a series is there.
	selectStudyByUID = `
		SELECT id, patient_issuer, patient_id, conflict, state,
			(patient_name = '') | (birth_date = '') << 1 | (sex = '') << 2 | (age_years < 0) << 3 | (accession = '') << 4
				| (accession_issuer = '') << 5 | (started IS NULL) << 6 | (description = '') << 7 | (from_aet = '') << 8,
			EXISTS (SELECT 1 FROM series WHERE study_id = study.id AND series.uid = ?)
		FROM study WHERE uid = ?`
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
	touchTime = `
		UPDATE study SET last_received = max(last_received, ?) WHERE id = ?`
	insertSeries = `
		INSERT INTO series (study_id, uid, modality, number, description) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (study_id, uid) DO NOTHING`
	insertInstance = `
		INSERT INTO instance (uid, study_id, series_uid, sop_class, transfer_syntax, instance_number, digest, size, received, kind, placement)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (uid) DO NOTHING RETURNING number`
	insertVersion = `
		INSERT INTO instance_version (instance_number, digest, size, received) VALUES (?, ?, ?, ?)
		ON CONFLICT (instance_number, digest) DO NOTHING`
)

// hotStatements run for every arrival; preparing them anew would cost as much as the rows.
var hotStatements = []string{selectStudyByUID, selectInstance, touchStudy, touchTime, insertSeries, insertInstance, savepoint, release}

// hot is a statement of hotStatements in a transaction of the writer.
func (d *DB) hot(ctx context.Context, tx *sql.Tx, query string) *sql.Stmt {
	return tx.StmtContext(ctx, d.prepared[query])
}

// filed is what the ledger has of an arrival's study.
type filed struct {
	id       neckfrac.StudyID
	key      neckfrac.PatientKey
	conflict bool
	state    neckfrac.StudyState
	lacks    int  // facts, by their bits
	series   bool // the arrival's series is there
}

func (d *DB) receive(ctx context.Context, tx *sql.Tx, a neckfrac.Arrival) (r neckfrac.Receipt, clash neckfrac.ConflictPart, err error) {
	var s filed
	err = d.hot(ctx, tx, selectStudyByUID).QueryRowContext(ctx, a.Series.UID, a.Study.UID).
		Scan(&s.id, &s.key.Issuer, &s.key.ID, &s.conflict, &s.state, &s.lacks, &s.series)
	known := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return r, 0, err
	}
	image := a.Instance.Kind == neckfrac.ImageInstance
	if known && s.key != a.Study.Patient.Key {
		if image && !s.conflict {
			err = markConflict(ctx, tx, s.id)
		}
		return r, neckfrac.ConflictPatient, err
	}
	if !s.series {
		// An instance that is filed elsewhere must not leave a series behind.
		if r, clash, err = d.again(ctx, tx, a); !errors.Is(err, sql.ErrNoRows) {
			return r, clash, err
		}
	}
	if !known {
		s.id, s.state = neckfrac.StudyID(d.newID()), neckfrac.StudyReceiving
		if err := newStudy(ctx, tx, s.id, a); err != nil {
			return r, 0, err
		}
	}
	switch r, err = d.file(ctx, tx, s, a); {
	case errors.Is(err, sql.ErrNoRows):
		return d.again(ctx, tx, a)
	case err != nil:
		return r, 0, err
	}
	if known {
		err = d.touch(ctx, tx, s, a)
	}
	if err == nil && image && s.state != neckfrac.StudyReceiving {
		err = reopen(ctx, tx, s.id)
	}
	if err == nil && a.Rejection != nil {
		err = reject(ctx, tx, s.id, s.state, r.Sequence, *a.Rejection)
	}
	return r, 0, err
}

// file inserts the instance; sql.ErrNoRows means that its name is taken.
func (d *DB) file(ctx context.Context, tx *sql.Tx, of filed, a neckfrac.Arrival) (neckfrac.Receipt, error) {
	place, err := placementText(a.Placement)
	if err != nil {
		return neckfrac.Receipt{}, err
	}
	s, in := a.Series, a.Instance
	if !of.series {
		if _, err := d.hot(ctx, tx, insertSeries).ExecContext(ctx, of.id, s.UID, s.Modality, s.Number, s.Description); err != nil {
			return neckfrac.Receipt{}, err
		}
	}
	r := neckfrac.Receipt{StudyID: of.id}
	err = d.hot(ctx, tx, insertInstance).QueryRowContext(ctx, in.UID, of.id, s.UID, in.SOPClassUID, in.TransferSyntaxUID, in.Number,
		in.Blob.Digest, in.Blob.Size, micros(in.Received), in.Kind.String(), place).Scan(&r.Sequence)
	return r, err
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

// facts are the bits of selectStudyByUID that an arrival could fill.
func facts(s neckfrac.Study) (bits int) {
	p := s.Patient
	for i, has := range [...]bool{p.Name != "", p.BirthDate != "", p.Sex != "", p.AgeYears >= 0, s.Accession != "",
		s.AccessionIssuer != "", !s.Started.IsZero(), s.Description != "", s.From != ""} {
		if has {
			bits |= 1 << i
		}
	}
	return bits
}

// touch gives the study what the arrival has and it lacks: for most arrivals a time alone.
func (d *DB) touch(ctx context.Context, tx *sql.Tx, of filed, a neckfrac.Arrival) error {
	s, p, at := a.Study, a.Study.Patient, imageReceipt(a)
	if of.lacks&facts(s) != 0 {
		return one(d.hot(ctx, tx, touchStudy).ExecContext(ctx, at, p.Name, p.BirthDate, p.Sex, p.AgeYears,
			s.Accession, s.AccessionIssuer, maybeMicros(s.Started), s.Description, s.From, of.id))
	}
	if at == 0 {
		return nil
	}
	return one(d.hot(ctx, tx, touchTime).ExecContext(ctx, at, of.id))
}
