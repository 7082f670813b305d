package pixel

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// JPEG lossless, ISO/IEC 10918-1 = ITU-T T.81 process 14 with Huffman coding, as DICOM
// uses it for one grey channel: PS3.5 §8.2.1, 2 to 16 bits, predictors 1 to 7. Selection
// value 1 is a transfer syntax of its own; it differs in nothing else. Clauses below are
// T.81's.
//
// Not decoded, since no CT has it: more than one component or scan, a height that
// follows in DNL, arithmetic coding.

var errJPEGLL = errors.New("jpeg lossless")

func jpegllFault(what string) error { return fmt.Errorf("%w: %s", errJPEGLL, what) }

// Markers of T.81 Table B.1 that only this process has here.
const (
	markerSOF3 = 0xC3
	markerDHT  = 0xC4
	markerDQT  = 0xDB
)

// jpegllCoding is what the marker segments in front of the scan state.
type jpegllCoding struct {
	precision, rows, cols int // SOF3, B.2.2
	tables                [4]*huffman
	table                 *huffman // the scan's
	predictor             int      // Ss, B.2.3
	transform             uint     // Al: low bits that were shifted out
	restart               int      // samples between restart markers, 0 for none
}

// decodeJPEGLossless is the codec of both lossless JPEG transfer syntaxes.
func decodeJPEGLossless(dst []uint16, codestream []byte, f Format) error {
	p := jlsParser{src: codestream}
	c, err := p.losslessHeader()
	if err != nil {
		return err
	}
	switch {
	case c.rows != f.Rows || c.cols != f.Cols:
		return jpegllFault("size differs from the header's")
	case c.restart%c.cols != 0: // H.1.1
		return jpegllFault("restart interval is no whole number of lines")
	case f.Signed && c.precision < f.BitsStored:
		return errSign
	}
	every := f.Rows
	if c.restart > 0 {
		every = c.restart / c.cols
	}
	for y, m := 0, 0; y < f.Rows; m++ {
		end := min(f.Rows, y+every)
		in := jpegBits{src: codestream[p.pos:]}
		if !c.interval(&in, dst[y*f.Cols:end*f.Cols]) {
			return jpegllFault("entropy-coded data")
		}
		y = end
		p.pos += in.end()
		want := byte(markerEOI)
		if y < f.Rows {
			want = markerRST0 + byte(m&7)
		}
		if got, ok := p.marker(); !ok || got != want {
			return jpegllFault("marker after a scan")
		}
	}
	return nil
}

// losslessHeader reads up to the first byte of entropy-coded data.
func (p *jlsParser) losslessHeader() (jpegllCoding, error) {
	var c jpegllCoding
	if m, ok := p.marker(); !ok || m != markerSOI {
		return c, jpegllFault("no start of image")
	}
	for range maxJLSSegments {
		m, ok := p.marker()
		if !ok {
			return c, jpegllFault("marker expected")
		}
		b, ok := p.segment()
		if !ok {
			return c, jpegllFault("segment length")
		}
		fault := ""
		switch {
		case m == markerSOF3:
			fault = c.frame(b)
		case m == markerDHT:
			fault = c.huffman(b)
		case m == markerDRI:
			if len(b) != 2 {
				fault = "restart interval"
				break
			}
			c.restart = int(binary.BigEndian.Uint16(b))
		case m == markerSOS:
			if fault = c.scan(b); fault == "" {
				return c, nil
			}
		case m == markerDQT || m == markerCOM || m >= markerAPP0 && m <= markerAPP15:
		default:
			fault = "marker of another process"
		}
		if fault != "" {
			return c, jpegllFault(fault)
		}
	}
	return c, jpegllFault("too many segments")
}

// frame reads SOF3. A second one is a fault, as is a height of 0, which DNL would mend.
func (c *jpegllCoding) frame(b []byte) string {
	if len(b) != 9 || c.cols != 0 || b[5] != 1 || b[7] != 0x11 {
		return "frame header"
	}
	c.precision = int(b[0])
	c.rows, c.cols = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	if c.precision < 2 || c.precision > 16 || c.rows == 0 || c.cols == 0 {
		return "frame header"
	}
	return ""
}

// huffman reads the tables of a DHT segment, B.2.4.2.
func (c *jpegllCoding) huffman(b []byte) string {
	for len(b) > 0 {
		if len(b) < 17 || b[0] > 3 { // class 0 in the high half, four destinations
			return "Huffman table"
		}
		n := 0
		for _, k := range b[1:17] {
			n += int(k)
		}
		if n > len(b)-17 {
			return "Huffman table"
		}
		t, ok := newHuffman([16]byte(b[1:17]), b[17:17+n])
		if !ok {
			return "Huffman table"
		}
		c.tables[b[0]] = t
		b = b[17+n:]
	}
	return ""
}

// scan reads SOS for the one component.
func (c *jpegllCoding) scan(b []byte) string {
	if len(b) != 6 || b[0] != 1 || b[2]>>4 > 3 || c.cols == 0 {
		return "scan header"
	}
	c.table, c.predictor, c.transform = c.tables[b[2]>>4], int(b[3]), uint(b[5]&15)
	if c.table == nil || c.predictor < 1 || c.predictor > 7 || b[4] != 0 || b[5]>>4 != 0 || int(c.transform) >= c.precision {
		return "scan header"
	}
	return ""
}

// interval decodes the lines between two restart markers, H.1.2 and H.2: differences to
// a prediction, modulo 2^16.
func (c *jpegllCoding) interval(in *jpegBits, px []uint16) bool {
	cols := c.cols
	line := func(y int) []uint16 { return px[y*cols : (y+1)*cols] }
	// The first line is predicted from the left, its first sample from half the range.
	left := uint16(1) << (c.precision - int(c.transform) - 1)
	cur := line(0)
	for x := range cur {
		d, ok := in.difference(c.table)
		if !ok {
			return false
		}
		left += d
		cur[x] = left
	}
	for y := 1; y < len(px)/cols; y++ {
		above := cur
		cur = line(y)
		d, ok := in.difference(c.table)
		if !ok {
			return false
		}
		cur[0] = above[0] + d // H.1.2.1: from above, whatever the predictor
		for x := 1; x < cols; x++ {
			if d, ok = in.difference(c.table); !ok {
				return false
			}
			cur[x] = c.predict(cur[x-1], above[x], above[x-1]) + d
		}
	}
	for i := range px {
		px[i] <<= c.transform
	}
	return true
}

// predict is Table H.1. Samples have 16 bits at most and no sign, so that the halved
// differences are arithmetic shifts.
func (c *jpegllCoding) predict(a, b, d uint16) uint16 {
	switch c.predictor {
	case 1:
		return a
	case 2:
		return b
	case 3:
		return d
	case 4:
		return a + b - d
	case 5:
		return uint16(int(a) + (int(b)-int(d))>>1)
	case 6:
		return uint16(int(b) + (int(a)-int(d))>>1)
	}
	return uint16((int(a) + int(b)) >> 1)
}
