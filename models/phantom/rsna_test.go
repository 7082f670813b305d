package phantom_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/models/nifti"
	"github.com/neckfrac/neckfrac/models/phantom"
)

func readCSV(t *testing.T, name string) (header []string, rows [][]string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil || len(all) == 0 {
		t.Fatalf("%s: %d rows, %v", name, len(all), err)
	}
	return all[0], all[1:]
}

// TestRSNALayout reads a set back as users of the RSNA 2022 data do and holds it against
// the studies that the same seeds make.
func TestRSNALayout(t *testing.T) {
	long(t)
	t.Parallel()
	dir := t.TempDir()
	c := small(410)
	c.Mode, c.Form.Position = phantom.Enriched, phantom.FFP
	set := phantom.Set{First: c, Count: 2, Acquired: acquired, Layout: phantom.LayoutRSNA}
	ix, err := set.Write(context.Background(), dir)
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	header, rows := readCSV(t, filepath.Join(dir, "train.csv"))
	if want := []string{"StudyInstanceUID", "patient_overall", "C1", "C2", "C3", "C4", "C5", "C6", "C7"}; !slices.Equal(header, want) || len(rows) != 2 {
		t.Fatalf("train.csv has %v and %d rows, want %v and 2", header, len(rows), want)
	}
	boxHeader, boxes := readCSV(t, filepath.Join(dir, "train_bounding_boxes.csv"))
	if want := []string{"StudyInstanceUID", "x", "y", "width", "height", "slice_number"}; !slices.Equal(boxHeader, want) {
		t.Errorf("train_bounding_boxes.csv has %v, want %v", boxHeader, want)
	}
	for i, row := range rows {
		c.Seed = 410 + uint64(i)
		s, uid := generate(t, c), ix.Studies[i].UID
		want := []string{uid, strconv.Itoa(s.Truth.Patient)}
		for _, v := range neckfrac.Vertebrae() {
			want = append(want, strconv.Itoa(s.Truth.Levels[v].Label))
		}
		if !slices.Equal(row, want) {
			t.Errorf("row %v, want %v", row, want)
		}
		mine := slices.DeleteFunc(slices.Clone(boxes), func(b []string) bool { return b[0] != uid })
		checkRSNAImages(t, s, dir, uid, mine)
		checkRSNALabels(t, s, filepath.Join(dir, "segmentations", uid+".nii"))
		b, err := os.ReadFile(filepath.Join(dir, "truth", uid+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var truth phantom.Truth
		if err := json.Unmarshal(b, &truth); err != nil || truth.Digest != s.Digest() || truth.Seed != c.Seed {
			t.Errorf("truth of seed %d, digest %.8s, %v", truth.Seed, truth.Digest, err)
		}
	}
	if _, err := set.Write(context.Background(), dir); neckfrac.KindOf(err) != neckfrac.Conflict {
		t.Errorf("a finished folder: %v, want conflict", err)
	}
	set.First.Form.Series = []phantom.SeriesKind{phantom.Localizer}
	if _, err := set.Write(context.Background(), t.TempDir()); neckfrac.KindOf(err) != neckfrac.Invalid {
		t.Errorf("a localizer: %v, want invalid", err)
	}
}

// checkRSNAImages: images are named by their numbers; boxes hold the visible fractures of
// their image and nothing else, in the image's own pixels.
func checkRSNAImages(t *testing.T, s *phantom.Study, dir, uid string, boxes [][]string) {
	t.Helper()
	covered := map[int]bool{}
	for n := 1; n <= s.Volume.Dims[2]; n++ {
		p := readPicture(t, filepath.Join(dir, "train_images", uid, fmt.Sprintf("%d.dcm", n)))
		study, _ := p.ds.UID(dataset.TagStudyInstanceUID)
		number, _ := p.ds.Int(dataset.TagInstanceNumber)
		if study != uid || int(number) != n {
			t.Fatalf("image %d of study %s has number %d in %s", n, uid, number, study)
		}
		for _, b := range boxes {
			var q [5]int
			for i := range q {
				v, err := strconv.ParseFloat(b[i+1], 64)
				if err != nil {
					t.Fatalf("box %v: %v", b, err)
				}
				q[i] = int(v)
			}
			if q[4] != n {
				continue
			}
			hits := 0
			for y := q[1]; y < q[1]+q[3]; y++ {
				for x := q[0]; x < q[0]+q[2]; x++ {
					at := s.Volume.ToIndex(p.place(y, x))
					v := s.Volume.Index(int(at[0]+0.5), int(at[1]+0.5), int(at[2]+0.5))
					if s.Fracture[v] != 0 {
						hits++
						covered[v] = true
					}
				}
			}
			if hits == 0 {
				t.Errorf("box %v holds no fracture", b)
			}
		}
	}
	visible := 0
	for _, v := range s.Fracture {
		if v != 0 {
			visible++
		}
	}
	if len(covered) != visible {
		t.Errorf("boxes hold %d of %d visible voxels", len(covered), visible)
	}
}

// checkRSNALabels: C1 to C7 as drawn, T1 and T2 below them, no skull.
func checkRSNALabels(t *testing.T, s *phantom.Study, name string) {
	t.Helper()
	m, err := nifti.ReadFile(name, nifti.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := m.Labels()
	if err != nil || l.Dims != s.Labels.Dims {
		t.Fatalf("labels of %v, %v; want %v", l.Dims, err, s.Labels.Dims)
	}
	var thoracic, low, cervical int
	floor := s.Truth.Levels[neckfrac.C7].BoxMM
	for k := range l.Dims[2] {
		for j := range l.Dims[1] {
			for i := range l.Dims[0] {
				at := l.Index(i, j, k)
				got, drawn := l.Voxel[at], s.Labels.Voxel[at]
				switch {
				case drawn <= neckfrac.Levels && got != drawn:
					t.Fatalf("label %d, want %d", got, drawn)
				case got > 9:
					t.Fatalf("label %d, want at most 9", got)
				case got > neckfrac.Levels:
					thoracic++
					if l.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)})[2] < (floor[2]+floor[5])/2+12 {
						low++
					}
				case got != 0:
					cervical++
				}
			}
		}
	}
	if cervical == 0 || thoracic == 0 || low != thoracic {
		t.Errorf("%d voxels of C1 to C7, %d of T1 and T2, %d of them low", cervical, thoracic, low)
	}
}
