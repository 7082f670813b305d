-- +goose Up

-- How the last service stopped, in the one row; see neckfrac.StopMarks.
CREATE TABLE stop_mark (
    number INTEGER PRIMARY KEY CHECK (number = 1),
    mark   TEXT    NOT NULL
);
INSERT INTO stop_mark (number, mark) VALUES (1, '');

-- Blobs without a row that a lost ledger may have acknowledged, and since when.
CREATE TABLE kept_blob (
    digest TEXT   NOT NULL PRIMARY KEY,
    size   BIGINT NOT NULL,
    since  BIGINT NOT NULL
);
