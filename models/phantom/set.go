package phantom

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/neckfrac/neckfrac"
)

// MaxSet bounds the number of studies of a set: a quarter of a million studies of
// 25 MB fill any disk that this is written for.
const MaxSet = 250_000

// Set describes a folder of studies.
type Set struct {
	// First is the configuration of the first study; study i has First.Seed + i.
	First Config
	// Count is the number of studies, 1 to MaxSet.
	Count int
	// Acquired is the time of the first study; later ones follow by 10 minutes.
	Acquired time.Time
	Layout   Layout
	// Progress, if not nil, is called after every study.
	Progress func(done, count int)
}

// Index is index.json.
type Index struct {
	Schema    int    `json:"schema"`
	Generator string `json:"generator"`
	Anatomy   string `json:"anatomy"`
	// Attribution is the line of the anatomy's licence, empty for the built-in one.
	Attribution string       `json:"attribution,omitempty"`
	Seed        uint64       `json:"seed"`
	Digest      string       `json:"digest"`
	Studies     []IndexEntry `json:"studies"`
}

// IndexEntry is one study of a set. Its folder has the name of its ID.
type IndexEntry struct {
	ID      string `json:"id"`
	Seed    uint64 `json:"seed"`
	Patient int    `json:"patient_label"`
	Digest  string `json:"digest"`
	// UID is the Study Instance UID in LayoutRSNA, which names files by it.
	UID string `json:"uid,omitempty"`
}

// Write makes the studies one after the other, in LayoutStudies: DIR/<id>/dicom/*.dcm, truth.json,
// labels.nii.gz and fracture.nii.gz, and DIR/index.json at the end. In both layouts studies
// that are complete from an earlier run are kept, so that it can be resumed; a folder
// that was written by another generator or from other settings is a Conflict.
func (s Set) Write(ctx context.Context, dir string) (*Index, error) {
	const op = "phantom: write set"
	if s.Count < 1 || s.Count > MaxSet {
		return nil, neckfrac.Errorf(neckfrac.Limit, op, "want 1 to %d studies", MaxSet)
	}
	first, err := s.First.filled()
	if err != nil {
		return nil, err
	}
	ix := &Index{Schema: 1, Generator: string(first.Edition), Anatomy: first.Anatomy.Name(), Seed: first.Seed}
	if m, ok := first.Anatomy.(*MeshAnatomy); ok {
		ix.Attribution = m.Attribution()
	}
	if s.Layout == LayoutRSNA {
		err = s.rsna(ctx, first, ix, dir)
	} else {
		err = s.studies(ctx, first, ix, dir)
	}
	if err != nil {
		return nil, err
	}
	all := sha256.New()
	for _, e := range ix.Studies {
		all.Write([]byte(e.ID + " " + e.Digest + "\n"))
	}
	ix.Digest = hex.EncodeToString(all.Sum(nil))
	return ix, neckfrac.E(op, writeJSON(filepath.Join(dir, "index.json"), ix))
}

// studies writes a set in LayoutStudies.
func (s Set) studies(ctx context.Context, first Config, ix *Index, dir string) error {
	const op = "phantom: write set"
	for i := range s.Count {
		if err := ctx.Err(); err != nil {
			return neckfrac.Wrap(neckfrac.Unavailable, op, err)
		}
		c := first
		c.Seed += uint64(i)
		e, err := s.one(c, filepath.Join(dir, studyID(c.Seed)), s.Acquired.Add(time.Duration(i)*10*time.Minute))
		if err != nil {
			return neckfrac.E(op, err)
		}
		ix.Studies = append(ix.Studies, e)
		if s.Progress != nil {
			s.Progress(i+1, s.Count)
		}
	}
	return nil
}

// one makes or keeps one study.
func (s Set) one(c Config, dir string, at time.Time) (IndexEntry, error) {
	if t, err := readTruth(filepath.Join(dir, "truth.json")); err == nil {
		if t.Generator != string(c.Edition) || t.Recipe != c.recipe() {
			return IndexEntry{}, neckfrac.Errorf(neckfrac.Conflict, "keep study", "the folder holds a study of another recipe")
		}
		return IndexEntry{ID: t.ID, Seed: t.Seed, Patient: t.Patient, Digest: t.Digest}, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return IndexEntry{}, err
	}
	study, err := Generate(c)
	if err != nil {
		return IndexEntry{}, err
	}
	if err := study.WriteDICOM(filepath.Join(dir, "dicom"), at); err != nil {
		return IndexEntry{}, err
	}
	if err := study.WriteTruth(dir); err != nil {
		return IndexEntry{}, err
	}
	return IndexEntry{ID: study.Truth.ID, Seed: c.Seed, Patient: study.Truth.Patient, Digest: study.Digest()}, nil
}

// maxTruth bounds a truth file that is read back.
const maxTruth = 1 << 20

func readTruth(name string) (*Truth, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if st.Size() > maxTruth {
		return nil, neckfrac.Errorf(neckfrac.Limit, "read truth", "file of more than 1 MiB")
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var t Truth
	if err := json.Unmarshal(b, &t); err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, "read truth", err)
	}
	return &t, nil
}
