package openjpeg_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/pixel"
)

// TestReferenceSlices compares the working group's reference slices in JPEG 2000 with the
// same in RLE.
func TestReferenceSlices(t *testing.T) {
	t.Parallel()
	registered(t)
	for _, slice := range []string{"CT1", "CT2"} {
		_, want := decodeFile(t, slice+"_RLE")
		if _, got := decodeFile(t, slice+"_J2KR"); !slices.Equal(got, want) {
			t.Errorf("%s_J2KR differs from RLE", slice)
		}
		_, lossy := decodeFile(t, slice+"_J2KI")
		sum := 0
		for i := range want {
			d := int(int16(want[i])) - int(int16(lossy[i]))
			sum += max(d, -d)
		}
		if mean := float64(sum) / float64(len(want)); mean == 0 || mean > 50 {
			t.Errorf("%s_J2KI: mean difference %.1f, want a little", slice, mean)
		}
	}
}

// frame is one frame of a file as it stands there.
type frame struct {
	syntax string
	stream []byte
	f      pixel.Format
}

// decodeFile decodes the only frame of a reference slice.
func decodeFile(t testing.TB, name string) (frame, []uint16) {
	t.Helper()
	root := os.Getenv("NECKFRAC_SHARED")
	if root == "" {
		t.Skip("NECKFRAC_SHARED is not set: no reference slices here")
	}
	file, err := os.Open(filepath.Join(root, "data", "real-ct", "odd", "wg04", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	m, r, err := dataset.ReadPart10(file, dataset.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	ds, _, err := r.ReadHeader()
	if err != nil {
		t.Fatal(err)
	}
	us := func(tag dataset.Tag) int { v, _ := ds.Uint16(tag); return int(v) }
	f := pixel.Format{Rows: us(dataset.TagRows), Cols: us(dataset.TagColumns), BitsStored: us(dataset.TagBitsStored),
		Signed: us(dataset.TagPixelRepresentation) == 1}
	var parts [][]byte
	for {
		b, err := r.ReadFragment()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, b)
	}
	stream := bytes.Join(parts[1:], nil)
	dst := make([]uint16, f.Rows*f.Cols)
	if err := pixel.Decode(dst, m.TransferSyntaxUID, stream, f); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return frame{m.TransferSyntaxUID, stream, f}, dst
}

// BenchmarkDecode decodes a real slice of 512×512, which only NECKFRAC_SHARED has.
func BenchmarkDecode(b *testing.B) {
	registered(b)
	for _, name := range []string{"CT1_J2KR", "CT1_J2KI"} {
		b.Run(name, func(b *testing.B) {
			x, dst := decodeFile(b, name)
			b.SetBytes(int64(2 * len(dst)))
			b.ReportAllocs()
			for b.Loop() {
				if err := pixel.Decode(dst, x.syntax, x.stream, x.f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
