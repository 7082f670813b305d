package scp

import (
	"bytes"
	"math"
	"strings"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// maxWord bounds each text of a placement: the longest VR among them is LO.
const maxWord = 64

// maxWords bounds the values of one attribute that are kept.
const maxWords = 16

// readPlacement takes from the header of a CT image where it lies, PS3.3 §C.7.6.2 and
// §C.7.6.16. Other objects, and what is not stated, give nothing. No pixel is read.
func readPlacement(ds dataset.Dataset, class string) neckfrac.Placement {
	if class != dataset.CTImageStorage && class != dataset.EnhancedCTImageStorage && class != dataset.LegacyConvertedEnhancedCTImageStorage {
		return neckfrac.Placement{}
	}
	p := neckfrac.Placement{
		Modality: clip(text(ds, dataset.TagModality), 16),
		Frame:    clip(text(ds, dataset.TagFrameOfReferenceUID), maxWord),
		Rows:     number(ds, dataset.TagRows), Columns: number(ds, dataset.TagColumns),
		Temporal: clip(text(ds, dataset.TagTemporalPositionIdentifier), maxWord), Acquisition: clip(text(ds, dataset.TagAcquisitionNumber), maxWord),
		Stack: clip(text(ds, dataset.TagStackID), maxWord), KVP: clip(text(ds, dataset.TagKVP), maxWord),
		Related: max(0, number(ds, dataset.TagNumberOfStudyRelatedInstances)),
	}
	if uid := clip(text(ds, dataset.TagConcatenationUID), maxWord); uid != "" {
		p.Concatenation, p.Part, p.Parts = uid, number(ds, dataset.TagInConcatenationNumber), number(ds, dataset.TagInConcatenationTotalNumber)
	}
	if class == dataset.CTImageStorage {
		describeFrame(&p, func(t dataset.Tag) dataset.Dataset { return ds })
		if at, ok := position(ds); ok {
			p.PositionsMM = [][3]float64{at}
		}
		return p
	}
	placeFrames(&p, ds)
	return p
}

// describeFrame reads what all slices of a stack have in common; of gives the data set
// that holds an attribute.
func describeFrame(p *neckfrac.Placement, of func(dataset.Tag) dataset.Dataset) {
	tag := dataset.TagFrameType
	if p.ImageType = words(of(tag), tag); p.ImageType == nil {
		tag = dataset.TagImageType
		p.ImageType = words(of(tag), tag)
	}
	for _, t := range []dataset.Tag{dataset.TagVolumetricProperties, dataset.TagVolumeBasedCalculationTechnique} {
		if s := strings.ToUpper(clip(text(of(t), t), maxWord)); s != "" && s != "NONE" && s != "VOLUME" {
			p.Computed = append(p.Computed, s)
		}
	}
	p.Kernel = strings.Join(values(of(dataset.TagConvolutionKernel), dataset.TagConvolutionKernel), " ")
	if v, ok := finite(of(dataset.TagImageOrientationPatient), dataset.TagImageOrientationPatient, 6); ok {
		p.Orientation = [6]float64(v)
	}
	if v, ok := finite(of(dataset.TagPixelSpacing), dataset.TagPixelSpacing, 2); ok {
		p.SpacingMM = [2]float64(v)
	}
	if v, ok := finite(of(dataset.TagSliceThickness), dataset.TagSliceThickness, 1); ok {
		p.ThicknessMM = v[0]
	}
}

// frameMacros are the functional groups whose attributes tell one stack from another,
// PS3.3 §C.7.6.16.2 and §C.8.15.3. The last two are of the legacy class, which keeps there
// what has no group.
var frameMacros = []struct {
	sequence dataset.Tag
	tags     []dataset.Tag
}{
	{dataset.TagPlaneOrientationSequence, []dataset.Tag{dataset.TagImageOrientationPatient}},
	{dataset.TagPixelMeasuresSequence, []dataset.Tag{dataset.TagPixelSpacing, dataset.TagSliceThickness}},
	{dataset.TagCTImageFrameTypeSequence, []dataset.Tag{dataset.TagFrameType, dataset.TagVolumetricProperties, dataset.TagVolumeBasedCalculationTechnique}},
	{dataset.TagCTReconstructionSequence, []dataset.Tag{dataset.TagConvolutionKernel}},
	{dataset.TagFrameContentSequence, []dataset.Tag{dataset.TagTemporalPositionIndex, dataset.TagFrameAcquisitionNumber, dataset.TagStackID}},
	{dataset.TagUnassignedSharedConvertedAttributesSequence, []dataset.Tag{dataset.TagConvolutionKernel}},
	{dataset.TagUnassignedPerFrameConvertedAttributesSequence, []dataset.Tag{dataset.TagConvolutionKernel}},
}

// placeFrames reads the functional groups of a multi-frame object.
func placeFrames(p *neckfrac.Placement, ds dataset.Dataset) {
	shared, _ := ds.Item(dataset.TagSharedFunctionalGroupsSequence)
	frames, _ := ds.Items(dataset.TagPerFrameFunctionalGroupsSequence)
	if n, ok := ds.Int(dataset.TagNumberOfFrames); !ok || n != int64(len(frames)) || n == 0 || n > neckfrac.MaxPlacedFrames {
		p.Mixed = true
		return
	}
	for _, m := range frameMacros {
		for _, t := range m.tags {
			first, _ := inFrame(frames[0], shared, m.sequence).Find(t)
			for _, f := range frames[1:] {
				e, _ := inFrame(f, shared, m.sequence).Find(t)
				p.Mixed = p.Mixed || !bytes.Equal(e.Value, first.Value)
			}
		}
	}
	describeFrame(p, func(t dataset.Tag) dataset.Dataset {
		for _, m := range frameMacros {
			if in := inFrame(frames[0], shared, m.sequence); in.Has(t) {
				return in
			}
		}
		return ds
	})
	content := inFrame(frames[0], shared, dataset.TagFrameContentSequence)
	p.Stack, p.Acquisition = clip(text(content, dataset.TagStackID), maxWord), clip(text(content, dataset.TagFrameAcquisitionNumber), maxWord)
	for _, f := range frames {
		at, ok := position(inFrame(f, shared, dataset.TagPlanePositionSequence))
		if !ok {
			p.PositionsMM, p.Mixed = nil, true
			return
		}
		p.PositionsMM = append(p.PositionsMM, at)
	}
}

// inFrame is the item of a group, the frame's own or the one that all share.
func inFrame(frame, shared dataset.Dataset, sequence dataset.Tag) dataset.Dataset {
	if item, ok := frame.Item(sequence); ok {
		return item
	}
	item, _ := shared.Item(sequence)
	return item
}

func position(ds dataset.Dataset) ([3]float64, bool) {
	v, ok := finite(ds, dataset.TagImagePositionPatient, 3)
	if !ok {
		return [3]float64{}, false
	}
	return [3]float64(v), true
}

// finite reads exactly n numbers.
func finite(ds dataset.Dataset, tag dataset.Tag, n int) ([]float64, bool) {
	v, ok := ds.Floats(tag)
	if !ok || len(v) != n {
		return nil, false
	}
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, false
		}
	}
	return v, true
}

// words are the values of an attribute in upper case.
func words(ds dataset.Dataset, tag dataset.Tag) []string {
	out := values(ds, tag)
	for i := range out {
		out[i] = strings.ToUpper(out[i])
	}
	return out
}

func values(ds dataset.Dataset, tag dataset.Tag) []string {
	in, _ := ds.Strings(tag)
	var out []string
	for _, v := range in[:min(len(in), maxWords)] {
		out = append(out, clip(v, maxWord))
	}
	return out
}
