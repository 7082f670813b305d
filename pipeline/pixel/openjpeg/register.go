package openjpeg

import (
	"errors"

	"github.com/neckfrac/neckfrac/pipeline/pixel"
)

// Transfer syntaxes of JPEG 2000, PS3.6 Table A-1. A name with Lossless promises the
// reversible wavelet.
const (
	JPEG2000Lossless  = "1.2.840.10008.1.2.4.90"
	JPEG2000          = "1.2.840.10008.1.2.4.91"
	HTJ2KLossless     = "1.2.840.10008.1.2.4.201"
	HTJ2KLosslessRPCL = "1.2.840.10008.1.2.4.202"
	HTJ2K             = "1.2.840.10008.1.2.4.203"
)

var (
	// errIrreversible: what came under a lossless syntax may have lost, which a site that
	// takes in no lossy images must not learn from the pixels.
	errIrreversible = errors.New("jpeg 2000: a lossy wavelet in a lossless syntax")
	errBlockCoder   = errors.New("jpeg 2000: block coder of another syntax")
	// errSign: the sign bit of one of header and codestream is none of the other's bits.
	errSign = errors.New("jpeg 2000: fewer bits than the header's, and another sign")
)

// Register makes package pixel decode JPEG 2000 and, with library 2.5.1, that of high
// throughput. It returns the version of the library, or why there is none and nothing is
// registered. Only the runner may call it.
func Register() (version string, err error) {
	version, err = Available()
	if err != nil {
		return "", err
	}
	pixel.Register(JPEG2000Lossless, decoder(true, false))
	pixel.Register(JPEG2000, decoder(false, false))
	if HighThroughput() {
		pixel.Register(HTJ2KLossless, decoder(true, true))
		pixel.Register(HTJ2KLosslessRPCL, decoder(true, true))
		pixel.Register(HTJ2K, decoder(false, true))
	}
	return version, nil
}

// decoder is that of one transfer syntax of PS3.5 §8.2.4 and §8.2.14: lossless says that
// its UID promises the reversible wavelet, high that it has the block coder of 15444-15.
// All is judged before the library sees anything.
func decoder(lossless, high bool) pixel.Decoder {
	return func(dst []uint16, codestream []byte, f pixel.Format) error {
		info, err := Inspect(codestream, f.Rows, f.Cols)
		switch {
		case err != nil:
			return err
		case lossless && !info.Reversible:
			return errIrreversible
		case high != info.HighThroughput:
			return errBlockCoder
		case f.Signed != info.Signed && info.Bits < f.BitsStored:
			return errSign
		}
		_, err = Decode(dst, codestream, f.Rows, f.Cols)
		return err
	}
}
