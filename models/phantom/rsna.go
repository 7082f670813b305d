package phantom

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/nifti"
)

// Layout says how a set lies on disk.
type Layout uint8

const (
	// LayoutStudies is a folder per study with its files and truth, see Set.Write.
	LayoutStudies Layout = iota
	// LayoutRSNA is that of the RSNA 2022 cervical spine fracture data, with the names
	// of its files and columns, and the truth of each study on top:
	//
	//	train.csv                      StudyInstanceUID,patient_overall,C1,…,C7
	//	train_bounding_boxes.csv       StudyInstanceUID,x,y,width,height,slice_number
	//	train_images/UID/N.dcm         N is the instance number
	//	segmentations/UID.nii          1 to 7 C1 to C7, 8 T1, 9 T2
	//	truth/UID.json                 Truth
	LayoutRSNA
)

// box is a row of train_bounding_boxes.csv without its study: the pixels of an image
// that show a visible fracture of one level.
type box struct {
	image                    int // instance number
	level                    uint8
	left, top, right, bottom int // pixels, both ends included
}

// rsna writes a set in LayoutRSNA. The tables come last: a folder without them goes on
// where it was stopped, one with them is a Conflict.
func (s Set) rsna(ctx context.Context, first Config, ix *Index, dir string) error {
	const op = "phantom: write set"
	if len(first.Form.Series) > 0 || first.Form.LocalizerInSeries {
		return neckfrac.Errorf(neckfrac.Invalid, op, "the layout holds one axial series per study")
	}
	if _, err := os.Stat(filepath.Join(dir, "train.csv")); err == nil {
		return neckfrac.Errorf(neckfrac.Conflict, op, "the folder holds a finished set")
	}
	for _, d := range []string{"segmentations", "truth"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return neckfrac.E(op, err)
		}
	}
	j, err := openJournal(dir, s.settings(first))
	if err != nil {
		return neckfrac.E(op, err)
	}
	err = s.rsnaStudies(ctx, first, j, dir)
	if err := errors.Join(err, j.f.Close()); err != nil {
		return neckfrac.E(op, err)
	}
	labels := [][]string{{"StudyInstanceUID", "patient_overall"}}
	for _, v := range neckfrac.Vertebrae() {
		labels[0] = append(labels[0], v.String())
	}
	boxes := [][]string{{"StudyInstanceUID", "x", "y", "width", "height", "slice_number"}}
	for _, e := range j.done {
		ix.Studies = append(ix.Studies, e.Study)
		labels, boxes = append(labels, e.Labels), append(boxes, e.Boxes...)
	}
	if err := writeCSV(filepath.Join(dir, "train_bounding_boxes.csv"), boxes); err != nil {
		return neckfrac.E(op, err)
	}
	if err := writeCSV(filepath.Join(dir, "train.csv"), labels); err != nil {
		return neckfrac.E(op, err)
	}
	return neckfrac.E(op, os.Remove(filepath.Join(dir, rsnaJournal)))
}

// rsnaStudies writes the studies that the journal does not yet have.
func (s Set) rsnaStudies(ctx context.Context, first Config, j *journal, dir string) error {
	switch kept := len(j.done); {
	case kept > s.Count:
		return neckfrac.Errorf(neckfrac.Conflict, "keep studies", "the folder already holds more studies")
	case kept > 0 && s.Progress != nil:
		s.Progress(kept, s.Count)
	}
	for i := len(j.done); i < s.Count; i++ {
		if err := ctx.Err(); err != nil {
			return neckfrac.Wrap(neckfrac.Unavailable, "make studies", err)
		}
		c := first
		c.Seed += uint64(i)
		study, err := Generate(c)
		if err != nil {
			return err
		}
		at := s.Acquired.Add(time.Duration(i) * 10 * time.Minute)
		uid := newNames(&study.Truth, at).study
		if err := study.writeRSNA(dir, uid, c, at); err != nil {
			return err
		}
		e := rsnaEntry{Labels: study.labelRow(uid), Study: IndexEntry{ID: study.Truth.ID, Seed: c.Seed, Patient: study.Truth.Patient, Digest: study.Digest(), UID: uid}}
		for _, b := range study.boxesIn() {
			e.Boxes = append(e.Boxes, append([]string{uid}, b.row()...))
		}
		if err := j.add(e); err != nil {
			return err
		}
		if s.Progress != nil {
			s.Progress(i+1, s.Count)
		}
	}
	return nil
}

