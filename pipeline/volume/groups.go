package volume

import (
	"strconv"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// Attributes of Legacy Converted objects, PS3.3 §C.7.6.25.3: what the converter found
// in the single frames and had no functional group for.
const (
	tagUnassignedSharedConverted   dataset.Tag = 0x00209170
	tagUnassignedPerFrameConverted dataset.Tag = 0x00209171
)

// groups gives each frame of a multi-frame object the data set that the same slice
// would have as a single frame, so that one code judges both (PS3.3 §C.7.6.16).
type groups struct {
	// common holds the attributes of the object without those that a functional group
	// states: a stray rescale or position at the top level means nothing.
	common dataset.Dataset
	shared dataset.Dataset
	frames []dataset.Dataset
	view0  dataset.Dataset // scratch of view
}

// macro is a functional group: a sequence of one item, of which the tags are used.
type macro struct {
	sequence dataset.Tag
	tags     []dataset.Tag
}

var macros = []macro{
	{dataset.TagPlanePositionSequence, []dataset.Tag{dataset.TagImagePositionPatient}},
	{dataset.TagPlaneOrientationSequence, []dataset.Tag{dataset.TagImageOrientationPatient}},
	{dataset.TagPixelMeasuresSequence, []dataset.Tag{dataset.TagPixelSpacing, dataset.TagSliceThickness}},
	{dataset.TagPixelValueTransformationSequence, []dataset.Tag{dataset.TagRescaleIntercept, dataset.TagRescaleSlope, dataset.TagRescaleType}},
	{dataset.TagCTImageFrameTypeSequence, []dataset.Tag{dataset.TagFrameType, dataset.TagPixelPresentation,
		dataset.TagVolumetricProperties, dataset.TagVolumeBasedCalculationTechnique}},
	{dataset.TagFrameContentSequence, []dataset.Tag{dataset.TagFrameAcquisitionNumber, dataset.TagStackID,
		dataset.TagTemporalPositionIndex}},
	{dataset.TagCTReconstructionSequence, []dataset.Tag{dataset.TagConvolutionKernel}},
	{dataset.TagFrameAnatomySequence, []dataset.Tag{dataset.TagAnatomicRegionSequence}},
	{tagUnassignedSharedConverted, converted},
	{tagUnassignedPerFrameConverted, converted},
}

var converted = []dataset.Tag{dataset.TagConvolutionKernel, dataset.TagAcquisitionNumber, dataset.TagBodyPartExamined,
	dataset.TagProtocolName, dataset.TagContrastBolusAgent, dataset.TagContrastBolusRoute}

// onlyInGroups are attributes that a multi-frame object states nowhere else.
var onlyInGroups = map[dataset.Tag]bool{
	dataset.TagImagePositionPatient: true, dataset.TagImageOrientationPatient: true, dataset.TagPixelSpacing: true,
	dataset.TagSliceThickness: true, dataset.TagRescaleIntercept: true, dataset.TagRescaleSlope: true,
	dataset.TagRescaleType: true, dataset.TagPixelPresentation: true, dataset.TagVolumetricProperties: true,
	dataset.TagVolumeBasedCalculationTechnique: true,
	dataset.TagSharedFunctionalGroupsSequence:  true, dataset.TagPerFrameFunctionalGroupsSequence: true,
}

func newGroups(ds dataset.Dataset) (*groups, error) {
	shared, _ := ds.Items(dataset.TagSharedFunctionalGroupsSequence)
	frames, ok := ds.Items(dataset.TagPerFrameFunctionalGroupsSequence)
	if !ok || len(shared) > 1 {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "functional groups", "sequences")
	}
	g := &groups{frames: frames}
	if len(shared) == 1 {
		g.shared = shared[0]
	}
	for _, e := range ds {
		if !onlyInGroups[e.Tag] {
			g.common = append(g.common, e)
		}
	}
	return g, nil
}

// view is the data set of frame i. It is overwritten by the next call.
func (g *groups) view(i int) (dataset.Dataset, error) {
	g.view0 = g.view0[:0]
	for _, m := range macros {
		own, err1 := one(g.frames[i], m.sequence)
		all, err2 := one(g.shared, m.sequence)
		if err1 != nil || err2 != nil || own != nil && all != nil {
			// A group is shared or per frame; with both, one of them would be ignored.
			return nil, neckfrac.Errorf(neckfrac.Invalid, "functional groups", "a group more than once")
		}
		if own == nil {
			own = all
		}
		for _, t := range m.tags {
			if e, ok := own.Find(t); ok {
				g.view0 = append(g.view0, single(e))
			}
		}
	}
	g.view0 = append(g.view0, g.common...)
	return g.view0, nil
}

// one is the item of a group, nil where it is absent or empty.
func one(ds dataset.Dataset, sequence dataset.Tag) (dataset.Dataset, error) {
	items, _ := ds.Items(sequence)
	switch len(items) {
	case 0:
		return nil, nil
	case 1:
		return items[0], nil
	}
	return nil, neckfrac.Errorf(neckfrac.Invalid, "functional groups", "more than one item")
}

// single turns an attribute of a frame into the one that a single-frame object has.
func single(e dataset.Element) dataset.Element {
	switch e.Tag {
	case dataset.TagFrameType:
		e.Tag = dataset.TagImageType
	case dataset.TagFrameAcquisitionNumber:
		if n, ok := (dataset.Dataset{e}).Uint16(e.Tag); ok {
			return dataset.NewText(dataset.TagAcquisitionNumber, strconv.Itoa(int(n)))
		}
	}
	return e
}
