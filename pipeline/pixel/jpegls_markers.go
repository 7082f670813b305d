package pixel

import "encoding/binary"

// Markers of T.81 Table B.1 and T.87 Table C.1, without their 0xFF.
const (
	markerSOI   = 0xD8
	markerEOI   = 0xD9
	markerSOS   = 0xDA
	markerDRI   = 0xDD
	markerRST0  = 0xD0
	markerAPP0  = 0xE0
	markerAPP15 = 0xEF
	markerCOM   = 0xFE
	markerSOF55 = 0xF7
	markerLSE   = 0xF8
)

// maxJLSSegments bounds the marker segments in front of a scan: each costs at least
// four bytes, but a frame needs five.
const maxJLSSegments = 1000

// jlsParser walks over marker segments.
type jlsParser struct {
	src []byte
	pos int
}

// marker reads 0xFF, any fill bytes 0xFF, and a code.
func (p *jlsParser) marker() (byte, bool) {
	if p.pos >= len(p.src) || p.src[p.pos] != 0xFF {
		return 0, false
	}
	for p.pos < len(p.src) && p.src[p.pos] == 0xFF {
		p.pos++
	}
	if p.pos >= len(p.src) {
		return 0, false
	}
	p.pos++
	return p.src[p.pos-1], true
}

// segment reads a length and what belongs to it.
func (p *jlsParser) segment() ([]byte, bool) {
	if len(p.src)-p.pos < 2 {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(p.src[p.pos:]))
	if n < 2 || n > len(p.src)-p.pos {
		return nil, false
	}
	b := p.src[p.pos+2 : p.pos+n]
	p.pos += n
	return b, true
}

// header reads up to the first byte of entropy-coded data.
func (p *jlsParser) header() (jlsCoding, error) {
	var c jlsCoding
	if m, ok := p.marker(); !ok || m != markerSOI {
		return c, jlsFault("no start of image")
	}
	for range maxJLSSegments {
		m, ok := p.marker()
		if !ok {
			return c, jlsFault("marker expected")
		}
		b, ok := p.segment()
		if !ok {
			return c, jlsFault("segment length")
		}
		fault := ""
		switch {
		case m == markerSOF55:
			fault = c.frame(b)
		case m == markerLSE:
			fault = c.preset(b)
		case m == markerDRI:
			fault = c.interval(b)
		case m == markerSOS:
			if fault = c.scan(b); fault == "" {
				return c, nil
			}
		case m >= markerAPP0 && m <= markerAPP15 || m == markerCOM:
		default:
			fault = "unknown segment"
		}
		if fault != "" {
			return c, jlsFault(fault)
		}
	}
	return c, jlsFault("too many segments")
}

// frame reads SOF55: P, Y, X, Nf, then Ci, Hi and Vi, Tqi of each component.
func (c *jlsCoding) frame(b []byte) string {
	switch {
	case c.bits != 0 || len(b) != 9:
		return "frame header"
	case b[5] != 1 || b[7] != 0x11:
		return "not one component"
	case b[0] < 2 || b[0] > 16:
		return "bits of a sample"
	}
	c.bits = int(b[0])
	c.rows, c.cols = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	return ""
}

// preset reads LSE of type 1: MAXVAL, T1, T2, T3, RESET; zero means the default.
func (c *jlsCoding) preset(b []byte) string {
	if len(b) != 11 || b[0] != 1 {
		return "preset parameters"
	}
	v := func(i int) int { return int(binary.BigEndian.Uint16(b[1+2*i:])) }
	c.maxval, c.t1, c.t2, c.t3, c.reset = v(0), v(1), v(2), v(3), v(4)
	return ""
}

// interval reads DRI, whose value may have 2, 3 or 4 bytes (C.2.5).
func (c *jlsCoding) interval(b []byte) string {
	if len(b) < 2 || len(b) > 4 {
		return "restart interval"
	}
	n := uint32(0)
	for _, x := range b {
		n = n<<8 | uint32(x)
	}
	c.restart = int(min(n, 1<<16)) // a frame has fewer lines
	return ""
}

// scan reads SOS: Ns, Cs and Tm, NEAR, ILV, and the point transform.
func (c *jlsCoding) scan(b []byte) string {
	switch {
	case c.bits == 0:
		return "scan without a frame"
	case len(b) != 6 || b[0] != 1 || b[4] != 0:
		return "not a scan of one component"
	case b[2] != 0 || b[5] != 0:
		return "mapping table or point transform"
	}
	c.near = int(b[3])
	return ""
}
