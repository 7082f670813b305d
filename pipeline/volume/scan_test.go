package volume_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// scan describes a synthetic series; its zero fields are filled by write. The stored
// value of a pixel encodes its place in the patient, so that a test can tell which
// voxel it got.
type scan struct {
	series             string
	n, rows, cols      int
	firstMM, stepMM    float64
	row, col           neckfrac.Vec3
	thickness          float64
	imageType, kernel  string
	description, frame string
	syntax             string
	signed             bool
	extra              dataset.Dataset
	// edit changes slice i before it is encoded.
	edit func(i int, ds dataset.Dataset) dataset.Dataset
	// edges of the file, after encoding.
	cut func(i int, file []byte) []byte
}

func neck() scan {
	return scan{
		series: "1.2.3.1", n: 12, rows: 6, cols: 8, firstMM: -100, stepMM: 1, thickness: 1,
		row: neckfrac.Vec3{1, 0, 0}, col: neckfrac.Vec3{0, 1, 0},
		imageType: `ORIGINAL\PRIMARY\AXIAL`, kernel: "B70f", description: "C-SPINE", frame: "1.2.3.9",
		syntax: dataset.ExplicitVRLittleEndian,
	}
}

const pixelMM = 0.5

// corner is the place of pixel (0,0) of slice i. The field is centred on x = y = 0.
func (s scan) corner(i int) neckfrac.Vec3 {
	var p neckfrac.Vec3
	for a := range 3 {
		p[a] = -s.row[a]*pixelMM*float64(s.cols-1)/2 - s.col[a]*pixelMM*float64(s.rows-1)/2
	}
	p[2] += s.firstMM + float64(i)*s.stepMM
	return p
}

// hu is the value that the synthetic patient has at a place: it differs at every
// voxel of the small test volumes.
func hu(p neckfrac.Vec3) int {
	return int(p[0]*2+0.5*float64(sign(p[0]))) + 40*int(p[1]*2+0.5*float64(sign(p[1]))) + int(p[2]*3+0.5*float64(sign(p[2])))
}

func sign(v float64) int {
	if v < 0 {
		return -1
	}
	return 1
}

func (s scan) dataset(i int) dataset.Dataset {
	c := s.corner(i)
	offset := 1024
	if s.signed {
		offset = 0
	}
	px := make([]byte, 0, s.rows*s.cols*2)
	for r := range s.rows {
		for x := range s.cols {
			var p neckfrac.Vec3
			for a := range 3 {
				p[a] = c[a] + s.row[a]*pixelMM*float64(x) + s.col[a]*pixelMM*float64(r)
			}
			px = binary.LittleEndian.AppendUint16(px, uint16(int16(hu(p)+offset)))
		}
	}
	representation := int64(0)
	if s.signed {
		representation = 1
	}
	ds := dataset.Dataset{
		dataset.NewText(dataset.TagImageType, s.imageType),
		dataset.NewText(dataset.TagSOPClassUID, dataset.CTImageStorage),
		dataset.NewText(dataset.TagSOPInstanceUID, s.instance(i)),
		dataset.NewText(dataset.TagStudyDate, "20260102"),
		dataset.NewText(dataset.TagModality, "CT"),
		dataset.NewText(dataset.TagSeriesDescription, s.description),
		dataset.NewText(dataset.TagPatientID, "P1"),
		dataset.NewText(dataset.TagPatientAge, "044Y"),
		dataset.NewFloat(dataset.TagSliceThickness, s.thickness),
		dataset.NewText(dataset.TagConvolutionKernel, s.kernel),
		dataset.NewText(dataset.TagStudyInstanceUID, "1.2.3"),
		dataset.NewText(dataset.TagSeriesInstanceUID, s.series),
		dataset.NewFloat(dataset.TagImagePositionPatient, c[0], c[1], c[2]),
		dataset.NewFloat(dataset.TagImageOrientationPatient, s.row[0], s.row[1], s.row[2], s.col[0], s.col[1], s.col[2]),
		dataset.NewText(dataset.TagFrameOfReferenceUID, s.frame),
		dataset.NewInt(dataset.TagSamplesPerPixel, 1),
		dataset.NewText(dataset.TagPhotometricInterpretation, "MONOCHROME2"),
		dataset.NewInt(dataset.TagRows, int64(s.rows)),
		dataset.NewInt(dataset.TagColumns, int64(s.cols)),
		dataset.NewFloat(dataset.TagPixelSpacing, pixelMM, pixelMM),
		dataset.NewInt(dataset.TagBitsAllocated, 16),
		dataset.NewInt(dataset.TagBitsStored, 16),
		dataset.NewInt(dataset.TagHighBit, 15),
		dataset.NewInt(dataset.TagPixelRepresentation, representation),
		dataset.NewFloat(dataset.TagRescaleIntercept, float64(-offset)),
		dataset.NewFloat(dataset.TagRescaleSlope, 1),
		dataset.NewBytes(dataset.TagPixelData, dataset.OW, px),
	}
	for _, e := range s.extra {
		ds = ds.Put(e)
	}
	if s.edit != nil {
		ds = s.edit(i, ds)
	}
	return ds
}

func (s scan) instance(i int) string { return fmt.Sprintf("%s.%d", s.series, 100+i) }

// files encodes the series as the inputs of Assemble.
func (s scan) files(t testing.TB) []volume.Input {
	t.Helper()
	var out []volume.Input
	for i := range s.n {
		var b bytes.Buffer
		m := dataset.Meta{TransferSyntaxUID: s.syntax, SOPClassUID: dataset.CTImageStorage,
			SOPInstanceUID: s.instance(i), ImplementationClassUID: "1.2.3.4"}
		if err := dataset.EncodePart10(&b, m, s.dataset(i)); err != nil {
			t.Fatal(err)
		}
		file := b.Bytes()
		if s.cut != nil {
			file = s.cut(i, file)
		}
		out = append(out, volume.Input{Series: neckfrac.SeriesUID(s.series), Instance: neckfrac.InstanceUID(s.instance(i)),
			File: bytes.NewReader(file), Size: int64(len(file))})
	}
	return out
}

// put returns an edit that sets elements on one slice, all slices for i < 0.
func put(slice int, es ...dataset.Element) func(int, dataset.Dataset) dataset.Dataset {
	return func(i int, ds dataset.Dataset) dataset.Dataset {
		if slice >= 0 && i != slice {
			return ds
		}
		for _, e := range es {
			ds = ds.Put(e)
		}
		return ds
	}
}

// drop returns an edit that removes a tag.
func drop(t dataset.Tag) func(int, dataset.Dataset) dataset.Dataset {
	return func(_ int, ds dataset.Dataset) dataset.Dataset {
		var out dataset.Dataset
		for _, e := range ds {
			if e.Tag != t {
				out = append(out, e)
			}
		}
		return out
	}
}
