package neckfrac

import (
	"context"
	"time"
)

// Receipt is Intake's answer to one instance.
type Receipt struct {
	StudyID  StudyID
	Sequence int64
	// Duplicate means that the same bytes were already there: nothing was changed.
	Duplicate bool
	// Version means that the instance existed with other bytes: the first stays in
	// use, the new bytes are kept beside it and the operator is told.
	Version bool
}

// Intake is the ledger as the receiver sees it.
type Intake interface {
	// Receive records one instance in one transaction that is durable when it
	// returns. A study or instance that belongs to another person or place is
	// Conflict (a *ConflictError tells which); an image of another person marks the
	// study. Only an ImageInstance, and a mistaken Rejection of one, move a study.
	Receive(ctx context.Context, a Arrival) (Receipt, error)
	// Quiet lists studies in StudyReceiving whose newest instance is not younger
	// than before.
	Quiet(ctx context.Context, before time.Time, n int) ([]StudyID, error)
	// Settle makes a ready Job for a study that received nothing since seen, moves the
	// study to StudyQueued, both in one transaction; a newer instance is Conflict. A
	// job of the study that has not started is reused and takes the new basis.
	Settle(ctx context.Context, id StudyID, seen time.Time, by Basis, p Priority, now time.Time) (Job, error)
	// Receiving lists up to n studies in StudyReceiving that have an image, the one that
	// has been quiet longest first.
	Receiving(ctx context.Context, n int) ([]Progress, error)
	// Placements lists the analysable images of a series, in order of receipt.
	Placements(ctx context.Context, id StudyID, series SeriesUID) ([]Placed, error)
	// SettlePart is Settle for a part of a study that still receives. What arrives before
	// the job starts does not send it back to waiting, and is not part of it.
	SettlePart(ctx context.Context, id StudyID, part Snapshot, by Basis, p Priority, now time.Time) (Job, error)
}

// ConflictPart says what an arriving instance contradicts.
type ConflictPart uint8

const (
	// ConflictPatient: the study is known under another person.
	ConflictPatient ConflictPart = 1 + iota
	// ConflictSeries: the instance is known in another series or study.
	ConflictSeries
)

// ConflictError is the cause inside a Conflict of Intake.Receive.
type ConflictError struct{ Part ConflictPart }

// Error names the contradiction without any identifier.
func (e *ConflictError) Error() string {
	if e.Part == ConflictPatient {
		return "study known under another patient"
	}
	return "instance known in another series"
}

// StudyQuery selects studies, newest receipt first. Zero fields select all.
type StudyQuery struct {
	UID       StudyUID
	Accession AccessionNumber
	// Patients limits the answer to these persons; nil is no limit, empty is nobody.
	Patients []PatientKey
	// UIDs limits the answer to these studies; nil is no limit, empty is none.
	UIDs []StudyUID
	// Series and Instance select the study that holds them.
	Series   SeriesUID
	Instance InstanceUID
	// PatientID, PatientIssuer and Accessions match with their case, PatientName
	// without. They narrow a list for people; only Patients names a person (W16).
	PatientID     Pattern
	PatientIssuer string
	PatientName   Pattern
	Accessions    Pattern
	// StartedFrom and StartedBefore bound Study.Started; a study without it matches
	// neither.
	StartedFrom   time.Time
	StartedBefore time.Time
	// Modalities selects studies with a series of one of them.
	Modalities []string
	Limit      int
	Offset     int
}

// Record is a study with its latest result.
type Record struct {
	// Study has its series with counts, without instances.
	Study Study
	// Latest is nil while no assessment exists.
	Latest *Assessment
	// Job is the newest job's state, "" before the study settles.
	Job JobState
}

// Records is the ledger as readers see it.
type Records interface {
	// Record returns a study with its latest assessment; unknown is NotFound.
	Record(ctx context.Context, id StudyID) (Record, error)
	// Find lists records by query.
	Find(ctx context.Context, q StudyQuery) ([]Record, error)
	// Instances returns the study's series with their instances by number.
	Instances(ctx context.Context, id StudyID) ([]Series, error)
	// Revisions lists a study's assessments, oldest first.
	Revisions(ctx context.Context, id StudyID) ([]Assessment, error)
	// Artefact returns an artefact and the study it belongs to.
	Artefact(ctx context.Context, id ArtefactID) (Artefact, StudyID, error)
	// References calls fn for every blob that a row refers to, until fn fails.
	References(ctx context.Context, fn func(BlobRef) error) error
}

// Identities is the ledger as the patient resolver sees it.
type Identities interface {
	// Live returns which of the keys name a person with studies here.
	Live(ctx context.Context, keys []PatientKey) ([]PatientKey, error)
	// Learn binds a person to a Patient resource of a FHIR server.
	Learn(ctx context.Context, k PatientKey, server, patientID string) error
	// Reference returns the Patient id learnt for a person on a server, or NotFound.
	Reference(ctx context.Context, k PatientKey, server string) (string, error)
}

// AuditEvent is one line of the audit log. It names who and what, by opaque ids.
type AuditEvent struct {
	At     time.Time
	Actor  string
	Action string
	// Object is an opaque id or a configuration key; Detail a fixed phrase or a reason
	// that a named person gave.
	Object string
	Detail string
}

// Audit appends to the log that can't be changed from outside.
type Audit interface {
	Append(ctx context.Context, e AuditEvent) error
}
