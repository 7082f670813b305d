package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/neckfrac/neckfrac"
)

const selectLive = `
	SELECT EXISTS (SELECT 1 FROM study WHERE patient_issuer = ? AND patient_id = ? AND conflict = 0)`

// Live implements neckfrac.Identities.
func (d *DB) Live(ctx context.Context, keys []neckfrac.PatientKey) (out []neckfrac.PatientKey, err error) {
	const op = "live"
	if len(keys) > MaxPatients {
		return nil, neckfrac.Errorf(neckfrac.Limit, op, "more than %d persons", MaxPatients)
	}
	err = d.read(ctx, op, func(tx *sql.Tx) error {
		for _, k := range keys {
			if !k.Certain() || slices.Contains(out, k) {
				continue
			}
			var live bool
			if err := tx.QueryRowContext(ctx, selectLive, k.Issuer, k.ID).Scan(&live); err != nil {
				return err
			}
			if live {
				out = append(out, k)
			}
		}
		return nil
	})
	return out, err
}

const upsertReference = `
	INSERT INTO patient_reference (patient_issuer, patient_id, server, fhir_id) VALUES (?, ?, ?, ?)
	ON CONFLICT (patient_issuer, patient_id, server) DO UPDATE SET fhir_id = excluded.fhir_id`

// Learn implements neckfrac.Identities. The newest id wins.
func (d *DB) Learn(ctx context.Context, k neckfrac.PatientKey, server, patientID string) error {
	const op = "learn"
	if !k.Certain() || server == "" || patientID == "" {
		return neckfrac.Errorf(neckfrac.Invalid, op, "person, server or id is missing")
	}
	return d.write(ctx, op, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, upsertReference, k.Issuer, k.ID, server, patientID)
		return err
	})
}

const selectReference = `
	SELECT fhir_id FROM patient_reference WHERE patient_issuer = ? AND patient_id = ? AND server = ?`

// Reference implements neckfrac.Identities.
func (d *DB) Reference(ctx context.Context, k neckfrac.PatientKey, server string) (id string, err error) {
	const op = "reference"
	err = d.read(ctx, op, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, selectReference, k.Issuer, k.ID, server).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return notFound(op)
		}
		return err
	})
	return id, err
}

const insertAudit = `
	INSERT INTO audit (at, actor, action, object, detail) VALUES (?, ?, ?, ?, ?)`

// Append implements neckfrac.Audit. The table refuses changes and deletions.
func (d *DB) Append(ctx context.Context, e neckfrac.AuditEvent) error {
	const op = "append audit"
	if e.At.IsZero() || e.Actor == "" || e.Action == "" {
		return neckfrac.Errorf(neckfrac.Invalid, op, "time, actor or action is missing")
	}
	return d.write(ctx, op, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, insertAudit, micros(e.At), e.Actor, e.Action, e.Object, e.Detail)
		return err
	})
}
