package dicomweb

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// encodeValues turns the values of a DICOM JSON attribute into the bytes of its VR.
func encodeValues(e dataset.Element, values []any) ([]byte, error) {
	switch {
	case len(values) == 0:
		return nil, nil
	case binaryVR(e.VR):
		return nil, ErrJSON
	case e.VR == dataset.AT || numberVR(e.VR):
		var out []byte
		for _, v := range values {
			var err error
			if out, err = appendWord(out, e.VR, v); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	if e.Tag == dataset.TagSpecificCharacterSet {
		return []byte("ISO_IR 192"), nil // what this text is in, whatever it was
	}
	single := e.VR == dataset.LT || e.VR == dataset.ST || e.VR == dataset.UT || e.VR == dataset.UR
	parts := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case string:
			parts[i] = v
		case json.Number:
			if e.VR != dataset.DS && e.VR != dataset.IS {
				return nil, ErrJSON
			}
			parts[i] = v.String()
		}
		if !single && strings.Contains(parts[i], `\`) || strings.Contains(parts[i], "\x00") {
			return nil, ErrJSON
		}
	}
	if single && len(parts) > 1 {
		return nil, ErrJSON
	}
	return []byte(strings.Join(parts, `\`)), nil
}

// appendWord appends one binary number or tag in little endian.
func appendWord(dst []byte, vr dataset.VR, v any) ([]byte, error) {
	var s string
	switch v := v.(type) {
	case json.Number:
		s = v.String()
	case string:
		s = v
	default:
		return nil, ErrJSON
	}
	le := binary.LittleEndian
	switch vr {
	case dataset.AT:
		t, ok := parseTagKey(s)
		if !ok {
			return nil, ErrJSON
		}
		return le.AppendUint16(le.AppendUint16(dst, t.Group()), t.Element()), nil
	case dataset.FL, dataset.FD:
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || strings.ContainsAny(s, "xX_") {
			return nil, ErrJSON
		}
		if vr == dataset.FL {
			return le.AppendUint32(dst, math.Float32bits(float32(f))), nil
		}
		return le.AppendUint64(dst, math.Float64bits(f)), nil
	}
	bits := 8 * wordOf(vr)
	var u uint64
	var err error
	if vr == dataset.SS || vr == dataset.SL || vr == dataset.SV {
		var n int64
		n, err = strconv.ParseInt(s, 10, bits)
		u = uint64(n)
	} else {
		u, err = strconv.ParseUint(s, 10, bits)
	}
	if err != nil {
		return nil, ErrJSON
	}
	switch bits {
	case 16:
		return le.AppendUint16(dst, uint16(u)), nil
	case 32:
		return le.AppendUint32(dst, uint32(u)), nil
	}
	return le.AppendUint64(dst, u), nil
}

// parseTagKey reads eight hexadecimal digits, of either case as peers write them.
func parseTagKey(s string) (dataset.Tag, bool) {
	if len(s) != 8 {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 16, 32)
	return dataset.Tag(n), err == nil
}

// capReader ends a stream after left bytes and remembers that it had to.
type capReader struct {
	r    io.Reader
	left int64
	over bool
}

func (c *capReader) Read(p []byte) (int, error) {
	if c.left <= 0 {
		// One byte more tells a document of exactly the limit from a longer one.
		var one [1]byte
		n, err := c.r.Read(one[:])
		if n > 0 {
			c.over = true
			return 0, io.ErrUnexpectedEOF
		}
		return 0, err
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	return n, err
}
