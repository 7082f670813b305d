package volume_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// stored sets the first pixel of each slice to a raw value.
func stored(raw uint16) func(int, dataset.Dataset) dataset.Dataset {
	return func(_ int, ds dataset.Dataset) dataset.Dataset {
		px, _ := ds.Bytes(dataset.TagPixelData)
		px = slices.Clone(px)
		binary.LittleEndian.PutUint16(px, raw)
		return ds.Put(dataset.NewBytes(dataset.TagPixelData, dataset.OW, px))
	}
}

// TestScaleEnds is the rule for both ends of the scale: values keep their place in it, and
// what 16 bits can't hold ends at Top or Air and never wraps.
func TestScaleEnds(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name             string
		raw              uint16
		signed           bool
		bits             int64
		slope, intercept float64
		want             int16
	}{
		{"12 bits, metal", 4095, false, 12, 1, -1024, 3071},
		{"extended scale, metal", 32024, false, 16, 1, -1024, 31000},
		{"top of 16 bits", 65535, false, 16, 1, -1024, volume.Top},
		{"one above Top", 33792, false, 16, 1, -1024, volume.Top},
		{"at Top", 33791, false, 16, 1, -1024, volume.Top},
		{"one below Top", 33790, false, 16, 1, -1024, volume.Top - 1},
		{"steep slope", 30000, true, 16, 10, 0, volume.Top},
		{"signed bottom", 0x8000, true, 16, 1, -1024, volume.Air},
		{"below air", 0, false, 16, 1, -3000, volume.Air},
		{"signed bone", 700, true, 16, 1, 0, 700},
		{"half slope", 3, true, 16, 0.5, 0, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := neck()
			s.signed, s.edit = tc.signed, stored(tc.raw)
			s.extra = append(bits(tc.bits), dataset.NewFloat(dataset.TagRescaleSlope, tc.slope),
				dataset.NewFloat(dataset.TagRescaleIntercept, tc.intercept))
			got, err := volume.Assemble(t.Context(), s.files(t), volume.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if hu := got.Volume.HU[0]; hu != tc.want {
				t.Fatalf("HU %d, want %d", hu, tc.want)
			}
		})
	}
}

// TestPaddingRange: padding beyond the body's values is air; padding among them is no
// header to believe.
func TestPaddingRange(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		raw     uint16
		padding []int64
		reason  neckfrac.Reason
	}{
		{"GE", 63536, []int64{63536}, ""}, // -2000 read as unsigned
		{"at the scale's bottom", 0, []int64{0}, ""},
		{"above bone", 65535, []int64{65535}, ""},
		{"a range below", 300, []int64{0, 400}, ""},
		{"a range the other way", 300, []int64{400, 0}, ""},
		{"water", 1024, []int64{1024}, neckfrac.PixelUnreadable},
		{"a range up to bone", 1024, []int64{0, 1700}, neckfrac.PixelUnreadable},
		{"everything", 1024, []int64{0, 65535}, neckfrac.PixelUnreadable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := neck()
			s.edit = stored(tc.raw)
			s.extra = dataset.Dataset{dataset.NewInt(dataset.TagPixelPaddingValue, tc.padding[0])}
			if len(tc.padding) > 1 {
				s.extra = append(s.extra, dataset.NewInt(dataset.TagPixelPaddingRangeLimit, tc.padding[1]))
			}
			got, err := volume.Assemble(t.Context(), s.files(t), volume.Limits{})
			if r, ok := neckfrac.AsRefused(err); ok || tc.reason != "" {
				if !ok || r.Reason != tc.reason {
					t.Fatalf("%v, want refused %q", err, tc.reason)
				}
				return
			}
			if err != nil || got.Volume.HU[0] != volume.Air {
				t.Fatalf("error %v, HU %d, want air", err, got.Volume.HU[0])
			}
		})
	}
}
