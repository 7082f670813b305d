package pixel_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac/pipeline/pixel"
	"github.com/neckfrac/neckfrac/pipeline/pixel/pixeltest"
)

// unevenOrder has codes of 1 to 16 bits.
var unevenOrder = []byte{4, 3, 0, 2, 1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

// jpegll99 is a codestream of 9×11 samples of 12 bits:
//
//	0 SOI | 2 DHT | 40 SOF3 | 53 DRI | 59 SOS | 69 data with RST0, RST1 | EOI
func jpegll99(t testing.TB, o pixeltest.JPEGLL) []byte {
	t.Helper()
	px := make([]uint16, 99)
	for i := range px {
		px[i] = uint16(i * 37 % 4096)
	}
	o.Rows, o.Cols, o.Bits, o.Order, o.Predictor = 9, 11, 12, unevenOrder, max(1, o.Predictor)
	b, err := pixeltest.EncodeJPEGLL(px, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var format99 = pixel.Format{Rows: 9, Cols: 11, BitsStored: 12, Signed: true}

// TestJPEGLosslessFaults changes one thing each in a good codestream.
func TestJPEGLosslessFaults(t *testing.T) {
	t.Parallel()
	good := jpegll99(t, pixeltest.JPEGLL{Restart: 4})
	if err := pixel.Decode(make([]uint16, 99), pixel.JPEGLossless, good, format99); err != nil {
		t.Fatal(err)
	}
	set := func(at int, v byte) func([]byte) []byte {
		return func(b []byte) []byte { b[at] = v; return b }
	}
	insert := func(at int, v ...byte) func([]byte) []byte {
		return func(b []byte) []byte { return slices.Insert(b, at, v...) }
	}
	rst := bytes.Index(good, []byte{0xFF, 0xD1}) + 1
	for name, change := range map[string]func([]byte) []byte{
		"no SOI":                  set(1, 0xD9),
		"baseline process":        set(41, 0xC0),
		"arithmetic coding":       set(41, 0xCB),
		"category 17":             set(23, 17),
		"class 2 table":           set(6, 0x20),
		"table 4":                 set(6, 4),
		"too many codes":          set(7, 3),
		"counts past the segment": set(22, 200),
		"no table":                set(6, 1),
		"long frame segment":      set(43, 12),
		"1 bit":                   set(44, 1),
		"17 bits":                 set(44, 17),
		"sign bit is missing":     set(44, 11),
		"rows":                    set(46, 10),
		"no rows":                 set(46, 0),
		"columns":                 set(48, 12),
		"three components":        set(49, 3),
		"restart inside a line":   set(58, 45),
		"interval of 3 bytes":     insert(53, 0xFF, 0xDD, 0, 5, 0, 0, 0),
		"two components in scan":  set(63, 2),
		"other component":         set(64, 2),
		"no predictor":            set(66, 0),
		"predictor 8":             set(66, 8),
		"point transform":         set(68, 12),
		"two frames":              insert(40, good[40:53]...),
		"scan without a frame":    func(b []byte) []byte { return slices.Delete(b, 40, 53) },
		"restart out of order":    set(rst, 0xD3),
		"restart is missing":      func(b []byte) []byte { return slices.Delete(b, rst-1, rst+1) },
		"byte too many":           func(b []byte) []byte { return slices.Insert(b, len(b)-2, 0x55) },
		"second image":            func(b []byte) []byte { b[len(b)-1] = 0xD8; return b },
		"length past the end":     insert(2, 0xFF, 0xE0, 0xFF, 0xFF),
		"length of one":           insert(2, 0xFF, 0xE0, 0, 1),
		"endless segments":        insert(2, bytes.Repeat([]byte{0xFF, 0xFE, 0, 2}, 1000)...),
	} {
		if err := pixel.Decode(make([]uint16, 99), pixel.JPEGLossless, change(slices.Clone(good)), format99); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for n := range good {
		if err := pixel.Decode(make([]uint16, 99), pixel.JPEGLosslessSV1, good[:n], format99); err == nil {
			t.Errorf("cut at %d of %d: no error", n, len(good))
		}
	}
}

// TestJPEGLosslessSkips accepts comments, application data, tables without use and
// fill bytes.
func TestJPEGLosslessSkips(t *testing.T) {
	t.Parallel()
	good := jpegll99(t, pixeltest.JPEGLL{})
	b := slices.Insert(slices.Clone(good), 2, 0xFF, 0xE8, 0, 3, 9, 0xFF, 0xFF, 0xFE, 0, 2, 0xFF, 0xDB, 0, 3, 1,
		0xFF, 0xC4, 0, 19, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = slices.Insert(b, len(b)-2, 0xFF, 0xFF)
	want, got := make([]uint16, 99), make([]uint16, 99)
	if err := pixel.Decode(want, pixel.JPEGLossless, good, format99); err != nil {
		t.Fatal(err)
	}
	if err := pixel.Decode(got, pixel.JPEGLossless, b, format99); err != nil || !slices.Equal(got, want) {
		t.Fatalf("error %v, got %v, want %v", err, got, want)
	}
}

// TestJPEGLosslessManyTables: a codestream of nothing but Huffman tables must not make
// the decoder build them all, at 64 kB of work for each 18 bytes.
// Not parallel, since it counts allocations.
func TestJPEGLosslessManyTables(t *testing.T) {
	good := jpegll99(t, pixeltest.JPEGLL{})
	table := append([]byte{3, 1}, make([]byte, 16)...) // table 3 has one code of 1 bit
	body := bytes.Repeat(table, 3600)
	segment := append(binary.BigEndian.AppendUint16([]byte{0xFF, 0xC4}, uint16(2+len(body))), body...)
	b := slices.Insert(slices.Clone(good), 2, bytes.Repeat(segment, 20)...)
	dst := make([]uint16, 99)
	if err := pixel.Decode(dst, pixel.JPEGLossless, b, format99); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1, func() { _ = pixel.Decode(dst, pixel.JPEGLossless, b, format99) }); n > 10 {
		t.Errorf("%v allocations for one table that is used", n)
	}
}

// FuzzDecodeJPEGLL: any bytes decode to an image of the asked size or to an error.
func FuzzDecodeJPEGLL(f *testing.F) {
	for predictor := 1; predictor <= 7; predictor++ {
		f.Add(jpegll99(f, pixeltest.JPEGLL{Predictor: predictor, Restart: predictor - 1, Point: predictor / 4}), uint8(predictor))
	}
	f.Fuzz(func(t *testing.T, b []byte, bits uint8) {
		fm := format99
		fm.BitsStored, fm.Signed = int(bits%16)+1, bits > 127
		fuzzDecode(t, pixel.JPEGLossless, b, fm)
	})
}

// fuzzDecode decodes twice: the same bytes must give the same verdict and, where there
// is one, the same image, whatever dst held before.
func fuzzDecode(t *testing.T, syntax string, b []byte, f pixel.Format) {
	t.Helper()
	one, two := make([]uint16, f.Rows*f.Cols), make([]uint16, f.Rows*f.Cols)
	for i := range two {
		two[i] = 0xA5C3
	}
	err1, err2 := pixel.Decode(one, syntax, b, f), pixel.Decode(two, syntax, b, f)
	if (err1 == nil) != (err2 == nil) || err1 == nil && !slices.Equal(one, two) {
		t.Fatalf("first %v, second %v, values equal: %v", err1, err2, slices.Equal(one, two))
	}
}
