package dataset

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// Names of the RSNA 2022 layout.
const (
	rsnaLabels = "train.csv"
	rsnaBoxes  = "train_bounding_boxes.csv"
	rsnaImages = "train_images"
	rsnaMasks  = "segmentations"
)

// rsnaJobs lists the studies of train.csv by identifier. A study that can't be of use
// is known from the tables and the folders, without reading an image, and is left out
// when its turn comes. The hash covers labels, boxes, the size of the mask and whether there
// are images: a download that went on makes another set.
func (o Options) rsnaJobs(in Input, h hash.Hash) ([]job, error) {
	rows, err := readRSNALabels(filepath.Join(in.Dir, rsnaLabels))
	if err != nil {
		return nil, err
	}
	boxes, err := readRSNABoxes(filepath.Join(in.Dir, rsnaBoxes))
	if err != nil {
		return nil, err
	}
	out := make([]job, 0, len(rows))
	for _, r := range rows {
		mask, size, err := maskOf(in.Dir, r.uid)
		if err != nil {
			return nil, err
		}
		j := job{name: r.uid, id: r.uid, split: in.splitOf(r.uid)}
		_, missing := os.Stat(filepath.Join(in.Dir, rsnaImages, r.uid))
		fmt.Fprintf(h, "%s %s %d %v %v %d %t\n", j.split, r.uid, r.patient, r.levels, boxes[r.uid], size, missing == nil)
		j.open = func(ctx context.Context) (*sample, error) { return o.openRSNA(ctx, in.Dir, r, boxes[r.uid], mask) }
		out = append(out, j)
	}
	return out, nil
}

// maskOf finds a study's mask, "" if it has none.
func maskOf(dir, uid string) (path string, size int64, err error) {
	for _, ext := range []string{".nii", ".nii.gz"} {
		path = filepath.Join(dir, rsnaMasks, uid+ext)
		switch st, err := os.Stat(path); {
		case err == nil:
			return path, st.Size(), nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", 0, neckfrac.Wrap(neckfrac.Unavailable, "dataset: list masks", err)
		}
	}
	return "", 0, nil
}

// openRSNA reads one study.
func (o Options) openRSNA(ctx context.Context, dir string, row rsnaRow, boxes []pixelBox, mask string) (*sample, error) {
	images := filepath.Join(dir, rsnaImages, row.uid)
	switch _, err := os.Stat(images); {
	case !row.consistent():
		return nil, leave(leftConflict)
	case mask == "" && o.Parts == PartsSegment:
		return nil, leave(leftNoLabels)
	case err != nil:
		return nil, leave(leftNoImages)
	}
	scan, err := o.Readers.Scan(ctx, images)
	if err != nil {
		return nil, neckfrac.E("dataset: volume", err)
	}
	s := &sample{truth: row.truth(), volume: scan.Volume, labelled: LabelsNone}
	if mask != "" {
		if s.labels, s.fault, err = o.readSpine(mask); err != nil {
			return nil, err
		}
		if s.labels != nil {
			s.labelled = LabelsSpine
		}
	}
	s.marks = func(g input.Grid, names []uint8) (lesions, error) {
		return scan.lesions(boxes, s.truth, g, names), nil
	}
	return s, nil
}
