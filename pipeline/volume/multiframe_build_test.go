package volume_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/pixel/pixeltest"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// multi says how single-frame data sets are put into one multi-frame object.
type multi struct {
	class, syntax, instance string
	frames                  []dataset.Dataset
	// extended and basic add offset tables to encapsulated pixels, parts is the number of
	// fragments per frame.
	basic, extended bool
	parts           int
	// perFrame keeps groups that all frames share in each frame.
	perFrame bool
	// group changes the functional groups of frame i, edit the whole object.
	group func(i int, ds dataset.Dataset) dataset.Dataset
	edit  func(ds dataset.Dataset) dataset.Dataset
}

// unassigned is the sequence of attributes that a converter found no group for.
const unassignedShared, unassignedPerFrame dataset.Tag = 0x00209170, 0x00209171

// groupsOf are the functional groups of a slice; the kernel's differs by class.
func groupsOf(class string, ds dataset.Dataset) map[dataset.Tag]dataset.Dataset {
	pick := func(tags ...dataset.Tag) dataset.Dataset {
		var out dataset.Dataset
		for _, t := range tags {
			if e, ok := ds.Find(t); ok {
				out = append(out, e)
			}
		}
		return out
	}
	out := map[dataset.Tag]dataset.Dataset{
		dataset.TagPlanePositionSequence:            pick(dataset.TagImagePositionPatient),
		dataset.TagPlaneOrientationSequence:         pick(dataset.TagImageOrientationPatient),
		dataset.TagPixelMeasuresSequence:            pick(dataset.TagSliceThickness, dataset.TagPixelSpacing),
		dataset.TagPixelValueTransformationSequence: pick(dataset.TagRescaleIntercept, dataset.TagRescaleSlope, dataset.TagRescaleType),
		dataset.TagCTImageFrameTypeSequence: {
			dataset.NewText(dataset.TagPixelPresentation, "MONOCHROME"),
			dataset.NewText(dataset.TagVolumetricProperties, "VOLUME"),
			dataset.NewText(dataset.TagVolumeBasedCalculationTechnique, "NONE"),
		},
	}
	if e, ok := ds.Find(dataset.TagImageType); ok {
		out[dataset.TagCTImageFrameTypeSequence] = append(out[dataset.TagCTImageFrameTypeSequence],
			dataset.Element{Tag: dataset.TagFrameType, VR: dataset.CS, Value: e.Value})
	}
	if class == dataset.EnhancedCTImageStorage {
		out[dataset.TagCTReconstructionSequence] = pick(dataset.TagConvolutionKernel)
	} else {
		out[unassignedShared] = pick(dataset.TagConvolutionKernel)
	}
	return out
}

func (m multi) dataset(t testing.TB) dataset.Dataset {
	t.Helper()
	shared, frames := dataset.Dataset{}, make([]dataset.Dataset, len(m.frames))
	first := groupsOf(m.class, m.frames[0])
	for tag := range first {
		same := !m.perFrame || tag == unassignedShared
		for _, f := range m.frames {
			same = same && sameValues(groupsOf(m.class, f)[tag], first[tag])
		}
		if same {
			shared = shared.Put(dataset.NewSequence(tag, first[tag]))
			continue
		}
		for i, f := range m.frames {
			frames[i] = frames[i].Put(dataset.NewSequence(tag, groupsOf(m.class, f)[tag]))
		}
	}
	for i := range frames {
		frames[i] = frames[i].Put(dataset.NewSequence(dataset.TagFrameContentSequence, dataset.Dataset{
			dataset.NewInt(dataset.TagFrameAcquisitionNumber, 1), dataset.NewText(dataset.TagStackID, "1")}))
		if m.group != nil {
			frames[i] = m.group(i, frames[i])
		}
	}
	var out dataset.Dataset
	for _, e := range m.frames[0] {
		if slices.Contains([]dataset.Tag{dataset.TagImagePositionPatient, dataset.TagImageOrientationPatient, dataset.TagSliceThickness,
			dataset.TagPixelSpacing, dataset.TagRescaleIntercept, dataset.TagRescaleSlope, dataset.TagRescaleType, dataset.TagConvolutionKernel}, e.Tag) {
			continue
		}
		out = append(out, e)
	}
	for _, e := range []dataset.Element{
		dataset.NewText(dataset.TagSOPClassUID, m.class), dataset.NewText(dataset.TagSOPInstanceUID, m.instance),
		dataset.NewInt(dataset.TagNumberOfFrames, int64(len(frames))),
		dataset.NewSequence(dataset.TagSharedFunctionalGroupsSequence, shared),
		dataset.NewSequence(dataset.TagPerFrameFunctionalGroupsSequence, frames...),
	} {
		out = out.Put(e)
	}
	for _, e := range m.pixels(t) {
		out = out.Put(e)
	}
	if m.edit != nil {
		out = m.edit(out)
	}
	return out
}

