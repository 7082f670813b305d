package openjpeg

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Info is what a codestream says about its samples and how they are coded.
type Info struct {
	Bits   int
	Signed bool
	// Reversible means the wavelet 5-3 throughout, without which nothing is lossless.
	Reversible bool
	// HighThroughput means the block coder of 15444-15.
	HighThroughput bool
}

// Limits of a codestream, each far above what encoders of medical images write. With
// them the library's bookkeeping stays below 64 MiB beside the samples.
const (
	maxTiles     = 1024
	maxTileParts = 1 << 14
	// maxLevels of the wavelet: ten halve a side of 1024 to one sample.
	maxLevels = 10
	// maxPackets is tiles × levels × precincts × quality layers.
	maxPackets = 1 << 16
	// maxSegments are marker segments in one header.
	maxSegments = 1000
)

// Markers of T.800 Table A.2.
const (
	markSOC = 0xFF4F
	markCAP = 0xFF50
	markSIZ = 0xFF51
	markCOD = 0xFF52
	markCOC = 0xFF53
	markRGN = 0xFF5E
	markPPM = 0xFF60
	markPPT = 0xFF61
	markSOT = 0xFF90
	markSOD = 0xFF93
	markEOC = 0xFFD9
	// The range of markers that have a segment and may stand in a header.
	markFirst, markLast = 0xFF50, 0xFF6F
)

// ErrCodestream is what every fault of a codestream is; the words beside it carry no
// value.
var ErrCodestream = errors.New("jpeg 2000")

func fault(what string) error { return fmt.Errorf("%w: %s", ErrCodestream, what) }

// walker goes over the markers of a codestream.
type walker struct {
	src  []byte
	pos  int
	info Info

	cols, rows, tileCols, tileRows int
	tiles                          int
	layers, precincts              int  // the most that any coding style has
	styled                         bool // COD or COC was seen
	coded                          bool // COD was seen
}

// Inspect walks over a codestream of rows×cols samples, from its first to its last marker,
// and calls no library. Errors are ErrCodestream.
func Inspect(src []byte, rows, cols int) (Info, error) {
	w := walker{src: src, rows: rows, cols: cols}
	w.info.Reversible = true
	if m, ok := w.mark(); !ok || m != markSOC {
		return Info{}, fault("no start of codestream")
	}
	if m, ok := w.mark(); !ok || m != markSIZ {
		return Info{}, fault("no size")
	}
	b, ok := w.segment()
	if !ok {
		return Info{}, fault("size")
	}
	if what := w.size(b); what != "" {
		return Info{}, fault(what)
	}
	m, what := w.header()
	switch {
	case what != "":
	case !w.coded:
		what = "no coding style"
	default:
		what = w.tileParts(m)
	}
	if what != "" {
		return Info{}, fault(what)
	}
	return w.info, nil
}

// mark reads a marker.
func (w *walker) mark() (uint16, bool) {
	if len(w.src)-w.pos < 2 {
		return 0, false
	}
	w.pos += 2
	return binary.BigEndian.Uint16(w.src[w.pos-2:]), true
}

// segment reads a length and what belongs to it.
func (w *walker) segment() ([]byte, bool) {
	if len(w.src)-w.pos < 2 {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(w.src[w.pos:]))
	if n < 2 || n > len(w.src)-w.pos {
		return nil, false
	}
	b := w.src[w.pos+2 : w.pos+n]
	w.pos += n
	return b, true
}

// header reads marker segments up to a marker that is no part of a header, and returns
// that.
func (w *walker) header() (next uint16, what string) {
	for range maxSegments {
		m, ok := w.mark()
		if !ok {
			return 0, "header ends early"
		}
		if m < markFirst || m > markLast {
			return m, ""
		}
		b, ok := w.segment()
		if !ok {
			return 0, "segment length"
		}
		switch m {
		case markCOD:
			what = w.codingStyle(b)
		case markCOC:
			what = w.componentStyle(b)
		case markSIZ:
			what = "second size"
		case markRGN:
			what = "region of interest"
		case markPPM, markPPT:
			what = "packed packet headers"
		}
		if what != "" {
			return 0, what
		}
	}
	return 0, "too many segments"
}

// tileParts reads tile-parts up to the end of the codestream (A.4.2). Each must be whole,
// and each tile must have one.
func (w *walker) tileParts(m uint16) string {
	seen, missing := make([]bool, w.tiles), w.tiles
	for range maxTileParts {
		if m == markEOC {
			if missing > 0 {
				return "a tile is missing"
			}
			return ""
		}
		start := w.pos - 2
		b, ok := w.segment()
		if m != markSOT || !ok || len(b) != 8 {
			return "start of a tile-part"
		}
		tile, length := int(binary.BigEndian.Uint16(b)), int64(binary.BigEndian.Uint32(b[2:]))
		if tile >= w.tiles {
			return "tile outside the image"
		}
		if !seen[tile] {
			seen[tile] = true
			missing--
		}
		next, what := w.header()
		if what != "" {
			return what
		}
		if next != markSOD {
			return "header of a tile-part"
		}
		end := int64(start) + length
		if length == 0 { // up to the end of the codestream
			end = int64(w.endMarker())
		}
		if end < int64(w.pos) || end > int64(len(w.src)-2) {
			return "length of a tile-part"
		}
		w.pos = int(end)
		m, _ = w.mark()
	}
	return "too many tile-parts"
}

// maxPadding is how many bytes of zero may follow a codestream whose last tile-part has
// no length: the one that makes a fragment even, and some of encoders that align.
const maxPadding = 16

// endMarker is where the last marker stands, if the codestream is whole.
func (w *walker) endMarker() int {
	end := len(w.src)
	for end > 2 && len(w.src)-end < maxPadding && w.src[end-1] == 0 {
		end--
	}
	return end - 2
}
