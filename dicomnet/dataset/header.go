package dataset

import "fmt"

// PixelData describes where the pixels of a data set are.
type PixelData struct {
	// Present is false if the data set ended without pixel data.
	Present bool
	// Tag is PixelData, FloatPixelData or DoubleFloatPixelData.
	Tag Tag
	VR  VR
	// Length is the length of the value in bytes; -1 for encapsulated pixel
	// data, whose length is not stated.
	Length int64
	// Offset is the offset of the first byte after the element's header, on
	// the scale of Reader.Offset. -1 in a deflated data set, where no offset
	// in the file corresponds.
	Offset int64
}

// Encapsulated reports whether the pixels come as fragments.
func (p PixelData) Encapsulated() bool { return p.Present && p.Length < 0 }

// ReadHeader reads the elements before the top-level pixel data and stops
// there. The pixels may then be read by [Reader.ReadPixels] or
// [Reader.ReadFragment]; ReadHeader does not look whether they are complete.
func (r *Reader) ReadHeader() (Dataset, PixelData, error) {
	r.pixel = nil
	ds, err := r.readElements(scope{implicit: r.ts.Implicit, end: -1, stopPixels: true})
	if err != nil {
		return nil, PixelData{}, fmt.Errorf("dataset: read header: %w", err)
	}
	if r.pixel == nil {
		return ds, PixelData{}, nil
	}
	return ds, *r.pixel, nil
}

// atPixels notes that the stream stands at the first byte of pixel data.
func (r *Reader) atPixels(h header) {
	p := PixelData{Present: true, Tag: h.tag, VR: h.vr, Length: int64(h.length), Offset: r.off}
	if h.length == undefinedLength {
		p.Length = -1
	}
	if r.ts.Deflated {
		p.Offset = -1
	}
	r.pixel = &p
	r.fragment = fragmentState{}
}