// writeRSNA writes the files of one study.
func (t *Study) writeRSNA(dir, uid string, c Config, at time.Time) error {
	images := filepath.Join(dir, "train_images", uid)
	if err := os.MkdirAll(images, 0o755); err != nil {
		return err
	}
	n, s := newNames(&t.Truth, at), t.main()
	for _, p := range s.arrived(t.form.Drop) {
		meta, ds := t.instance(&n, &s, p, at)
		if err := writePart10(filepath.Join(images, fmt.Sprintf("%d.dcm", p.number)), meta, ds); err != nil {
			return err
		}
	}
	if err := nifti.WriteFile(filepath.Join(dir, "segmentations", uid+".nii"), t.Labels.Grid, t.spineLabels(c)); err != nil {
		return err
	}
	truth := t.Truth
	truth.Digest = t.Digest()
	return writeJSON(filepath.Join(dir, "truth", uid+".json"), truth)
}

// labelRow is the study's row of train.csv.
func (t *Study) labelRow(uid string) []string {
	row := []string{uid, strconv.Itoa(t.Truth.Patient)}
	for _, v := range neckfrac.Vertebrae() {
		row = append(row, strconv.Itoa(t.Truth.Levels[v].Label))
	}
	return row
}

// boxesIn are the boxes of visible fractures, by image and level.
func (t *Study) boxesIn() []box {
	s := t.main()
	s.images = s.arrived(t.form.Drop)
	type key struct {
		image int
		level uint8
	}
	found := map[key]*box{}
	d := t.Volume.Dims
	for at, l := range t.Fracture {
		if l == 0 {
			continue
		}
		p := t.Volume.ToMM(vec{float64(at % d[0]), float64(at / d[0] % d[1]), float64(at / d[0] / d[1])})
		image, x, y, ok := s.find(p)
		if !ok {
			continue
		}
		k := key{image, l}
		b := found[k]
		if b == nil {
			b = &box{image: image, level: l, left: x, right: x, top: y, bottom: y}
			found[k] = b
		}
		b.left, b.right, b.top, b.bottom = min(b.left, x), max(b.right, x), min(b.top, y), max(b.bottom, y)
	}
	out := make([]box, 0, len(found))
	for _, b := range found {
		out = append(out, *b)
	}
	slices.SortFunc(out, func(a, b box) int { return (a.image-b.image)*256 + int(a.level) - int(b.level) })
	return out
}

func (b box) row() []string {
	out := make([]string, 0, 5)
	for _, n := range []int{b.left, b.top, b.right - b.left + 1, b.bottom - b.top + 1, b.image} {
		out = append(out, strconv.Itoa(n))
	}
	return out
}

// spineLabels are the labels of the layout: vertebrae alone, with T1 and T2.
func (t *Study) spineLabels(c Config) []uint8 {
	out := slices.Clone(t.Labels.Voxel)
	s := newScene(c)
	spine := s.chain[neckfrac.Levels:]
	d := t.Labels.Dims
	for at, l := range out {
		if int(l) <= neckfrac.Levels {
			continue
		}
		p := t.Labels.ToMM(vec{float64(at % d[0]), float64(at / d[0] % d[1]), float64(at / d[0] / d[1])})
		out[at] = 0
		if i := boneAt(spine, s.others, p); i >= 0 {
			out[at] = uint8(neckfrac.Levels + 1 + i)
		}
	}
	return out
}

// boneAt is the bone that a place of bone belongs to, -1 if it is one of the others.
func boneAt(bones, others []*bone, p vec) int {
	// The surface wobbles by less than this about the parts that at knows.
	const grow = 1.5
	best, least := -1, grow
	for i, b := range bones {
		q := b.pose.local(p)
		if q[0] < b.lo[0]-grow || q[1] < b.lo[1]-grow || q[2] < b.lo[2]-grow || q[0] > b.hi[0]+grow || q[1] > b.hi[1]+grow || q[2] > b.hi[2]+grow {
			continue
		}
		if d := b.at(q).d; d < least {
			best, least = i, d
		}
	}
	if best < 0 {
		return -1
	}
	for _, b := range others {
		if b.at(b.pose.local(p)).d < least {
			return -1
		}
	}
	return best
}

// writeCSV replaces a table at once.
func writeCSV(name string, rows [][]string) error {
	f, err := os.Create(name + ".partial")
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	err = w.WriteAll(rows)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(name+".partial", name)
}
