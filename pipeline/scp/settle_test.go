package scp_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/models/phantom"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/scp"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// What the receiver writes down of a slice decides when a study settles; package volume
// reads the file. These tests hold the two against each other: nothing is called complete
// that volume then refuses.

const stackStepMM = 2.5

// sliceAt is slice k of an axial stack of 4×4 pixels, 2.5 mm a step.
func sliceAt(k int, change ...dataset.Element) dataset.Dataset {
	return ct(fmt.Sprintf("%s.%d", seriesUID, k+1), append([]dataset.Element{
		dataset.NewText(dataset.TagImageType, "ORIGINAL", "PRIMARY", "AXIAL"),
		dataset.NewFloat(dataset.TagSliceThickness, stackStepMM),
		dataset.NewText(dataset.TagConvolutionKernel, "B60f"),
		dataset.NewFloat(dataset.TagImagePositionPatient, -50, -50, stackStepMM*float64(k)),
		dataset.NewFloat(dataset.TagImageOrientationPatient, 1, 0, 0, 0, 1, 0),
		dataset.NewText(dataset.TagFrameOfReferenceUID, studyUID+".9"),
		dataset.NewFloat(dataset.TagPixelSpacing, 0.5, 0.5),
		dataset.NewInt(dataset.TagSamplesPerPixel, 1),
		dataset.NewText(dataset.TagPhotometricInterpretation, "MONOCHROME2"),
		dataset.NewInt(dataset.TagBitsAllocated, 16),
		dataset.NewInt(dataset.TagBitsStored, 16),
		dataset.NewInt(dataset.TagHighBit, 15),
		dataset.NewInt(dataset.TagPixelRepresentation, 1),
		dataset.NewFloat(dataset.TagRescaleIntercept, 0),
		dataset.NewFloat(dataset.TagRescaleSlope, 1),
	}, change...)...)
}

// arrived is a slice as the receiver and as the runner see it.
type arrived struct {
	placed neckfrac.Placed
	input  volume.Input
}

func arrive(t testing.TB, ds dataset.Dataset) arrived {
	t.Helper()
	a, err := scp.ReadArrival(ds, dataset.ExplicitVRLittleEndian, scp.Peer{}, time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	m := dataset.Meta{TransferSyntaxUID: dataset.ExplicitVRLittleEndian, SOPClassUID: a.Instance.SOPClassUID, SOPInstanceUID: string(a.Instance.UID), ImplementationClassUID: "1.2.3.4"}
	if err := dataset.EncodePart10(&b, m, ds); err != nil {
		t.Fatal(err)
	}
	return arrived{
		neckfrac.Placed{Placement: a.Placement, SOPClassUID: a.Instance.SOPClassUID},
		volume.Input{Series: a.Series.UID, Instance: a.Instance.UID, File: bytes.NewReader(b.Bytes()), Size: int64(b.Len())},
	}
}

func judge(in []arrived) pipeline.Completeness {
	var placed []neckfrac.Placed
	for _, a := range in {
		placed = append(placed, a.placed)
	}
	return pipeline.JudgeSeries(placed)
}

// assemble is what volume refuses the slices for, "" if it takes them.
func assemble(t testing.TB, in []arrived) neckfrac.Reason {
	t.Helper()
	var inputs []volume.Input
	for _, a := range in {
		inputs = append(inputs, a.input)
	}
	_, err := volume.Assemble(t.Context(), inputs, volume.Limits{})
	if r, ok := neckfrac.AsRefused(err); ok {
		return r.Reason
	}
	if err != nil {
		t.Fatal(err)
	}
	return ""
}

// TestCompleteIsNeverRefused builds stacks with all that goes wrong in a transfer and in a
// scanner, and wants of each that is called complete that volume takes it.
func TestCompleteIsNeverRefused(t *testing.T) {
	t.Parallel()
	complete, taken := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(44, 60).Draw(rt, "n")
		faults := rapid.SliceOfNDistinct(rapid.IntRange(0, len(spoil)-1), 0, 2, rapid.ID).Draw(rt, "faults")
		var stack []dataset.Dataset
		for k := range n {
			stack = append(stack, sliceAt(k))
		}
		for _, f := range faults {
			stack = spoil[f](rt, stack)
		}
		var in []arrived
		for _, ds := range stack {
			in = append(in, arrive(t, ds))
		}
		verdict, refused := judge(in), assemble(t, in)
		if refused == "" {
			taken++
		}
		if verdict == pipeline.Complete {
			if complete++; refused != "" {
				rt.Fatalf("complete, and refused for %s", refused)
			}
		}
	})
	if complete == 0 || complete == taken {
		t.Errorf("%d complete, %d taken: the stacks say nothing", complete, taken)
	}
}

