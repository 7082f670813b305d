package pixel

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Format is what the header of an image says about one frame of a single channel. A
// codestream must agree.
type Format struct {
	Rows, Cols int
	BitsStored int
	// Signed is PixelRepresentation. It, and not the codestream, says whether the
	// highest stored bit is a sign.
	Signed bool
}

// Transfer syntaxes that are decoded, PS3.6 Table A-1.
const (
	JPEGLossless       = "1.2.840.10008.1.2.4.57"
	JPEGLosslessSV1    = "1.2.840.10008.1.2.4.70"
	JPEGLSLossless     = "1.2.840.10008.1.2.4.80"
	JPEGLSNearLossless = "1.2.840.10008.1.2.4.81"
	RLELossless        = "1.2.840.10008.1.2.5"
)

// Decoder decodes one frame into dst, which has Rows×Cols values of a format that Decode
// has checked. It must fill dst or return an error, whatever the codestream holds, and be
// safe for use by several goroutines at once.
type Decoder func(dst []uint16, codestream []byte, f Format) error

var (
	decodersMu sync.RWMutex
	decoders   = map[string]Decoder{
		JPEGLossless:       decodeJPEGLL,
		JPEGLosslessSV1:    decodeJPEGLL,
		JPEGLSLossless:     decodeJPEGLS,
		JPEGLSNearLossless: decodeJPEGLS,
		RLELossless:        decodeRLE,
	}
)

// Register adds a decoder, or replaces the one that there is. A process calls it before
// it says what it decodes, and only if it may run that decoder: one that is not written
// in Go belongs in the runner alone.
func Register(syntax string, d Decoder) {
	decodersMu.Lock()
	defer decodersMu.Unlock()
	decoders[syntax] = d
}

func decoder(syntax string) Decoder {
	decodersMu.RLock()
	defer decodersMu.RUnlock()
	return decoders[syntax]
}

// Syntaxes returns the transfer syntaxes that Decode knows here and now, in order of UID.
// Some may lose: whether those are taken in is up to the receiver.
func Syntaxes() []string {
	decodersMu.RLock()
	defer decodersMu.RUnlock()
	return slices.Sorted(maps.Keys(decoders))
}

// Decodes reports whether Decode knows a transfer syntax here and now.
func Decodes(syntax string) bool { return decoder(syntax) != nil }

// Decode decodes one frame into dst, which has Rows×Cols values. Only the BitsStored
// lowest bits of a value mean something: the others are as the codestream has them. On
// an error, which carries no value of the codestream, dst is undefined. It may be
// called by several goroutines at once.
func Decode(dst []uint16, syntax string, codestream []byte, f Format) error {
	d := decoder(syntax)
	switch {
	case d == nil:
		return fmt.Errorf("pixel: decode: %w", errNoCodec)
	case f.Rows <= 0 || f.Cols <= 0 || f.Rows > maxSide || f.Cols > maxSide || len(dst) != f.Rows*f.Cols,
		f.BitsStored < 1 || f.BitsStored > 16:
		return fmt.Errorf("pixel: decode: %w", errFormat)
	}
	if err := d(dst, codestream, f); err != nil {
		return fmt.Errorf("pixel: decode: %w", err)
	}
	return nil
}
