package volume_test

import (
	"bytes"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// FuzzSeriesBuilder gives one slice of a good series an arbitrary file: the answer is a
// volume on a sane grid or a stated reason, never a panic and never another error.
func FuzzSeriesBuilder(f *testing.F) {
	s := neck()
	s.n = 6
	good := s.files(f)
	for _, in := range good[2:4] {
		b := make([]byte, in.Size)
		if _, err := in.File.ReadAt(b, 0); err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	lim := volume.Limits{MaxVoxels: 1 << 20}
	f.Fuzz(func(t *testing.T, file []byte) {
		in := append([]volume.Input(nil), good...)
		in[2].File, in[2].Size = bytes.NewReader(file), int64(len(file))
		got, err := volume.Assemble(t.Context(), in, lim)
		if err != nil {
			if _, refused := neckfrac.AsRefused(err); !refused && neckfrac.KindOf(err) != neckfrac.Invalid {
				t.Fatalf("error of kind %v: %v", neckfrac.KindOf(err), err)
			}
			return
		}
		v := got.Volume
		if len(v.HU) != v.Len() || len(v.Source) != v.Dims[2] || !(v.SpacingMM[2] > 0) {
			t.Fatalf("grid %+v with %d values and %d sources", v.Grid, len(v.HU), len(v.Source))
		}
	})
}