// spoil are the faults; each may leave a stack as it is.
var spoil = []func(*rapid.T, []dataset.Dataset) []dataset.Dataset{
	func(t *rapid.T, in []dataset.Dataset) []dataset.Dataset { // slices lost
		for range rapid.IntRange(1, 4).Draw(t, "lost") {
			k := rapid.IntRange(0, len(in)-1).Draw(t, "which")
			in = slices.Delete(in, k, k+1)
		}
		return in
	},
	func(t *rapid.T, in []dataset.Dataset) []dataset.Dataset { // one slice off its place
		k := rapid.IntRange(0, len(in)-1).Draw(t, "which")
		off := []float64{0, 0, 0}
		off[rapid.IntRange(0, 2).Draw(t, "axis")] = rapid.Float64Range(-3, 3).Draw(t, "off")
		in[k] = in[k].Put(dataset.NewFloat(dataset.TagImagePositionPatient, -50+off[0], -50+off[1], stackStepMM*float64(k)+off[2]))
		return in
	},
	func(t *rapid.T, in []dataset.Dataset) []dataset.Dataset { // a second scan of a part
		from, to := rapid.IntRange(0, 20).Draw(t, "from"), rapid.IntRange(21, 43).Draw(t, "to")
		z := rapid.SampledFrom([]float64{0, 0.5, stackStepMM / 2}).Draw(t, "shift")
		tell := rapid.SampledFrom([]dataset.Tag{dataset.TagAcquisitionNumber, dataset.TagTemporalPositionIdentifier, dataset.TagKVP, dataset.TagConvolutionKernel, dataset.TagStudyID}).Draw(t, "tell")
		for k := from; k < to; k++ {
			in = append(in, sliceAt(1000+k, dataset.NewFloat(dataset.TagImagePositionPatient, -50, -50, stackStepMM*float64(k)+z), dataset.NewText(tell, "2")))
		}
		return in
	},
	func(t *rapid.T, in []dataset.Dataset) []dataset.Dataset { // numbers that come and go
		tell := rapid.SampledFrom([]dataset.Tag{dataset.TagAcquisitionNumber, dataset.TagTemporalPositionIdentifier, dataset.TagKVP}).Draw(t, "tell")
		every := rapid.IntRange(1, 30).Draw(t, "every")
		for k := range in {
			in[k] = in[k].Put(dataset.NewText(tell, fmt.Sprint(k/every%3)))
		}
		return in
	},
	func(t *rapid.T, in []dataset.Dataset) []dataset.Dataset { // another step from a place on
		from, more := rapid.IntRange(1, 43).Draw(t, "from"), rapid.Float64Range(-0.3, 0.3).Draw(t, "more")
		for k := from; k < len(in); k++ {
			in[k] = in[k].Put(dataset.NewFloat(dataset.TagImagePositionPatient, -50, -50, stackStepMM*float64(k)+more*float64(k-from)))
		}
		return in
	},
	func(t *rapid.T, in []dataset.Dataset) []dataset.Dataset { // planes that turn, pixels that grow
		turn, grow := rapid.Float64Range(0, 3e-3).Draw(t, "turn"), rapid.Float64Range(0, 3e-3).Draw(t, "grow")
		from := rapid.IntRange(0, 43).Draw(t, "from")
		for k := from; k < len(in); k++ {
			in[k] = in[k].Put(dataset.NewFloat(dataset.TagImageOrientationPatient, 1, turn, 0, -turn, 1, 0)).Put(dataset.NewFloat(dataset.TagPixelSpacing, 0.5+grow, 0.5))
		}
		return in
	},
	func(t *rapid.T, in []dataset.Dataset) []dataset.Dataset { // gantry tilt, along one axis or two
		x, y := rapid.SampledFrom([]float64{0, 0, 0.2, 2}).Draw(t, "x"), rapid.Float64Range(-2, 2).Draw(t, "y")
		for k := range in {
			in[k] = in[k].Put(dataset.NewFloat(dataset.TagImagePositionPatient, -50+x*float64(k), -50+y*float64(k), stackStepMM*float64(k)))
		}
		return in
	},
	func(t *rapid.T, in []dataset.Dataset) []dataset.Dataset { // strangers in the series
		for i := range rapid.IntRange(1, 5).Draw(t, "strangers") {
			in = append(in, sliceAt(2000+i, dataset.NewText(dataset.TagImageType, "ORIGINAL", "PRIMARY", rapid.SampledFrom([]string{"LOCALIZER", "AXIAL", "OTHER"}).Draw(t, "type")),
				dataset.NewFloat(dataset.TagImagePositionPatient, -50, -50, 500+float64(i)*rapid.SampledFrom([]float64{0, 1, 5}).Draw(t, "step"))))
		}
		return in
	},
}

// TestPhantomPrefixes has a synthetic patient arrive slice by slice: what is complete on
// the way is taken, and so is the whole.
func TestPhantomPrefixes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("making a patient takes seconds, under the race detector many")
	}
	p, err := phantom.Generate(phantom.Config{Seed: 7, Mode: phantom.Forced, Coverage: phantom.CoverageFull, Protocol: phantom.ProtocolDiagnostic})
	if err != nil {
		t.Fatal(err)
	}
	var in []arrived
	first := 0
	for k := range p.Volume.Dims[2] {
		_, ds := p.Instance(k, time.Unix(1e9, 0))
		in = append(in, arrive(t, ds))
		if judge(in) != pipeline.Complete {
			if first > 0 {
				t.Fatalf("complete with %d slices and not with %d", first, k+1)
			}
			continue
		}
		if first == 0 || k+1 == p.Volume.Dims[2] {
			if refused := assemble(t, in); refused != "" {
				t.Fatalf("complete with %d slices, refused for %s", k+1, refused)
			}
			first = max(first, k+1)
		}
	}
	if first == 0 {
		t.Fatalf("%d slices of %.2f mm are not complete", p.Volume.Dims[2], p.Volume.SpacingMM[2])
	}
}

