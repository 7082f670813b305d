package main

import (
	"bytes"
	"context"
	"io"
	"os"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	tensors "github.com/neckfrac/neckfrac/models/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// readScan assembles the volume below a folder of a foreign data set and places its
// images. Files that are no CT images are passed over, as the service does.
func readScan(ctx context.Context, dir string) (tensors.Scan, error) {
	found, err := findDICOM([]string{dir})
	if err != nil {
		return tensors.Scan{}, err
	}
	var inputs []volume.Input
	var out tensors.Scan
	var files []*os.File
	defer func() { closeAll(files) }()
	for _, d := range found {
		if err := ctx.Err(); err != nil {
			return tensors.Scan{}, neckfrac.Wrap(neckfrac.Unavailable, "read", err)
		}
		if d.meta.SOPClassUID != dataset.CTImageStorage {
			continue
		}
		f, err := os.Open(d.path)
		if err != nil {
			return tensors.Scan{}, neckfrac.Wrap(neckfrac.Unavailable, "read", err)
		}
		files = append(files, f)
		in, image, err := scanInput(f, d)
		if err != nil {
			return tensors.Scan{}, err
		}
		inputs, out.Images = append(inputs, in), append(out.Images, image)
	}
	a, err := volume.Assemble(ctx, inputs, volume.Limits{})
	out.Volume = a.Volume
	return out, err
}

// scanInput reads one file's header. An image whose header does not place it, or has no
// number, keeps Number -1: no box can be on it.
func scanInput(f *os.File, d dicomFile) (volume.Input, tensors.Image, error) {
	image := tensors.Image{Instance: neckfrac.InstanceUID(d.meta.SOPInstanceUID), Number: -1}
	st, err := f.Stat()
	if err != nil {
		return volume.Input{}, image, neckfrac.Wrap(neckfrac.Unavailable, "read", err)
	}
	ds, err := readHeader(f)
	if err != nil {
		return volume.Input{}, image, neckfrac.Errorf(neckfrac.Invalid, "read", "a header can't be read")
	}
	series, _ := ds.UID(dataset.TagSeriesInstanceUID)
	in := volume.Input{Series: neckfrac.SeriesUID(series), Instance: image.Instance, File: f, Size: st.Size()}
	if !ds.Has(dataset.TagModality) {
		in.File, in.Size = stateModality(f, st.Size(), d)
	}
	at, ok1 := ds.Floats(dataset.TagImagePositionPatient)
	dir, ok2 := ds.Floats(dataset.TagImageOrientationPatient)
	spacing, ok3 := ds.Floats(dataset.TagPixelSpacing)
	rows, ok4 := ds.Int(dataset.TagRows)
	cols, ok5 := ds.Int(dataset.TagColumns)
	number, ok6 := ds.Int(dataset.TagInstanceNumber)
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6) || len(at) != 3 || len(dir) != 6 || len(spacing) != 2 || number < 0 {
		return in, image, nil
	}
	image.OriginMM, image.Row, image.Col = neckfrac.Vec3(at), neckfrac.Vec3(dir[:3]), neckfrac.Vec3(dir[3:])
	image.RowMM, image.ColMM = spacing[0], spacing[1]
	image.Rows, image.Cols, image.Number = int(rows), int(cols), int(number)
	return in, image, nil
}

// stateModality gives a file with Modality CT in front of its first element. Public data
// sets lose that attribute where they are stripped of all that could identify somebody,
// and the choice of series takes nothing for CT that does not say so. What is added says
// no more than the SOP class in the file's meta information, which was looked at before.
// A syntax that can't be written is left as it is.
func stateModality(f io.ReaderAt, size int64, d dicomFile) (io.ReaderAt, int64) {
	var b bytes.Buffer
	ts, ok := dataset.LookupTransferSyntax(d.meta.TransferSyntaxUID)
	if !ok || ts.Deflated || dataset.Encode(&b, ts, dataset.Dataset{dataset.NewText(dataset.TagModality, "CT")}) != nil {
		return f, size
	}
	return &spliced{f: f, at: d.offset, insert: b.Bytes()}, size + int64(b.Len())
}

// spliced is a file with bytes inserted at an offset.
type spliced struct {
	f      io.ReaderAt
	at     int64
	insert []byte
}

// ReadAt implements io.ReaderAt.
func (s *spliced) ReadAt(p []byte, off int64) (n int, err error) {
	if off < s.at {
		n, err = s.f.ReadAt(p[:min(int64(len(p)), s.at-off)], off)
		if err != nil || n == len(p) {
			return n, err
		}
		off = s.at
	}
	if k := off - s.at; k < int64(len(s.insert)) {
		m := copy(p[n:], s.insert[k:])
		n, off = n+m, off+int64(m)
		if n == len(p) {
			return n, nil
		}
	}
	m, err := s.f.ReadAt(p[n:], off-int64(len(s.insert)))
	return n + m, err
}
