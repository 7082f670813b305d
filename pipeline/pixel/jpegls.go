package pixel

import (
	"errors"
	"fmt"
)

// JPEG-LS, ISO/IEC 14495-1 = ITU-T T.87, as DICOM uses it for one grey channel:
// PS3.5 §8.2.3, 2 to 16 bits, lossless and near-lossless. Clauses below are T.87's.
//
// Not decoded, since no CT has it: more than one component, mapping tables (LSE 2 and
// 3), oversize dimensions (LSE 4), a point transform, a height that follows in DNL.

// errJLS is what every fault of a codestream is; the words beside it carry no value.
var errJLS = errors.New("jpeg-ls")

func jlsFault(what string) error { return fmt.Errorf("%w: %s", errJLS, what) }

// jlsCoding is what the marker segments in front of the first scan state.
type jlsCoding struct {
	bits, rows, cols int // SOF55, C.2.2
	maxval           int // LSE 1, C.2.4.1.1, or its defaults
	t1, t2, t3       int
	reset            int
	near             int // SOS, C.2.3; 0 is lossless
	restart          int // lines between restart markers, 0 for none
}

// decodeJLS decodes one codestream of rows×cols samples into dst, which has that
// length, and returns how many bits a sample has and the error bound NEAR. Samples
// have no sign here: the header's PixelRepresentation gives them one. A codestream of
// another size, one that ends early and one with more than its pixels is a fault.
func decodeJLS(src []byte, rows, cols int, dst []uint16) (bits, near int, err error) {
	if rows <= 0 || cols <= 0 || len(dst) != rows*cols {
		return 0, 0, jlsFault("size of the image")
	}
	p := jlsParser{src: src}
	c, err := p.header()
	if err != nil {
		return 0, 0, err
	}
	if c.rows != rows || c.cols != cols {
		return 0, 0, jlsFault("size differs from the header's")
	}
	if err := c.complete(); err != nil {
		return 0, 0, err
	}
	s := newJLSScan(c)
	every := c.restart
	if every == 0 {
		every = rows
	}
	for y, m := 0, 0; y < rows; m++ {
		s.start(src[p.pos:])
		for end := min(rows, y+every); y < end; y++ {
			if !s.line(dst[y*cols : (y+1)*cols]) {
				return 0, 0, jlsFault("entropy-coded data")
			}
		}
		rest, ok := s.in.end()
		if !ok {
			return 0, 0, jlsFault("data after the last line")
		}
		p.pos = len(src) - rest
		want := byte(markerEOI)
		if y < rows {
			want = markerRST0 + byte(m&7)
		}
		if got, ok := p.marker(); !ok || got != want {
			return 0, 0, jlsFault("marker after a scan")
		}
	}
	return c.bits, c.near, nil
}

// complete fills the defaults of C.2.4.1.1.1 and checks what the coding allows.
func (c *jlsCoding) complete() error {
	full := 1<<c.bits - 1
	if c.maxval == 0 {
		c.maxval = full
	}
	if c.maxval > full || c.near > min(255, c.maxval/2) {
		return jlsFault("preset parameters")
	}
	t1, t2, t3 := jlsThresholds(c.maxval, c.near)
	c.t1, c.t2, c.t3 = orDefault(c.t1, t1), orDefault(c.t2, t2), orDefault(c.t3, t3)
	c.reset = orDefault(c.reset, 64)
	if c.t1 <= c.near || c.t2 < c.t1 || c.t3 < c.t2 || c.t3 > c.maxval || c.reset < 3 || c.reset > max(255, c.maxval) {
		return jlsFault("preset parameters")
	}
	return nil
}

func orDefault(v, def int) int {
	if v == 0 {
		return def
	}
	return v
}

// jlsThresholds are the default gradient bounds of C.2.4.1.1.1.
func jlsThresholds(maxval, near int) (t1, t2, t3 int) {
	clamp := func(i, lo int) int {
		if i > maxval || i < lo {
			return lo
		}
		return i
	}
	if maxval >= 128 {
		f := (min(maxval, 4095) + 128) / 256
		t1 = clamp(f+2+3*near, near+1)
		t2 = clamp(f*4+3+5*near, t1)
		return t1, t2, clamp(f*17+4+7*near, t2)
	}
	f := 256 / (maxval + 1)
	t1 = clamp(max(2, 3/f+3*near), near+1)
	t2 = clamp(max(3, 7/f+5*near), t1)
	return t1, t2, clamp(max(4, 21/f+7*near), t2)
}

// decodeJPEGLS is the codec of both JPEG-LS transfer syntaxes. A near-lossless frame is
// no fault in the lossless one: T.87 has one decoder, and the file's creator may have
// taken either UID.
func decodeJPEGLS(dst []uint16, codestream []byte, f Format) error {
	bits, _, err := decodeJLS(codestream, f.Rows, f.Cols, dst)
	if err == nil && f.Signed && bits < f.BitsStored {
		err = errSign
	}
	return err
}
