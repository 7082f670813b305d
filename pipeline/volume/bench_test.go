package volume_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// onDisk writes n slices of side×side, 1 mm apart, and opens their files.
func onDisk(b *testing.B, s scan, n, side int) []volume.Input {
	b.Helper()
	dir := b.TempDir()
	var out []volume.Input
	for i := range n {
		// One file at a time keeps the bench's own memory small.
		s := s
		s.n, s.rows, s.cols = 1, side, side
		s.firstMM += float64(i)
		id := fmt.Sprintf("1.2.3.1.5%d", i)
		s.edit = put(0, dataset.NewText(dataset.TagSOPInstanceUID, id))
		f := s.files(b)[0]
		buf := make([]byte, f.Size)
		if _, err := f.File.ReadAt(buf, 0); err != nil {
			b.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(path, buf, 0o600); err != nil {
			b.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = file.Close() })
		f.File, f.Instance = file, neckfrac.InstanceUID(id)
		out = append(out, f)
	}
	return out
}

// BenchmarkForms is the same small scan of 512×512 in the forms that it may be stored in.
func BenchmarkForms(b *testing.B) {
	s := neck()
	s.n, s.rows, s.cols = 20, 512, 512
	jls := s
	jls.syntax = dataset.JPEGLSLossless
	jls.edit = func(_ int, ds dataset.Dataset) dataset.Dataset {
		return ds.Put(dataset.Element{Tag: dataset.TagPixelData, VR: dataset.OB, Fragments: [][]byte{{}, jpegLS(b, ds)}})
	}
	one := func(syntax string) []volume.Input {
		return []volume.Input{s.enhanced(dataset.EnhancedCTImageStorage, syntax).input(b)}
	}
	for _, form := range []struct {
		name string
		in   []volume.Input
	}{
		{"single", s.files(b)}, {"single-jpegls", jls.files(b)}, {"enhanced", one(dataset.ExplicitVRLittleEndian)},
		{"enhanced-deflated", one(dataset.DeflatedExplicitVRLittleEndian)}, {"enhanced-jpegls", one(dataset.JPEGLSLossless)},
	} {
		b.Run(form.name, func(b *testing.B) {
			b.SetBytes(20 * 512 * 512 * 2)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := volume.Assemble(b.Context(), form.in, volume.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
