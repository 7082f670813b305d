package dicomweb

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// span is a run of bytes in a stored object.
type span struct{ off, n int64 }

// pixels says where each frame of an object lies in its file.
type pixels struct {
	// frames lists the runs of each frame: one for native pixels, the fragments for
	// encapsulated ones.
	frames    [][]span
	mediaType string
}

// frameTypes gives each encapsulated transfer syntax its media type (PS3.18 Table
// 8.7.3-5).
var frameTypes = map[string]string{
	dataset.JPEGBaseline8Bit:   "image/jpeg",
	dataset.JPEGExtended12Bit:  "image/jpeg",
	dataset.JPEGLossless:       "image/jpeg",
	dataset.JPEGLosslessSV1:    "image/jpeg",
	dataset.JPEGLSLossless:     "image/jls",
	dataset.JPEGLSNearLossless: "image/jls",
	dataset.JPEG2000Lossless:   "image/jp2",
	dataset.JPEG2000:           "image/jp2",
	dataset.HTJ2KLossless:      "image/jphc",
	dataset.HTJ2KLosslessRPCL:  "image/jphc",
	dataset.HTJ2K:              "image/jphc",
	dataset.RLELossless:        "image/dicom-rle",
}

// frames sends the frames of a list as stored (PS3.18 §10.4.1.1.6).
func (h *handler) frames(w http.ResponseWriter, r *http.Request, res resource) error {
	list, err := frameList(res.rest[0], h.cfg.Limits.Frames)
	if err != nil {
		return err
	}
	ranges, err := parseAccept(r, h.cfg.Limits)
	if err != nil {
		return err
	}
	in, f, err := h.one(r.Context(), res.Target)
	if err != nil {
		return err
	}
	defer f.Close()
	head, err := h.header(r.Context(), f, in)
	if err != nil {
		return err
	}
	p, err := h.layout(f, in, head.ds, head.pixels)
	head.done() // the frames come from the file
	if err != nil {
		return err
	}
	for _, n := range list {
		if n > len(p.frames) {
			return fmt.Errorf("dicomweb: frame: %w", ErrNotFound)
		}
	}
	return h.sendFrames(w, r, in, f, p, ranges, list)
}

// sendFrames sends the listed frames, counted from 1, or all for a nil list: native ones
// as one value, encapsulated ones each in its part.
func (h *handler) sendFrames(w http.ResponseWriter, r *http.Request, in Instance, f File, p pixels, ranges []mediaRange, list []int) error {
	parts := make([][]span, 0, len(p.frames))
	for _, n := range list {
		parts = append(parts, p.frames[n-1])
	}
	if list == nil {
		parts = p.frames
		if p.mediaType == typeOctets {
			var all []span
			for _, f := range p.frames {
				all = append(all, f...)
			}
			parts = [][]span{all}
		}
	}
	contentType := p.mediaType + "; transfer-syntax=" + in.TransferSyntaxUID
	for _, m := range ranges {
		if _, ok := accepts([]mediaRange{m}, p.mediaType); !ok || !m.takes(in.TransferSyntaxUID) {
			continue
		}
		if !m.multipart() && !m.anything() {
			if len(parts) != 1 {
				continue // a type of one value can't hold several
			}
			var size int64
			for _, s := range parts[0] {
				size += s.n
			}
			return h.sendBytes(w, r, m, contentType, size, func(out io.Writer) error { return copySpans(out, f, parts[0]) })
		}
		mw := h.multipart(w, p.mediaType)
		if r.Method == http.MethodHead {
			return nil
		}
		for _, spans := range parts {
			begun(r.Context().Err())
			begun(mw.part(contentType))
			begun(copySpans(mw, f, spans))
		}
		begun(mw.close())
		return nil
	}
	return fmt.Errorf("dicomweb: frames: %w", ErrNotAcceptable)
}

func copySpans(w io.Writer, f File, spans []span) error {
	for _, s := range spans {
		if err := copyExactly(w, io.NewSectionReader(f, s.off, s.n), s.n); err != nil {
			return err
		}
	}
	return nil
}

// frameList reads 1,2,5.
func frameList(s string, most int) ([]int, error) {
	if strings.Count(s, ",") >= most {
		return nil, fmt.Errorf("dicomweb: frame list: %w", ErrLimit)
	}
	var out []int
	for text := range strings.SplitSeq(s, ",") {
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil || n == 0 {
			return nil, fmt.Errorf("dicomweb: frame list: %w", ErrInvalid)
		}
		out = append(out, int(n))
	}
	return out, nil
}

