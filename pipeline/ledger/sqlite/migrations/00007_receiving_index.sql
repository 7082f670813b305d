-- +goose Up

-- Every arrival moves last_received: an index of the few studies that still receive must
-- not hold it, or each instance writes one more page.
DROP INDEX study_quiet;
CREATE INDEX study_receiving ON study (id) WHERE state = 'receiving';
