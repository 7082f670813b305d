package pixel

import "errors"

// maxSide is the largest number of rows or columns: they have 16 bits in a header.
const maxSide = 1<<16 - 1

var (
	errNoCodec = errors.New("no decoder for the transfer syntax")
	errFormat  = errors.New("format of the image")
	// errSign: the sign bit of the header is none of the codestream's bits.
	errSign = errors.New("fewer bits than the signed samples of the header")
)
