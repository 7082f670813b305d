package pixel

import (
	"encoding/binary"
	"math/bits"
)

// jlsBits reads the entropy-coded bits of one interval (T.87 §A.1): the most
// significant bit first, and after each byte 0xFF a stuffed zero bit. It stops in front of
// a marker, 0xFF with the next bit set. Missing bits set short and read as zero.
type jlsBits struct {
	src   []byte
	pos   int
	acc   uint64 // the next n bits, at the top; below them zeros
	n     int
	ff    bool // the byte before pos was 0xFF
	short bool
}

const highBits, lowBits = 0x8080808080808080, 0x0101010101010101

// fill brings n to at least 57 unless the interval ends.
func (r *jlsBits) fill() {
	if len(r.src)-r.pos >= 8 && !r.ff {
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
		width := 8
		if r.ff {
			width = 7
		} else if b == 0xFF && (r.pos+1 >= len(r.src) || r.src[r.pos+1]&0x80 != 0) {
			return // a marker
		}
		r.acc |= uint64(b) << (64 - width) >> r.n
		r.n += width
		r.ff = b == 0xFF
		r.pos++
	}
}

func (r *jlsBits) drop(n int) {
	r.acc <<= n
	r.n -= n
}

// bits reads n ≤ 32 bits.
func (r *jlsBits) bits(n int) int {
	if r.n < n {
		if r.fill(); r.n < n {
			r.short = true
			return 0
		}
	}
	v := r.acc >> 32 >> (32 - n)
	r.drop(n)
	return int(v)
}

// golomb reads a code of A.5.3 with parameter k; limit is glimit and qbpp as there.
func (r *jlsBits) golomb(k, limit, qbpp int) int {
	if r.n < 32 {
		r.fill()
	}
	escape := limit - qbpp - 1
	if z := bits.LeadingZeros64(r.acc); z < escape && z+1+k <= r.n {
		v := r.acc << z << 1 >> 32 >> (32 - k)
		r.drop(z + 1 + k)
		return z<<k | int(v)
	}
	zeros := 0
	for {
		if r.n == 0 {
			if r.fill(); r.n == 0 {
				r.short = true
				return 0
			}
		}
		if z := bits.LeadingZeros64(r.acc); z < r.n {
			zeros += z
			r.drop(z + 1)
			break
		}
		if zeros += r.n; zeros > escape {
			r.short = true
			return 0
		}
		r.drop(r.n)
	}
	switch {
	case zeros < escape:
		return zeros<<k | r.bits(k)
	case zeros == escape:
		return r.bits(qbpp) + 1
	}
	r.short = true
	return 0
}

// end returns how many bytes follow the interval, from its marker on. ok is false
// where more than the padding of the last byte is left.
func (r *jlsBits) end() (rest int, ok bool) {
	// A last byte of 0xFF is followed by a byte that holds only the stuffed bit.
	const padding = 7 + 7
	r.fill()
	return len(r.src) - r.pos, r.n <= padding && !r.short
}
