package pixel_test

import (
	"errors"
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

// Not parallel with the lists above: it adds a syntax.
func TestRegister(t *testing.T) {
	const uid = "2.25.314159"
	fault := errors.New("fault")
	f := pixel.Format{Rows: 1, Cols: 2, BitsStored: 16}
	pixel.Register(uid, func(dst []uint16, b []byte, got pixel.Format) error {
		if got != f {
			t.Errorf("format %+v, want %+v", got, f)
		}
		if len(b) == 0 {
			return fault
		}
		dst[0], dst[1] = uint16(b[0]), uint16(b[1])
		return nil
	})
	if !pixel.Decodes(uid) || !slices.Contains(pixel.Syntaxes(), uid) {
		t.Error("a registered syntax is not listed")
	}
	dst := make([]uint16, 2)
	if err := pixel.Decode(dst, uid, []byte{7, 8}, f); err != nil || dst[0] != 7 || dst[1] != 8 {
		t.Errorf("got %v, %v", dst, err)
	}
	if err := pixel.Decode(dst, uid, nil, f); !errors.Is(err, fault) {
		t.Errorf("error %v, want the decoder's", err)
	}
	if err := pixel.Decode(dst[:1], uid, []byte{7, 8}, f); err == nil {
		t.Error("the decoder saw a destination of another size")
	}
}
