-- +goose Up

-- What a notification said a configured source has for us, durable before it is answered.
CREATE TABLE retrieval (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT    NOT NULL UNIQUE,
    source       TEXT    NOT NULL,
    -- notification: the SOP Instance UID of the notification.
    notification TEXT    NOT NULL,
    notifier     TEXT    NOT NULL,
    study_uid    TEXT    NOT NULL,
    -- expected: how many instances the notification names, at whatever source.
    expected     INTEGER NOT NULL,
    received     BIGINT  NOT NULL,
    state        TEXT    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'partial', 'failed')),
    -- failure: the error kind of the last attempt.
    failure      TEXT    NOT NULL DEFAULT '',
    missing      INTEGER NOT NULL DEFAULT 0,
    attempt      INTEGER NOT NULL DEFAULT 0,
    next         BIGINT  NOT NULL,
    leased       BIGINT  NOT NULL DEFAULT 0,
    ended        BIGINT,
    UNIQUE (source, notification)
);
CREATE INDEX retrieval_due ON retrieval (next, number) WHERE state = 'waiting';
CREATE INDEX retrieval_study ON retrieval (study_uid, number);

-- The instance need not be held yet: hence no reference.
CREATE TABLE retrieval_instance (
    retrieval_id TEXT    NOT NULL REFERENCES retrieval (id),
    position     INTEGER NOT NULL,
    series_uid   TEXT    NOT NULL,
    sop_class    TEXT    NOT NULL,
    instance_uid TEXT    NOT NULL,
    PRIMARY KEY (retrieval_id, position)
);
