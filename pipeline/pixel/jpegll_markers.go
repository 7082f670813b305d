package pixel

import "encoding/binary"

// Markers of T.81 Table B.1 that JPEG-LS does not share, without their 0xFF.
const (
	markerSOF3 = 0xC3
	markerDHT  = 0xC4
	markerDQT  = 0xDB
)

// jllParser walks over marker segments, whose syntax JPEG-LS has too.
type jllParser struct{ jlsParser }

// header reads up to the first byte of entropy-coded data.
func (p *jllParser) header() (jllCoding, error) {
	var c jllCoding
	if m, ok := p.marker(); !ok || m != markerSOI {
		return c, jllFault("no start of image")
	}
	for range maxJLSSegments {
		m, ok := p.marker()
		if !ok {
			return c, jllFault("marker expected")
		}
		b, ok := p.segment()
		if !ok {
			return c, jllFault("segment length")
		}
		fault := ""
		switch {
		case m == markerSOF3:
			fault = c.readFrame(b)
		case m == markerDHT:
			fault = c.readTables(b)
		case m == markerDRI:
			fault = c.readInterval(b)
		case m == markerSOS:
			if fault = c.readScan(b); fault == "" {
				return c, nil
			}
		case m >= markerAPP0 && m <= markerAPP15 || m == markerCOM || m == markerDQT: // no use here
		default:
			fault = "not a lossless Huffman process"
		}
		if fault != "" {
			return c, jllFault(fault)
		}
	}
	return c, jllFault("too many segments")
}

// readFrame reads SOF3: P, Y, X, Nf, then Ci, Hi and Vi, Tqi of each component. The
// sampling factors of a single component mean nothing (A.2.2).
func (c *jllCoding) readFrame(b []byte) string {
	switch {
	case c.bits != 0 || len(b) != 9:
		return "frame header"
	case b[5] != 1:
		return "not one component"
	case b[0] < 2 || b[0] > 16:
		return "bits of a sample"
	}
	c.bits, c.component = int(b[0]), b[6]
	c.rows, c.cols = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	if c.rows == 0 || c.cols == 0 {
		return "size of the frame"
	}
	return ""
}

// jllSpec is a Huffman table as DHT has it (B.2.4.2): how many codes there are of each
// length, and their categories.
type jllSpec struct {
	counts     [16]byte
	categories []byte // in the codestream's own bytes
}

// readTables reads DHT. A table is only noted here and is built when a scan takes it,
// so that a codestream of nothing but tables costs no more than its bytes.
func (c *jllCoding) readTables(b []byte) string {
	for len(b) > 0 {
		if len(b) < 17 {
			return "Huffman table"
		}
		class, id := b[0]>>4, b[0]&15
		var t jllSpec
		n := 0
		for i, count := range b[1:17] {
			t.counts[i] = count
			n += int(count)
		}
		b = b[17:]
		if class > 1 || id > 3 || n > len(b) {
			return "Huffman table"
		}
		t.categories, b = b[:n], b[n:]
		if class == 0 { // class 1 has no use here, but some encoders write it
			c.tables[id] = t
		}
	}
	return ""
}

// readInterval reads DRI.
func (c *jllCoding) readInterval(b []byte) string {
	if len(b) != 2 {
		return "restart interval"
	}
	c.restart = int(binary.BigEndian.Uint16(b))
	return ""
}

// readScan reads SOS: Ns, Cs and Td, Ss the predictor, Se, Ah and Al the point transform.
func (c *jllCoding) readScan(b []byte) string {
	switch {
	case c.bits == 0:
		return "scan without a frame"
	case len(b) != 6 || b[0] != 1 || b[1] != c.component:
		return "not a scan of one component"
	case b[2]>>4 > 3 || b[3] < 1 || b[3] > 7:
		return "predictor or table"
	case int(b[5]) >= c.bits: // Ah above the low four bits must be zero too
		return "point transform"
	}
	c.table, c.predictor, c.point = int(b[2]>>4), int(b[3]), int(b[5])
	return ""
}
