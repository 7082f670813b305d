package dataset

import (
	"fmt"
	"io"
)

// fragmentState is how far ReadFragment has come.
type fragmentState struct {
	bytes int64
	done  bool
}

// ReadPixels reads the whole native value at which [Reader.ReadHeader]
// stopped, as little endian bytes, at most Limits.MaxPixelBytes. It may be
// called once. Without such a value it returns ErrSyntax.
func (r *Reader) ReadPixels() ([]byte, error) {
	p := r.pixel
	if p == nil || p.Length < 0 {
		return nil, fmt.Errorf("dataset: read pixels: no native pixel data: %w", ErrSyntax)
	}
	r.pixel = nil
	b, err := r.bytes(header{tag: p.Tag, vr: p.VR, length: uint32(p.Length)}, true)
	if err != nil {
		return nil, fmt.Errorf("dataset: read pixels: %w", err)
	}
	if r.ts.BigEndian {
		swap(b, p.VR.word())
	}
	return b, nil
}

// ReadFragment returns the next fragment of the encapsulated pixel data at
// which [Reader.ReadHeader] stopped; the first is the basic offset table,
// which may be empty. io.EOF marks the sequence delimiter; a stream that ends
// before it is ErrTruncated.
func (r *Reader) ReadFragment() ([]byte, error) {
	if r.fragment.done {
		return nil, io.EOF
	}
	if r.pixel == nil || r.pixel.Length >= 0 {
		return nil, fmt.Errorf("dataset: read fragment: no encapsulated pixel data: %w", ErrSyntax)
	}
	b, err := r.nextFragment(r.lim.MaxPixelBytes)
	if err == io.EOF {
		r.fragment.done = true
		return nil, io.EOF
	}
	if err != nil {
		return nil, fmt.Errorf("dataset: read fragment: %w", err)
	}
	return b, nil
}

// readFragments collects all fragments of an element (PS3.5 §A.4).
func (r *Reader) readFragments(max int64, held bool) ([][]byte, error) {
	r.fragment = fragmentState{}
	frags := [][]byte{}
	for {
		b, err := r.nextFragment(max)
		if err == io.EOF {
			return frags, nil
		}
		if err != nil {
			return nil, err
		}
		if held {
			if r.total += int64(len(b)); r.total > r.lim.MaxTotalBytes {
				return nil, r.limit(TagPixelData, "total of values")
			}
		}
		frags = append(frags, b)
	}
}

func (r *Reader) nextFragment(max int64) ([]byte, error) {
	h, err := r.readHeader(scope{implicit: true})
	switch {
	case err != nil:
		return nil, truncated(err)
	case h.tag == tagSequenceDelimitation:
		return nil, io.EOF
	case h.tag != tagItem:
		return nil, r.syntax(h.tag, "fragment expected")
	case h.length == undefinedLength:
		return nil, r.syntax(h.tag, "fragment of undefined length")
	}
	if r.fragment.bytes += int64(h.length); r.fragment.bytes > max {
		return nil, r.limit(h.tag, "pixel data")
	}
	return r.take(int64(h.length))
}
