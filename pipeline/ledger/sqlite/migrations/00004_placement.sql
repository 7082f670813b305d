-- +goose Up

-- placement: JSON of neckfrac.Placement, '' where the header says nothing of a place.
ALTER TABLE instance ADD COLUMN placement TEXT NOT NULL DEFAULT '';

-- series: JSON array of the series that the job is limited to, with what came of them
-- until seen; '' and 0 are the whole study.
ALTER TABLE job ADD COLUMN series TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN seen BIGINT NOT NULL DEFAULT 0;
-- again: the study had a result when the job was made.
ALTER TABLE job ADD COLUMN again SMALLINT NOT NULL DEFAULT 0 CHECK (again IN (0, 1));
DROP INDEX job_runnable;
CREATE INDEX job_runnable ON job (priority_rank DESC, again, ready, number) WHERE state IN ('ready', 'running');

CREATE INDEX commitment_received ON commitment (received);
