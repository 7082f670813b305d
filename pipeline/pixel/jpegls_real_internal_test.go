package pixel

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// TestJLSReference compares the codestreams of the working group's reference slices
// with the same slices in RLE, which the test unpacks itself.
func TestJLSReference(t *testing.T) {
	t.Parallel()
	root := os.Getenv("NECKFRAC_SHARED")
	if root == "" {
		t.Skip("NECKFRAC_SHARED is not set: no reference slices here")
	}
	folder := filepath.Join(root, "data", "real-ct", "odd", "wg04")
	for _, name := range []string{"CT1", "CT2"} {
		ds, frags := fragmentsOf(t, filepath.Join(folder, name+"_RLE"))
		rows, _ := ds.Uint16(dataset.TagRows)
		cols, _ := ds.Uint16(dataset.TagColumns)
		want := unpackRLE(t, bytes.Join(frags[1:], nil), int(rows)*int(cols))
		_, lossless := fragmentsOf(t, filepath.Join(folder, name+"_JLSL"))
		_, lossy := fragmentsOf(t, filepath.Join(folder, name+"_JLSN"))
		got := make([]uint16, len(want))
		bits, near, err := decodeJLS(bytes.Join(lossless[1:], nil), int(rows), int(cols), got)
		if err != nil || near != 0 {
			t.Fatalf("%s: near %d, error %v", name, near, err)
		}
		mask := uint16(1<<bits - 1)
		for i := range want {
			if got[i] != want[i]&mask {
				t.Fatalf("%s: sample %d is %#x, want %#x", name, i, got[i], want[i])
			}
		}
		exact := slices.Clone(got)
		bits, near, err = decodeJLS(bytes.Join(lossy[1:], nil), int(rows), int(cols), got)
		if err != nil || near == 0 {
			t.Fatalf("%s near-lossless: near %d, error %v", name, near, err)
		}
		worst := 0
		for i := range exact {
			d := int(exact[i]) - int(got[i])
			worst = max(worst, d, -d)
		}
		if worst > near {
			t.Errorf("%s: error %d of %d bits, want at most NEAR %d", name, worst, bits, near)
		}
	}
}

func fragmentsOf(t *testing.T, path string) (dataset.Dataset, [][]byte) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, r, err := dataset.ReadPart10(f, dataset.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	ds, _, err := r.ReadHeader()
	if err != nil {
		t.Fatal(err)
	}
	var frags [][]byte
	for {
		b, err := r.ReadFragment()
		if errors.Is(err, io.EOF) {
			return ds, frags
		}
		if err != nil {
			t.Fatal(err)
		}
		frags = append(frags, b)
	}
}

// unpackRLE undoes PS3.5 §G for n samples of 16 bits, high bytes first.
func unpackRLE(t *testing.T, b []byte, n int) []uint16 {
	t.Helper()
	out := make([]uint16, n)
	for segment := range 2 {
		in := b[binary.LittleEndian.Uint32(b[4+4*segment:]):]
		for at := 0; at < n; {
			c := int(int8(in[0]))
			run := in[1:]
			if c >= 0 {
				in = in[2+c:]
			} else {
				run, in, c = bytes.Repeat(in[1:2], 1-c), in[2:], -c
			}
			for _, v := range run[:c+1] {
				out[at] = out[at]<<8 | uint16(v)
				at++
			}
		}
	}
	return out
}
