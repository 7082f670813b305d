package artefact_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/artefact"
)

// answer is a prediction with C5 in field and C6 cut.
func answer() neckfrac.Prediction {
	var p neckfrac.Prediction
	p.Pack.Domain = neckfrac.DomainPatients
	p.Levels[neckfrac.C5.Index()] = level(neckfrac.Box{})
	p.Levels[neckfrac.C6.Index()] = neckfrac.LevelPrediction{
		Vertebra: neckfrac.C6, Coverage: neckfrac.CoveragePartial,
		Extent: neckfrac.Box{Min: neckfrac.Vec3{-25, -20, -20}, Max: neckfrac.Vec3{25, 20, -8}},
	}
	return p
}

func ExampleWrite() {
	dir, err := os.MkdirTemp("", "artefacts")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out, err := artefact.Write(context.Background(), dir, block(neckfrac.Vec3{1, 1, 1}), answer())
	for _, a := range out {
		fmt.Println(a.File, a.Kind, a.Plane, a.Marked, a.Grid.Dims)
	}
	fmt.Println(err)
	// Output:
	// c5-axial.png key-image axial false [0 0 0]
	// c5-sagittal.png key-image sagittal false [0 0 0]
	// c5-coronal.png key-image coronal false [0 0 0]
	// preview.i16.gz preview  false [101 91 79]
	// <nil>
}

// unzip reads an artefact's file and checks its digest.
func unzip(t *testing.T, dir string, a neckfrac.Artefact) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, a.File))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	if a.Blob.Digest != hex.EncodeToString(sum[:]) || a.Blob.Size != int64(len(b)) {
		t.Fatalf("%s: blob %+v does not name its %d bytes", a.File, a.Blob, len(b))
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestPreview: every voxel is the mean of the scan's voxels that it covers, at its
// place in the patient, and the mask has the label of that place.
func TestPreview(t *testing.T) {
	t.Parallel()
	for _, spacing := range []neckfrac.Vec3{{0.5, 1, 1}, {0.7, 1, 0.7}, {2, 2, 3}, {1, 2, 0.25}} {
		t.Run(fmt.Sprint(spacing), func(t *testing.T) {
			t.Parallel()
			v := block(spacing)
			ramp := func(p neckfrac.Vec3) float64 { return 3*p[0] + 5*p[1] - 7*p[2] }
			for i := range v.HU {
				at := neckfrac.Vec3{float64(i % v.Dims[0]), float64(i / v.Dims[0] % v.Dims[1]), float64(i / v.Dims[0] / v.Dims[1])}
				v.HU[i] = int16(math.Round(ramp(v.ToMM(at))))
			}
			p := answer()
			p.Mask = halves()
			dir := t.TempDir()
			out, err := artefact.Write(t.Context(), dir, v, p)
			if err != nil {
				t.Fatal(err)
			}
			preview, mask := out[len(out)-2], out[len(out)-1]
			if preview.Kind != neckfrac.ArtefactPreview || mask.Kind != neckfrac.ArtefactMask || preview.Grid != mask.Grid {
				t.Fatalf("got %+v and %+v", preview, mask)
			}
			raw, labels := unzip(t, dir, preview), unzip(t, dir, mask)
			g := preview.Grid
			if len(raw) != 2*g.Len() || len(labels) != g.Len() {
				t.Fatalf("%d and %d bytes for %v", len(raw), len(labels), g.Dims)
			}
			for a := range 3 {
				if want := max(0.69, min(spacing[a], 1)); g.SpacingMM[a] < want || g.SpacingMM[a] > max(1.21, spacing[a]) {
					t.Fatalf("spacing %v from %v", g.SpacingMM, spacing)
				}
			}
			for i := range g.Len() {
				at := g.ToMM(neckfrac.Vec3{float64(i % g.Dims[0]), float64(i / g.Dims[0] % g.Dims[1]), float64(i / g.Dims[0] / g.Dims[1])})
				if hu := float64(int16(binary.LittleEndian.Uint16(raw[2*i:]))); math.Abs(hu-ramp(at)) > 1.01 {
					t.Fatalf("HU %v at %v, want %v", hu, at, ramp(at))
				}
				if want := halfLabel(at); labels[i] != want && math.Abs(at[2]) > 2 {
					t.Fatalf("label %d at %v, want %d", labels[i], at, want)
				}
			}
			covered := g.Bounds()
			if wanted := (neckfrac.Box{Min: neckfrac.Vec3{-48, -43, -43}, Max: neckfrac.Vec3{48, 43, 31}}); !covered.Contains(wanted.Min) || !covered.Contains(wanted.Max) {
				t.Fatalf("preview covers %v, want at least %v", covered, wanted)
			}
		})
	}
}

// halves is a coarse mask: C5 above z = 0 and C6 below, 160 mm wide.
func halves() *neckfrac.Labels {
	m := &neckfrac.Labels{Grid: neckfrac.Grid{Dims: [3]int{41, 41, 41}, SpacingMM: neckfrac.Vec3{4, 4, 4},
		OriginMM: neckfrac.Vec3{-80, -80, -80}, Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}}
	m.Voxel = make([]uint8, m.Len())
	for i := range m.Voxel {
		m.Voxel[i] = halfLabel(m.ToMM(neckfrac.Vec3{0, 0, float64(i / 41 / 41)}))
	}
	return m
}

func halfLabel(p neckfrac.Vec3) uint8 {
	if p[2] > 0 {
		return uint8(neckfrac.C5)
	}
	return uint8(neckfrac.C6)
}

// TestWriteIsRepeatable: equal inputs, equal bytes; inputs stay as they were.
func TestWriteIsRepeatable(t *testing.T) {
	t.Parallel()
	v, p := block(neckfrac.Vec3{2, 2, 2}), answer()
	p.Mask = halves()
	hu, voxels := slices.Clone(v.HU), slices.Clone(p.Mask.Voxel)
	a, err1 := artefact.Write(t.Context(), t.TempDir(), v, p)
	b, err2 := artefact.Write(t.Context(), t.TempDir(), v, p)
	if err1 != nil || err2 != nil || !slices.Equal(a, b) {
		t.Fatalf("%v %v\n%+v\n%+v", err1, err2, a, b)
	}
	if !slices.Equal(hu, v.HU) || !slices.Equal(voxels, p.Mask.Voxel) {
		t.Fatal("an input was changed")
	}
}

func TestWriteKeyImagesDecode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := answer()
	p.Levels[neckfrac.C5.Index()].Lesion = neckfrac.Box{Min: neckfrac.Vec3{-5, -5, -5}, Max: neckfrac.Vec3{5, 5, 5}}
	out, err := artefact.Write(t.Context(), dir, block(neckfrac.Vec3{2, 2, 2}), p)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range out[:3] {
		f, err := os.Open(filepath.Join(dir, a.File))
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		_ = f.Close()
		if err != nil || img.Bounds().Dx() != artefact.SizePX || img.Bounds().Dy() != artefact.SizePX {
			t.Fatalf("%s: %v, error %v", a.File, img, err)
		}
		if !a.Marked || a.Vertebra != neckfrac.C5 || a.ContentType != "image/png" || a.ID != "" {
			t.Errorf("artefact %+v, want a marked picture of C5 without an id", a)
		}
	}
}

