package pixeltest

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// JPEGLL says how [EncodeJPEGLL] codes an image.
type JPEGLL struct {
	Rows, Cols, Bits int
	// Predictor is 1 to 7, T.81 Table H.1.
	Predictor int
	// Point is the point transform: so many low bits of each sample are lost.
	Point int
	// Restart is the number of lines between restart markers, 0 for none.
	Restart int
	// Order lists all 17 categories from the shortest code, of 1 bit, to the longest, of
	// 16 bits. Without it every code has 5 bits.
	Order []byte
}

// EncodeJPEGLL codes one grey channel as JPEG lossless with Huffman coding (T.81 Annex
// H), one bit at a time.
func EncodeJPEGLL(px []uint16, o JPEGLL) ([]byte, error) {
	switch {
	case len(px) != o.Rows*o.Cols || len(px) == 0 || o.Bits < 2 || o.Bits > 16,
		o.Predictor < 1 || o.Predictor > 7 || o.Point < 0 || o.Point >= o.Bits, o.Restart*o.Cols > 0xFFFF:
		return nil, errors.New("jpeg lossless: options")
	}
	for _, v := range px {
		if int(v) >= 1<<o.Bits {
			return nil, errors.New("jpeg lossless: sample has more bits")
		}
	}
	counts, order := make([]byte, 16), o.Order
	if order == nil {
		for i := range byte(17) {
			order = append(order, i)
		}
		counts[4] = 17
	} else {
		for i := range 14 {
			counts[i] = 1
		}
		counts[15] = 3
	}
	out := []byte{0xFF, 0xD8, 0xFF, 0xC4, 0, 2 + 17 + 17, 0}
	out = append(append(out, counts...), order...)
	out = append(out, 0xFF, 0xC3, 0, 11, byte(o.Bits))
	out = binary.BigEndian.AppendUint16(out, uint16(o.Rows))
	out = binary.BigEndian.AppendUint16(out, uint16(o.Cols))
	out = append(out, 1, 1, 0x11, 0)
	if o.Restart > 0 {
		out = append(out, 0xFF, 0xDD, 0, 4)
		out = binary.BigEndian.AppendUint16(out, uint16(o.Restart*o.Cols))
	}
	out = append(out, 0xFF, 0xDA, 0, 8, 1, 1, 0, byte(o.Predictor), 0, byte(o.Point))
	e := jllEncoder{o: o, codes: huffmanCodes(counts, order), out: out}
	for y := range o.Rows {
		fresh := y == 0 || o.Restart > 0 && y%o.Restart == 0
		if y > 0 && fresh {
			e.flush()
			e.out = append(e.out, 0xFF, byte(0xD0+(y/o.Restart-1)%8))
		}
		e.line(px, y, fresh)
	}
	e.flush()
	return append(e.out, 0xFF, 0xD9), nil
}

type huffmanCode struct{ code, length int }

// huffmanCodes is Figures C.1 and C.2.
func huffmanCodes(counts, symbols []byte) map[byte]huffmanCode {
	out := map[byte]huffmanCode{}
	code, k := 0, 0
	for n, count := range counts {
		for range count {
			out[symbols[k]] = huffmanCode{code, n + 1}
			code++
			k++
		}
		code <<= 1
	}
	return out
}

type jllEncoder struct {
	o     JPEGLL
	codes map[byte]huffmanCode
	out   []byte
	bits  []byte // of the byte under way, one each
}

func (e *jllEncoder) line(px []uint16, y int, fresh bool) {
	for x := range e.o.Cols {
		at := func(dy, dx int) int { return int(px[(y-dy)*e.o.Cols+x-dx]) >> e.o.Point }
		var p int
		switch {
		case fresh && x == 0:
			p = 1 << (e.o.Bits - e.o.Point - 1)
		case fresh:
			p = at(0, 1)
		case x == 0:
			p = at(1, 0)
		default:
			p = predictors[e.o.Predictor-1](at(0, 1), at(1, 0), at(1, 1))
		}
		e.difference((at(0, 0) - p) & 0xFFFF)
	}
}

var predictors = [7]func(a, b, c int) int{
	func(a, _, _ int) int { return a },
	func(_, b, _ int) int { return b },
	func(_, _, c int) int { return c },
	func(a, b, c int) int { return a + b - c },
	func(a, b, c int) int { return a + (b-c)>>1 },
	func(a, b, c int) int { return b + (a-c)>>1 },
	func(a, b, _ int) int { return (a + b) >> 1 },
}

// difference codes a difference modulo 2^16, which Table H.2 has from -32767 to 32768.
func (e *jllEncoder) difference(d int) {
	if d > 1<<15 {
		d -= 1 << 16
	}
	size, low := bits.Len(uint(d)), d
	if d < 0 {
		size = bits.Len(uint(-d))
		low = d - 1
	}
	c := e.codes[byte(size)]
	e.put(c.code, c.length)
	if size < 16 {
		e.put(low, size)
	}
}

// put writes the low n bits of v.
func (e *jllEncoder) put(v, n int) {
	for n--; n >= 0; n-- {
		e.bits = append(e.bits, byte(v>>n&1))
		if len(e.bits) == 8 {
			b := byte(0)
			for _, bit := range e.bits {
				b = b<<1 | bit
			}
			e.bits = e.bits[:0]
			if e.out = append(e.out, b); b == 0xFF {
				e.out = append(e.out, 0)
			}
		}
	}
}

// flush fills the byte with ones (F.1.2.3).
func (e *jllEncoder) flush() {
	for len(e.bits) > 0 {
		e.put(1, 1)
	}
}
