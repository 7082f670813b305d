package pixel_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac/pipeline/pixel"
	"github.com/neckfrac/neckfrac/pipeline/pixel/pixeltest"
)

var rleFormat = pixel.Format{Rows: 2, Cols: 4, BitsStored: 16}

// rleFrame is a header with two segments.
func rleFrame(high, low []byte) []byte {
	b := make([]byte, 64)
	binary.LittleEndian.PutUint32(b, 2)
	binary.LittleEndian.PutUint32(b[4:], 64)
	binary.LittleEndian.PutUint32(b[8:], uint32(64+len(high)))
	return append(append(b, high...), low...)
}

// TestRLESegments has the runs of PS3.5 §G.3 one by one; values are 0x0102 unless said.
func TestRLESegments(t *testing.T) {
	t.Parallel()
	ones, twos := []byte{0xF9, 1}, []byte{0xF9, 2}
	for _, tc := range []struct {
		name  string
		frame []byte
		ok    bool
	}{
		{"replicate runs", rleFrame(ones, twos), true},
		{"literal run", rleFrame([]byte{7, 1, 1, 1, 1, 1, 1, 1, 1}, twos), true},
		{"no operation between", rleFrame([]byte{0xFD, 1, 0x80, 0xFD, 1}, twos), true},
		{"padding to even", rleFrame(ones, []byte{0, 2, 0xFB, 2, 0, 2, 0}), true},
		{"run over a row's end", rleFrame([]byte{0xFB, 1, 0xFF, 1}, twos), true},
		{"run over the frame's end", rleFrame([]byte{0xF8, 1}, twos), false},
		{"literals over the frame's end", rleFrame(ones, []byte{8, 2, 2, 2, 2, 2, 2, 2, 2, 2}), false},
		{"literal run is cut", rleFrame(ones, []byte{7, 2, 2, 2}), false},
		{"replicate run is cut", rleFrame(ones, []byte{0xF9}), false},
		{"segment is short", rleFrame([]byte{0xFA, 1}, twos), false},
		{"only no operation", rleFrame(ones, []byte{0x80, 0x80, 0x80}), false},
		{"a second frame behind", rleFrame(ones, append(twos, make([]byte, 40)...)), false},
		{"empty segment", rleFrame(nil, twos), false},
		{"short header", rleFrame(ones, twos)[:63], false},
		{"nothing", nil, false},
	} {
		got := make([]uint16, 8)
		err := pixel.Decode(got, pixel.RLELossless, tc.frame, rleFormat)
		if (err == nil) != tc.ok {
			t.Errorf("%s: error %v, want none: %v", tc.name, err, tc.ok)
		}
		if tc.ok && !slices.Equal(got, slices.Repeat([]uint16{0x0102}, 8)) {
			t.Errorf("%s: got %#x", tc.name, got)
		}
	}
}

func TestRLEHeader(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b []byte){
		"one segment":            func(b []byte) { b[0] = 1 },
		"three segments":         func(b []byte) { b[0] = 3 },
		"2^24+2 segments":        func(b []byte) { b[3] = 1 },
		"first in the header":    func(b []byte) { b[4] = 60 },
		"offsets out of order":   func(b []byte) { b[4], b[8] = b[8], b[4] },
		"second past the end":    func(b []byte) { b[8] = 255 },
		"second near 2^32":       func(b []byte) { copy(b[8:], "\xFF\xFF\xFF\xFF") },
		"a third offset":         func(b []byte) { b[12] = 68 },
		"both at the same place": func(b []byte) { b[8] = 64 },
	} {
		b := rleFrame([]byte{0xF9, 1}, []byte{0xF9, 2})
		change(b)
		if err := pixel.Decode(make([]uint16, 8), pixel.RLELossless, b, rleFormat); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzDecodeRLE: any bytes decode to an image of the asked size or to an error.
func FuzzDecodeRLE(f *testing.F) {
	f.Add(pixeltest.EncodeRLE([]uint16{1, 1, 1, 513, 514, 515, 0xFFFF, 0}, 4))
	f.Add(rleFrame([]byte{0xFD, 1, 0x80, 0xFD, 1}, []byte{0xF9, 2}))
	f.Fuzz(func(t *testing.T, b []byte) { fuzzDecode(t, pixel.RLELossless, b, rleFormat) })
}
