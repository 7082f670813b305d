package dataset_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// Whatever reads without an error encodes, and reads again as the same bytes.
func FuzzDataset(f *testing.F) {
	for i, uid := range []string{dataset.ImplicitVRLittleEndian, dataset.ExplicitVRLittleEndian} {
		f.Add(uint8(i), encode(f, uid, slice()))
	}
	f.Add(uint8(1), nested(3, true))
	f.Add(uint8(3), []byte("\x00\x28\x00\x10US\x00\x02\x02\x00"))
	all := dataset.TransferSyntaxes()
	lim := dataset.Limits{MaxElementBytes: 1 << 16, MaxPixelBytes: 1 << 16, MaxTotalBytes: 1 << 18, MaxInflatedBytes: 1 << 18}
	f.Fuzz(func(t *testing.T, n uint8, b []byte) {
		ts := all[int(n)%len(all)]
		ds, err := read(t, ts.UID, b, lim)
		if err != nil {
			return
		}
		explicit := syntax(t, dataset.ExplicitVRLittleEndian)
		var first, second bytes.Buffer
		if dataset.Encode(&first, explicit, ds) != nil {
			return // duplicates and over-long values read but do not encode
		}
		again, err := read(t, dataset.ExplicitVRLittleEndian, first.Bytes(), dataset.Limits{})
		if err != nil {
			t.Fatalf("own encoding does not read: %v", err)
		}
		if err := dataset.Encode(&second, explicit, again); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("second encoding differs: %v", err)
		}
	})
}

func FuzzPart10(f *testing.F) {
	f.Add(file(f, dataset.ExplicitVRLittleEndian))
	f.Add(file(f, dataset.ImplicitVRLittleEndian)[132:])
	f.Fuzz(func(t *testing.T, b []byte) {
		_, r, err := dataset.ReadPart10(bytes.NewReader(b), dataset.Limits{MaxPixelBytes: 1 << 16, MaxElementBytes: 1 << 16})
		if err != nil {
			return
		}
		_, px, err := r.ReadHeader()
		if err != nil || !px.Present {
			return
		}
		if !px.Encapsulated() {
			_, _ = r.ReadPixels()
			return
		}
		for {
			if _, err := r.ReadFragment(); err != nil {
				if err == io.EOF && r.Offset() > int64(len(b)) && px.Offset >= 0 {
					t.Fatalf("offset %d behind the end %d", r.Offset(), len(b))
				}
				return
			}
		}
	})
}
