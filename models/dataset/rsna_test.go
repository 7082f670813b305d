package dataset_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/dataset"
	"github.com/neckfrac/neckfrac/models/nifti"
)

const (
	labelHead = "StudyInstanceUID,patient_overall,C1,C2,C3,C4,C5,C6,C7\n"
	boxHead   = "StudyInstanceUID,x,y,width,height,slice_number\n"
)

// scanOf gives every study the test neck, each slice an image with its number.
func scanOf(_ context.Context, dir string) (dataset.Scan, error) {
	v, err := readers.Volume(context.Background(), dir)
	if err != nil {
		return dataset.Scan{}, err
	}
	s := dataset.Scan{Volume: v}
	for k := range v.Dims[2] {
		id := neckfrac.InstanceUID(fmt.Sprintf("1.2.%d", k+1))
		v.Source = append(v.Source, id)
		s.Images = append(s.Images, dataset.Image{Instance: id, Number: k + 1, Rows: v.Dims[1], Cols: v.Dims[0], RowMM: 1, ColMM: 1,
			OriginMM: v.ToMM(neckfrac.Vec3{0, 0, float64(k)}), Row: neckfrac.Vec3{1, 0, 0}, Col: neckfrac.Vec3{0, 1, 0}})
	}
	return s, nil
}

