package pixel_test

import (
	"testing"

	"github.com/neckfrac/neckfrac/pipeline/pixel"
	"github.com/neckfrac/neckfrac/pipeline/pixel/pixeltest"
)

// slice512 is a round body with noise of 4 bits in air, in 16 bits.
func slice512() []uint16 {
	const n = 512
	px := make([]uint16, n*n)
	state := uint64(1)
	for i := range px {
		state = state*6364136223846793005 + 1442695040888963407
		x, y := i%n-n/2, i/n-n/2
		if x*x+y*y < n*n/5 {
			px[i] = uint16(1000 + (x*y)>>6 + int(state>>60))
		}
	}
	return px
}

// BenchmarkDecode decodes one slice of 512×512 in each syntax that has an encoder here.
func BenchmarkDecode(b *testing.B) {
	const n = 512
	px := slice512()
	jpegll, err := pixeltest.EncodeJPEGLL(px, pixeltest.JPEGLL{Rows: n, Cols: n, Bits: 16, Predictor: 1,
		Order: []byte{4, 3, 0, 2, 1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}})
	if err != nil {
		b.Fatal(err)
	}
	jpegls, err := pixeltest.EncodeJLS(px, pixeltest.JLS{Rows: n, Cols: n, Bits: 16})
	if err != nil {
		b.Fatal(err)
	}
	for _, tc := range []struct {
		name, syntax string
		stream       []byte
	}{
		{"rle", pixel.RLELossless, pixeltest.EncodeRLE(px, n)},
		{"jpeg-lossless", pixel.JPEGLosslessSV1, jpegll},
		{"jpeg-ls", pixel.JPEGLSLossless, jpegls},
	} {
		b.Run(tc.name, func(b *testing.B) {
			dst := make([]uint16, n*n)
			b.SetBytes(2 * n * n)
			b.ReportAllocs()
			for b.Loop() {
				if err := pixel.Decode(dst, tc.syntax, tc.stream, pixel.Format{Rows: n, Cols: n, BitsStored: 16, Signed: true}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
