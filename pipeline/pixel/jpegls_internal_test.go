package pixel

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/neckfrac/neckfrac/pipeline/pixel/pixeltest"
)

// TestJLSRoundTrip draws small images of flat, smooth and noisy parts, so that runs,
// their interruptions, escapes and stuffed bits all occur.
func TestJLSRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := pixeltest.JLS{Bits: rapid.IntRange(2, 16).Draw(t, "bits"), Rows: rapid.IntRange(1, 24).Draw(t, "rows"), Cols: rapid.IntRange(1, 70).Draw(t, "cols")}
		full := 1<<o.Bits - 1
		maxval := full
		if rapid.Bool().Draw(t, "preset") {
			o.MaxVal = rapid.IntRange(full/2+1, full).Draw(t, "maxval")
			maxval = o.MaxVal
			o.Reset = rapid.IntRange(3, 255).Draw(t, "reset")
		}
		if rapid.Bool().Draw(t, "lossy") {
			o.Near = rapid.IntRange(0, min(255, maxval/2)).Draw(t, "near")
		}
		o.Restart = rapid.IntRange(0, o.Rows+1).Draw(t, "restart")
		px := drawImage(t, o.Rows, o.Cols, maxval)
		b, err := pixeltest.EncodeJLS(px, o)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]uint16, len(px))
		bits, near, err := decodeJLS(b, o.Rows, o.Cols, got)
		if err != nil || bits != o.Bits || near != o.Near {
			t.Fatalf("%+v: %d bits, near %d, error %v", o, bits, near, err)
		}
		for i := range px {
			if d := int(px[i]) - int(got[i]); d > o.Near || d < -o.Near {
				t.Fatalf("%+v: sample %d is %d, want %d", o, i, got[i], px[i])
			}
		}
	})
}

func drawImage(t *rapid.T, rows, cols, maxval int) []uint16 {
	px := make([]uint16, rows*cols)
	flat := rapid.IntRange(1, 40).Draw(t, "flat")
	noise := rapid.IntRange(0, maxval).Draw(t, "noise")
	state := rapid.Uint64().Draw(t, "seed") | 1
	level := 0
	for i := range px {
		state = state*6364136223846793005 + 1442695040888963407
		if r := int(state >> 33); r%flat == 0 {
			level = r / flat % (maxval + 1)
		}
		v := level
		if i/cols%3 == 1 && noise > 0 {
			v += int(state>>40) % (noise + 1)
		}
		px[i] = uint16(min(v, maxval))
	}
	return px
}

