package dataset

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
	"github.com/neckfrac/neckfrac/models/nifti"
)

// A CT volume of LayoutNIfTI is DIR/<id>/ct.nii or DIR/<id>_ct.nii, with .gz or without;
// its labels lie beside it and say "labels" where that says "ct". Other files, as masks of
// organs, are not looked at.
const (
	ctWord     = "ct"
	labelsWord = "labels"
)

// The geometry that is taken from a NIfTI file, as the service's gate takes it from DICOM.
const (
	maxSpacingMM   = 5
	leastSlices    = 4
	maxLeanDegrees = 30
	// airHU is what every CT of a patient reaches beside the body or in the airway; a
	// volume without it is not in Hounsfield units.
	airHU = -700
)

// pair is a CT volume and its labels.
type pair struct{ id, ct, labels string }

// niftiJobs lists the volumes of a folder. The hash covers names and sizes.
func (o Options) niftiJobs(in Input, h hash.Hash) ([]job, error) {
	const op = "dataset: list volumes"
	pairs, err := findPairs(in.Dir)
	if err != nil {
		return nil, err
	}
	if len(pairs) == 0 {
		return nil, neckfrac.Errorf(neckfrac.NotFound, op, "no ID/ct.nii.gz or ID_ct.nii.gz")
	}
	var out []job
	for _, p := range pairs {
		j := job{name: p.id, id: p.id, split: in.splitOf(p.id)}
		var size [2]int64
		for i, name := range []string{p.ct, p.labels} {
			st, err := os.Stat(name)
			if err != nil && (name == p.ct || !errors.Is(err, fs.ErrNotExist)) {
				return nil, neckfrac.Wrap(neckfrac.Unavailable, op, err)
			}
			if err == nil {
				size[i] = st.Size()
			}
		}
		fmt.Fprintf(h, "%s %s %v\n", j.split, p.id, size)
		j.open = func(ctx context.Context) (*sample, error) { return o.openVolume(ctx, p) }
		out = append(out, j)
	}
	return out, nil
}

// findPairs lists CT volumes by id.
func findPairs(dir string) ([]pair, error) {
	const op = "dataset: list volumes"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.NotFound, op, err)
	}
	var out []pair
	for _, e := range entries {
		if len(out) > maxStudies {
			return nil, neckfrac.Errorf(neckfrac.Limit, op, "over %d volumes", maxStudies)
		}
		for _, ext := range []string{".nii", ".nii.gz"} {
			id, ok := strings.CutSuffix(e.Name(), "_"+ctWord+ext)
			stem := filepath.Join(dir, id+"_")
			if e.IsDir() {
				id, stem = e.Name(), filepath.Join(dir, e.Name())+string(filepath.Separator)
				_, err := os.Stat(stem + ctWord + ext)
				ok = err == nil
			}
			if !ok || id == "" {
				continue
			}
			out = append(out, pair{id, stem + ctWord + ext, labelsBeside(stem)})
		}
	}
	slices.SortFunc(out, func(a, b pair) int { return strings.Compare(a.id, b.id) })
	return out, nil
}

// labelsBeside is the file of labels, which need not exist.
func labelsBeside(stem string) string {
	plain := stem + labelsWord + ".nii"
	if _, err := os.Stat(plain); err == nil {
		return plain
	}
	return plain + ".gz"
}

// openVolume reads a pair.
func (o Options) openVolume(ctx context.Context, p pair) (*sample, error) {
	if err := ctx.Err(); err != nil {
		return nil, neckfrac.Wrap(neckfrac.Unavailable, "dataset: volume", err)
	}
	m, err := nifti.ReadFile(p.ct, nifti.Limits{MaxVoxels: input.MaxVoxels})
	if err != nil {
		return nil, neckfrac.E("dataset: volume", err)
	}
	v := &neckfrac.Volume{Grid: m.Grid, HU: m.HU()}
	if err := gateVolume(v); err != nil {
		return nil, err
	}
	s := &sample{truth: Truth{ID: p.id, Levels: map[neckfrac.Vertebra]LevelTruth{}}, volume: v, labelled: LabelsNone}
	if s.labels, s.fault, err = o.readSpine(p.labels); err != nil {
		return nil, err
	}
	if s.labels != nil {
		s.labelled = LabelsSpine
	}
	return s, nil
}

// gateVolume refuses what the service would refuse of a DICOM stack, as far as a NIfTI
// file tells: it may have been resampled, and slices may have been lost before.
func gateVolume(v *neckfrac.Volume) error {
	const op = "dataset: volume"
	most := math.Cos(maxLeanDegrees * math.Pi / 180)
	for a := range 3 {
		lean := 0.0
		for c := range 3 {
			lean = max(lean, math.Abs(v.Direction[a][c]))
		}
		switch {
		case v.SpacingMM[a] > maxSpacingMM:
			return neckfrac.Refuse(op, neckfrac.SliceThickness, "spacing")
		case v.Dims[a] < leastSlices || lean < most:
			return neckfrac.Refuse(op, neckfrac.Geometry, "size or direction")
		}
	}
	if slices.Min(v.HU) > airHU {
		return neckfrac.Refuse(op, neckfrac.OutOfDomain, "no Hounsfield units")
	}
	return nil
}