// TestPlacementOfAnObject reads the frames of an Enhanced CT as those of slices.
func TestPlacementOfAnObject(t *testing.T) {
	t.Parallel()
	group := func(tag dataset.Tag, es ...dataset.Element) dataset.Element {
		return dataset.NewSequence(tag, dataset.Dataset(es))
	}
	object := func(frames int, change func(k int, frame dataset.Dataset) dataset.Dataset) neckfrac.Placement {
		var items []dataset.Dataset
		for k := range frames {
			f := dataset.Dataset{group(dataset.TagPlanePositionSequence, dataset.NewFloat(dataset.TagImagePositionPatient, 1, 2, 2*float64(k)))}
			items = append(items, change(k, f))
		}
		ds := ct(seriesUID+".1", dataset.NewText(dataset.TagSOPClassUID, dataset.EnhancedCTImageStorage), dataset.NewInt(dataset.TagNumberOfFrames, int64(frames)),
			dataset.NewSequence(dataset.TagSharedFunctionalGroupsSequence, dataset.Dataset{
				group(dataset.TagPlaneOrientationSequence, dataset.NewFloat(dataset.TagImageOrientationPatient, 1, 0, 0, 0, 1, 0)),
				group(dataset.TagPixelMeasuresSequence, dataset.NewFloat(dataset.TagPixelSpacing, 0.5, 0.5), dataset.NewFloat(dataset.TagSliceThickness, 2)),
				group(dataset.TagCTImageFrameTypeSequence, dataset.NewText(dataset.TagFrameType, "ORIGINAL", "PRIMARY", "VOLUME", "NONE")),
			}),
			dataset.NewSequence(dataset.TagPerFrameFunctionalGroupsSequence, items...))
		a, err := scp.ReadArrival(ds, dataset.ExplicitVRLittleEndian, scp.Peer{}, time.Unix(1, 0))
		if err != nil {
			t.Fatal(err)
		}
		return a.Placement
	}
	same := func(_ int, f dataset.Dataset) dataset.Dataset { return f }
	p := object(80, same)
	if p.Mixed || len(p.PositionsMM) != 80 || p.PositionsMM[79] != [3]float64{1, 2, 158} || p.ThicknessMM != 2 || p.SpacingMM != [2]float64{0.5, 0.5} || p.ImageType[2] != "VOLUME" {
		t.Fatalf("%+v", p)
	}
	if got := pipeline.JudgeSeries([]neckfrac.Placed{{Placement: p, SOPClassUID: dataset.EnhancedCTImageStorage}}); got != pipeline.Complete {
		t.Fatalf("%d, want complete", got)
	}
	for name, change := range map[string]func(int, dataset.Dataset) dataset.Dataset{
		"kernel": func(k int, f dataset.Dataset) dataset.Dataset {
			return append(f, group(dataset.TagCTReconstructionSequence, dataset.NewText(dataset.TagConvolutionKernel, fmt.Sprint("B", k/40))))
		},
		"stack": func(k int, f dataset.Dataset) dataset.Dataset {
			return append(f, group(dataset.TagFrameContentSequence, dataset.NewText(dataset.TagStackID, fmt.Sprint(k/40))))
		},
		"a frame without a place": func(k int, f dataset.Dataset) dataset.Dataset {
			if k == 3 {
				return nil
			}
			return f
		},
	} {
		p := object(80, change)
		if got := pipeline.JudgeSeries([]neckfrac.Placed{{Placement: p, SOPClassUID: dataset.EnhancedCTImageStorage}}); !p.Mixed || got != pipeline.Incomplete {
			t.Errorf("%s: mixed %v, %d", name, p.Mixed, got)
		}
	}
}

// TestPlacementOfHostileNumbers: what is no number gives no place, and the object is kept.
func TestPlacementOfHostileNumbers(t *testing.T) {
	t.Parallel()
	for _, v := range []string{"nan", "inf", "1e999", "x", ""} {
		ds := sliceAt(1).Put(dataset.Element{Tag: dataset.TagImagePositionPatient, VR: dataset.DS, Value: []byte(v + `\1\` + v)})
		ds = ds.Put(dataset.Element{Tag: dataset.TagSliceThickness, VR: dataset.DS, Value: []byte(v)})
		a, err := scp.ReadArrival(ds, dataset.ExplicitVRLittleEndian, scp.Peer{}, time.Unix(1, 0))
		if err != nil || a.Placement.PositionsMM != nil || a.Placement.ThicknessMM != 0 {
			t.Errorf("%q: %+v, %v", v, a.Placement, err)
		}
	}
}