// layout finds the frames. A deflated object has no place in its file to point at and is
// ErrNotAcceptable, as is one whose frames can't be told apart.
func (h *handler) layout(f File, in Instance, ds dataset.Dataset, px dataset.PixelData) (pixels, error) {
	switch {
	case !px.Present:
		return pixels{}, fmt.Errorf("dicomweb: pixels: %w", ErrNotFound)
	case px.Offset < 0:
		return pixels{}, fmt.Errorf("dicomweb: deflated pixels: %w", ErrNotAcceptable)
	}
	count := int64(1)
	if n, ok := ds.Int(dataset.TagNumberOfFrames); ok {
		count = n
	}
	if count < 1 || count > int64(h.cfg.Limits.Fragments) {
		return pixels{}, fmt.Errorf("dicomweb: number of frames: %w", ErrNotAcceptable)
	}
	if px.Encapsulated() {
		return h.encapsulated(f, in, ds, px, int(count))
	}
	if px.Length > in.Size-px.Offset || px.Length%count != 0 && count > 1 {
		return pixels{}, fmt.Errorf("dicomweb: native pixels: %w", ErrNotAcceptable)
	}
	size, ok := frameBytes(ds)
	if !ok || size*count > px.Length {
		return pixels{}, fmt.Errorf("dicomweb: native pixels: %w", ErrNotAcceptable)
	}
	p := pixels{mediaType: typeOctets}
	for i := range count {
		p.frames = append(p.frames, []span{{px.Offset + i*size, size}})
	}
	return p, nil
}

// frameBytes is the size of a native frame; false where it is no whole number of bytes.
func frameBytes(ds dataset.Dataset) (int64, bool) {
	size := int64(1)
	for _, tag := range []dataset.Tag{dataset.TagRows, dataset.TagColumns, dataset.TagBitsAllocated} {
		n, ok := ds.Uint16(tag)
		if !ok || n == 0 {
			return 0, false
		}
		size *= int64(n) // at most 2^48
	}
	samples := int64(1)
	if n, ok := ds.Uint16(dataset.TagSamplesPerPixel); ok {
		samples = int64(n)
	}
	if samples < 1 || samples > 4 || size%8 != 0 {
		return 0, false
	}
	return size / 8 * samples, true
}

// encapsulated finds the fragments (PS3.5 §A.4) and gives each frame its own.
func (h *handler) encapsulated(f File, in Instance, ds dataset.Dataset, px dataset.PixelData, count int) (pixels, error) {
	unclear := fmt.Errorf("dicomweb: encapsulated pixels: %w", ErrNotAcceptable)
	mediaType, ok := frameTypes[in.TransferSyntaxUID]
	if !ok {
		return pixels{}, unclear
	}
	items, err := h.items(f, px.Offset, in.Size)
	if err != nil {
		return pixels{}, err
	}
	if len(items) < 2 {
		return pixels{}, unclear
	}
	table, fragments := items[0], items[1:]
	p := pixels{mediaType: mediaType}
	switch {
	case count == 1:
		p.frames = [][]span{fragments}
		return p, nil
	case len(fragments) == count:
		for _, s := range fragments {
			p.frames = append(p.frames, []span{s})
		}
		return p, nil
	}
	starts, err := frameStarts(f, table, ds, count)
	if err != nil {
		return pixels{}, err
	}
	// A frame starts at an item, counted from the first item behind the table.
	base := fragments[0].off - 8
	for _, s := range fragments {
		if len(p.frames) < count && s.off-8-base == starts[len(p.frames)] {
			p.frames = append(p.frames, nil)
		}
		if len(p.frames) == 0 {
			return pixels{}, unclear
		}
		last := len(p.frames) - 1
		p.frames[last] = append(p.frames[last], s)
	}
	if len(p.frames) != count {
		return pixels{}, unclear
	}
	return p, nil
}

// frameStarts reads the Extended or the Basic Offset Table.
func frameStarts(f File, table span, ds dataset.Dataset, count int) ([]int64, error) {
	unclear := fmt.Errorf("dicomweb: offset table: %w", ErrNotAcceptable)
	var out []int64
	if b, ok := ds.Bytes(dataset.TagExtendedOffsetTable); ok && len(b) == 8*count {
		for ; len(b) >= 8; b = b[8:] {
			out = append(out, int64(binary.LittleEndian.Uint64(b)))
		}
		return out, nil
	}
	if table.n != 4*int64(count) { // bounds the allocation: count was checked
		return nil, unclear
	}
	b := make([]byte, table.n)
	if _, err := f.ReadAt(b, table.off); err != nil {
		return nil, fmt.Errorf("dicomweb: offset table: %w", err)
	}
	for ; len(b) >= 4; b = b[4:] {
		out = append(out, int64(binary.LittleEndian.Uint32(b)))
	}
	return out, nil
}

// items lists the values of the items from off to the sequence delimiter.
func (h *handler) items(f File, off, size int64) ([]span, error) {
	unclear := fmt.Errorf("dicomweb: fragments: %w", ErrNotAcceptable)
	var out []span
	var b [8]byte
	for {
		if _, err := f.ReadAt(b[:], off); err != nil {
			return nil, unclear
		}
		off += 8
		tag := dataset.NewTag(binary.LittleEndian.Uint16(b[:]), binary.LittleEndian.Uint16(b[2:]))
		n := int64(binary.LittleEndian.Uint32(b[4:]))
		switch {
		case tag == 0xFFFEE0DD:
			return out, nil
		case tag != 0xFFFEE000 || n > size-off:
			return nil, unclear
		case len(out) > h.cfg.Limits.Fragments:
			return nil, fmt.Errorf("dicomweb: fragments: %w", ErrLimit)
		}
		out = append(out, span{off, n})
		off += n
	}
}
