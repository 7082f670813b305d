package chaos

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/blob/fsblob"
	"github.com/neckfrac/neckfrac/pipeline/ledger/sqlite"
)

// Report counts what a check found.
type Report struct {
	// Acknowledged is how many slices had a Success.
	Acknowledged int
	// Lost, Altered and Partial count broken promises: acknowledged and gone,
	// acknowledged and other bytes, a blob that is not what its name says.
	Lost, Altered, Partial int
	// WorkerFailed counts studies that ended without analysis because their runner or
	// worker was killed too often, which is a result.
	WorkerFailed int
	// Kept counts whole blobs without a row that the ledger lists as kept: what was on its
	// way when the service died.
	Kept int
	// Problems says each broken invariant in a sentence.
	Problems []string
}

// Add sums reports up.
func (r *Report) Add(o Report) {
	r.Acknowledged += o.Acknowledged
	r.Lost += o.Lost
	r.Altered += o.Altered
	r.Partial += o.Partial
	r.WorkerFailed += o.WorkerFailed
	r.Kept += o.Kept
	r.Problems = append(r.Problems, o.Problems...)
}

func (r *Report) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// Ending says how far the service had come when it ended.
type Ending struct {
	// Orderly wants no temporary file, and every blob without a row whole and on the
	// ledger's list of kept ones (I7, I9).
	Orderly bool
	// Settled wants a result of every study of which all slices are acknowledged (I4).
	Settled bool
}

// Check opens the data directory of a service that has ended and compares it with what
// its sender was told. An error means that it could not be read at all.
func Check(ctx context.Context, dir string, studies []Study, h History, e Ending) (r Report, err error) {
	if e.Orderly {
		r.noTemporaries(dir)
	}
	db, err := sqlite.Open(ctx, filepath.Join(dir, "ledger.db"), sqlite.Options{})
	if err != nil {
		return r, fmt.Errorf("check: %w", err)
	}
	defer db.Close()
	blobs, err := fsblob.Open(filepath.Join(dir, "blobs"), fsblob.Options{})
	if err != nil {
		return r, fmt.Errorf("check: %w", err)
	}
	defer blobs.Close()
	c := &checker{Report: &r, db: db, blobs: blobs, history: h}
	for _, s := range studies {
		if err := c.study(ctx, s, e.Settled); err != nil {
			return r, fmt.Errorf("check: study %d: %w", s.Index, err)
		}
	}
	return r, c.wholeBlobs(ctx, e.Orderly)
}

// noTemporaries is I9 where it is cheap.
func (r *Report) noTemporaries(dir string) {
	for _, scratch := range []string{"scratch", filepath.Join("blobs", "tmp")} {
		left, err := os.ReadDir(filepath.Join(dir, scratch))
		if err != nil || len(left) > 0 {
			r.problem("I9: %s: %d files left, %v", scratch, len(left), err)
		}
	}
}

type checker struct {
	*Report
	db      *sqlite.DB
	blobs   *fsblob.Store
	history History
}

// study compares the slices of one study (I1, I2, I3) and, where it is settled, its
// result (I4).
func (c *checker) study(ctx context.Context, s Study, settled bool) error {
	recs, err := c.db.Find(ctx, neckfrac.StudyQuery{UID: neckfrac.StudyUID(s.UID())})
	if err != nil {
		return err
	}
	if len(recs) > 1 {
		c.problem("I4: study %d: %d records", s.Index, len(recs))
	}
	found := map[string]neckfrac.BlobRef{}
	for _, rec := range recs {
		series, err := c.db.Instances(ctx, rec.Study.ID)
		if err != nil {
			return err
		}
		for _, se := range series {
			for _, i := range se.Instances {
				found[string(i.UID)] = i.Blob
			}
		}
	}
	acked := 0
	for k := range s.Slices {
		ref, there := found[s.Instance(k)]
		if c.slice(ctx, s, k, ref, there) {
			acked++
		}
		delete(found, s.Instance(k))
	}
	for uid := range found {
		c.problem("I3: %s: stored and never sent", uid)
	}
	if settled && acked == s.Slices && len(recs) == 1 {
		return c.result(ctx, s, recs[0])
	}
	return nil
}

