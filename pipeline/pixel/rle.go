package pixel

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// RLE Lossless, PS3.5 Annex G: a header of 64 bytes, then one segment for each byte of a
// sample, the most significant first, each packed in PackBits runs of its own.

var errRLE = errors.New("rle")

func rleFault(what string) error { return fmt.Errorf("%w: %s", errRLE, what) }

const (
	rleHeaderBytes = 64
	// rleSegments of one channel of 16 bits allocated, PS3.5 §G.2.
	rleSegments = 2
	// maxRLEPadding is what may follow the last run of a segment: the byte that makes it
	// even, and no-operation bytes that some encoders end a row with.
	maxRLEPadding = 16
)

// decodeRLE decodes one frame of 16 bits allocated.
func decodeRLE(dst []uint16, stream []byte, _ Format) error {
	if len(stream) < rleHeaderBytes {
		return rleFault("header is cut")
	}
	if n := binary.LittleEndian.Uint32(stream); n != rleSegments {
		return rleFault("number of segments")
	}
	high, low := binary.LittleEndian.Uint32(stream[4:]), binary.LittleEndian.Uint32(stream[8:])
	if high != rleHeaderBytes || low <= high || uint64(low) > uint64(len(stream)) {
		return rleFault("offset of a segment")
	}
	for at := 12; at < rleHeaderBytes; at += 4 {
		if binary.LittleEndian.Uint32(stream[at:]) != 0 {
			return rleFault("offset of a segment that is not there")
		}
	}
	clear(dst)
	if err := unpackSegment(dst, stream[high:low], 8); err != nil {
		return err
	}
	return unpackSegment(dst, stream[low:], 0)
}

// unpackSegment puts the bytes of one segment at a shift into dst, which it must fill.
func unpackSegment(dst []uint16, in []byte, shift uint) error {
	at := 0
	for at < len(dst) {
		if len(in) == 0 {
			return rleFault("segment ends early")
		}
		n := int(int8(in[0]))
		in = in[1:]
		switch {
		case n >= 0: // n+1 bytes as they are
			if n++; n > len(in) || n > len(dst)-at {
				return rleFault("literal run")
			}
			for i, b := range in[:n] {
				dst[at+i] |= uint16(b) << shift
			}
			in = in[n:]
			at += n
		case n != -128: // the next byte 1-n times; -128 is no operation
			if n = 1 - n; len(in) == 0 || n > len(dst)-at {
				return rleFault("replicate run")
			}
			v := uint16(in[0]) << shift
			in = in[1:]
			for i := range n {
				dst[at+i] |= v
			}
			at += n
		}
	}
	if len(in) > maxRLEPadding {
		return rleFault("segment is too long")
	}
	return nil
}
