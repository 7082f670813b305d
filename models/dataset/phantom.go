package dataset

import (
	"context"
	"encoding/json"
	"fmt"
	"hash"
	"path/filepath"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// phantomJobs lists the studies of a folder in LayoutPhantom and hashes their truth.
func (o Options) phantomJobs(in Input, h hash.Hash) ([]job, error) {
	dirs, err := StudyDirs(in.Dir)
	if err != nil {
		return nil, err
	}
	var out []job
	for _, d := range dirs {
		t, err := ReadTruth(d)
		if err != nil {
			return nil, neckfrac.E(filepath.Base(d), err)
		}
		j := job{name: filepath.Base(d), id: t.ID, split: in.splitOf(t.ID)}
		j.open = func(ctx context.Context) (*sample, error) { return o.openPhantom(ctx, d) }
		b, err := json.Marshal(t)
		if err != nil {
			return nil, neckfrac.E("dataset: list studies", err)
		}
		fmt.Fprintf(h, "%s %s\n", j.split, b)
		out = append(out, j)
	}
	return out, nil
}

// openPhantom reads a study with its truth. Labels and fractures are in the patient's
// millimetres, so they fit a volume that leans as well as an upright one.
func (o Options) openPhantom(ctx context.Context, dir string) (*sample, error) {
	truth, err := ReadTruth(dir)
	if err != nil {
		return nil, err
	}
	v, err := o.Readers.Volume(ctx, filepath.Join(dir, "dicom"))
	if err != nil {
		return nil, neckfrac.E("dataset: volume", err)
	}
	labels, err := o.Readers.Labels(filepath.Join(dir, "labels.nii.gz"))
	if err != nil {
		return nil, neckfrac.E("dataset: labels", err)
	}
	s := &sample{truth: truth, volume: v, labels: labels, labelled: LabelsBone}
	s.marks = func(input.Grid, []uint8) (lesions, error) {
		broken, err := o.Readers.Labels(filepath.Join(dir, "fracture.nii.gz"))
		if err != nil {
			return lesions{}, neckfrac.E("dataset: fracture volume", err)
		}
		return findLesions(broken)
	}
	return s, nil
}
