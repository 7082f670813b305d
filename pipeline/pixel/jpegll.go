package pixel

import (
	"errors"
	"fmt"
)

// JPEG lossless, ITU-T T.81 Annex H, as DICOM uses it for one grey channel: process 14
// with Huffman coding, 2 to 16 bits, PS3.5 §8.2.1. Both transfer syntaxes, any
// predictor and selection value 1, are one format. Clauses below are T.81's.
//
// Not decoded, since no CT has it: more than one component or scan, arithmetic coding,
// hierarchical frames, a height that follows in DNL, restarts inside a line (which H.1.1
// forbids).

// errJLL is what every fault of a codestream is; the words beside it carry no value.
var errJLL = errors.New("jpeg lossless")

func jllFault(what string) error { return fmt.Errorf("%w: %s", errJLL, what) }

// jllCoding is what the marker segments in front of the scan state.
type jllCoding struct {
	bits, rows, cols int  // SOF3, B.2.2
	component        byte // Ci
	tables           [4]jllSpec
	predictor        int // SOS Ss, Table H.1
	point            int // SOS Al, point transform
	table            int // SOS Td
	restart          int // DRI, samples between restart markers, 0 for none
}

// decodeJPEGLL is the codec of both transfer syntaxes.
func decodeJPEGLL(dst []uint16, src []byte, f Format) error {
	p := jllParser{jlsParser{src: src}}
	c, err := p.header()
	if err != nil {
		return err
	}
	if c.rows != f.Rows || c.cols != f.Cols {
		return jllFault("size differs from the header's")
	}
	if f.Signed && c.bits < f.BitsStored {
		return errSign
	}
	lines, ok := c.interval()
	if !ok {
		return jllFault("restart inside a line")
	}
	table, ok := newJLLTable(c.tables[c.table])
	if !ok {
		return jllFault("Huffman table")
	}
	in := jllBits{src: src}
	for y, m := 0, 0; y < c.rows; m++ {
		in.start(p.pos)
		end := min(c.rows, y+lines)
		if !c.decodeLines(dst, y, end, &in, table) {
			return jllFault("entropy-coded data")
		}
		y = end
		if p.pos, ok = in.end(); !ok {
			return jllFault("data after the last line")
		}
		want := byte(markerEOI)
		if y < c.rows {
			want = markerRST0 + byte(m&7)
		}
		if got, ok := p.marker(); !ok || got != want {
			return jllFault("marker after a scan")
		}
	}
	if c.point > 0 {
		for i := range dst {
			dst[i] <<= c.point
		}
	}
	return nil
}

// interval is the number of lines between restart markers.
func (c *jllCoding) interval() (lines int, ok bool) {
	if c.restart == 0 {
		return c.rows, true
	}
	return c.restart / c.cols, c.restart%c.cols == 0
}

// decodeLines decodes lines from y up to end, which start anew as after a restart
// marker: the first of them knows nothing of the line above (H.1.1).
func (c *jllCoding) decodeLines(dst []uint16, y, end int, in *jllBits, table *jllTable) bool {
	first := dst[y*c.cols : (y+1)*c.cols]
	if !table.differences(first, in) {
		return false
	}
	left := uint16(1) << (c.bits - c.point - 1)
	for i, d := range first {
		left += d
		first[i] = left
	}
	for y++; y < end; y++ {
		above, line := dst[(y-1)*c.cols:y*c.cols], dst[y*c.cols:(y+1)*c.cols]
		if !table.differences(line, in) {
			return false
		}
		line[0] += above[0]
		jllPredict(line, above, c.predictor)
	}
	return true
}

// jllPredict turns the differences in line, but for its first value, into values.
// Arithmetic is modulo 2^16 (H.1.2.1), but for halves, which are of the whole
// difference or sum (Table H.1).
func jllPredict(line, above []uint16, predictor int) {
	above = above[:len(line)]
	left, corner := line[0], above[0]
	for i := 1; i < len(line); i++ {
		up := above[i]
		var p uint16
		switch predictor {
		case 1:
			p = left
		case 2:
			p = up
		case 3:
			p = corner
		case 4:
			p = left + up - corner
		case 5:
			p = left + uint16((int32(up)-int32(corner))>>1)
		case 6:
			p = up + uint16((int32(left)-int32(corner))>>1)
		default:
			p = uint16((uint32(left) + uint32(up)) >> 1)
		}
		left = p + line[i]
		line[i] = left
		corner = up
	}
}
