// Package pixel decodes compressed frames of CT images to the exact values that were
// stored.
//
// It stands between the fragments that package volume takes out of a file and the
// rescale to Hounsfield units, in the runner alone: codestreams are bytes of a stranger,
// and what a decoder does to its process must cost one study and not the receiver.
//
//	codestream of one frame + Format → Rows×Cols values of 16 bits
//
// Clauses: PS3.5 §8.2 and §A.4; the codecs cite their own standards.
//
// Guarantees: a frame comes out whole and of the size that the header states, or as an
// error. No panic on any input, no read or allocation by a length that was not compared with
// what is there; work is bounded by the size of the frame and of the codestream.
// Errors carry no value of the codestream.
//
// The header rules the sign: a value is as signed as PixelRepresentation says, even
// where a codestream states another sign, and a codestream with fewer bits than a signed
// header's is refused, since its sign bit is unknown.
//
// It knows one channel of at most 16 bits. It does not read files, choose frames or
// rescale.
package pixel
