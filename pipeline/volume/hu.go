package volume

import "math"

// Air is the lowest value in a Volume: padding outside the scan field, and whatever
// a scanner writes below the scale's end.
const Air = -1024

// table maps each of the 65 536 raw 16-bit values to HU: 128 KiB per format, and one
// code path for all bit layouts.
type table [1 << 16]int16

func newTable(f format) *table {
	t := new(table)
	for raw := range t {
		v := f.value(uint16(raw))
		if f.padding && v >= f.padLow && v <= f.padHigh {
			t[raw] = Air
			continue
		}
		hu := math.Round(float64(v)*f.slope + f.intercept)
		t[raw] = int16(min(max(hu, Air), math.MaxInt16))
	}
	return t
}
