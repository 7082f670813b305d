package volume

import (
	"io"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// Input is one received file. Series and Instance are what the ledger knows; a file
// whose header says otherwise counts as unreadable.
type Input struct {
	Series   neckfrac.SeriesUID
	Instance neckfrac.InstanceUID
	// File is read at will and never closed.
	File io.ReaderAt
	// Size is the file's length in bytes.
	Size int64
}

// object is one file. It holds one slice, or several frames in the multi-frame
// classes; the headers of its frames share it.
type object struct {
	in     Input
	meta   dataset.Meta
	syntax dataset.TransferSyntax
	pixels dataset.PixelData
	frames int
	// fragments says where the frames of encapsulated pixels lie.
	fragments fragmentIndex
}

// multiframe reports whether a class describes its frames by functional groups.
func multiframe(class string) bool {
	return class == dataset.EnhancedCTImageStorage || class == dataset.LegacyConvertedEnhancedCTImageStorage
}

// ctImage reports whether instances of a class are CT images at all. A report or a
// segmentation of Modality CT is none, whatever else its header says.
func ctImage(class string) bool { return class == dataset.CTImageStorage || multiframe(class) }

// readObject reads the elements before the pixels and returns one header per frame.
// An error says that the file is no readable image of the stated series; it carries no
// value of the file. A file of another class than CT that can't be read gives nothing.
func readObject(in Input, lim Limits) ([]header, error) {
	const op = "read header"
	if in.File == nil || in.Size <= 0 {
		return nil, neckfrac.Errorf(neckfrac.Invalid, op, "empty file")
	}
	meta, r, err := dataset.ReadPart10(io.NewSectionReader(in.File, 0, in.Size), lim.inflate(in.Size))
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	ds, px, err := r.ReadHeader()
	if err != nil && !ctImage(meta.SOPClassUID) && meta.SOPClassUID != "" {
		return nil, nil
	}
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	series, _ := ds.UID(dataset.TagSeriesInstanceUID)
	instance, _ := ds.UID(dataset.TagSOPInstanceUID)
	if series != string(in.Series) || instance != string(in.Instance) {
		return nil, neckfrac.Errorf(neckfrac.Invalid, op, "other identifiers than the ledger's")
	}
	if ctImage(meta.SOPClassUID) && !px.Present {
		// A file that was cut between two elements of its header looks complete.
		return nil, neckfrac.Errorf(neckfrac.Invalid, op, "image without pixels")
	}
	o := &object{in: in, meta: meta, pixels: px, frames: 1}
	o.syntax, _ = dataset.LookupTransferSyntax(meta.TransferSyntaxUID)
	if !multiframe(meta.SOPClassUID) {
		return []header{o.header(ds, 0, o.structure(ds))}, nil
	}
	return o.readFrames(ds, lim)
}

// readFrames makes the headers of a multi-frame object, one by one.
func (o *object) readFrames(ds dataset.Dataset, lim Limits) ([]header, error) {
	const op = "read frames"
	n, ok := ds.Int(dataset.TagNumberOfFrames)
	if !ok || n < 1 || n > int64(lim.MaxFrames) {
		return nil, neckfrac.Errorf(neckfrac.Invalid, op, "number of frames")
	}
	g, err := newGroups(ds)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	if len(g.frames) != int(n) {
		return nil, neckfrac.Errorf(neckfrac.Invalid, op, "number of frames differs from that of functional groups")
	}
	o.frames = int(n)
	fault := o.structure(ds)
	out := make([]header, 0, n)
	for i := range o.frames {
		view, err := g.view(i)
		if err != nil {
			return nil, neckfrac.Wrap(neckfrac.Invalid, op, err)
		}
		out = append(out, o.header(view, i, fault))
	}
	return out, nil
}

// structure finds out where the frames of encapsulated pixels lie, and why not.
func (o *object) structure(ds dataset.Dataset) (fault string) {
	switch {
	case !ctImage(o.meta.SOPClassUID):
		return ""
	case o.pixels.Encapsulated() != o.syntax.Encapsulated:
		return "pixels do not fit the transfer syntax"
	case o.pixels.Encapsulated():
		o.fragments, fault = readFragments(o.in, o.pixels.Offset, ds, o.frames)
	}
	return fault
}

// header is what the data set of one frame says.
func (o *object) header(ds dataset.Dataset, frame int, fault string) header {
	h := header{object: o, index: frame}
	h.describe(ds)
	h.place(ds)
	h.format, h.formatFault = readFormat(ds, multiframe(o.meta.SOPClassUID))
	if h.formatFault == "" {
		h.formatFault = fault
	}
	if h.formatFault == "" {
		h.formatFault = o.checkLength(h.rows, h.cols)
	}
	return h
}

// checkLength compares the stated and the needed number of bytes with what the file
// has; a partial slice is never read. All factors are small enough for 64 bits.
func (o *object) checkLength(rows, cols int) string {
	px := o.pixels
	switch {
	case !px.Present || px.Tag != dataset.TagPixelData:
		return "no pixel data"
	case px.Encapsulated():
		return ""
	case px.Length != frameBytes(rows, cols)*int64(o.frames):
		return "pixel length"
	case px.Offset >= 0 && px.Offset > o.in.Size-px.Length:
		return "file ends inside the pixels"
	}
	return ""
}

// frameBytes is the length of a decoded frame; rows and columns have 16 bits each.
func frameBytes(rows, cols int) int64 { return int64(rows) * int64(cols) * 2 }
