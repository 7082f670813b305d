package volume

import (
	"bytes"
	"encoding/binary"
	"io"

	"github.com/suyashkumar/dicom"
	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// readPixels returns the native pixel value of a slice, rows×cols×2 little endian
// bytes. The header has passed the gate: its length is known to fit the file.
//
// Little endian pixels are read by suyashkumar/dicom from a stream that we write
// ourselves: a fresh meta header, then the pixel element's own bytes. So nothing but
// pixels of a checked length reaches the library, whatever the file's header holds.
func readPixels(h header, lim dataset.Limits) ([]byte, error) {
	want := h.rows * h.cols * 2
	var px []byte
	var err error
	if h.syntax.BigEndian || h.syntax.Deflated {
		px, err = rereadPixels(h, lim, want)
	} else {
		px, err = libraryPixels(h)
	}
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, "read pixels", err)
	}
	if len(px) != want {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "read pixels", "length")
	}
	return px, nil
}

// rereadPixels reads syntaxes in which the pixels are not at an offset in the file or
// not in our byte order.
func rereadPixels(h header, lim dataset.Limits, want int) ([]byte, error) {
	lim.MaxPixelBytes = int64(want)
	_, r, err := dataset.ReadPart10(io.NewSectionReader(h.in.File, 0, h.in.Size), lim)
	if err != nil {
		return nil, err
	}
	if _, _, err := r.ReadHeader(); err != nil {
		return nil, err
	}
	return r.ReadPixels()
}

// wrapUID stands in the meta header of the stream that only the library sees.
const wrapUID = "2.25.1"

// libraryPixels parses the wrapped pixel element.
func libraryPixels(h header) (px []byte, err error) {
	defer func() {
		if recover() != nil { // the library's own fault must cost one study, not the runner
			px, err = nil, neckfrac.Errorf(neckfrac.Internal, "decode", "panic in the library")
		}
	}()
	var head bytes.Buffer
	err = dataset.WriteMeta(&head, dataset.Meta{TransferSyntaxUID: dataset.ExplicitVRLittleEndian,
		SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: wrapUID, ImplementationClassUID: wrapUID})
	if err != nil {
		return nil, err
	}
	head.WriteString("\xE0\x7F\x10\x00OW\x00\x00")
	head.Write(binary.LittleEndian.AppendUint32(nil, uint32(h.pixels.Length)))
	size := int64(head.Len()) + h.pixels.Length
	body := io.NewSectionReader(h.in.File, h.pixels.Offset, h.pixels.Length)
	ds, err := dicom.Parse(io.MultiReader(&head, body), size, nil, dicom.SkipProcessingPixelDataValue())
	if err != nil {
		return nil, err
	}
	e, err := ds.FindElementByTag(tag.PixelData)
	if err != nil {
		return nil, err
	}
	return dicom.MustGetPixelDataInfo(e.Value).UnprocessedValueData, nil
}
