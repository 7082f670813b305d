package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	tensors "github.com/neckfrac/neckfrac/models/dataset"
	"github.com/neckfrac/neckfrac/models/input"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// tensorSet is a prepared set in memory, studies by seed.
type tensorSet struct {
	meta   tensors.Meta
	study  map[uint64]tensors.Study
	seed   map[string]uint64
	file   map[string][]byte
	crops  map[string]tensors.CropRow // by seed and level
	slices map[uint64][]tensors.SliceRow
	spec   input.Specs
}

func readSet(t *testing.T, dir string, seeds map[string]uint64) *tensorSet {
	t.Helper()
	m, err := tensors.ReadMeta(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := &tensorSet{meta: m, study: map[uint64]tensors.Study{}, seed: seeds, file: map[string][]byte{},
		crops: map[string]tensors.CropRow{}, slices: map[uint64][]tensors.SliceRow{}, spec: m.Spec}
	for _, name := range m.Files {
		if s.file[name], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range m.Studies {
		s.study[seeds[x.ID]] = x
	}
	for sc := bufio.NewScanner(bytes.NewReader(s.file["crops.jsonl"])); sc.Scan(); {
		var r tensors.CropRow
		if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		s.crops[fmt.Sprint(seeds[r.Study], r.Level)] = r
	}
	for sc := bufio.NewScanner(bytes.NewReader(s.file["slices.jsonl"])); sc.Scan(); {
		var r tensors.SliceRow
		if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		s.slices[seeds[r.Study]] = append(s.slices[seeds[r.Study]], r)
	}
	return s
}

// segment gives a study's HU bytes and labels.
func (s *tensorSet) segment(seed uint64) (hu, labels []byte) {
	b := s.study[seed].Segment
	n := int64(b.Dims[0]) * int64(b.Dims[1]) * int64(b.Dims[2])
	return s.file["segment.i16"][2*b.Offset:][:2*n], s.file["segment.u8"][b.Offset:][:n]
}

// rows gives n rows of a tensor file from the first on.
func rows(b []byte, first, n, size int) []byte { return b[first*size:][:n*size] }

// knowing is a segmenter that knows the labels of a set by its pictures.
func (s *tensorSet) knowing() tensors.Segmenter {
	labels := map[[32]byte][]byte{}
	for seed := range s.study {
		hu, l := s.segment(seed)
		labels[sha256.Sum256(hu)] = l
	}
	return func(_ context.Context, f *input.Field) ([]uint8, error) {
		b := make([]byte, 0, 2*len(f.HU))
		for _, v := range f.HU {
			b = binary.LittleEndian.AppendUint16(b, uint16(v))
		}
		l, ok := labels[sha256.Sum256(b)]
		if !ok {
			return nil, fmt.Errorf("a picture that the other layout does not have")
		}
		return l, nil
	}
}

// bothLayouts writes the same studies in both layouts and prepares them.
func bothLayouts(t *testing.T, c phantom.Config, n int, change func(dir string)) (a, b *tensorSet) {
	t.Helper()
	out, seeds := t.TempDir(), map[string]uint64{}
	for _, l := range []phantom.Layout{phantom.LayoutStudies, phantom.LayoutRSNA} {
		dir := filepath.Join(out, fmt.Sprint("in", l))
		set := phantom.Set{First: c, Count: n, Acquired: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Layout: l}
		ix, err := set.Write(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range ix.Studies {
			seeds[e.ID] = e.Seed
			if e.UID != "" {
				seeds[e.UID] = e.Seed
			}
		}
	}
	change(filepath.Join(out, "in1"))
	prepare := func(l tensors.Layout, dir string, s tensors.Segmenter) *tensorSet {
		o := tensors.Options{Layout: l, Inputs: []tensors.Input{{Dir: filepath.Join(out, dir), Split: tensors.SplitTrain}},
			Out: filepath.Join(out, fmt.Sprintf("%s %t", l, s != nil)), Readers: tensors.Readers{Volume: readVolume, Scan: readScan}, Workers: 2}
		if s != nil {
			o.Segmenter, o.SegmenterID = s, "labels of the phantom layout"
		}
		if _, err := tensors.Prepare(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		return readSet(t, o.Out, seeds)
	}
	segment := prepare(tensors.LayoutPhantom, "in0", nil)
	a = prepare(tensors.LayoutPhantom, "in0", segment.knowing())
	return a, prepare(tensors.LayoutRSNA, "in1", segment.knowing())
}

// TestDatasetLayoutsAgree: the same seeds give the same tensors out of both layouts, for a
// patient head first, one feet first and prone, a leaning gantry, and files as the public
// data set has them. What differs is what the RSNA layout does not say: other bone than
// the spine, the exact place of a fracture within its box, and occult fractures.
func TestDatasetLayoutsAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("computes for seconds: run without -short")
	}
	t.Parallel()
	tests := []struct {
		name   string
		form   phantom.Form
		change func(t *testing.T, dir string)
	}{
		{"plain", phantom.Form{}, nil},
		{"feet first, prone, reversed, stripped and compressed", phantom.Form{Position: phantom.FFP, Reverse: true}, stripFiles},
		{"leaning gantry", phantom.Form{TiltDegrees: -18}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := phantom.Config{Seed: 430, Matrix: 128, MaxSlices: 110, Protocol: phantom.ProtocolDiagnostic, Coverage: phantom.CoverageFull,
				Mode: phantom.Enriched, Form: tt.form}
			a, b := bothLayouts(t, c, 1, func(dir string) {
				if tt.change != nil {
					tt.change(t, dir)
				}
			})
			for seed := range a.study {
				checkSegments(t, a, b, seed)
				checkCrops(t, a, b, seed, tt.form.TiltDegrees != 0)
				checkSlices(t, a, b, seed)
			}
			if b.meta.Totals.Boxes == 0 || b.meta.Totals.Unplaced > 0 || len(b.study) != len(a.study) {
				t.Errorf("totals %+v", b.meta.Totals)
			}
		})
	}
}

func checkSegments(t *testing.T, a, b *tensorSet, seed uint64) {
	t.Helper()
	hu, want := a.segment(seed)
	hu2, got := b.segment(seed)
	if !bytes.Equal(hu, hu2) {
		t.Fatalf("seed %d: HU differ", seed)
	}
	differ := 0
	var n, bone, air [9]int
	for i, w := range want {
		v := got[i]
		if w > 0 {
			n[w]++
			switch v := int16(binary.LittleEndian.Uint16(hu[2*i:])); {
			case v > 150:
				bone[w]++
			case v < -900:
				air[w]++
			}
		}
		if (w < 8 || v < 8 && v != 0) && v != w && !(w == 8 && v == 0) {
			differ++
		}
		if v == 8 && w == 0 {
			differ++
		}
	}
	// A voxel between a vertebra and the skull has two claims in one layout and one in the
	// other.
	if differ > 8 {
		t.Errorf("seed %d: %d labels differ", seed, differ)
	}
	for l := 1; l <= 8; l++ {
		least := 0.93
		if l == 8 {
			least = 0.80 // thin walls of the skull and ribs fill their voxels by half
		}
		if n[l] == 0 || float64(bone[l]) < least*float64(n[l]) {
			t.Errorf("seed %d: label %d lies on bone with %d of %d voxels", seed, l, bone[l], n[l])
		}
		if air[l]*500 > n[l] { // what a leaning stack does not show
			t.Errorf("seed %d: label %d lies on air with %d of %d voxels", seed, l, air[l], n[l])
		}
	}
}

func checkCrops(t *testing.T, a, b *tensorSet, seed uint64, leaning bool) {
	t.Helper()
	spec := a.spec.Classify
	n := spec.MapPx * spec.MapPx
	missing, marked := 0, 0
	for _, v := range neckfrac.Vertebrae() {
		r, ok1 := a.crops[fmt.Sprint(seed, v)]
		q, ok2 := b.crops[fmt.Sprint(seed, v)]
		if !ok1 || !ok2 {
			t.Fatalf("seed %d: no crop of %v", seed, v)
		}
		if q.Label != r.Label || q.TruthLevel != r.TruthLevel || q.StepMM != r.StepMM || q.Coverage != r.Coverage || !q.MapKnown {
			t.Errorf("row %+v, want %+v", q, r)
		}
		size := 2 * spec.Len()
		if !bytes.Equal(rows(a.file["crops.f16"], r.Index, 1, size), rows(b.file["crops.f16"], q.Index, 1, size)) {
			t.Errorf("seed %d: crop of %v differs", seed, v)
		}
		size = spec.Slices * n
		exact, boxed := rows(a.file["crops_map.u8"], r.Index, 1, size), rows(b.file["crops_map.u8"], q.Index, 1, size)
		if r.Label == 0 && bytes.Contains(boxed, []byte{1}) {
			t.Errorf("seed %d: %v is whole and marked", seed, v)
		}
		for s := range spec.Slices {
			m, x, strays := compareMaps(exact[s*n:][:n], boxed[s*n:][:n], spec.MapPx)
			if strays > 0 && !leaning { // a box in a leaning slice passes several upright ones
				t.Errorf("seed %d: %v, slice %d: %d cells beside the fracture are marked", seed, v, s, strays)
			}
			missing, marked = missing+m, marked+x
		}
	}
	// A leaning slice's pixels are no voxels of the drawing: places move by half a voxel.
	if missing*50 > marked {
		t.Errorf("seed %d: boxes miss %d of %d marked cells", seed, missing, marked)
	}
}

// compareMaps counts the cells of a fracture that its box does not mark, those of the
// fracture, and marked cells that are not between its rows and columns or next to them.
func compareMaps(exact, boxed []byte, side int) (missing, marked, strays int) {
	lo, hi := [2]int{side, side}, [2]int{-1, -1}
	for i, m := range exact {
		if m != 1 {
			continue
		}
		marked++
		for c, at := range [2]int{i % side, i / side} {
			lo[c], hi[c] = min(lo[c], at), max(hi[c], at)
		}
		if boxed[i] != 1 {
			missing++
		}
	}
	for i, m := range boxed {
		x, y := i%side, i/side
		if m == 1 && marked > 0 && (x < lo[0]-1 || x > hi[0]+1 || y < lo[1]-1 || y > hi[1]+1) {
			strays++
		}
	}
	return missing, marked, strays
}

func checkSlices(t *testing.T, a, b *tensorSet, seed uint64) {
	t.Helper()
	x, y := a.slices[seed], b.slices[seed]
	size := 2 * a.spec.Model1.Len()
	if len(x) != len(y) || !bytes.Equal(rows(a.file["slices.f16"], a.study[seed].Slices[0], len(x), size), rows(b.file["slices.f16"], b.study[seed].Slices[0], len(y), size)) {
		t.Fatalf("seed %d: slices differ", seed)
	}
	less, more := 0, 0
	for i := range x {
		if y[i].ZMM != x[i].ZMM || y[i].Levels != x[i].Levels || y[i].Patient != x[i].Patient || y[i].Weak != 0 {
			t.Errorf("seed %d: slice %+v, want %+v", seed, y[i], x[i])
		}
		if x[i].Fractured&^y[i].Fractured != 0 {
			less++
		}
		if y[i].Fractured&^x[i].Fractured != 0 {
			more++
		}
	}
	// A box has all pixels between two that show a fracture, and thereby three more often;
	// in a leaning slice it reaches above and below them.
	if less > 1 || more > 8 {
		t.Errorf("seed %d: of %d slices %d lost a fracture, %d won one", seed, len(x), less, more)
	}
}

// publicTags are what a public data set may keep of a header: no Modality, no SOP class, no
// frame of reference, no kernel.
var publicTags = map[dataset.Tag]bool{
	dataset.TagSOPInstanceUID: true, dataset.TagContentDate: true, dataset.TagContentTime: true, dataset.TagPatientName: true,
	dataset.TagPatientID: true, dataset.TagSliceThickness: true, dataset.TagStudyInstanceUID: true, dataset.TagSeriesInstanceUID: true,
	dataset.TagInstanceNumber: true, dataset.TagImagePositionPatient: true, dataset.TagImageOrientationPatient: true,
	dataset.TagSamplesPerPixel: true, dataset.TagPhotometricInterpretation: true, dataset.TagRows: true, dataset.TagColumns: true,
	dataset.TagPixelSpacing: true, dataset.TagBitsAllocated: true, dataset.TagBitsStored: true, dataset.TagHighBit: true,
	dataset.TagPixelRepresentation: true, dataset.TagWindowCenter: true, dataset.TagWindowWidth: true,
	dataset.TagRescaleIntercept: true, dataset.TagRescaleSlope: true, dataset.TagPixelData: true,
}

// stripFiles leaves of each image what the public data set has, and compresses every
// second one with RLE.
func stripFiles(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "train_images", "*", "*.dcm"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for i, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		meta, r, err := dataset.ReadPart10(bytes.NewReader(b), dataset.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		ds, err := r.ReadDataset()
		if err != nil {
			t.Fatal(err)
		}
		var out dataset.Dataset
		for _, e := range ds {
			if e.Tag == dataset.TagPixelData && i%2 == 1 {
				meta.TransferSyntaxUID = dataset.RLELossless
				e = dataset.Element{Tag: e.Tag, VR: dataset.OB, Fragments: [][]byte{{}, runLength(e.Value)}}
			}
			if publicTags[e.Tag] {
				out = append(out, e)
			}
		}
		var w bytes.Buffer
		if err := dataset.EncodePart10(&w, meta, out); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, w.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// runLength is PS3.5 §G with literal runs alone: high bytes, then low bytes.
func runLength(px []byte) []byte {
	head := make([]byte, 64)
	binary.LittleEndian.PutUint32(head, 2)
	out := head
	for s := range 2 {
		binary.LittleEndian.PutUint32(head[4+4*s:], uint32(len(out)))
		for at := 1 - s; at < len(px); {
			var run []byte
			for ; at < len(px) && len(run) < 128; at += 2 {
				run = append(run, px[at])
			}
			out = append(append(out, byte(len(run)-1)), run...)
		}
		if len(out)%2 == 1 {
			out = append(out, 0x80)
		}
		head = out
	}
	return out
}

// TestDatasetPrepareRSNA is the command itself: what it prints, and that bad studies are
// counted.
func TestDatasetPrepareRSNA(t *testing.T) {
	if testing.Short() {
		t.Skip("computes for seconds: run without -short")
	}
	t.Parallel()
	in := t.TempDir()
	c := phantom.Config{Seed: 440, Matrix: 96, MaxSlices: 60, Protocol: phantom.ProtocolDiagnostic, Coverage: phantom.CoverageFull}
	ix, err := phantom.Set{First: c, Count: 3, Acquired: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Layout: phantom.LayoutRSNA}.Write(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	images := func(i int) string { return filepath.Join(in, "train_images", ix.Studies[i].UID) }
	for _, err := range []error{
		os.Remove(filepath.Join(images(0), "20.dcm")), // a gap
		os.RemoveAll(images(1)),
		os.WriteFile(filepath.Join(images(2), "1.dcm"), []byte("no DICOM"), 0o644), // one slice less
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (string, string, int) {
		var out, errs bytes.Buffer
		code := Run(append([]string{"dataset", "prepare"}, args...), Runtime{Context: t.Context(), Stdin: &bytes.Buffer{}, Stdout: &out, Stderr: &errs})
		return out.String(), errs.String(), code
	}
	out, errs, code := run("--layout", "rsna", "--in", "train="+in, "--out", filepath.Join(t.TempDir(), "set"))
	if code != exitOK || !strings.HasPrefix(out, "1 studies in ") || !strings.Contains(out, ", 1 left out (gap), 1 left out (no-images)") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if err := os.WriteFile(filepath.Join(in, "train.csv"), []byte("StudyInstanceUID\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, errs, code = run("--layout", "rsna", "--in", in, "--out", t.TempDir())
	if code == exitOK || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "train.csv: no column patient_overall") {
		t.Errorf("bad table: exit %d, %q, %q", code, out, errs)
	}
}

// TestSplicedReads: every window of a file with bytes inserted is what a copy would give.
func TestSplicedReads(t *testing.T) {
	t.Parallel()
	s := &spliced{f: strings.NewReader("abcdefgh"), at: 3, insert: []byte("XYZ")}
	const want = "abcXYZdefgh"
	for off := range len(want) {
		for n := 1; off+n <= len(want); n++ {
			p := make([]byte, n)
			if m, err := s.ReadAt(p, int64(off)); m != n || err != nil && err != io.EOF || string(p) != want[off:off+n] {
				t.Errorf("ReadAt(%d, %d) = %q, %d, %v", off, n, p, m, err)
			}
		}
	}
	if n, err := s.ReadAt(make([]byte, 4), 9); n != 2 || err != io.EOF {
		t.Errorf("past the end: %d, %v", n, err)
	}
}
