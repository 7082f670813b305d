-- +goose Up

-- basis: neckfrac.Basis, why this much was taken as complete; '' is not known.
ALTER TABLE job ADD COLUMN basis TEXT NOT NULL DEFAULT '';
