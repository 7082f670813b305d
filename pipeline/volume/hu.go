package volume

import "math"

// Air is the lowest value in a Volume: padding outside the scan field, and whatever
// a scanner writes below the scale's end.
const Air = -1024

// Top is the highest value in a Volume. Metal ends a scanner's scale at 3071 HU in 12
// bits and near 31 000 on an extended scale; both stay as they are, since where a scale
// ends is not known. What passes 16 bits is Top: it never wraps round to air.
const Top = math.MaxInt16

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
		t[raw] = int16(min(max(hu, Air), Top))
	}
	return t
}
