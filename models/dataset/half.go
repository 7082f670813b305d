package dataset

import (
	"encoding/binary"
	"math"
)

// appendHalf appends values as IEEE 754 binary16, little endian, rounded to even.
// Values beyond its range become infinite; the tensors here lie in 0..1.
func appendHalf(dst []byte, v []float32) []byte {
	for _, x := range v {
		dst = binary.LittleEndian.AppendUint16(dst, half(x))
	}
	return dst
}

func half(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b >> 16 & 0x8000)
	exp := int(b>>23&0xff) - 127 + 15
	man := b & 0x7fffff
	switch {
	case b&0x7fffffff > 0x7f800000:
		return sign | 0x7e00 // NaN
	case exp >= 31:
		return sign | 0x7c00
	case exp <= 0:
		if exp < -10 {
			return sign
		}
		man |= 0x800000
		return sign | roundEven(man, uint(14-exp))
	default:
		return sign + uint16(exp)<<10 + roundEven(man, 13)
	}
}

// roundEven shifts m right by s, to the nearest, ties to even. A carry runs into the
// exponent, where it belongs.
func roundEven(m uint32, s uint) uint16 {
	out, rest, tie := m>>s, m&(1<<s-1), uint32(1)<<(s-1)
	if rest > tie || rest == tie && out&1 == 1 {
		out++
	}
	return uint16(out)
}
