package pixel_test

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

// TestReferenceSlices decodes the working group's reference slices, which come in every
// syntax: what has no loss must be equal, value by value.
func TestReferenceSlices(t *testing.T) {
	t.Parallel()
	root := os.Getenv("NECKFRAC_SHARED")
	if root == "" {
		t.Skip("NECKFRAC_SHARED is not set: no reference slices here")
	}
	for _, slice := range []string{"CT1", "CT2"} {
		var want []uint16
		for _, form := range []string{"RLE", "JPLL", "JLSL"} {
			path := filepath.Join(root, "data", "real-ct", "odd", "wg04", slice+"_"+form)
			got := decodeFile(t, path)
			if want == nil {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s_%s differs from RLE", slice, form)
			}
		}
	}
}

// decodeFile decodes the only frame of a file.
func decodeFile(t *testing.T, path string) []uint16 {
	t.Helper()
	file, err := os.Open(path)
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
	dst := make([]uint16, f.Rows*f.Cols)
	if err := pixel.Decode(dst, m.TransferSyntaxUID, bytes.Join(parts[1:], nil), f); err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	return dst
}
