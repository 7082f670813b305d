package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"github.com/neckfrac/neckfrac"
)

const (
	selectRecords = `
		SELECT s.id, s.uid, s.patient_issuer, s.patient_id, s.patient_name, s.birth_date, s.sex, s.age_years,
			s.accession, s.accession_issuer, s.started, s.description, s.from_aet, s.state, s.last_received, s.conflict,
			coalesce((SELECT j.state FROM job j WHERE j.study_id = s.id ORDER BY j.number DESC LIMIT 1), ''),
			(SELECT a.document FROM assessment a WHERE a.study_id = s.id ORDER BY a.revision DESC LIMIT 1)
		FROM study s`
	selectSeries = `
		SELECT e.study_id, e.uid, e.modality, e.number, e.description,
			(SELECT count(*) FROM instance i WHERE i.study_id = e.study_id AND i.series_uid = e.uid)
		FROM series e WHERE e.study_id IN (SELECT value FROM json_each(?))
		ORDER BY e.number, e.uid`
)

// Record implements neckfrac.Records.
func (d *DB) Record(ctx context.Context, id neckfrac.StudyID) (r neckfrac.Record, err error) {
	const op = "record"
	err = d.read(ctx, op, func(tx *sql.Tx) error {
		rs, err := records(ctx, tx, selectRecords+` WHERE s.id = ?`, id)
		if err != nil {
			return err
		}
		if len(rs) == 0 {
			return notFound(op)
		}
		r = rs[0]
		return nil
	})
	return r, err
}

// Find implements neckfrac.Records.
func (d *DB) Find(ctx context.Context, q neckfrac.StudyQuery) (out []neckfrac.Record, err error) {
	const op = "find"
	if q.Limit < 0 || q.Offset < 0 {
		return nil, neckfrac.Errorf(neckfrac.Invalid, op, "negative page")
	}
	if len(q.Patients) > MaxPatients || len(q.UIDs) > MaxPatients || len(q.Modalities) > MaxPatients {
		return nil, neckfrac.Errorf(neckfrac.Limit, op, "more than %d persons, studies or modalities", MaxPatients)
	}
	if q.Limit == 0 || q.Limit > MaxFind {
		q.Limit = MaxFind
	}
	where, args := conditions(q)
	args = append(args, q.Limit, q.Offset)
	err = d.read(ctx, op, func(tx *sql.Tx) (err error) {
		out, err = records(ctx, tx, selectRecords+where+` ORDER BY s.last_received DESC, s.id LIMIT ? OFFSET ?`, args...)
		return err
	})
	return out, err
}

func conditions(q neckfrac.StudyQuery) (where string, args []any) {
	where = ` WHERE 1 = 1`
	add := func(condition string, arg ...any) {
		where += ` AND ` + condition
		args = append(args, arg...)
	}
	if q.UID != "" {
		add(`s.uid = ?`, q.UID)
	}
	if q.UIDs != nil {
		add(`s.uid IN (SELECT value FROM json_each(?))`, list(q.UIDs))
	}
	if q.Accession != "" {
		add(`s.accession = ?`, q.Accession)
	}
	if q.Instance != "" {
		add(`s.id IN (SELECT i.study_id FROM instance i WHERE i.uid = ?)`, q.Instance)
	}
	if q.Series != "" {
		add(`EXISTS (SELECT 1 FROM series e WHERE e.study_id = s.id AND e.uid = ?)`, q.Series)
	}
	if len(q.Modalities) > 0 {
		add(`EXISTS (SELECT 1 FROM series e WHERE e.study_id = s.id AND e.modality IN (SELECT value FROM json_each(?)))`, list(q.Modalities))
	}
	if q.PatientIssuer != "" {
		add(`s.patient_issuer = ?`, q.PatientIssuer)
	}
	if q.PatientID != "" {
		add(`s.patient_id GLOB ?`, glob(q.PatientID))
	}
	if q.PatientName != "" {
		add(`lower(s.patient_name) GLOB lower(?)`, glob(q.PatientName))
	}
	if q.Accessions != "" {
		add(`s.accession GLOB ?`, glob(q.Accessions))
	}
	if !q.StartedFrom.IsZero() {
		add(`s.started >= ?`, micros(q.StartedFrom))
	}
	if !q.StartedBefore.IsZero() {
		add(`s.started < ?`, micros(q.StartedBefore))
	}
	if q.Patients == nil {
		return where, args
	}
	var pairs []string
	for _, k := range q.Patients {
		if k.Certain() {
			pairs = append(pairs, `(?, ?)`)
			args = append(args, k.Issuer, k.ID)
		}
	}
	if len(pairs) == 0 {
		return where + ` AND 1 = 0`, args
	}
	return where + ` AND (s.patient_issuer, s.patient_id) IN (VALUES ` + strings.Join(pairs, `, `) + `)`, args
}

// glob is the pattern in SQLite's words: GLOB has the wildcards of DICOM, with the case,
// and sets in brackets besides.
func glob(p neckfrac.Pattern) string { return strings.ReplaceAll(string(p), `[`, `[[]`) }

// list is a JSON array for json_each; texts can't fail to encode.
func list[T ~string](values []T) string {
	b, err := json.Marshal(values)
	if err != nil {
		return `[]`
	}
	return string(b)
}

// records runs a query of selectRecords and adds the series.
func records(ctx context.Context, tx *sql.Tx, query string, args ...any) ([]neckfrac.Record, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	out, err := collect(rows, err, scanRecord)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	index, ids := map[neckfrac.StudyID]*neckfrac.Study{}, []neckfrac.StudyID{}
	for i := range out {
		ids = append(ids, out[i].Study.ID)
		index[out[i].Study.ID] = &out[i].Study
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err = tx.QueryContext(ctx, selectSeries, string(list))
	_, err = collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var id neckfrac.StudyID
		var s neckfrac.Series
		if err := r.Scan(&id, &s.UID, &s.Modality, &s.Number, &s.Description, &s.Count); err != nil {
			return none, err
		}
		index[id].Series = append(index[id].Series, s)
		return none, nil
	})
	return out, err
}

func scanRecord(rows *sql.Rows) (r neckfrac.Record, err error) {
	var (
		s        = &r.Study
		started  sql.NullInt64
		received int64
		doc      sql.NullString
	)
	err = rows.Scan(&s.ID, &s.UID, &s.Patient.Key.Issuer, &s.Patient.Key.ID, &s.Patient.Name, &s.Patient.BirthDate, &s.Patient.Sex, &s.Patient.AgeYears,
		&s.Accession, &s.AccessionIssuer, &started, &s.Description, &s.From, &s.State, &received, &s.Conflict, &r.Job, &doc)
	if err != nil {
		return r, err
	}
	if received > 0 {
		s.LastReceived = fromMicros(received)
	}
	if started.Valid {
		s.Started = fromMicros(started.Int64)
	}
	if doc.Valid {
		a, err := decode[neckfrac.Assessment](doc.String)
		if err != nil {
			return r, err
		}
		r.Latest = &a
	}
	return r, nil
}