// TestJLSFaults changes one thing each in a good codestream.
func TestJLSFaults(t *testing.T) {
	t.Parallel()
	o := pixeltest.JLS{Rows: 9, Cols: 11, Bits: 12, Restart: 4}
	px := make([]uint16, 99)
	for i := range px {
		px[i] = uint16(i * 37 % 4096)
	}
	good, err := pixeltest.EncodeJLS(px, o)
	if err != nil {
		t.Fatal(err)
	}
	set := func(at int, v byte) func([]byte) []byte {
		return func(b []byte) []byte { b[at] = v; return b }
	}
	rst := bytes.Index(good, []byte{0xFF, 0xD1}) + 1
	for name, change := range map[string]func([]byte) []byte{
		"no SOI":               set(1, 0xD9),
		"baseline frame":       set(3, 0xC0),
		"long frame segment":   set(5, 12),
		"1 bit":                set(6, 1),
		"17 bits":              set(6, 17),
		"rows":                 set(8, 10),
		"columns":              set(10, 12),
		"three components":     set(11, 3),
		"subsampled":           set(13, 0x21),
		"interval of no value": func(b []byte) []byte { return slices.Insert(slices.Delete(b, 15, 21), 15, 0xFF, 0xDD, 0, 2) },
		"two components":       set(25, 2),
		"mapping table":        set(27, 1),
		"near too large":       func(b []byte) []byte { b[6] = 2; b[28] = 2; return b },
		"interleaved":          set(29, 1),
		"point transform":      set(30, 1),
		"restart out of order": set(rst, 0xD3),
		"byte too many":        func(b []byte) []byte { return slices.Insert(b, len(b)-2, 0x55, 0x55) },
		"second image":         func(b []byte) []byte { b[len(b)-1] = 0xD8; return b },
		"mapping segment":      func(b []byte) []byte { return slices.Insert(b, 2, 0xFF, 0xF8, 0, 4, 2, 1) },
		"thresholds":           func(b []byte) []byte { return slices.Insert(b, 2, 0xFF, 0xF8, 0, 13, 1, 0, 0, 0, 9, 0, 8, 0, 0, 0, 0) },
		"length past the end":  func(b []byte) []byte { return slices.Insert(b, 2, 0xFF, 0xE0, 0xFF, 0xFF) },
		"length of one":        func(b []byte) []byte { return slices.Insert(b, 2, 0xFF, 0xE0, 0, 1) },
		"endless segments": func(b []byte) []byte {
			return slices.Insert(b, 2, slices.Repeat([]byte{0xFF, 0xFE, 0, 2}, maxJLSSegments)...)
		},
	} {
		dst := make([]uint16, 99)
		if _, _, err := decodeJLS(change(slices.Clone(good)), 9, 11, dst); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, _, err := decodeJLS(good, 9, 11, make([]uint16, 98)); err == nil {
		t.Error("short destination: no error")
	}
	for n := range good {
		if _, _, err := decodeJLS(good[:n], 9, 11, make([]uint16, 99)); err == nil {
			t.Errorf("cut at %d of %d: no error", n, len(good))
		}
	}
}

// TestJLSSegmentsAreSkipped accepts comments, application data and fill bytes.
func TestJLSSegmentsAreSkipped(t *testing.T) {
	t.Parallel()
	px := []uint16{1, 2, 3, 3, 3, 3}
	b, err := pixeltest.EncodeJLS(px, pixeltest.JLS{Rows: 2, Cols: 3, Bits: 8})
	if err != nil {
		t.Fatal(err)
	}
	b = slices.Insert(b, 2, 0xFF, 0xE8, 0, 3, 9, 0xFF, 0xFF, 0xFE, 0, 2)
	got := make([]uint16, 6)
	if _, _, err := decodeJLS(b, 2, 3, got); err != nil || !slices.Equal(got, px) {
		t.Fatalf("got %v, error %v, want %v", got, err, px)
	}
}

func BenchmarkDecodeJLS(b *testing.B) {
	const n = 512
	for _, noise := range []uint64{0, 16, 512} {
		px := make([]uint16, n*n)
		state := uint64(1)
		for i := range px {
			state = state*6364136223846793005 + 1442695040888963407
			x, y := i%n-n/2, i/n-n/2
			if x*x+y*y < n*n/5 {
				px[i] = uint16(1000 + (x*y)>>6 + int(state>>40%(noise+1)))
			}
		}
		src, err := pixeltest.EncodeJLS(px, pixeltest.JLS{Rows: n, Cols: n, Bits: 16})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("noise%d", noise), func(b *testing.B) {
			dst := make([]uint16, n*n)
			b.SetBytes(2 * n * n)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := decodeJLS(src, n, n, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzDecodeJLS: any bytes decode to an image of the asked size or to an error.
func FuzzDecodeJLS(f *testing.F) {
	for _, o := range []pixeltest.JLS{{Rows: 4, Cols: 5, Bits: 12}, {Rows: 4, Cols: 5, Bits: 16, Near: 2, Restart: 1}, {Rows: 4, Cols: 5, Bits: 8, MaxVal: 200, Reset: 3}} {
		px := make([]uint16, 20)
		for i := range px {
			px[i] = uint16(i * i % 200)
		}
		b, err := pixeltest.EncodeJLS(px, o)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		dst := make([]uint16, 20)
		bits, _, err := decodeJLS(b, 4, 5, dst)
		if err != nil {
			return
		}
		for _, v := range dst {
			if int(v) >= 1<<bits {
				t.Fatalf("sample %d has more than %d bits", v, bits)
			}
		}
	})
}
