-- Times are BIGINT microseconds since 1970-01-01 UTC. Flags are SMALLINT 0 or 1.
-- The "number" columns give the ledger's own order, since no clock decides one;
-- in PostgreSQL they are BIGINT GENERATED ALWAYS AS IDENTITY.

-- +goose Up
CREATE TABLE study (
    id               TEXT     NOT NULL PRIMARY KEY,
    uid              TEXT     NOT NULL UNIQUE,
    patient_issuer   TEXT     NOT NULL,
    patient_id       TEXT     NOT NULL,
    patient_name     TEXT     NOT NULL,
    birth_date       TEXT     NOT NULL,
    sex              TEXT     NOT NULL,
    age_years        INTEGER  NOT NULL,
    accession        TEXT     NOT NULL,
    accession_issuer TEXT     NOT NULL,
    started          BIGINT,
    description      TEXT     NOT NULL,
    from_aet         TEXT     NOT NULL,
    state            TEXT     NOT NULL CHECK (state IN ('receiving', 'queued', 'assessed')),
    last_received    BIGINT   NOT NULL,
    -- conflict: instances of another person claimed this study.
    conflict         SMALLINT NOT NULL DEFAULT 0 CHECK (conflict IN (0, 1)),
    -- pending: something arrived since the running job's lease.
    pending          SMALLINT NOT NULL DEFAULT 0 CHECK (pending IN (0, 1))
);
CREATE INDEX study_patient ON study (patient_issuer, patient_id);
CREATE INDEX study_accession ON study (accession);
CREATE INDEX study_received ON study (last_received DESC, id);
CREATE INDEX study_quiet ON study (last_received) WHERE state = 'receiving';

CREATE TABLE series (
    study_id    TEXT    NOT NULL REFERENCES study (id),
    uid         TEXT    NOT NULL,
    modality    TEXT    NOT NULL,
    number      INTEGER NOT NULL,
    description TEXT    NOT NULL,
    PRIMARY KEY (study_id, uid)
);

CREATE TABLE instance (
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    uid             TEXT    NOT NULL UNIQUE,
    study_id        TEXT    NOT NULL,
    series_uid      TEXT    NOT NULL,
    sop_class       TEXT    NOT NULL,
    transfer_syntax TEXT    NOT NULL,
    instance_number INTEGER NOT NULL,
    digest          TEXT    NOT NULL,
    size            BIGINT  NOT NULL,
    received        BIGINT  NOT NULL,
    FOREIGN KEY (study_id, series_uid) REFERENCES series (study_id, uid)
);
CREATE INDEX instance_series ON instance (study_id, series_uid);

-- Other bytes that came under a known SOP Instance UID: kept, never used.
CREATE TABLE instance_version (
    instance_number INTEGER NOT NULL REFERENCES instance (number),
    digest          TEXT    NOT NULL,
    size            BIGINT  NOT NULL,
    received        BIGINT  NOT NULL,
    PRIMARY KEY (instance_number, digest)
);

CREATE TABLE job (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT     NOT NULL UNIQUE,
    study_id TEXT     NOT NULL REFERENCES study (id),
    priority TEXT     NOT NULL,
    priority_rank SMALLINT NOT NULL,
    state    TEXT     NOT NULL CHECK (state IN ('waiting', 'ready', 'running', 'assessed', 'failed', 'cancelled')),
    crashes  INTEGER  NOT NULL DEFAULT 0,
    ready    BIGINT   NOT NULL,
    t0       BIGINT   NOT NULL,
    worker   TEXT     NOT NULL DEFAULT '',
    fence    BIGINT   NOT NULL DEFAULT 0,
    deadline BIGINT   NOT NULL DEFAULT 0
);
-- One analysis of a study at a time, whatever the code above does.
CREATE UNIQUE INDEX job_open ON job (study_id) WHERE state IN ('waiting', 'ready', 'running');
CREATE INDEX job_study ON job (study_id, number);
CREATE INDEX job_runnable ON job (priority_rank DESC, ready, number) WHERE state IN ('ready', 'running');

CREATE TABLE assessment (
    id          TEXT    NOT NULL PRIMARY KEY,
    study_id    TEXT    NOT NULL REFERENCES study (id),
    revision    INTEGER NOT NULL,
    status      TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    presence    TEXT    NOT NULL,
    created     BIGINT  NOT NULL,
    pack_digest TEXT    NOT NULL,
    document    TEXT    NOT NULL,
    UNIQUE (study_id, revision)
);

CREATE TABLE artefact (
    id            TEXT   NOT NULL PRIMARY KEY,
    study_id      TEXT   NOT NULL REFERENCES study (id),
    assessment_id TEXT   NOT NULL REFERENCES assessment (id),
    digest        TEXT   NOT NULL,
    size          BIGINT NOT NULL,
    document      TEXT   NOT NULL
);
CREATE INDEX artefact_assessment ON artefact (assessment_id);

CREATE TABLE delivery (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT    NOT NULL UNIQUE,
    key           TEXT    NOT NULL UNIQUE,
    kind          TEXT    NOT NULL,
    destination   TEXT    NOT NULL,
    study_id      TEXT    NOT NULL REFERENCES study (id),
    assessment_id TEXT    NOT NULL REFERENCES assessment (id),
    attempt       INTEGER NOT NULL DEFAULT 0,
    next          BIGINT  NOT NULL,
    leased        BIGINT  NOT NULL DEFAULT 0,
    delivered     BIGINT,
    -- failure: the error kind of the last attempt, for the operator.
    failure       TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX delivery_due ON delivery (next, number) WHERE delivered IS NULL;

CREATE TABLE patient_reference (
    patient_issuer TEXT NOT NULL,
    patient_id     TEXT NOT NULL,
    server         TEXT NOT NULL,
    fhir_id        TEXT NOT NULL,
    PRIMARY KEY (patient_issuer, patient_id, server)
);

CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at     BIGINT NOT NULL,
    actor  TEXT   NOT NULL,
    action TEXT   NOT NULL,
    object TEXT   NOT NULL,
    detail TEXT   NOT NULL
);
-- +goose StatementBegin
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit is append-only');
END;
-- +goose StatementEnd
