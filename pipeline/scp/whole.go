package scp

import (
	"bytes"
	"encoding/binary"
	"io"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// maxTrailing bounds what may follow the pixels: data set trailing padding and a few
// groups above 7FE0.
const maxTrailing = 1 << 20

// pixelValue walks over the value of the pixel data as it streams by.
type pixelValue interface {
	// take consumes bytes of the value and returns what lies behind its end.
	take(b []byte) (rest []byte, err error)
	// whole reports whether the end was seen.
	whole() bool
}

// nativeValue is a value of stated length.
type nativeValue struct{ left int64 }

func (v *nativeValue) take(b []byte) ([]byte, error) {
	n := min(v.left, int64(len(b)))
	v.left -= n
	return b[n:], nil
}

func (v *nativeValue) whole() bool { return v.left == 0 }

// fragments is an encapsulated value (PS3.5 §A.4): items, each with its length, up to
// the sequence delimitation item, which alone tells that no fragment is missing.
type fragments struct {
	order binary.ByteOrder
	head  [8]byte
	have  int
	left  int64
	ended bool
}

func (v *fragments) take(b []byte) ([]byte, error) {
	for len(b) > 0 && !v.ended {
		if v.left > 0 {
			n := min(v.left, int64(len(b)))
			v.left -= n
			b = b[n:]
			continue
		}
		n := copy(v.head[v.have:], b)
		v.have += n
		b = b[n:]
		if v.have < len(v.head) {
			return nil, nil
		}
		v.have = 0
		group, element, length := v.order.Uint16(v.head[:]), v.order.Uint16(v.head[2:]), v.order.Uint32(v.head[4:])
		switch {
		case group == 0xFFFE && element == 0xE000 && length != 0xFFFFFFFF:
			v.left = int64(length)
		case group == 0xFFFE && element == 0xE0DD:
			v.ended = true
		default:
			return nil, dataset.ErrSyntax
		}
	}
	return b, nil
}

func (v *fragments) whole() bool { return v.ended }

// newValue is the walker for a data set whose header was read.
func newValue(p dataset.PixelData, ts dataset.TransferSyntax) pixelValue {
	switch {
	case !p.Encapsulated():
		return &nativeValue{left: p.Length}
	case ts.BigEndian:
		return &fragments{order: binary.BigEndian}
	}
	return &fragments{order: binary.LittleEndian}
}

// wholeReader passes a data set on and turns its end into an error where the pixel value
// or an element behind it is cut: a sender that lost the rest of its file still ends the
// message properly.
type wholeReader struct {
	r io.Reader
	// before is what is left of the elements before the value.
	before   int64
	value    pixelValue
	ts       dataset.TransferSyntax
	trailing bytes.Buffer
}

func (w *wholeReader) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	rest := p[:n]
	skip := min(w.before, int64(len(rest)))
	w.before -= skip
	rest = rest[skip:]
	if len(rest) > 0 {
		var verr error
		if rest, verr = w.value.take(rest); verr != nil {
			return n, verr
		}
	}
	if w.trailing.Len()+len(rest) > maxTrailing {
		return n, dataset.ErrLimit
	}
	w.trailing.Write(rest)
	if err != io.EOF {
		return n, err
	}
	if w.before > 0 || !w.value.whole() {
		return n, dataset.ErrTruncated
	}
	if w.trailing.Len() > 0 {
		rest, rerr := dataset.NewReader(&w.trailing, w.ts, headerLimits)
		if rerr == nil {
			_, rerr = rest.ReadDataset()
		}
		if rerr != nil {
			return n, rerr
		}
		w.trailing.Reset()
	}
	return n, io.EOF
}
