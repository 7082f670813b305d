package dataset

import (
	"bufio"
	"compress/flate"
	"errors"
	"fmt"
	"io"
)

const undefinedLength = 0xFFFFFFFF

// Reader reads one data set from a stream. It buffers, so it may consume more
// of the stream than it returns. A Reader serves one goroutine.
type Reader struct {
	br  *bufio.Reader
	ts  TransferSyntax
	lim Limits

	off      int64 // bytes consumed of the encoded data set, plus the base
	total    int64 // value bytes held so far
	elements int
	head     [8]byte    // scratch of readHeader, here so that it is not allocated anew
	pixel    *PixelData // set while the stream stands at pixel data
	fragment fragmentState
}

// NewReader prepares to read a data set in the given transfer syntax. A
// deflated stream is inflated on the fly, up to Limits.MaxInflatedBytes.
func NewReader(r io.Reader, ts TransferSyntax, lim Limits) (*Reader, error) {
	if _, known := LookupTransferSyntax(ts.UID); !known {
		return nil, fmt.Errorf("dataset: reader: %w", ErrUnsupported)
	}
	lim = lim.withDefaults()
	if ts.Deflated {
		r = &capReader{r: flate.NewReader(r), left: lim.MaxInflatedBytes}
	}
	br, ok := r.(*bufio.Reader)
	if !ok {
		br = bufio.NewReaderSize(r, 16<<10)
	}
	return &Reader{br: br, ts: ts, lim: lim}, nil
}

// ReadDataset reads to the end of the stream, pixel data included.
func (r *Reader) ReadDataset() (Dataset, error) {
	ds, err := r.readElements(scope{implicit: r.ts.Implicit, end: -1})
	if err != nil {
		return nil, fmt.Errorf("dataset: read: %w", err)
	}
	return ds, nil
}

// Offset returns how many bytes of the data set were consumed, counted from
// where the Reader was made; for a Reader of [ReadPart10], from the start of
// the file.
func (r *Reader) Offset() int64 { return r.off }

// scope is the frame in which elements are read.
type scope struct {
	implicit   bool
	end        int64 // offset at which the enclosing item ends, -1 if undefined
	depth      int   // 0 at the top level
	item       bool  // undefined-length item: ends at its delimiter
	stopPixels bool  // return at top-level pixel data
}

// header is what stands in front of a value.
type header struct {
	tag    Tag
	vr     VR
	length uint32
}

func (r *Reader) readElements(s scope) (Dataset, error) {
	var ds Dataset
	for {
		if s.end >= 0 && r.off >= s.end {
			switch {
			case r.off > s.end:
				return nil, r.syntax(0, "item overrun")
			case s.item: // what follows could be the item's, too
				return nil, r.syntax(0, "item without its delimiter")
			}
			return ds, nil
		}
		h, err := r.readHeader(s)
		if err == io.EOF && s.depth == 0 {
			return ds, nil
		}
		if err != nil {
			return nil, truncated(err)
		}
		if h.tag == tagItemDelimitation && s.item {
			return ds, nil
		}
		if h.tag.Group() == 0xFFFE {
			return nil, r.syntax(h.tag, "misplaced delimiter")
		}
		if s.depth == 0 && s.stopPixels && isPixelTag(h.tag) {
			r.atPixels(h)
			return ds, nil
		}
		e, err := r.readValue(h, s)
		if err != nil {
			return nil, err
		}
		ds = append(ds, e)
	}
}

// readHeader reads tag, VR and length. It returns io.EOF only if the stream
// ended before the first byte.
func (r *Reader) readHeader(s scope) (header, error) {
	b := &r.head
	if err := r.fill(b[:4]); err != nil {
		return header{}, err
	}
	h := header{tag: r.tag(b[:4])}
	if err := r.count(); err != nil {
		return header{}, err
	}
	if err := r.fill(b[:4]); err != nil {
		return header{}, truncated(err)
	}
	if s.implicit || h.tag.Group() == 0xFFFE {
		h.length = r.uint32(b[:4])
		h.vr = LookupVR(h.tag)
		if h.vr == UN && h.length == undefinedLength {
			h.vr = SQ
		}
		return h, nil
	}
	if !wellFormedVR(b[:2]) {
		return header{}, r.syntax(h.tag, "VR")
	}
	h.vr = VR(b[:2])
	if h.vr.shortLength() {
		h.length = uint32(r.uint16(b[2:4]))
		return h, nil
	}
	if err := r.fill(b[4:8]); err != nil {
		return header{}, truncated(err)
	}
	h.length = r.uint32(b[4:8])
	return h, nil
}

