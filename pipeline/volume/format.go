package volume

import (
	"math"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// format says how stored pixel values become Hounsfield units. It is comparable, so
// that slices of one format share a table.
type format struct {
	bitsStored       uint
	signed           bool
	slope, intercept float64
	padding          bool
	padLow, padHigh  int32 // range of stored values that lie outside the scan
}

// Bounds of believable rescale values; CT uses slope 1 and intercept -1024 or near.
const (
	minSlope     = 1e-4
	maxSlope     = 1e3
	maxIntercept = 1e5
)

// readFormat checks the image pixel module and the rescale. It returns why the
// pixels can't be turned into HU, "" if they can. HU are never guessed: a missing
// slope is a fault.
func readFormat(ds dataset.Dataset, multiframe bool) (format, string) {
	us := func(t dataset.Tag) int { v, ok := ds.Uint16(t); return pick(ok, int(v), -1) }
	photo, _ := ds.String(dataset.TagPhotometricInterpretation)
	colour, presented := ds.String(dataset.TagPixelPresentation)
	frames, framed := ds.Int(dataset.TagNumberOfFrames)
	stored, high, rep := us(dataset.TagBitsStored), us(dataset.TagHighBit), us(dataset.TagPixelRepresentation)
	switch {
	case us(dataset.TagRows) <= 0 || us(dataset.TagColumns) <= 0:
		return format{}, "no rows or columns"
	case us(dataset.TagSamplesPerPixel) != 1 || photo != "MONOCHROME2":
		return format{}, "not one grey channel"
	case presented && colour != "MONOCHROME":
		return format{}, "colours beside the grey channel"
	case !multiframe && (framed && frames != 1 || !framed && ds.Has(dataset.TagNumberOfFrames)):
		return format{}, "not a single frame"
	case us(dataset.TagBitsAllocated) != 16 || stored < 8 || stored > 16 || high != stored-1 || rep < 0 || rep > 1:
		return format{}, "bit layout"
	}
	f := format{bitsStored: uint(stored), signed: rep == 1}
	var ok1, ok2 bool
	f.slope, ok1 = ds.Float(dataset.TagRescaleSlope)
	f.intercept, ok2 = ds.Float(dataset.TagRescaleIntercept)
	unit, typed := ds.String(dataset.TagRescaleType)
	if !ok1 || !ok2 || !within(f.slope, minSlope, maxSlope) || math.Abs(f.intercept) > maxIntercept ||
		typed && unit != "HU" || ds.Has(dataset.TagModalityLUTSequence) {
		return format{}, "rescale to HU"
	}
	if !f.readPadding(ds) {
		return format{}, "padding inside the scale"
	}
	return f, ""
}

// Bounds in HU between which no padding may lie: tissue and bone. A padding value there
// is a wrong header, and to believe it would punch holes into the patient.
const (
	lowTissue = -500
	topBone   = 3071
)

// readPadding reads (0028,0120) and its range limit, PS3.3 §C.7.5.1.1.2; ok is false where
// they take values of the body away.
func (f *format) readPadding(ds dataset.Dataset) (ok bool) {
	v, stated := ds.Int(dataset.TagPixelPaddingValue)
	if !stated {
		return true
	}
	f.padding = true
	f.padLow = f.value(uint16(v))
	f.padHigh = f.padLow
	if l, ok := ds.Int(dataset.TagPixelPaddingRangeLimit); ok {
		to := f.value(uint16(l))
		f.padLow, f.padHigh = min(f.padLow, to), max(f.padHigh, to)
	}
	hu := func(v int32) float64 { return float64(v)*f.slope + f.intercept }
	return hu(f.padHigh) < lowTissue || hu(f.padLow) > topBone
}

// value is the stored value in 16 bits as read: bits above BitsStored may hold
// overlays and are cut off.
func (f format) value(raw uint16) int32 {
	shift := 16 - f.bitsStored
	if f.signed {
		return int32(int16(raw<<shift) >> shift)
	}
	return int32(raw << shift >> shift)
}

func pick(ok bool, a, b int) int {
	if ok {
		return a
	}
	return b
}
