-- +goose Up

-- asked: when the transaction was last asked for. ended: when it was reported, or given
-- up where state says less than that; NULL is open.
ALTER TABLE commitment ADD COLUMN asked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE commitment ADD COLUMN ended BIGINT;
UPDATE commitment SET asked = received;
UPDATE commitment SET ended = max(received, next) WHERE state = 'reported';
DROP INDEX commitment_due;
CREATE INDEX commitment_due ON commitment (next, number) WHERE ended IS NULL;
CREATE INDEX commitment_open ON commitment (peer) WHERE ended IS NULL;
CREATE INDEX commitment_ended ON commitment (ended) WHERE ended IS NOT NULL;

-- expired: its age ended it.
ALTER TABLE retrieval ADD COLUMN expired SMALLINT NOT NULL DEFAULT 0 CHECK (expired IN (0, 1));
CREATE INDEX retrieval_open ON retrieval (notifier) WHERE state = 'waiting';
CREATE INDEX retrieval_ended ON retrieval (ended) WHERE ended IS NOT NULL;

-- failed: the source said that it could not send the instance, which did not come.
ALTER TABLE retrieval_instance ADD COLUMN failed SMALLINT NOT NULL DEFAULT 0 CHECK (failed IN (0, 1));
