package pixel_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/neckfrac/neckfrac/pipeline/pixel"
	"github.com/neckfrac/neckfrac/pipeline/pixel/pixeltest"
)

// drawPixels draws flat, smooth and noisy parts and the ends of the range, so that runs
// and differences of every category occur.
func drawPixels(t *rapid.T, rows, cols, bits int) []uint16 {
	full := 1<<bits - 1
	flat := rapid.IntRange(1, 40).Draw(t, "flat")
	noise := rapid.IntRange(0, full).Draw(t, "noise")
	state := rapid.Uint64().Draw(t, "seed") | 1
	px := make([]uint16, rows*cols)
	level := 0
	for i := range px {
		state = state*6364136223846793005 + 1442695040888963407
		if r := int(state >> 33); r%flat == 0 {
			level = r / flat & full
		}
		v := level
		if i/cols%3 == 1 {
			v += int(state>>40) % (noise + 1)
		}
		px[i] = uint16(min(v, full))
	}
	if len(px) > 2 {
		px[1], px[2] = uint16(full), 0
	}
	return px
}

func TestJPEGLosslessRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := pixeltest.JPEGLL{
			Rows: rapid.IntRange(1, 24).Draw(t, "rows"), Cols: rapid.IntRange(1, 70).Draw(t, "cols"),
			Bits: rapid.IntRange(2, 16).Draw(t, "bits"), Predictor: rapid.IntRange(1, 7).Draw(t, "predictor"),
		}
		o.Restart = rapid.IntRange(0, o.Rows+1).Draw(t, "restart")
		o.Point = rapid.SampledFrom([]int{0, 0, 0, 1, o.Bits - 1}).Draw(t, "point")
		if rapid.Bool().Draw(t, "uneven codes") {
			o.Order = rapid.Permutation([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}).Draw(t, "order")
		}
		px := drawPixels(t, o.Rows, o.Cols, o.Bits)
		b, err := pixeltest.EncodeJPEGLL(px, o)
		if err != nil {
			t.Fatal(err)
		}
		for i := range px {
			px[i] = px[i] >> o.Point << o.Point
		}
		got := make([]uint16, len(px))
		f := pixel.Format{Rows: o.Rows, Cols: o.Cols, BitsStored: o.Bits, Signed: rapid.Bool().Draw(t, "signed")}
		if err := pixel.Decode(got, pixel.JPEGLossless, b, f); err != nil || !slices.Equal(got, px) {
			t.Fatalf("%+v: error %v, got %v, want %v", o, err, got, px)
		}
	})
}

func TestRLERoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := rapid.IntRange(1, 24).Draw(t, "rows"), rapid.IntRange(1, 300).Draw(t, "cols")
		px := drawPixels(t, rows, cols, 16)
		got := make([]uint16, len(px))
		f := pixel.Format{Rows: rows, Cols: cols, BitsStored: 16, Signed: true}
		if err := pixel.Decode(got, pixel.RLELossless, pixeltest.EncodeRLE(px, cols), f); err != nil || !slices.Equal(got, px) {
			t.Fatalf("%d×%d: error %v, got %v, want %v", rows, cols, err, got, px)
		}
	})
}
