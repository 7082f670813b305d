package pixel

import "encoding/binary"

// huffman decodes a table of DHT: the next 16 bits index what their first code is.
type huffman struct {
	// codes holds length<<8 | category; 0 where no code begins so.
	codes [1 << 16]uint16
}

// newHuffman assigns the codes of T.81 Annex C. ok is false for more codes than a length
// has, and for categories that no difference of 16 bits needs.
func newHuffman(counts [16]byte, categories []byte) (h *huffman, ok bool) {
	h = &huffman{}
	next := 0 // first index that no code covers
	for i, n := range counts {
		length := i + 1
		for range n {
			span := 1 << (16 - length)
			if next+span > len(h.codes) || categories[0] > 16 {
				return nil, false
			}
			entry := uint16(length)<<8 | uint16(categories[0])
			for j := next; j < next+span; j++ {
				h.codes[j] = entry
			}
			next += span
			categories = categories[1:]
		}
	}
	return h, true
}

// jpegBits reads the entropy-coded bits of one interval (T.81 §F.1.2.3): the most
// significant first, 0xFF00 for 0xFF. It stops in front of a marker.
type jpegBits struct {
	src []byte
	pos int
	acc uint64 // the next n bits, at the top; below them zeros
	n   int
}

// fill brings n to at least 57 unless the interval ends.
func (r *jpegBits) fill() {
	if len(r.src)-r.pos >= 8 {
		w := binary.BigEndian.Uint64(r.src[r.pos:])
		if (^w-lowBits)&w&highBits == 0 { // no byte is 0xFF
			take := (64 - r.n) >> 3
			r.acc |= w >> (64 - 8*take) << (64 - 8*take) >> r.n
			r.n += 8 * take
			r.pos += take
			return
		}
	}
	for r.n <= 56 && r.pos < len(r.src) {
		b := r.src[r.pos]
		if b == 0xFF {
			if r.pos+1 >= len(r.src) || r.src[r.pos+1] != 0 {
				return // a marker
			}
			r.pos++
		}
		r.acc |= uint64(b) << 56 >> r.n
		r.n += 8
		r.pos++
	}
}

// difference reads one code and its bits, H.1.2.2. ok is false where the interval ends
// or no code begins with what comes.
func (r *jpegBits) difference(h *huffman) (d uint16, ok bool) {
	if r.n < 32 {
		r.fill()
	}
	entry := h.codes[r.acc>>48]
	length, category := int(entry>>8), int(entry&0xFF)
	if length == 0 || length > r.n {
		return 0, false
	}
	r.acc <<= length
	r.n -= length
	switch category {
	case 0:
		return 0, true
	case 16:
		return 1 << 15, true // no further bits
	}
	if category > r.n {
		return 0, false
	}
	v := int(r.acc >> (64 - category))
	r.acc <<= category
	r.n -= category
	if v < 1<<(category-1) { // F.2.2.1 EXTEND
		v -= 1<<category - 1
	}
	return uint16(v), true
}

// end returns how many bytes the interval took. Whole bytes that were read ahead are
// given back, so that what follows them must be a marker.
func (r *jpegBits) end() int {
	for ; r.n >= 8; r.n -= 8 {
		r.pos--
		if r.src[r.pos] == 0 && r.pos > 0 && r.src[r.pos-1] == 0xFF {
			r.pos-- // a stuffed pair
		}
	}
	return r.pos
}