func sameValues(a, b dataset.Dataset) bool {
	return slices.EqualFunc(a, b, func(x, y dataset.Element) bool { return x.Tag == y.Tag && bytes.Equal(x.Value, y.Value) })
}

// pixels are the frames one after the other, or as JPEG-LS in fragments.
func (m multi) pixels(t testing.TB) dataset.Dataset {
	t.Helper()
	var native []byte
	frags := [][]byte{nil}
	var basic, extended, lengths []byte
	at := uint64(0)
	for _, f := range m.frames {
		px, _ := f.Bytes(dataset.TagPixelData)
		native = append(native, px...)
		if m.syntax != dataset.JPEGLSLossless {
			continue
		}
		b := jpegLS(t, f)
		basic = binary.LittleEndian.AppendUint32(basic, uint32(at))
		extended = binary.LittleEndian.AppendUint64(extended, at)
		lengths = binary.LittleEndian.AppendUint64(lengths, uint64(len(b)))
		step := (len(b)/max(1, m.parts) + 2) &^ 1
		for part := range slices.Chunk(b, step) {
			frags = append(frags, part)
			at += uint64(8 + (len(part)+1)&^1)
		}
	}
	if m.syntax != dataset.JPEGLSLossless {
		return dataset.Dataset{dataset.NewBytes(dataset.TagPixelData, dataset.OW, native)}
	}
	if m.basic {
		frags[0] = basic
	}
	out := dataset.Dataset{{Tag: dataset.TagPixelData, VR: dataset.OB, Fragments: frags}}
	if m.extended {
		out = append(out, dataset.NewBytes(dataset.TagExtendedOffsetTable, dataset.OV, extended),
			dataset.NewBytes(dataset.TagExtendedOffsetTableLengths, dataset.OV, lengths))
	}
	return out
}

// jpegLS codes the native pixels of a slice.
func jpegLS(t testing.TB, ds dataset.Dataset) []byte {
	t.Helper()
	px, _ := ds.Bytes(dataset.TagPixelData)
	rows, _ := ds.Uint16(dataset.TagRows)
	cols, _ := ds.Uint16(dataset.TagColumns)
	samples := make([]uint16, len(px)/2)
	for i := range samples {
		samples[i] = binary.LittleEndian.Uint16(px[2*i:])
	}
	b, err := pixeltest.EncodeJLS(samples, pixeltest.JLS{Rows: int(rows), Cols: int(cols), Bits: 16})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// input encodes the object as a file.
func (m multi) input(t testing.TB) volume.Input {
	t.Helper()
	return encoded(t, m.syntax, m.dataset(t))
}

// encoded writes a data set in any syntax that the tests use and says what the ledger
// would know of it.
func encoded(t testing.TB, syntax string, ds dataset.Dataset) volume.Input {
	t.Helper()
	class, _ := ds.UID(dataset.TagSOPClassUID)
	instance, _ := ds.UID(dataset.TagSOPInstanceUID)
	series, _ := ds.UID(dataset.TagSeriesInstanceUID)
	var b bytes.Buffer
	meta := dataset.Meta{TransferSyntaxUID: syntax, SOPClassUID: class, SOPInstanceUID: instance, ImplementationClassUID: "1.2.3.4"}
	if err := dataset.WriteMeta(&b, meta); err != nil {
		t.Fatal(err)
	}
	ts, _ := dataset.LookupTransferSyntax(syntax)
	switch {
	case ts.Deflated:
		b.Write(deflated(t, ds))
	case ts.BigEndian:
		b.Write(bigEndian(t, ds))
	default:
		if err := dataset.Encode(&b, ts, ds); err != nil {
			t.Fatal(err)
		}
	}
	return volume.Input{Series: neckfrac.SeriesUID(series), Instance: neckfrac.InstanceUID(instance),
		File: bytes.NewReader(b.Bytes()), Size: int64(b.Len())}
}

// enhanced puts the whole scan into one object.
func (s scan) enhanced(class, syntax string) multi {
	m := multi{class: class, syntax: syntax, instance: s.series + ".9"}
	for i := range s.n {
		m.frames = append(m.frames, s.dataset(i))
	}
	return m
}
