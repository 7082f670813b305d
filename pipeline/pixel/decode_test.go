package pixel_test

import (
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac/pipeline/pixel"
	"github.com/neckfrac/neckfrac/pipeline/pixel/pixeltest"
)

func TestDecodeChecksTheFormat(t *testing.T) {
	t.Parallel()
	b, err := pixeltest.EncodeJLS(make([]uint16, 6), pixeltest.JLS{Rows: 2, Cols: 3, Bits: 12})
	if err != nil {
		t.Fatal(err)
	}
	good := pixel.Format{Rows: 2, Cols: 3, BitsStored: 12, Signed: true}
	for _, tc := range []struct {
		name   string
		syntax string
		n      int
		f      pixel.Format
		ok     bool
	}{
		{"as stated", pixel.JPEGLSLossless, 6, good, true},
		{"near-lossless syntax", pixel.JPEGLSNearLossless, 6, good, true},
		{"more bits in the codestream", pixel.JPEGLSLossless, 6, pixel.Format{Rows: 2, Cols: 3, BitsStored: 10, Signed: true}, true},
		{"fewer bits, no sign", pixel.JPEGLSLossless, 6, pixel.Format{Rows: 2, Cols: 3, BitsStored: 16}, true},
		{"fewer bits than a sign needs", pixel.JPEGLSLossless, 6, pixel.Format{Rows: 2, Cols: 3, BitsStored: 16, Signed: true}, false},
		{"no codec", "1.2.840.10008.1.2.4.50", 6, good, false},
		{"short destination", pixel.JPEGLSLossless, 5, good, false},
		{"no rows", pixel.JPEGLSLossless, 0, pixel.Format{Cols: 3, BitsStored: 12}, false},
		{"negative sides", pixel.JPEGLSLossless, 6, pixel.Format{Rows: -2, Cols: -3, BitsStored: 12}, false},
		{"17 bits", pixel.JPEGLSLossless, 6, pixel.Format{Rows: 2, Cols: 3, BitsStored: 17}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if err := pixel.Decode(make([]uint16, tc.n), tc.syntax, b, tc.f); (err == nil) != tc.ok {
				t.Errorf("error %v, want none: %v", err, tc.ok)
			}
		})
	}
	if pixel.Decodes("1.2.840.10008.1.2.4.50") || !pixel.Decodes(pixel.JPEGLSLossless) {
		t.Error("Decodes does not tell JPEG-LS from JPEG baseline")
	}
}

func TestSyntaxesAreDecoded(t *testing.T) {
	t.Parallel()
	all := pixel.Syntaxes()
	if !slices.IsSorted(all) || !slices.Contains(all, pixel.RLELossless) || !slices.Contains(all, pixel.JPEGLosslessSV1) {
		t.Errorf("syntaxes %v", all)
	}
	for _, uid := range all {
		if !pixel.Decodes(uid) {
			t.Errorf("%s is listed, but not decoded", uid)
		}
	}
}
