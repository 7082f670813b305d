package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/blob/fsblob"
	"github.com/neckfrac/neckfrac/pipeline/ledger/sqlite"
)

// wantStored opens the data directory of a stopped service and compares it with what
// the sender was promised.
func wantStored(t *testing.T, dir string, s *sender) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "ledger.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	blobs, err := fsblob.Open(filepath.Join(dir, "blobs"), fsblob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	found := map[string]neckfrac.BlobRef{}
	for _, st := range s.studies {
		for uid, ref := range storedInstances(t, db, st) {
			found[uid] = ref
		}
	}
	for uid, sum := range s.acked {
		ref, ok := found[uid]
		if !ok {
			t.Errorf("%s: acknowledged and lost", uid)
			continue
		}
		if got := datasetSum(t, blobs, ref); got != sum {
			t.Errorf("%s: acknowledged and altered", uid)
		}
	}
	if len(found) != len(s.acked) {
		t.Errorf("%d instances, %d acknowledged: in the end they must be the same", len(found), len(s.acked))
	}
	wantWholeBlobs(t, db, blobs)
	for _, scratch := range []string{"scratch", "blobs/tmp"} {
		if left, err := os.ReadDir(filepath.Join(dir, scratch)); err != nil || len(left) > 0 {
			t.Errorf("%s: %d files left, %v", scratch, len(left), err)
		}
	}
}

// storedInstances lists the rows of one study, which must be one record with one
// current assessment.
func storedInstances(t *testing.T, db *sqlite.DB, s testStudy) map[string]neckfrac.BlobRef {
	t.Helper()
	recs, err := db.Find(t.Context(), neckfrac.StudyQuery{UID: neckfrac.StudyUID(s.uid)})
	if err != nil || len(recs) != 1 {
		t.Fatalf("study %s: %d records, %v", s.uid, len(recs), err)
	}
	if a := recs[0].Latest; a == nil || a.Status != neckfrac.Analysed || a.Slices != s.slices || recs[0].Study.State != neckfrac.StudyAssessed {
		t.Errorf("study %s: %s, latest %+v", s.uid, recs[0].Study.State, a)
	}
	revisions, err := db.Revisions(t.Context(), recs[0].Study.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range revisions {
		if a.Revision != i+1 {
			t.Errorf("study %s: revision %d at place %d", s.uid, a.Revision, i+1)
		}
	}
	series, err := db.Instances(t.Context(), recs[0].Study.ID)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]neckfrac.BlobRef{}
	for _, se := range series {
		for _, i := range se.Instances {
			out[string(i.UID)] = i.Blob
		}
	}
	return out
}

// datasetSum is the SHA-256 of the data set in a stored object.
func datasetSum(t *testing.T, blobs *fsblob.Store, ref neckfrac.BlobRef) (sum [sha256.Size]byte) {
	t.Helper()
	f, err := blobs.Open(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, r, err := dataset.ReadPart10(f, dataset.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(r.Offset(), io.SeekStart); err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// wantWholeBlobs wants a blob for every row, a row for every blob, and every blob to
// have the bytes that its name promises.
func wantWholeBlobs(t *testing.T, db *sqlite.DB, blobs *fsblob.Store) {
	t.Helper()
	rows := map[string]bool{}
	if err := db.References(t.Context(), func(r neckfrac.BlobRef) error { rows[r.Digest] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := blobs.Walk(t.Context(), func(r neckfrac.BlobRef) error {
		n++
		f, err := blobs.Open(t.Context(), r)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return err
		}
		if hex.EncodeToString(h.Sum(nil)) != r.Digest {
			t.Errorf("blob %.12s: altered or partial", r.Digest)
		}
		if !rows[r.Digest] {
			t.Errorf("blob %.12s: no row refers to it", r.Digest)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n != len(rows) {
		t.Errorf("%d blobs for %d references", n, len(rows))
	}
}
