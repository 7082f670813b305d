package pixeltest

import "encoding/binary"

// EncodeRLE codes one grey channel of 16 bits allocated as RLE (PS3.5 Annex G). Each row
// is coded by itself, as G.3.1 asks, with a replicate run for two and more equal bytes.
func EncodeRLE(px []uint16, cols int) []byte {
	out := make([]byte, 64)
	binary.LittleEndian.PutUint32(out, 2)
	for segment, shift := range []uint{8, 0} {
		binary.LittleEndian.PutUint32(out[4+4*segment:], uint32(len(out)))
		for row := px; len(row) > 0; row = row[cols:] {
			line := make([]byte, cols)
			for i := range line {
				line[i] = byte(row[i] >> shift)
			}
			out = packBits(out, line)
		}
		if len(out)%2 == 1 {
			out = append(out, 0)
		}
	}
	return out
}

func packBits(out, in []byte) []byte {
	for len(in) > 0 {
		if run := repeats(in); run > 1 {
			out = append(out, byte(1-run), in[0])
			in = in[run:]
			continue
		}
		n := 1
		for n < len(in) && n < 128 && repeats(in[n:]) == 1 {
			n++
		}
		out = append(append(out, byte(n-1)), in[:n]...)
		in = in[n:]
	}
	return out
}

// repeats counts how often the first byte stands at the start, at most 128 times.
func repeats(in []byte) int {
	n := 1
	for n < len(in) && n < 128 && in[n] == in[0] {
		n++
	}
	return n
}