func TestWriteFaults(t *testing.T) {
	t.Parallel()
	ended, stop := context.WithCancel(t.Context())
	stop()
	good := block(neckfrac.Vec3{2, 2, 2})
	short := *good
	short.HU = good.HU[1:]
	flat := *good
	flat.SpacingMM[2] = math.NaN()
	badMask := answer()
	badMask.Mask = halves()
	badMask.Mask.Voxel = badMask.Mask.Voxel[:5]
	taken := t.TempDir()
	if err := os.WriteFile(filepath.Join(taken, "c5-axial.png"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		ctx  context.Context
		dir  string
		v    *neckfrac.Volume
		p    neckfrac.Prediction
		want neckfrac.Kind
	}{
		{"ended", ended, t.TempDir(), good, answer(), neckfrac.Unavailable},
		{"no folder", t.Context(), filepath.Join(t.TempDir(), "none"), good, answer(), neckfrac.Unavailable},
		{"file exists", t.Context(), taken, good, answer(), neckfrac.Unavailable},
		{"values short", t.Context(), t.TempDir(), &short, answer(), neckfrac.Invalid},
		{"no spacing", t.Context(), t.TempDir(), &flat, answer(), neckfrac.Invalid},
		{"empty volume", t.Context(), t.TempDir(), &neckfrac.Volume{}, answer(), neckfrac.Invalid},
		{"mask short", t.Context(), t.TempDir(), good, badMask, neckfrac.Invalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, err := artefact.Write(tc.ctx, tc.dir, tc.v, tc.p); err == nil || neckfrac.KindOf(err) != tc.want {
				t.Fatalf("error %v, want kind %v", err, tc.want)
			}
		})
	}
}

// TestWriteNothingInField: no level, infinite boxes or levels outside the volume are
// no fault and give no file.
func TestWriteNothingInField(t *testing.T) {
	t.Parallel()
	infinite := answer()
	infinite.Levels[neckfrac.C5.Index()].Extent = neckfrac.EmptyBox()
	infinite.Levels[neckfrac.C6.Index()].Extent = neckfrac.Box{Min: neckfrac.Vec3{math.NaN()}, Max: neckfrac.Vec3{1, 1, 1}}
	for name, p := range map[string]neckfrac.Prediction{"zero": {}, "infinite": infinite} {
		dir := t.TempDir()
		out, err := artefact.Write(t.Context(), dir, block(neckfrac.Vec3{2, 2, 2}), p)
		files, _ := os.ReadDir(dir)
		if err != nil || len(out) != 0 || len(files) != 0 {
			t.Errorf("%s: %d artefacts, %d files, error %v", name, len(out), len(files), err)
		}
	}
}

// BenchmarkWrite is the runner's whole work on artefacts for a neck of seven levels.
func BenchmarkWrite(b *testing.B) {
	v := block(neckfrac.Vec3{0.4, 0.4, 0.6})
	p := answer()
	for i, l := range neckfrac.Vertebrae() {
		p.Levels[i] = level(neckfrac.Box{Min: neckfrac.Vec3{-5, -5, -5}, Max: neckfrac.Vec3{5, 5, 5}})
		p.Levels[i].Vertebra = l
	}
	p.Mask = halves()
	for b.Loop() {
		if _, err := artefact.Write(b.Context(), b.TempDir(), v, p); err != nil {
			b.Fatal(err)
		}
	}
}
