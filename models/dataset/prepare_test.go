package dataset_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/dataset"
	"github.com/neckfrac/neckfrac/models/input"
)

var ctGrid = neckfrac.Grid{Dims: [3]int{70, 70, 150}, SpacingMM: neckfrac.Vec3{1, 1, 1}, OriginMM: neckfrac.Vec3{-35, -35, -75},
	Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}

// levelAt is the truth of the test neck: blocks 14 mm high, 18 mm apart.
func levelAt(mm neckfrac.Vec3) uint8 {
	d := 66 - mm[2]
	n := int(math.Floor(d/18)) + 1
	if d < 0 || n > 7 || math.Mod(d, 18) >= 14 || math.Abs(mm[0]) > 14 || math.Abs(mm[1]) > 10 {
		return 0
	}
	return uint8(n)
}

func labelsOf(f func(mm neckfrac.Vec3) uint8) *neckfrac.Labels {
	l := &neckfrac.Labels{Grid: ctGrid, Voxel: make([]uint8, ctGrid.Len())}
	for k := range ctGrid.Dims[2] {
		for j := range ctGrid.Dims[1] {
			for i := range ctGrid.Dims[0] {
				l.Voxel[ctGrid.Index(i, j, k)] = f(ctGrid.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)}))
			}
		}
	}
	return l
}

// lesionAt is a fracture in C5, front left, 4 mm wide.
func lesionAt(mm neckfrac.Vec3) uint8 {
	if levelAt(mm) == 5 && mm[0] > 6 && mm[0] < 10 && mm[1] < -4 {
		return 5
	}
	return 0
}

// The label volumes are the same for every study: made once, read by all.
var (
	trueLabels = sync.OnceValue(func() *neckfrac.Labels { return labelsOf(levelAt) })
	trueLesion = sync.OnceValue(func() *neckfrac.Labels { return labelsOf(lesionAt) })
)

var readers = dataset.Readers{
	Volume: func(context.Context, string) (*neckfrac.Volume, error) {
		v := &neckfrac.Volume{Grid: ctGrid, HU: make([]int16, ctGrid.Len())}
		for i, l := range trueLabels().Voxel {
			v.HU[i] = 40
			if l > 0 {
				v.HU[i] = 700
			}
		}
		return v, nil
	},
	Labels: func(path string) (*neckfrac.Labels, error) {
		if strings.HasPrefix(filepath.Base(path), "labels") {
			return trueLabels(), nil
		}
		return trueLesion(), nil
	},
}

// segmenter thresholds bone; shift misnames every level by that much.
func segmenter(shift int) dataset.Segmenter {
	return func(_ context.Context, f *input.Field) ([]uint8, error) {
		out := make([]uint8, f.Len())
		for x := range f.Dims[0] {
			for y := range f.Dims[1] {
				for z := range f.Dims[2] {
					if l := int(levelAt(f.ToMM(float64(x), float64(y), float64(z)))); l > 0 && l+shift >= 1 && l+shift <= 7 {
						out[f.Index(x, y, z)] = uint8(l + shift)
					}
				}
			}
		}
		return out, nil
	}
}

