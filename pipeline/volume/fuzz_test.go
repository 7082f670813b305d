package volume_test

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
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
	for _, syntax := range []string{dataset.ExplicitVRLittleEndian, dataset.JPEGLSLossless} {
		m := s.enhanced(dataset.EnhancedCTImageStorage, syntax)
		m.instance = string(good[2].Instance)
		in := m.input(f)
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

// FuzzPixelGeometry states any size, bit layout and number of frames over any number of
// pixel bytes: a volume comes out only if the exact product, in numbers without an end,
// is the number of bytes.
func FuzzPixelGeometry(f *testing.F) {
	f.Add(uint16(6), uint16(8), uint16(16), uint16(16), uint16(15), "4", 4*96, true)
	f.Add(uint16(6), uint16(8), uint16(16), uint16(12), uint16(11), "1", 96, false)
	f.Add(uint16(46341), uint16(46341), uint16(16), uint16(16), uint16(15), "", 9266, false)
	f.Add(uint16(65535), uint16(65535), uint16(16), uint16(16), uint16(15), "2147483647", 2, true)
	f.Fuzz(func(t *testing.T, rows, cols, allocated, stored, high uint16, frames string, n int, multiframe bool) {
		if n < 0 || n > 1<<20 || len(frames) > 16 {
			return
		}
		s := neck()
		s.n = 4
		edit := func(ds dataset.Dataset) dataset.Dataset {
			for _, e := range []dataset.Element{
				dataset.NewInt(dataset.TagRows, int64(rows)), dataset.NewInt(dataset.TagColumns, int64(cols)),
				dataset.NewInt(dataset.TagBitsAllocated, int64(allocated)), dataset.NewInt(dataset.TagBitsStored, int64(stored)),
				dataset.NewInt(dataset.TagHighBit, int64(high)), dataset.NewText(dataset.TagNumberOfFrames, frames),
				dataset.NewBytes(dataset.TagPixelData, dataset.OW, make([]byte, n)),
			} {
				ds = ds.Put(e)
			}
			return ds
		}
		in := []volume.Input{}
		if multiframe {
			m := s.enhanced(dataset.EnhancedCTImageStorage, dataset.ExplicitVRLittleEndian)
			m.edit = edit
			in = append(in, m.input(t))
		} else {
			s.edit = func(_ int, ds dataset.Dataset) dataset.Dataset { return edit(ds) }
			in = s.files(t)
		}
		got, err := volume.Assemble(t.Context(), in, volume.Limits{MaxSide: 1 << 16, MaxVoxels: 1 << 62})
		if err != nil {
			if neckfrac.KindOf(err) != neckfrac.Refused {
				t.Fatalf("error of kind %v: %v", neckfrac.KindOf(err), err)
			}
			return
		}
		need := new(big.Int).Mul(big.NewInt(int64(rows)*2), big.NewInt(int64(cols)))
		if multiframe {
			need.Mul(need, big.NewInt(4))
		}
		even := big.NewInt(int64(n + n%2)) // as the encoder pads
		if need.Cmp(even) != 0 || allocated != 16 || stored > 16 || high != stored-1 {
			t.Fatalf("a volume of %v from %d×%d pixels, %q frames in %d bytes", got.Volume.Dims, rows, cols, frames, n)
		}
	})
}
