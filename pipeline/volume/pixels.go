package volume

import (
	"encoding/binary"
	"io"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/pixel"
)

// frameReader reads the pixels of one frame at a time. What it returns is overwritten
// by the next call.
type frameReader struct {
	lim      Limits
	samples  []uint16
	bytes    []byte  // of one frame, native or compressed
	inflated *object // whose pixels stand in whole
	whole    []byte
}

// read returns the rows×cols stored values of a header that has passed the gate: its
// sizes and, in native pixels, its length are known to fit the file.
func (r *frameReader) read(h header) ([]uint16, error) {
	o, n := h.object, frameBytes(h.rows, h.cols)
	r.samples = sized(r.samples, n/2)
	if o.syntax.Encapsulated {
		return r.samples, neckfrac.Wrap(neckfrac.Invalid, "decode frame", r.decode(h))
	}
	b, err := r.native(h, n)
	if err != nil {
		return nil, err
	}
	if !h.plain() {
		for i := range r.samples {
			r.samples[i] = binary.BigEndian.Uint16(b[2*i:])
		}
		return r.samples, nil
	}
	for i := range r.samples {
		r.samples[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return r.samples, nil
}

// plain reports whether pixels are stored as little-endian words.
func (o *object) plain() bool {
	return !o.syntax.Encapsulated && !(o.syntax.BigEndian && o.pixels.VR == dataset.OW)
}

// native returns the n bytes of a frame that is not compressed.
func (r *frameReader) native(h header, n int64) ([]byte, error) {
	if h.syntax.Deflated {
		return r.inflate(h, n)
	}
	r.bytes = sized(r.bytes, n)
	if got, err := h.in.File.ReadAt(r.bytes, h.pixels.Offset+int64(h.index)*n); int64(got) < n {
		return nil, neckfrac.Wrap(neckfrac.Invalid, "read frame", err)
	}
	return r.bytes, nil
}

// inflate returns a frame of a deflated data set, whose pixels stand at no offset in
// the file. All its frames are kept, so that it is inflated once: at most 64 MiB, see
// Limits.inflate.
func (r *frameReader) inflate(h header, n int64) ([]byte, error) {
	o := h.object
	if r.inflated != o {
		r.inflated, r.whole = nil, nil
		_, in, err := dataset.ReadPart10(io.NewSectionReader(o.in.File, 0, o.in.Size), r.lim.inflate(o.in.Size))
		if err == nil {
			_, _, err = in.ReadHeader()
		}
		if err == nil {
			r.whole, err = in.ReadPixels()
		}
		if err != nil {
			return nil, neckfrac.Wrap(neckfrac.Invalid, "inflate", err)
		}
		r.inflated = o
	}
	if int64(len(r.whole)) != n*int64(o.frames) {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "inflate", "length")
	}
	return r.whole[int64(h.index)*n:][:n], nil
}

// maxExpansion bounds a codestream by the frame that it decodes to: JPEG-LS may spend
// 64 bits on a sample of 16, the others less.
const maxExpansion = 4

// maxCodestreamHead is what segments in front of the pixels may take on top.
const maxCodestreamHead = 64 << 10

// decode puts a compressed frame into samples.
func (r *frameReader) decode(h header) error {
	o := h.object
	parts, n := o.fragments.frame(h.index)
	if n > maxExpansion*frameBytes(h.rows, h.cols)+maxCodestreamHead {
		return neckfrac.Errorf(neckfrac.Limit, "codestream", "longer than its frame can need")
	}
	r.bytes = sized(r.bytes, n)
	at := r.bytes
	for _, f := range parts {
		if got, err := o.in.File.ReadAt(at[:f.length], f.offset); got < int(f.length) {
			return neckfrac.Wrap(neckfrac.Invalid, "fragment", err)
		}
		at = at[f.length:]
	}
	return pixel.Decode(r.samples, o.syntax.UID, r.bytes, pixel.Format{
		Rows: h.rows, Cols: h.cols, BitsStored: int(h.format.bitsStored), Signed: h.format.signed})
}

// sized returns a slice of n values, in b's own memory if that suffices.
func sized[T any](b []T, n int64) []T {
	if int64(cap(b)) < n {
		return make([]T, n)
	}
	return b[:n]
}