func (r *Reader) readValue(h header, s scope) (Element, error) {
	e := Element{Tag: h.tag, VR: h.vr}
	top := s.depth == 0 && isPixelTag(h.tag)
	switch {
	case h.vr == SQ:
		items, err := r.readSequence(h, s)
		e.Items = items
		return e, err
	case h.length == undefinedLength && h.vr == UN:
		// PS3.5 §6.2.2: UN of undefined length is a sequence in implicit VR
		// little endian, which a big endian stream would have to switch to.
		if r.ts.BigEndian {
			return e, r.fail(ErrUnsupported, h.tag, "UN of undefined length")
		}
		s.implicit = true
		e.VR = SQ
		items, err := r.readSequence(h, s)
		e.Items = items
		return e, err
	case h.length == undefinedLength:
		if h.vr != OB && h.vr != OW {
			return e, r.syntax(h.tag, "undefined length")
		}
		max := r.lim.MaxElementBytes
		if top {
			max = r.lim.MaxPixelBytes
		}
		var err error
		e.Fragments, err = r.readFragments(max, !top)
		return e, err
	}
	if s.end >= 0 && int64(h.length) > s.end-r.off {
		return e, r.syntax(h.tag, "value longer than its item")
	}
	value, err := r.bytes(h, top)
	if err != nil {
		return e, err
	}
	if r.ts.BigEndian {
		swap(value, h.vr.word())
	}
	e.Value = value
	return e, nil
}

// bytes reads a value of defined length within the limits.
func (r *Reader) bytes(h header, pixels bool) ([]byte, error) {
	n := int64(h.length)
	if pixels {
		if n > r.lim.MaxPixelBytes {
			return nil, r.limit(h.tag, "pixel data")
		}
		return r.take(n)
	}
	if n > r.lim.MaxElementBytes {
		return nil, r.limit(h.tag, "value length")
	}
	if r.total += n; r.total > r.lim.MaxTotalBytes {
		return nil, r.limit(h.tag, "total of values")
	}
	return r.take(n)
}

// takeStep is how much take allocates ahead of the bytes that arrive, so that a
// length field alone buys no memory.
const takeStep = 64 << 10

// take reads n bytes; the caller has checked n against a limit.
func (r *Reader) take(n int64) ([]byte, error) {
	buf := make([]byte, min(n, takeStep))
	for filled := int64(0); ; {
		if err := r.fill(buf[filled:]); err != nil {
			return nil, truncated(err)
		}
		filled = int64(len(buf))
		if filled == n {
			return buf, nil
		}
		grown := make([]byte, min(n, 4*filled))
		copy(grown, buf)
		buf = grown
	}
}

// fill reads len(b) bytes; io.EOF means that not one was there.
func (r *Reader) fill(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	n, err := io.ReadFull(r.br, b)
	r.off += int64(n)
	return err
}

func (r *Reader) count() error {
	if r.elements++; r.elements > r.lim.MaxElements {
		return r.limit(0, "number of elements")
	}
	return nil
}

func (r *Reader) syntax(t Tag, what string) error { return r.fail(ErrSyntax, t, what) }
func (r *Reader) limit(t Tag, what string) error  { return r.fail(ErrLimit, t, what) }

func (r *Reader) fail(kind error, t Tag, what string) error {
	return fmt.Errorf("offset %d, tag %v: %s: %w", r.off, t, what, kind)
}

// truncated turns the end of the stream inside an element into ErrTruncated
// and leaves other errors as they are.
func truncated(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	return err
}

// capReader fails with ErrLimit, instead of ending, after left bytes.
type capReader struct {
	r    io.Reader
	left int64
}

func (c *capReader) Read(p []byte) (int, error) {
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.r.Read(p)
	if int64(n) > c.left {
		n = int(c.left)
		c.left = 0
		return n, fmt.Errorf("inflate: %w", ErrLimit)
	}
	c.left -= int64(n)
	return n, err
}