// slice checks one instance and reports whether it was acknowledged.
func (c *checker) slice(ctx context.Context, s Study, k int, ref neckfrac.BlobRef, there bool) bool {
	key := Slice{s.Index, k}
	outcome, sent := c.history.Outcomes[key]
	if outcome == OK {
		c.Acknowledged++
	}
	switch {
	case !there && outcome == OK:
		c.Lost++
		c.problem("I1: %s: acknowledged and lost", s.Instance(k))
	case there && !sent:
		c.problem("I3: %s: stored and never sent", s.Instance(k))
	case there && outcome == Fail:
		c.problem("I2: %s: refused and stored", s.Instance(k))
	case there:
		sum, err := datasetSum(ctx, c.blobs, ref)
		if err == nil && sum == c.history.Sums[key] {
			break
		}
		switch {
		case outcome == OK && neckfrac.KindOf(err) == neckfrac.NotFound:
			c.Lost++
		case outcome == OK:
			c.Altered++
		default:
			c.Partial++
		}
		c.problem("I1, I3: %s: %s, and not stored as sent: %v", s.Instance(k), outcome, err)
	}
	return outcome == OK
}

// result wants one current result of all slices, or one that says why not.
func (c *checker) result(ctx context.Context, s Study, rec neckfrac.Record) error {
	a := rec.Latest
	switch {
	case a == nil || rec.Study.State != neckfrac.StudyAssessed:
		c.problem("I4: study %d: state %s, result %v", s.Index, rec.Study.State, a != nil)
	case a.Status == neckfrac.NotAnalysed && a.Reason == neckfrac.WorkerFailed:
		c.WorkerFailed++
	case a.Status == neckfrac.NotAnalysed && a.Reason == neckfrac.NoPack:
	case a.Status != neckfrac.Analysed || a.Slices != s.Slices:
		c.problem("I4: study %d: %s (%s) of %d slices", s.Index, a.Status, a.Reason, a.Slices)
	}
	revisions, err := c.db.Revisions(ctx, rec.Study.ID)
	if err != nil {
		return err
	}
	for i, a := range revisions {
		if a.Revision != i+1 {
			c.problem("I4: study %d: revision %d at place %d", s.Index, a.Revision, i+1)
		}
	}
	return nil
}

// datasetSum is the SHA-256 of the data set in a stored object.
func datasetSum(ctx context.Context, blobs *fsblob.Store, ref neckfrac.BlobRef) (sum Sum, err error) {
	f, err := blobs.Open(ctx, ref)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	_, r, err := dataset.ReadPart10(f, dataset.Limits{})
	if err != nil {
		return sum, err
	}
	if _, err := f.Seek(r.Offset(), io.SeekStart); err != nil {
		return sum, err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	return Sum(h.Sum(nil)), err
}

// wholeBlobs wants a blob for every row, a row or a place on the list of kept ones for
// every blob where the service ended in order, and every blob to have the bytes that its
// name promises (I7).
func (c *checker) wholeBlobs(ctx context.Context, orderly bool) error {
	rows := map[string]bool{}
	if err := c.db.References(ctx, func(r neckfrac.BlobRef) error { rows[r.Digest] = true; return nil }); err != nil {
		return fmt.Errorf("check: references: %w", err)
	}
	kept := map[string]bool{}
	if err := c.db.Kept(ctx, func(r neckfrac.BlobRef) error { kept[r.Digest] = true; return nil }); err != nil {
		return fmt.Errorf("check: kept: %w", err)
	}
	there := map[string]bool{}
	err := c.blobs.Walk(ctx, func(r neckfrac.BlobRef) error {
		there[r.Digest] = true
		whole, err := isWhole(ctx, c.blobs, r)
		if err != nil {
			return err
		}
		if !whole && (orderly || rows[r.Digest]) {
			c.Partial++
			c.problem("I7: blob %.12s: altered or partial", r.Digest)
		}
		switch {
		case rows[r.Digest]:
		case kept[r.Digest]:
			c.Kept++
		case orderly:
			c.problem("I7: blob %.12s: no row refers to it, and it is not kept", r.Digest)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("check: walk: %w", err)
	}
	for digest := range rows {
		if !there[digest] {
			c.problem("I7: blob %.12s: a row and no bytes", digest)
		}
	}
	return nil
}

func isWhole(ctx context.Context, blobs *fsblob.Store, r neckfrac.BlobRef) (whole bool, err error) {
	f, err := blobs.Open(ctx, r)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return false, err
	}
	return hex.EncodeToString(h.Sum(nil)) == r.Digest, nil
}
