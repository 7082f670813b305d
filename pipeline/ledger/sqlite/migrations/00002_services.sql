-- +goose Up

-- kind: what the instance may do to its study (neckfrac.InstanceKind). A study's
-- last_received is that of its newest image, 0 while it has none.
ALTER TABLE instance ADD COLUMN kind TEXT NOT NULL DEFAULT 'image' CHECK (kind IN ('image', 'object', 'echo', 'rejection'));
-- committed_until: we promised to keep the instance until then; 0 is no promise.
ALTER TABLE instance ADD COLUMN committed_until BIGINT NOT NULL DEFAULT 0;

-- What rejection notes took back, also before the instance came: hence no reference.
CREATE TABLE withdrawal (
    study_id     TEXT    NOT NULL REFERENCES study (id),
    instance_uid TEXT    NOT NULL,
    code         TEXT    NOT NULL,
    -- note: the instance that is the rejection note.
    note         INTEGER NOT NULL REFERENCES instance (number),
    PRIMARY KEY (study_id, instance_uid)
);
CREATE INDEX withdrawal_note ON withdrawal (note);

-- A storage commitment transaction that a peer was told we took.
CREATE TABLE commitment (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT     NOT NULL UNIQUE,
    peer        TEXT     NOT NULL,
    transaction_uid TEXT NOT NULL,
    state       TEXT     NOT NULL CHECK (state IN ('requested', 'decided', 'reported')),
    received    BIGINT   NOT NULL,
    attempt     INTEGER  NOT NULL DEFAULT 0,
    next        BIGINT   NOT NULL,
    leased      BIGINT   NOT NULL DEFAULT 0,
    -- failure: the error kind of the last attempt, for the operator.
    failure     TEXT     NOT NULL DEFAULT '',
    UNIQUE (peer, transaction_uid)
);
CREATE INDEX commitment_due ON commitment (next, number) WHERE state <> 'reported';

CREATE TABLE commitment_instance (
    commitment_id TEXT    NOT NULL REFERENCES commitment (id),
    position      INTEGER NOT NULL,
    sop_class     TEXT    NOT NULL,
    instance_uid  TEXT    NOT NULL,
    -- reason: the failure of PS3.4 J.3.3, 0 is committed; no meaning before 'decided'.
    reason        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (commitment_id, position)
);