func writeStudies(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		id := fmt.Sprintf("s%03d", i)
		if err := os.MkdirAll(filepath.Join(dir, id), 0o755); err != nil {
			t.Fatal(err)
		}
		levels := map[string]any{}
		for _, v := range neckfrac.Vertebrae() {
			levels[v.String()] = map[string]any{"label": 0, "in_field": "full"}
		}
		levels["C5"] = map[string]any{"label": 1, "in_field": "full", "fractures": []any{map[string]any{"type": "burst", "voxels": 300}}}
		levels["C2"] = map[string]any{"label": 1, "occult": true, "in_field": "full"}
		b, _ := json.Marshal(map[string]any{"id": id, "seed": i, "patient_label": 1, "levels": levels, "scanner": map[string]any{"kernel": "b"}})
		if err := os.WriteFile(filepath.Join(dir, id, "truth.json"), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func readRows[T any](t *testing.T, path string) []T {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []T
	for s := bufio.NewScanner(f); s.Scan(); {
		var r T
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func TestPrepareAll(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	m, err := dataset.Prepare(t.Context(), dataset.Options{Inputs: []dataset.Input{{Dir: writeStudies(t, 2), Split: dataset.SplitTrain}},
		Out: out, Segmenter: segmenter(0), SegmenterID: "a", Readers: readers, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := dataset.Totals{Studies: 2, Positive: 2, Crops: 14, Fractured: 4, Occult: 2, Slices: m.Totals.Slices}
	if diff := cmp.Diff(want, m.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	b := m.Studies[1].Segment
	voxels := int64(b.Dims[0] * b.Dims[1] * b.Dims[2])
	if b.Offset != voxels || b.Dims != [3]int{47, 100, 47} {
		t.Errorf("second study at %d, dims %v", b.Offset, b.Dims)
	}
	sizes := map[string]int64{"segment.i16": 4 * voxels, "segment.u8": 2 * voxels, "crops.f16": 14 * 16 * 4 * 80 * 80 * 2,
		"crops_map.u8": 14 * 16 * 100, "slices.f16": int64(m.Totals.Slices) * 3 * 128 * 128 * 2}
	for name, want := range sizes {
		if st, err := os.Stat(filepath.Join(out, name)); err != nil || st.Size() != want {
			t.Errorf("%s: %v %v, want %d bytes", name, st, err, want)
		}
	}
	checkRows(t, out)
	back, err := dataset.ReadMeta(out)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, back); diff != "" {
		t.Errorf("dataset.json (-returned +read):\n%s", diff)
	}
}

func checkRows(t *testing.T, out string) {
	t.Helper()
	rows := readRows[dataset.CropRow](t, filepath.Join(out, "crops.jsonl"))
	maps, err := os.ReadFile(filepath.Join(out, "crops_map.u8"))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		marked := bytes.Count(maps[i*1600:][:1600], []byte{1})
		if r.Index != i || r.Level != r.TruthLevel || (r.Level == neckfrac.C5) != (marked > 0) {
			t.Errorf("row %d: %+v with %d cells", i, r, marked)
		}
		if r.Level == neckfrac.C5 {
			// x 7..9 mm is column 6, y -10..-5 rows 3 and 4, z 14 of 18 mm: 12 or 13 slices.
			if r.Label != 1 || r.Type != "burst" || marked < 2*11 || marked > 2*14 {
				t.Errorf("C5: %+v with %d cells", r, marked)
			}
			for tt := 4; tt < 12; tt++ {
				if maps[i*1600+tt*100+4*10+6] != 1 || maps[i*1600+tt*100+4*10+3] != 0 {
					t.Errorf("slice %d: the lesion is not front left", tt)
				}
			}
		}
		if r.Occult != (r.Level == neckfrac.C2) {
			t.Errorf("%v occult = %v", r.Level, r.Occult)
		}
	}
	for _, s := range readRows[dataset.SliceRow](t, filepath.Join(out, "slices.jsonl")) {
		d := 66 - s.ZMM
		if in := d > 72+1.5 && d < 86-2.5; in && s.Fractured != 1<<4 {
			t.Errorf("slice at %v: fractured %b", s.ZMM, s.Fractured)
		}
		if (d < 70 || d > 89) && s.Fractured != 0 {
			t.Errorf("slice at %v: fractured %b", s.ZMM, s.Fractured)
		}
	}
	crops, err := os.ReadFile(filepath.Join(out, "crops.f16"))
	if err != nil {
		t.Fatal(err)
	}
	// The middle of C5's crop: bone of 700 HU, and inside its mask.
	at := func(row, slice, ch, y, x int) float64 {
		o := 2 * ((((row*16+slice)*4+ch)*80+y)*80 + x)
		return fromHalf(binary.LittleEndian.Uint16(crops[o:]))
	}
	if got := at(4, 8, 1, 40, 40); math.Abs(got-0.6) > 1e-3 {
		t.Errorf("HU channel %v, want 0.6", got)
	}
	if got := at(4, 8, 3, 40, 40); got != 1 {
		t.Errorf("mask channel %v, want 1", got)
	}
}

func fromHalf(h uint16) float64 {
	e, m := int(h>>10&31), float64(h&1023)
	if e == 0 {
		return math.Ldexp(m, -24)
	}
	return math.Ldexp(1024+m, e-25)
}

// TestMisnamedLevelKeepsTheTruthOfItsPlace: a segmenter that is one level off must
// not turn C5's fracture into C6's healthy bone.
func TestMisnamedLevelKeepsTheTruthOfItsPlace(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	m, err := dataset.Prepare(t.Context(), dataset.Options{Inputs: []dataset.Input{{Dir: writeStudies(t, 1), Split: dataset.SplitTrain}},
		Out: out, Parts: dataset.PartsCrops, Segmenter: segmenter(1), SegmenterID: "off", Readers: readers})
	if err != nil {
		t.Fatal(err)
	}
	if m.Totals.Misnamed != 6 || m.Totals.Missed != 1 || m.Totals.Crops != 6 {
		t.Errorf("totals %+v", m.Totals)
	}
	for _, r := range readRows[dataset.CropRow](t, filepath.Join(out, "crops.jsonl")) {
		if want := r.Level == neckfrac.C6; (r.Label == 1 && !r.Occult) != want {
			t.Errorf("%+v", r)
		}
	}
	if _, err := os.Stat(filepath.Join(out, "segment.i16")); err == nil {
		t.Error("a set of crops holds the segment part")
	}
}

func TestRefusedStudyIsLeftOut(t *testing.T) {
	t.Parallel()
	r := readers
	r.Volume = func(ctx context.Context, dir string) (*neckfrac.Volume, error) {
		if strings.Contains(dir, "s001") {
			return nil, neckfrac.Refuse("assemble", neckfrac.SliceThickness, "")
		}
		return readers.Volume(ctx, dir)
	}
	out := t.TempDir()
	m, err := dataset.Prepare(t.Context(), dataset.Options{Inputs: []dataset.Input{{Dir: writeStudies(t, 3), Split: dataset.SplitCalib}},
		Out: out, Segmenter: segmenter(0), SegmenterID: "a", Readers: r})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Studies) != 2 || m.Totals.Refused != 1 || m.Studies[1].ID != "s002" || m.Studies[1].Crops[0] != 7 {
		t.Errorf("totals %+v", m.Totals)
	}
}

func TestPrepareResumes(t *testing.T) {
	t.Parallel()
	in := writeStudies(t, 5)
	options := func(out string) dataset.Options {
		return dataset.Options{Inputs: []dataset.Input{{Dir: in}}, Out: out, Segmenter: segmenter(0), SegmenterID: "a", Readers: readers, Workers: 2}
	}
	whole := t.TempDir()
	want, err := dataset.Prepare(t.Context(), options(whole))
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	o := options(out)
	o.Progress = func(done, _ int) {
		if done == 2 {
			cancel()
		}
	}
	if _, err := dataset.Prepare(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled run: %v", err)
	}
	// What a stop in the middle of a write leaves behind.
	f, err := os.OpenFile(filepath.Join(out, "crops.f16"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte("torn"))
	f.Close()
	first := -1
	o = options(out)
	o.Progress = func(done, _ int) {
		if first < 0 {
			first = done
		}
	}
	got, err := dataset.Prepare(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if first < 2 {
		t.Errorf("went on from study %d", first)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("resumed set differs (-whole +resumed):\n%s", diff)
	}
	o.SegmenterID = "b"
	if _, err := dataset.Prepare(t.Context(), o); neckfrac.KindOf(err) != neckfrac.Conflict {
		t.Errorf("other segmenter into the same folder: %v", err)
	}
}

func TestPrepareRefuses(t *testing.T) {
	t.Parallel()
	in := []dataset.Input{{Dir: writeStudies(t, 1)}}
	tests := []struct {
		name string
		o    dataset.Options
		kind neckfrac.Kind
	}{
		{"no input", dataset.Options{Out: "x", Readers: readers}, neckfrac.Invalid},
		{"no readers", dataset.Options{Inputs: in, Out: "x"}, neckfrac.Invalid},
		{"crops without a segmenter", dataset.Options{Inputs: in, Out: "x", Parts: dataset.PartsAll, Readers: readers}, neckfrac.Invalid},
		{"unknown split", dataset.Options{Inputs: []dataset.Input{{Dir: in[0].Dir, Split: "dev"}}, Out: "x", Readers: readers}, neckfrac.Invalid},
		{"empty folder", dataset.Options{Inputs: []dataset.Input{{Dir: t.TempDir()}}, Out: "x", Readers: readers}, neckfrac.NotFound},
		{"the same study twice", dataset.Options{Inputs: append(in, in...), Out: "x", Readers: readers}, neckfrac.Conflict},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.o.Out = filepath.Join(t.TempDir(), tt.o.Out)
			if tt.name == "no input" {
				tt.o.Inputs = nil
			}
			if _, err := dataset.Prepare(t.Context(), tt.o); neckfrac.KindOf(err) != tt.kind || err == nil {
				t.Errorf("got %v, want kind %v", err, tt.kind)
			}
		})
	}
}

func ExamplePrepare() {
	in, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(in)
	os.Mkdir(filepath.Join(in, "s1"), 0o755)
	os.WriteFile(filepath.Join(in, "s1", "truth.json"), []byte(`{"id":"s1","patient_label":0,"levels":{}}`), 0o644)
	m, err := dataset.Prepare(context.Background(), dataset.Options{Inputs: []dataset.Input{{Dir: in, Split: dataset.SplitTest}},
		Out: filepath.Join(in, "out"), Readers: readers})
	fmt.Println(len(m.Studies), m.Files, err)
	// Output: 1 [segment.i16 segment.u8] <nil>
}
