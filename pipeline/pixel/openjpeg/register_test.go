package openjpeg_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac/pipeline/pixel"
	"github.com/neckfrac/neckfrac/pipeline/pixel/openjpeg"
)

// format48 is the format of the codestreams in testdata, which OpenJPEG and OpenJPH
// (ht*) made of pattern.
var format48 = pixel.Format{Rows: 48, Cols: 40, BitsStored: 12}

// pattern is what testdata's codestreams hold; the signed ones hold it less 2048.
func pattern() []uint16 {
	px := make([]uint16, 48*40)
	for i := range px {
		y, x := i/40, i%40
		px[i] = uint16((x*x*3 + y*y*5 + x*y) % 4096)
		if x < 10 {
			px[i] = 77
		}
	}
	return px
}

// registered makes package pixel know the library, or skips.
func registered(t testing.TB) {
	t.Helper()
	if _, err := openjpeg.Register(); err != nil {
		missing(t, err)
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	registered(t)
	for uid, want := range map[string]bool{
		openjpeg.JPEG2000Lossless: true, openjpeg.JPEG2000: true, openjpeg.HTJ2KLossless: openjpeg.HighThroughput(),
		openjpeg.HTJ2KLosslessRPCL: openjpeg.HighThroughput(), openjpeg.HTJ2K: openjpeg.HighThroughput(),
	} {
		if pixel.Decodes(uid) != want {
			t.Errorf("%s is decoded: %v, want %v", uid, !want, want)
		}
	}
}

func TestSyntaxes(t *testing.T) {
	t.Parallel()
	registered(t)
	signed := format48
	signed.Signed = true
	wide := pixel.Format{Rows: 48, Cols: 40, BitsStored: 16}
	wideSigned := pixel.Format{Rows: 48, Cols: 40, BitsStored: 16, Signed: true}
	for _, tc := range []struct {
		file, syntax string
		f            pixel.Format
		less         uint16
		loss         int
		ok           bool
	}{
		{"lossless.j2c", openjpeg.JPEG2000Lossless, format48, 0, 0, true},
		{"lossless.j2c", openjpeg.JPEG2000, format48, 0, 0, true},
		{"lossless.j2c", openjpeg.JPEG2000Lossless, wide, 0, 0, true},
		{"lossless.j2c", openjpeg.JPEG2000Lossless, signed, 0, 0, true}, // the header rules the sign
		{"lossless.j2c", openjpeg.JPEG2000Lossless, wideSigned, 0, 0, false},
		{"signed.j2c", openjpeg.JPEG2000Lossless, signed, 2048, 0, true},
		{"signed.j2c", openjpeg.JPEG2000Lossless, wideSigned, 2048, 0, true},
		{"signed.j2c", openjpeg.JPEG2000Lossless, format48, 2048, 0, true}, // the header again
		{"signed.j2c", openjpeg.JPEG2000Lossless, wide, 0, 0, false},
		{"lossy.j2c", openjpeg.JPEG2000, format48, 0, 400, true},
		{"lossy.j2c", openjpeg.JPEG2000Lossless, format48, 0, 0, false},
		{"ht.j2c", openjpeg.HTJ2KLossless, format48, 0, 0, true},
		{"ht.j2c", openjpeg.HTJ2K, format48, 0, 0, true},
		{"ht.j2c", openjpeg.JPEG2000Lossless, format48, 0, 0, false},
		{"lossless.j2c", openjpeg.HTJ2KLossless, format48, 0, 0, false},
		{"ht_signed.j2c", openjpeg.HTJ2KLosslessRPCL, wideSigned, 2048, 0, true},
		{"ht_lossy.j2c", openjpeg.HTJ2K, wide, 0, 400, true},
		{"ht_lossy.j2c", openjpeg.HTJ2KLossless, format48, 0, 0, false},
	} {
		b := read(t, tc.file)
		if !pixel.Decodes(tc.syntax) {
			continue // a library without high throughput
		}
		got := make([]uint16, 48*40)
		err := pixel.Decode(got, tc.syntax, b, tc.f)
		if (err == nil) != tc.ok {
			t.Errorf("%s as %s, %+v: error %v, want none: %v", tc.file, tc.syntax, tc.f, err, tc.ok)
		}
		if err != nil || !tc.ok {
			continue
		}
		mask, worst := uint16(1<<tc.f.BitsStored-1), 0
		for i, want := range pattern() {
			d := int(got[i]&mask) - int((want-tc.less)&mask)
			worst = max(worst, d, -d)
		}
		if worst > tc.loss {
			t.Errorf("%s as %s, %+v: differs by %d, want at most %d", tc.file, tc.syntax, tc.f, worst, tc.loss)
		}
	}
}

// TestJPEG2000Faults changes one thing each in a good codestream:
//
//	0 SOC | 2 SIZ | 45 COD | 59 QCD | … SOT | SOD | data | EOC
func TestFaults(t *testing.T) {
	t.Parallel()
	registered(t)
	good := read(t, "lossless.j2c")
	sot := slices.Index(good, 0x90) - 1
	if good[45] != 0xFF || good[46] != 0x52 || good[sot] != 0xFF {
		t.Fatalf("testdata/lossless.j2c is laid out in another way: % x", good[:sot+2])
	}
	set := func(at int, v ...byte) func([]byte) []byte {
		return func(b []byte) []byte { copy(b[at:], v); return b }
	}
	u32 := func(at int, v uint32) func([]byte) []byte {
		return set(at, binary.BigEndian.AppendUint32(nil, v)...)
	}
	insert := func(at int, v ...byte) func([]byte) []byte {
		return func(b []byte) []byte { return slices.Insert(b, at, v...) }
	}
	for name, change := range map[string]func([]byte) []byte{
		"no SOC":                   set(1, 0x4E),
		"no SIZ":                   set(3, 0x52),
		"width":                    u32(8, 41),
		"width 2^32-1":             u32(8, 0xFFFFFFFF),
		"height":                   u32(12, 47),
		"offset":                   u32(16, 1),
		"tiles of 1x1":             func(b []byte) []byte { return u32(28, 1)(u32(24, 1)(b)) },
		"tiles of no width":        u32(24, 0),
		"offset of tiles":          u32(32, 1),
		"three components":         set(41, 3),
		"17 bits":                  set(42, 16),
		"subsampled":               set(43, 2),
		"no layers":                set(51, 0, 0),
		"65535 layers":             set(51, 0xFF, 0xFF),
		"component transform":      set(53, 1),
		"33 levels":                set(54, 33),
		"code-block of 2^11":       set(55, 9),
		"code-block of 2^13":       set(55, 7, 6),
		"wavelet 2":                set(58, 2),
		"no COD":                   func(b []byte) []byte { return slices.Delete(b, 45, 59) },
		"second SIZ":               insert(45, good[2:45]...),
		"region of interest":       insert(45, 0xFF, 0x5E, 0, 5, 0, 0, 3),
		"packed headers":           insert(45, 0xFF, 0x60, 0, 3, 0),
		"tiny precincts":           tinyPrecincts,
		"tile 1 of 1":              set(sot+5, 1),
		"tile-part past the end":   u32(sot+6, 1<<20),
		"tile-part of no data":     u32(sot+6, 12),
		"tile-part of 2^32-1":      u32(sot+6, 0xFFFFFFFF),
		"no tile":                  func(b []byte) []byte { return slices.Delete(b, sot, len(b)-2) },
		"length past the end":      insert(45, 0xFF, 0x64, 0xFF, 0xFF),
		"endless segments":         insert(45, slices.Repeat([]byte{0xFF, 0x64, 0, 2}, 1000)...),
		"no end":                   func(b []byte) []byte { b[len(b)-1] = 0xD8; return b },
		"data without its quarter": func(b []byte) []byte { return cutData(b, sot) },
	} {
		if err := pixel.Decode(make([]uint16, 48*40), openjpeg.JPEG2000Lossless, change(slices.Clone(good)), format48); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for n := range good {
		if err := pixel.Decode(make([]uint16, 48*40), openjpeg.JPEG2000Lossless, good[:n], format48); err == nil {
			t.Errorf("cut at %d of %d: no error", n, len(good))
		}
	}
}

// tinyPrecincts makes precincts of 1×1 on every level, in 200 layers.
func tinyPrecincts(b []byte) []byte {
	levels := int(b[54])
	b[49] |= 1
	b[52] = 200
	b[48] += byte(levels + 1)
	return slices.Insert(b, 59, make([]byte, levels+1)...)
}

// cutData leaves out the last quarter of the only tile-part and tells its new length, so
// that every marker is where it should be.
func cutData(b []byte, sot int) []byte {
	end := len(b) - 2
	cut := (end - sot) / 4
	binary.BigEndian.PutUint32(b[sot+6:], uint32(end-cut-sot))
	return slices.Delete(b, end-cut, end)
}

// TestTwoBlockCoders: libopenjp2 2.5.0 writes past a buffer where a tile of high throughput
// is followed by one without, whose header says so; so no codestream has both.
func TestTwoBlockCoders(t *testing.T) {
	t.Parallel()
	good := read(t, "ht.j2c")
	if _, err := openjpeg.Inspect(good, 48, 40); err != nil {
		t.Fatal(err)
	}
	cod := bytes.Index(good, []byte{0xFF, 0x52})
	other := slices.Clone(good[cod : cod+14])
	other[12] &^= 0x40
	component := append([]byte{0xFF, 0x53, 0, 9, 0, 0}, other[9:]...)
	for name, b := range map[string][]byte{
		"in a COD of the main header": slices.Insert(slices.Clone(good), cod+14, other...),
		"in a COC of the main header": slices.Insert(slices.Clone(good), cod+14, component...),
		"in a tile-part":              inTilePart(good, other),
	} {
		if _, err := openjpeg.Inspect(b, 48, 40); err == nil {
			t.Errorf("another block coder %s: no error", name)
		}
		if _, err := openjpeg.Inspect(inTilePart(good, good[cod:cod+14]), 48, 40); err != nil {
			t.Errorf("the same coder again: %v", err)
		}
	}
}

// inTilePart puts a segment in front of the data of the only tile-part.
func inTilePart(b, segment []byte) []byte {
	sot := bytes.Index(b, []byte{0xFF, 0x90})
	b = slices.Insert(slices.Clone(b), sot+12, segment...)
	binary.BigEndian.PutUint32(b[sot+6:], binary.BigEndian.Uint32(b[sot+6:])+uint32(len(segment)))
	return b
}

// TestTilePartWithoutLength: a length of zero means up to the end (A.4.2), behind which a
// fragment may have padding.
func TestTilePartWithoutLength(t *testing.T) {
	t.Parallel()
	registered(t)
	b := read(t, "lossless.j2c")
	sot := bytes.Index(b, []byte{0xFF, 0x90})
	binary.BigEndian.PutUint32(b[sot+6:], 0)
	for pad, ok := range map[int]bool{0: true, 1: true, 16: true, 17: false} {
		got := make([]uint16, 48*40)
		err := pixel.Decode(got, openjpeg.JPEG2000Lossless, append(slices.Clone(b), make([]byte, pad)...), format48)
		if (err == nil) != ok || ok && !slices.Equal(got, pattern()) {
			t.Errorf("%d bytes of padding: error %v, want none: %v", pad, err, ok)
		}
	}
	if err := pixel.Decode(make([]uint16, 48*40), openjpeg.JPEG2000Lossless, b[:len(b)-2], format48); err == nil {
		t.Error("no end of codestream: no error")
	}
}

// FuzzDecodeJ2K: any bytes decode to an image of the asked size or to an error. High
// throughput only has to be refused in another syntax: on damaged data libopenjp2 2.5.0
// may end its process with a failed assertion, see package openjpeg.
func FuzzDecodeJ2K(f *testing.F) {
	registered(f)
	for _, name := range []string{"lossless.j2c", "signed.j2c", "lossy.j2c", "ht.j2c", "ht_signed.j2c", "ht_lossy.j2c"} {
		f.Add(read(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		one, two := make([]uint16, 48*40), make([]uint16, 48*40)
		for i := range two {
			two[i] = 0xA5C3
		}
		err1, err2 := pixel.Decode(one, openjpeg.JPEG2000, b, format48), pixel.Decode(two, openjpeg.JPEG2000, b, format48)
		if (err1 == nil) != (err2 == nil) || err1 == nil && !slices.Equal(one, two) {
			t.Fatalf("first %v, second %v, values equal: %v", err1, err2, slices.Equal(one, two))
		}
	})
}
