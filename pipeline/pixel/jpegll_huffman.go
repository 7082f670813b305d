package pixel

import "encoding/binary"

// jllFast is how many bits the first look at a code takes: a category of CT and its
// additional bits mostly fit in them.
const jllFast = 12

// jllTable decodes differences (H.1.2.2, F.1.2.1, C.2).
type jllTable struct {
	// fast is indexed by the next jllFast bits. An entry holds, from its low byte on: the
	// bits used; what it is; the difference, or the category if its bits don't fit.
	fast [1 << jllFast]uint32
	// Longer codes: those of a length are first[n] … first[n]+count[n]-1, and the category
	// of the first stands at at[n].
	first, count, at [17]int
	categories       []byte
}

const (
	jllWhole    = 1 << 8 // the difference
	jllCategory = 2 << 8 // the category; its bits follow
)

// maxCategory is the difference 32768, which has no additional bits (Table H.2).
const maxCategory = 16

func newJLLTable(s jllSpec) (*jllTable, bool) {
	t := &jllTable{categories: s.categories}
	code, k := 0, 0
	for n := 1; n <= 16; n++ {
		t.first[n], t.count[n], t.at[n] = code, int(s.counts[n-1]), k
		for range t.count[n] {
			if code >= 1<<n || s.categories[k] > maxCategory {
				return nil, false
			}
			if n <= jllFast {
				t.fill(uint32(code), n, uint32(s.categories[k]))
			}
			code++
			k++
		}
		code <<= 1
	}
	return t, k > 0
}

// fill sets the entries that start with a code of n bits.
func (t *jllTable) fill(code uint32, n int, category uint32) {
	rest := jllFast - n
	extra := int(category)
	if category == maxCategory {
		extra = 0
	}
	from := code << rest
	for tail := range uint32(1) << rest {
		e := uint32(n) | jllCategory | category<<16
		if extra <= rest {
			e = uint32(n+extra) | jllWhole | uint32(jllDifference(category, tail>>(rest-extra)))<<16
		}
		t.fast[from|tail] = e
	}
}

// jllDifference is EXTEND of Figure F.12 modulo 2^16.
func jllDifference(category, v uint32) uint16 {
	switch {
	case category == 0:
		return 0
	case category == maxCategory:
		return 1 << 15
	case v < 1<<(category-1):
		return uint16(v + 1 - 1<<category)
	}
	return uint16(v)
}

// differences decodes one line.
func (t *jllTable) differences(dst []uint16, in *jllBits) bool {
	for i := range dst {
		if in.n < 32 { // a code of 16 bits and 15 more
			in.fill()
		}
		e := t.fast[in.acc>>(64-jllFast)]
		if e&jllWhole != 0 {
			used := int(e & 0xFF)
			in.acc <<= used
			in.n -= used
			dst[i] = uint16(e >> 16)
			continue
		}
		category := e >> 16
		if e == 0 {
			var ok bool
			if category, ok = t.long(in); !ok {
				return false
			}
		} else {
			in.drop(int(e & 0xFF))
		}
		v := uint32(0)
		if category > 0 && category < maxCategory {
			v = uint32(in.acc >> (64 - category))
			in.drop(int(category))
		}
		dst[i] = jllDifference(category, v)
	}
	return in.n >= 0
}

// long decodes a code of more than jllFast bits.
func (t *jllTable) long(in *jllBits) (category uint32, ok bool) {
	for n := jllFast + 1; n <= 16; n++ {
		if i := int(in.acc>>(64-n)) - t.first[n]; i >= 0 && i < t.count[n] {
			in.drop(n)
			return uint32(t.categories[t.at[n]+i]), true
		}
	}
	return 0, false
}

// jllBits reads the entropy-coded bits of one interval (B.1.1.5): the most significant
// bit first, and after each byte 0xFF a byte 0 that is dropped. It stops in front of a
// marker; what is read beyond is zero and makes n negative.
type jllBits struct {
	src []byte
	pos int
	acc uint64 // the next n bits, at the top; below them zeros
	n   int
}

func (r *jllBits) start(pos int) { r.pos, r.acc, r.n = pos, 0, 0 }

func (r *jllBits) drop(n int) {
	r.acc <<= n
	r.n -= n
}

// fill brings n to at least 57 unless the interval ends.
func (r *jllBits) fill() {
	if r.n < 0 {
		return
	}
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
		b, width := r.src[r.pos], 1
		if b == 0xFF {
			if r.pos+1 >= len(r.src) || r.src[r.pos+1] != 0 {
				return // a marker
			}
			width = 2
		}
		r.acc |= uint64(b) << 56 >> r.n
		r.n += 8
		r.pos += width
	}
}

// end returns where the interval ends. ok is false where more than the padding of the
// last byte is left.
func (r *jllBits) end() (pos int, ok bool) {
	r.fill()
	return r.pos, r.n >= 0 && r.n < 8
}
