package pixeltest

import (
	"encoding/binary"
	"errors"
)

// JLS says how [EncodeJLS] codes an image. Zero preset parameters mean the defaults
// of T.87 §C.2.4.1.1.1.
type JLS struct {
	Rows, Cols, Bits int
	// Near is the largest error of a sample, 0 for lossless.
	Near int
	// Restart is the number of lines between restart markers, 0 for none.
	Restart int
	// Preset parameters; if one of them is set, they are written as LSE.
	MaxVal, T1, T2, T3, Reset int
}

// EncodeJLS codes one grey channel as JPEG-LS (ITU-T T.87). It is written for
// tests along the figures of the standard, one bit at a time, and shares no code with the
// decoder. Samples above MaxVal are an error.
func EncodeJLS(px []uint16, o JLS) ([]byte, error) {
	if len(px) != o.Rows*o.Cols || len(px) == 0 || o.Bits < 2 || o.Bits > 16 {
		return nil, errors.New("jpeg-ls: size")
	}
	out := []byte{0xFF, 0xD8, 0xFF, 0xF7, 0, 11, byte(o.Bits)}
	out = binary.BigEndian.AppendUint16(out, uint16(o.Rows))
	out = binary.BigEndian.AppendUint16(out, uint16(o.Cols))
	out = append(out, 1, 1, 0x11, 0)
	if o.MaxVal|o.T1|o.T2|o.T3|o.Reset != 0 {
		out = append(out, 0xFF, 0xF8, 0, 13, 1)
		for _, v := range []int{o.MaxVal, o.T1, o.T2, o.T3, o.Reset} {
			out = binary.BigEndian.AppendUint16(out, uint16(v))
		}
	}
	if o.Restart > 0 {
		out = append(out, 0xFF, 0xDD, 0, 4)
		out = binary.BigEndian.AppendUint16(out, uint16(o.Restart))
	}
	out = append(out, 0xFF, 0xDA, 0, 8, 1, 1, 0, byte(o.Near), 0, 0)
	e := newJLSEncoder(o)
	for _, v := range px {
		if int(v) > e.maxval {
			return nil, errors.New("jpeg-ls: sample above MAXVAL")
		}
	}
	every, m := o.Restart, 0
	if every == 0 {
		every = o.Rows
	}
	for y := 0; y < o.Rows; y++ {
		if y%every == 0 {
			if y > 0 {
				out = append(append(out, e.flush()...), 0xFF, byte(0xD0+m&7))
				m++
			}
			e.reset()
		}
		e.line(px[y*o.Cols : (y+1)*o.Cols])
	}
	return append(append(out, e.flush()...), 0xFF, 0xD9), nil
}