// writeRSNA writes the tables and an empty folder of images per study.
func writeRSNA(t testing.TB, labels, boxes string, uids ...string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"train.csv": labels, "train_bounding_boxes.csv": boxes} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, uid := range uids {
		if err := os.MkdirAll(filepath.Join(dir, "train_images", uid), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// writeMask writes labels in RAS order with axes turned against the volume's.
func writeMask(t testing.TB, dir, uid string, change func(l *neckfrac.Labels)) {
	t.Helper()
	src := trueLabels()
	g := neckfrac.Grid{Dims: [3]int{src.Dims[2], src.Dims[1], src.Dims[0]}, SpacingMM: src.SpacingMM,
		OriginMM:  src.ToMM(neckfrac.Vec3{float64(src.Dims[0] - 1), float64(src.Dims[1] - 1), float64(src.Dims[2] - 1)}),
		Direction: [3]neckfrac.Vec3{{0, 0, -1}, {0, -1, 0}, {-1, 0, 0}}}
	l := &neckfrac.Labels{Grid: g, Voxel: make([]uint8, src.Len())}
	for k := range g.Dims[2] {
		for j := range g.Dims[1] {
			for i := range g.Dims[0] {
				l.Voxel[g.Index(i, j, k)] = levelAt(g.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)}))
			}
		}
	}
	if change != nil {
		change(l)
	}
	if err := os.MkdirAll(filepath.Join(dir, "segmentations"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := nifti.WriteFile(filepath.Join(dir, "segmentations", uid+".nii"), l.Grid, l.Voxel); err != nil {
		t.Fatal(err)
	}
}

func rsnaOptions(in, out string, parts dataset.Parts) dataset.Options {
	return dataset.Options{Layout: dataset.LayoutRSNA, Inputs: []dataset.Input{{Dir: in, Split: dataset.SplitTrain}}, Out: out, Parts: parts,
		Segmenter: segmenter(0), SegmenterID: "a", Readers: dataset.Readers{Scan: scanOf}, Workers: 2}
}

// TestRSNAStudies goes through what a study of the layout can have and lack.
func TestRSNAStudies(t *testing.T) {
	t.Parallel()
	// C5 is the block of z 66-86 to 66-72, slice numbers 56 to 69; x 42..44 is 7..9 mm.
	labels := labelHead + "1.1,1,0,0,0,0,1,0,0\n1.2,0,0,0,0,0,0,0,0\n1.3,1,0,0,1,0,0,0,0\n1.4,0,0,0,0,0,0,0,0\n1.5,1,0,0,0,0,0,0,0\n1.6,1,0,1,0,0,1,0,0\n"
	boxes := boxHead + "1.1,42,25,3,6,60\n1.1,42.3,25.2,2.1,5.4,61\n1.1,42,25,3,6,999\n1.1,0,0,3,3,5\n1.6,42,25,3,6,60\n9.9,1,1,1,1,1\n"
	in := writeRSNA(t, labels, boxes, "1.1", "1.2", "1.3", "1.5", "1.6")
	writeMask(t, in, "1.1", nil)
	writeMask(t, in, "1.2", func(l *neckfrac.Labels) { l.OriginMM[0] += 60 })
	writeMask(t, in, "1.6", func(l *neckfrac.Labels) {
		for i, v := range l.Voxel {
			if v == 7 {
				l.Voxel[i] = 12 // T5
			}
		}
	})
	out := t.TempDir()
	m, err := dataset.Prepare(t.Context(), rsnaOptions(in, out, dataset.PartsAll))
	if err != nil {
		t.Fatal(err)
	}
	want := dataset.Totals{Studies: 4, Positive: 3, Crops: 27, Fractured: 4, Slices: m.Totals.Slices, Refused: 2, Reasons: map[string]int{"no-images": 1, "label-clash": 1},
		Unlabelled: 2, LabelFaults: 1, Boxes: 3, Unplaced: 2}
	if diff := cmp.Diff(want, m.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	if s := m.Studies[0]; s.Labels != dataset.LabelsSpine || s.Segment == nil || len(s.InField) != 7 {
		t.Errorf("study with a mask: %+v", s)
	}
	if s := m.Studies[1]; s.Labels != dataset.LabelsNone || s.Segment != nil || s.LabelFault == "" {
		t.Errorf("study with a mask beside the bones: %+v", s)
	}
	if s := m.Studies[3]; len(s.InField) != 6 {
		t.Errorf("study without C7 in its mask: in field %v", s.InField)
	}
	checkRSNARows(t, out)
}

func checkRSNARows(t *testing.T, out string) {
	t.Helper()
	maps, err := os.ReadFile(filepath.Join(out, "crops_map.u8"))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range readRows[dataset.CropRow](t, filepath.Join(out, "crops.jsonl")) {
		part := maps[i*1600:][:1600]
		marked, unknown := strings.Count(string(part), "\x01"), strings.Count(string(part), "\xff")
		broken := map[string][]neckfrac.Vertebra{"1.1": {5}, "1.3": {3}, "1.6": {2, 5}}[r.Study]
		label := 0
		for _, v := range broken {
			if v == r.TruthLevel {
				label = 1
			}
		}
		boxed := r.TruthLevel == neckfrac.C5 && r.Study != "1.2" && r.Study != "1.3"
		switch {
		case r.Label != label:
			t.Errorf("%s %v: label %d, want %d", r.Study, r.Level, r.Label, label)
		case boxed && (marked == 0 || unknown > 0 || !r.MapKnown):
			t.Errorf("%s %v: %d cells marked, %d unknown", r.Study, r.Level, marked, unknown)
		case label == 1 && !boxed && (unknown != 1600 || r.MapKnown):
			t.Errorf("%s %v has no box: %d cells unknown", r.Study, r.Level, unknown)
		case label == 0 && (marked+unknown > 0 || !r.MapKnown):
			t.Errorf("%s %v is whole: %d cells marked, %d unknown", r.Study, r.Level, marked, unknown)
		}
		if boxed && r.Study == "1.1" {
			// As the voxels of the same place: column 6, rows 3 and 4, slices of z -16 and -15.
			for at := range part {
				if col, row := at%10, at/10%10; part[at] == 1 && (col != 6 || row < 3 || row > 4) {
					t.Errorf("cell %d,%d of slice %d marked", row, col, at/100)
				}
			}
			if marked < 4 || marked > 8 {
				t.Errorf("%d cells marked", marked)
			}
		}
	}
	weak := map[string]uint8{"1.3": 1 << 2, "1.6": 1 << 1}
	seen := map[string]uint8{}
	for _, s := range readRows[dataset.SliceRow](t, filepath.Join(out, "slices.jsonl")) {
		if s.Weak&^weak[s.Study] != 0 {
			t.Errorf("%s at %v: weak %b", s.Study, s.ZMM, s.Weak)
		}
		seen[s.Study] |= s.Weak
		near := math.Abs(s.ZMM+15.5) < 1.7 && (s.Study == "1.1" || s.Study == "1.6")
		if s.Fractured != 0 && (s.Fractured != 1<<4 || !near) {
			t.Errorf("%s at %v: fractured %b", s.Study, s.ZMM, s.Fractured)
		}
	}
	if diff := cmp.Diff(map[string]uint8{"1.1": 0, "1.2": 0, "1.3": 4, "1.6": 2}, seen); diff != "" {
		t.Errorf("weak levels (-want +got):\n%s", diff)
	}
}

// TestRSNASegmentNeedsMasks: the segment part holds the studies with a usable mask and
// reads no image of the others.
func TestRSNASegmentNeedsMasks(t *testing.T) {
	t.Parallel()
	in := writeRSNA(t, labelHead+"1.1,0,0,0,0,0,0,0,0\n1.2,0,0,0,0,0,0,0,0\n1.3,0,0,0,0,0,0,0,0\n1.4,0,0,0,0,0,0,0,0\n", boxHead, "1.1", "1.2", "1.3", "1.4")
	writeMask(t, in, "1.1", nil)
	writeMask(t, in, "1.3", func(l *neckfrac.Labels) { l.Voxel[0] = 20 })
	if err := os.WriteFile(filepath.Join(in, "segmentations", "1.4.nii"), []byte("no volume"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := rsnaOptions(in, t.TempDir(), dataset.PartsSegment)
	o.Readers.Scan = func(ctx context.Context, dir string) (dataset.Scan, error) {
		if filepath.Base(dir) == "1.2" {
			t.Error("images of a study without a mask were read")
		}
		return scanOf(ctx, dir)
	}
	m, err := dataset.Prepare(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	want := dataset.Totals{Studies: 1, Refused: 3, Reasons: map[string]int{"no-labels": 1, "labels": 2}}
	if diff := cmp.Diff(want, m.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
}

// TestRSNABadStudiesAreLeftOut: what the service refuses and what can't be read is counted;
// a disk that fails stops the run.
func TestRSNABadStudiesAreLeftOut(t *testing.T) {
	t.Parallel()
	errs := map[string]error{
		"1.1": neckfrac.Refuse("assemble", neckfrac.Gap, "step"), "1.2": neckfrac.Refuse("assemble", neckfrac.Geometry, "uneven"),
		"1.3": neckfrac.Errorf(neckfrac.Invalid, "read", "header"), "1.4": neckfrac.Refuse("assemble", neckfrac.Gap, "step"),
	}
	labels := labelHead
	for _, uid := range []string{"1.1", "1.2", "1.3", "1.4", "1.5"} {
		labels += uid + ",0,0,0,0,0,0,0,0\n"
	}
	in := writeRSNA(t, labels, boxHead, "1.1", "1.2", "1.3", "1.4", "1.5")
	o := rsnaOptions(in, t.TempDir(), dataset.PartsCrops)
	o.Readers.Scan = func(ctx context.Context, dir string) (dataset.Scan, error) {
		if err := errs[filepath.Base(dir)]; err != nil {
			return dataset.Scan{}, err
		}
		return scanOf(ctx, dir)
	}
	m, err := dataset.Prepare(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"gap": 2, "geometry": 1, "unreadable": 1}, m.Totals.Reasons); diff != "" || m.Totals.Studies != 1 {
		t.Errorf("totals %+v, reasons (-want +got):\n%s", m.Totals, diff)
	}
	o.Out = t.TempDir()
	o.Readers.Scan = func(context.Context, string) (dataset.Scan, error) { return dataset.Scan{}, errors.New("disk") }
	if _, err := dataset.Prepare(t.Context(), o); err == nil {
		t.Error("a failing disk left studies out")
	}
}

// TestRSNAAmbiguousNamesAreLeftOut: without a mask nothing says which bone is which.
func TestRSNAAmbiguousNamesAreLeftOut(t *testing.T) {
	t.Parallel()
	in := writeRSNA(t, labelHead+"1.1,0,0,0,0,0,0,0,0\n1.2,0,0,0,0,0,0,0,0\n", boxHead, "1.1", "1.2")
	writeMask(t, in, "1.2", nil)
	o := rsnaOptions(in, t.TempDir(), dataset.PartsCrops)
	o.Segmenter = skipping
	m, err := dataset.Prepare(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"level-ambiguous": 1}, m.Totals.Reasons); diff != "" || m.Totals.Studies != 1 || m.Totals.Missed != 1 {
		t.Errorf("totals %+v, reasons (-want +got):\n%s", m.Totals, diff)
	}
}

func TestRSNATables(t *testing.T) {
	t.Parallel()
	row := "1.1,0,0,0,0,0,0,0,0\n"
	tests := []struct {
		name, labels, boxes, want string
	}{
		{"empty file", "", boxHead, "train.csv: no header line"},
		{"no studies", labelHead, boxHead, "no study"},
		{"another column", strings.Replace(labelHead, "\n", ",T1\n", 1) + "1.1,0,0,0,0,0,0,0,0,0\n", boxHead, "10 columns"},
		{"a column less", "StudyInstanceUID,patient_overall,C1\n1.1,0,0\n", boxHead, "no column C2"},
		{"a column twice", strings.Replace(labelHead, "C7", "C6", 1) + row, boxHead, "no column C7"},
		{"the same study twice", labelHead + row + row, boxHead, "line 3: study: occurs twice"},
		{"a label of 2", labelHead + "1.1,0,0,0,2,0,0,0,0\n", boxHead, "line 2: C3: neither 0 nor 1"},
		{"an empty label", labelHead + "1.1,,0,0,0,0,0,0,0\n", boxHead, "patient_overall: neither"},
		{"a short row", labelHead + "1.1,0\n", boxHead, "line 2: not 9"},
		{"a way out of the folder", labelHead + "../1,0,0,0,0,0,0,0,0\n", boxHead, "study: no UID"},
		{"dots alone", labelHead + "..,0,0,0,0,0,0,0,0\n", boxHead, "study: no UID"},
		{"an open quote", labelHead + "\"1.1,0,0,0,0,0,0,0,0\n", boxHead, "line 2"},
		{"a box without width", labelHead + row, boxHead + "1.1,1,1,0,1,1\n", "line 2: box: outside any image or empty"},
		{"a box without end", labelHead + row, boxHead + "1.1,1,1,Inf,1,1\n", "width: no number"},
		{"a box that is no number", labelHead + row, boxHead + "1.1,NaN,1,1,1,1\n", "x: no number"},
		{"half an image", labelHead + row, boxHead + "1.1,1,1,1,1,1.5\n", "slice_number"},
		{"other boxes", labelHead + row, "StudyInstanceUID,x,y,w,h,slice_number\n", "no column width"},
		{"too many boxes", labelHead + row, boxHead + strings.Repeat("1.1,1,1,1,1,1\n", 2001), "more than 2000 boxes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := writeRSNA(t, tt.labels, tt.boxes, "1.1")
			_, err := dataset.Prepare(t.Context(), rsnaOptions(in, t.TempDir(), dataset.PartsSegment))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

// TestRSNATablesAsTheyCome: a byte order mark, other line ends, another order of columns,
// whole numbers with a point, and no table of boxes at all.
func TestRSNATablesAsTheyCome(t *testing.T) {
	t.Parallel()
	labels := "\xef\xbb\xbfpatient_overall,C7,C6,C5,C4,C3,C2,C1,StudyInstanceUID\r\n1,0,0,1,0,0,0,0, 1.1\r\n"
	in := writeRSNA(t, labels, boxHead+"1.1,42.0,25.0,3.0,6.0,60.0\n", "1.1")
	m, err := dataset.Prepare(t.Context(), rsnaOptions(in, t.TempDir(), dataset.PartsCrops))
	if err != nil || m.Totals.Boxes != 1 || m.Studies[0].Levels[neckfrac.C5] != 1 {
		t.Fatalf("%+v, %v", m.Totals, err)
	}
	if err := os.Remove(filepath.Join(in, "train_bounding_boxes.csv")); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	m, err = dataset.Prepare(t.Context(), rsnaOptions(in, out, dataset.PartsCrops))
	if err != nil || m.Totals.Boxes != 0 || m.Totals.Crops != 7 {
		t.Errorf("without boxes: %+v, %v", m.Totals, err)
	}
	if err := os.RemoveAll(filepath.Join(in, "train_images", "1.1")); err != nil {
		t.Fatal(err)
	}
	if _, err := dataset.Prepare(t.Context(), rsnaOptions(in, out, dataset.PartsCrops)); neckfrac.KindOf(err) != neckfrac.Conflict {
		t.Errorf("other images into the same folder: %v, want conflict", err)
	}
}

// FuzzRSNATables: no table makes Prepare panic, and what passes names folders below the
// input alone.
func FuzzRSNATables(f *testing.F) {
	f.Add(labelHead+"1.1,1,0,0,0,0,1,0,0\n", boxHead+"1.1,42,25,3,6,60\n")
	f.Add("\xef\xbb\xbf"+labelHead+"\"1.1\",0,0,0,0,0,0,0,0\r\n", boxHead+"1.1,-1.5,1e3,3,6,60\n")
	f.Fuzz(func(t *testing.T, labels, boxes string) {
		in := writeRSNA(t, labels, boxes)
		o := rsnaOptions(in, t.TempDir(), dataset.PartsCrops)
		m, err := dataset.Prepare(t.Context(), o)
		if err == nil && (m.Totals.Studies != 0 || m.Totals.Refused == 0) {
			t.Errorf("studies without images: %+v", m.Totals)
		}
	})
}
