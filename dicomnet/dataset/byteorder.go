package dataset

import "encoding/binary"

// The byte order of a data set rules tags, lengths and binary values alike
// (PS3.5 §7.3). Values are turned to little endian while reading.

func (r *Reader) uint16(b []byte) uint16 {
	if r.ts.BigEndian {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (r *Reader) uint32(b []byte) uint32 {
	if r.ts.BigEndian {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (r *Reader) tag(b []byte) Tag { return NewTag(r.uint16(b), r.uint16(b[2:])) }

// swap reverses every whole word of w bytes in place.
func swap(b []byte, w int) {
	if w < 2 {
		return
	}
	for ; len(b) >= w; b = b[w:] {
		for i, j := 0, w-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
}
