package dataset

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
)

// Constructors of elements for writers. The VR is the dictionary's, so that a
// tag and its value cannot disagree; a tag that the dictionary lacks gets UN
// and needs an Element literal. Values are not checked here: [Encode] pads and
// bounds them.

// NewText returns a text element with the given values.
func NewText(tag Tag, values ...string) Element {
	return Element{Tag: tag, VR: LookupVR(tag), Value: []byte(strings.Join(values, `\`))}
}

// NewInt returns an element of integers, as IS or as the binary integer that
// the tag's VR wants; values that do not fit are truncated.
func NewInt(tag Tag, values ...int64) Element {
	e := Element{Tag: tag, VR: LookupVR(tag)}
	if e.VR == IS {
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = strconv.FormatInt(v, 10)
		}
		e.Value = []byte(strings.Join(texts, `\`))
		return e
	}
	for _, v := range values {
		switch e.VR.word() {
		case 2:
			e.Value = binary.LittleEndian.AppendUint16(e.Value, uint16(v))
		case 4:
			e.Value = binary.LittleEndian.AppendUint32(e.Value, uint32(v))
		default:
			e.Value = binary.LittleEndian.AppendUint64(e.Value, uint64(v))
		}
	}
	return e
}

// NewFloat returns an element of DS, FL or FD values. A DS has at most 16
// characters (PS3.5 §6.2), which holds at least 9 significant digits.
func NewFloat(tag Tag, values ...float64) Element {
	e := Element{Tag: tag, VR: LookupVR(tag)}
	texts := make([]string, len(values))
	for i, v := range values {
		switch e.VR {
		case FL:
			e.Value = binary.LittleEndian.AppendUint32(e.Value, math.Float32bits(float32(v)))
		case FD:
			e.Value = binary.LittleEndian.AppendUint64(e.Value, math.Float64bits(v))
		default:
			texts[i] = formatDS(v)
		}
	}
	if e.VR != FL && e.VR != FD {
		e.Value = []byte(strings.Join(texts, `\`))
	}
	return e
}

// NewSequence returns a sequence of the given items.
func NewSequence(tag Tag, items ...Dataset) Element {
	if items == nil {
		items = []Dataset{}
	}
	return Element{Tag: tag, VR: SQ, Items: items}
}

// NewBytes returns an element with a raw little endian value.
func NewBytes(tag Tag, vr VR, value []byte) Element {
	return Element{Tag: tag, VR: vr, Value: value}
}

// NewTags returns an AT element.
func NewTags(tag Tag, values ...Tag) Element {
	e := Element{Tag: tag, VR: AT}
	for _, v := range values {
		e.Value = binary.LittleEndian.AppendUint16(e.Value, v.Group())
		e.Value = binary.LittleEndian.AppendUint16(e.Value, v.Element())
	}
	return e
}

// formatDS prints the shortest form that reads back as v, or the most precise
// one that fits into 16 characters.
func formatDS(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	for prec := 16; len(s) > 16 && prec > 0; prec-- {
		s = strconv.FormatFloat(v, 'g', prec, 64)
	}
	return s
}
