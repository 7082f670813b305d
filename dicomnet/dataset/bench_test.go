package dataset_test

import (
	"bytes"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// BenchmarkReadHeader reads the file meta information and the header of a CT
// slice of 512×512, about 90 elements, and stops at the pixels.
func BenchmarkReadHeader(b *testing.B) {
	ds := slice()[:len(slice())-1]
	for i := range 80 {
		tag := dataset.NewTag(0x0009, uint16(0x1000+i))
		ds = ds.Put(dataset.NewBytes(tag, dataset.LO, []byte("a value of some length")))
	}
	ds = ds.Put(dataset.NewBytes(dataset.TagPixelData, dataset.OW, make([]byte, 2*512*512)))
	var file bytes.Buffer
	if err := dataset.EncodePart10(&file, meta(dataset.ExplicitVRLittleEndian), ds); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, r, err := dataset.ReadPart10(bytes.NewReader(file.Bytes()), dataset.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		if _, px, err := r.ReadHeader(); err != nil || px.Length != 2*512*512 {
			b.Fatal(px, err)
		}
	}
}
