package dataset

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
)

// Strings returns the values of a text element with padding removed: trailing
// spaces and NULs always, leading spaces where they carry no meaning (all but
// LT, ST, UT and UR). The bytes are not converted: see [Dataset.Text]. ok is
// false if the element is absent, not text, or empty.
func (d Dataset) Strings(tag Tag) (values []string, ok bool) {
	e, ok := d.Find(tag)
	if !ok {
		return nil, false
	}
	return e.Strings()
}

// Strings is [Dataset.Strings] for one element. A value of VR UN is read as
// text of the dictionary's VR, since implicit senders and gateways leave UN
// behind.
func (e Element) Strings() (values []string, ok bool) {
	vr := e.VR
	if vr == UN {
		vr = LookupVR(e.Tag)
	}
	if !vr.text() {
		return nil, false
	}
	if vr.single() {
		s := strings.TrimRight(string(e.Value), " \x00")
		return []string{s}, s != ""
	}
	all := strings.Trim(string(e.Value), " \x00")
	if all == "" {
		return nil, false
	}
	values = strings.Split(all, `\`)
	for i, v := range values {
		values[i] = strings.Trim(v, " \x00")
	}
	return values, true
}

// String returns the first value of a text element, see [Dataset.Strings]. An
// empty first value is not ok.
func (d Dataset) String(tag Tag) (string, bool) {
	v, ok := d.Strings(tag)
	if !ok || v[0] == "" {
		return "", false
	}
	return v[0], true
}

// UID returns the first value if it obeys the grammar of [ValidUID].
func (d Dataset) UID(tag Tag) (string, bool) {
	v, ok := d.String(tag)
	if !ok || !ValidUID(v) {
		return "", false
	}
	return v, true
}

// Ints returns the values of an IS or a binary integer element. ok is false
// unless every value is an integer that fits.
func (d Dataset) Ints(tag Tag) (values []int64, ok bool) {
	e, ok := d.Find(tag)
	if !ok {
		return nil, false
	}
	switch e.VR {
	case US, SS, UL, SL, UV, SV:
		return e.binaryInts()
	}
	texts, ok := e.Strings()
	if !ok {
		return nil, false
	}
	values = make([]int64, len(texts))
	for i, s := range texts {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, false
		}
		values[i] = n
	}
	return values, true
}

// Int returns the first value of [Dataset.Ints].
func (d Dataset) Int(tag Tag) (int64, bool) {
	v, ok := d.Ints(tag)
	if !ok {
		return 0, false
	}
	return v[0], true
}

// Uint16 returns the first value of a US element. SS does not qualify.
func (d Dataset) Uint16(tag Tag) (uint16, bool) {
	e, ok := d.Find(tag)
	if !ok || e.VR != US || len(e.Value) < 2 {
		return 0, false
	}
	return binary.LittleEndian.Uint16(e.Value), true
}

// Uint32 returns the first value of a UL element.
func (d Dataset) Uint32(tag Tag) (uint32, bool) {
	e, ok := d.Find(tag)
	if !ok || e.VR != UL || len(e.Value) < 4 {
		return 0, false
	}
	return binary.LittleEndian.Uint32(e.Value), true
}

// Floats returns the values of a DS, FD, FL or integer element. ok is false
// unless every value is a finite number.
func (d Dataset) Floats(tag Tag) (values []float64, ok bool) {
	e, ok := d.Find(tag)
	if !ok {
		return nil, false
	}
	switch e.VR {
	case FD, FL:
		return e.binaryFloats()
	case US, SS, UL, SL, UV, SV:
		ints, ok := e.binaryInts()
		if !ok {
			return nil, false
		}
		for _, n := range ints {
			values = append(values, float64(n))
		}
		return values, true
	}
	texts, ok := e.Strings()
	if !ok {
		return nil, false
	}
	values = make([]float64, len(texts))
	for i, s := range texts {
		if values[i], ok = parseDS(s); !ok {
			return nil, false
		}
	}
	return values, true
}

// Float returns the first value of [Dataset.Floats].
func (d Dataset) Float(tag Tag) (float64, bool) {
	v, ok := d.Floats(tag)
	if !ok {
		return 0, false
	}
	return v[0], true
}

// Bytes returns the raw value of any element that has one.
func (d Dataset) Bytes(tag Tag) ([]byte, bool) {
	e, ok := d.Find(tag)
	if !ok || len(e.Value) == 0 {
		return nil, false
	}
	return e.Value, true
}

// parseDS parses a decimal string. Go's own grammar is wider than that of
// PS3.5 §6.2: it would take hexadecimal, infinities and NaN.
func parseDS(s string) (float64, bool) {
	if s == "" || strings.Trim(s, "0123456789+-.eE") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, false
	}
	return f, true
}

func (e Element) binaryInts() ([]int64, bool) {
	w := e.VR.word()
	if len(e.Value) < w || len(e.Value)%w != 0 {
		return nil, false
	}
	values := make([]int64, 0, len(e.Value)/w)
	for b := e.Value; len(b) >= w; b = b[w:] {
		var n int64
		switch e.VR {
		case US:
			n = int64(binary.LittleEndian.Uint16(b))
		case SS:
			n = int64(int16(binary.LittleEndian.Uint16(b)))
		case UL:
			n = int64(binary.LittleEndian.Uint32(b))
		case SL:
			n = int64(int32(binary.LittleEndian.Uint32(b)))
		default:
			u := binary.LittleEndian.Uint64(b)
			if e.VR == UV && u > math.MaxInt64 {
				return nil, false
			}
			n = int64(u)
		}
		values = append(values, n)
	}
	return values, true
}

func (e Element) binaryFloats() ([]float64, bool) {
	w := e.VR.word()
	if len(e.Value) < w || len(e.Value)%w != 0 {
		return nil, false
	}
	values := make([]float64, 0, len(e.Value)/w)
	for b := e.Value; len(b) >= w; b = b[w:] {
		f := 0.0
		if w == 4 {
			f = float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
		} else {
			f = math.Float64frombits(binary.LittleEndian.Uint64(b))
		}
		if math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, false
		}
		values = append(values, f)
	}
	return values, true
}
