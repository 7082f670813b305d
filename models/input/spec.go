package input

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// Window maps Hounsfield units to network values: Low and less become 0, High and
// more become 1.
type Window [2]float64

// Apply returns the network's value of hu.
func (w Window) Apply(hu float32) float32 {
	v := (hu - float32(w[0])) / float32(w[1]-w[0])
	return min(max(v, 0), 1)
}

func (w Window) check(op string) error {
	if !finite(w[0], w[1]) || w[0] >= w[1] || w[0] < -4096 || w[1] > 32767 {
		return neckfrac.Errorf(neckfrac.Invalid, op, "window %v is not a rising pair of HU", [2]float64(w))
	}
	return nil
}

// SegmentSpec is the input of the segmenter: sagittal slices of an isotropic field.
type SegmentSpec struct {
	SpacingMM float64 `json:"spacing_mm"`
	// MaxMM bounds the field in x, y and z. In x and y the field is centred on the
	// body; in z the part nearest to the head is kept.
	MaxMM [3]float64 `json:"max_mm"`
	// Neighbours on either side are further channels: 1 gives three.
	Neighbours int `json:"neighbours"`
	// Multiple is what height and width are padded to, with 0 below and behind.
	Multiple int    `json:"multiple"`
	Window   Window `json:"window"`
	// Classes is the number of output maps: background, C1..C7, other bone.
	Classes int `json:"classes"`
}

// Channels is the number of input channels.
func (s SegmentSpec) Channels() int { return 2*s.Neighbours + 1 }

// Check refuses a spec that would size a tensor out of bounds.
func (s SegmentSpec) Check() error {
	const op = "segment spec"
	for _, m := range s.MaxMM {
		if !finite(m) || m <= 0 || m > 2000 {
			return neckfrac.Errorf(neckfrac.Invalid, op, "max_mm %v out of 0..2000", s.MaxMM)
		}
	}
	switch {
	case !finite(s.SpacingMM) || s.SpacingMM < 0.5 || s.SpacingMM > 5:
		return neckfrac.Errorf(neckfrac.Invalid, op, "spacing_mm %g out of 0.5..5", s.SpacingMM)
	case s.Neighbours < 0 || s.Neighbours > 4:
		return neckfrac.Errorf(neckfrac.Invalid, op, "neighbours %d out of 0..4", s.Neighbours)
	case s.Multiple < 1 || s.Multiple > 128:
		return neckfrac.Errorf(neckfrac.Invalid, op, "multiple %d out of 1..128", s.Multiple)
	case s.Classes != neckfrac.LabelOtherBone+1:
		return neckfrac.Errorf(neckfrac.Invalid, op, "classes %d, want %d", s.Classes, neckfrac.LabelOtherBone+1)
	}
	return s.Window.check(op)
}

// ClassifySpec is the input of the classifier: a sequence of axial crops per
// vertebra, each with its neighbours and the vertebra's mask.
type ClassifySpec struct {
	// Slices is the length of the sequence, spread evenly over the box.
	Slices int `json:"slices"`
	// GrowMM is added to the mask's box above and below.
	GrowMM    float64 `json:"grow_mm"`
	SizePx    int     `json:"size_px"`
	SpacingMM float64 `json:"spacing_mm"`
	// OffsetSteps is the distance of the neighbour channels in steps.
	OffsetSteps float64 `json:"offset_steps"`
	Window      Window  `json:"window"`
	// MapPx is the side of the activation map that the network returns.
	MapPx int `json:"map_px"`
}

// ClassifyChannels are HU above, at and below the slice, and the mask.
const ClassifyChannels = 4

// Len is the number of values of one vertebra's sequence.
func (s ClassifySpec) Len() int { return s.Slices * ClassifyChannels * s.SizePx * s.SizePx }

// Check refuses a spec that would size a tensor out of bounds.
func (s ClassifySpec) Check() error {
	const op = "classify spec"
	switch {
	case s.Slices < 1 || s.Slices > 64:
		return neckfrac.Errorf(neckfrac.Invalid, op, "slices %d out of 1..64", s.Slices)
	case s.SizePx < 16 || s.SizePx > 256:
		return neckfrac.Errorf(neckfrac.Invalid, op, "size_px %d out of 16..256", s.SizePx)
	case !finite(s.SpacingMM) || s.SpacingMM < 0.2 || s.SpacingMM > 3:
		return neckfrac.Errorf(neckfrac.Invalid, op, "spacing_mm %g out of 0.2..3", s.SpacingMM)
	case !finite(s.GrowMM) || s.GrowMM < 0 || s.GrowMM > 20:
		return neckfrac.Errorf(neckfrac.Invalid, op, "grow_mm %g out of 0..20", s.GrowMM)
	case !finite(s.OffsetSteps) || s.OffsetSteps < 0 || s.OffsetSteps > 4:
		return neckfrac.Errorf(neckfrac.Invalid, op, "offset_steps %g out of 0..4", s.OffsetSteps)
	case s.MapPx < 1 || s.SizePx%s.MapPx != 0:
		return neckfrac.Errorf(neckfrac.Invalid, op, "map_px %d does not divide size_px %d", s.MapPx, s.SizePx)
	}
	return s.Window.check(op)
}

// Model1Spec is the input of the eight Model I networks: axial slices on the spine.
type Model1Spec struct {
	StepMM    float64 `json:"step_mm"`
	SizePx    int     `json:"size_px"`
	SpacingMM float64 `json:"spacing_mm"`
	// OffsetMM is the distance of the neighbour channels.
	OffsetMM float64 `json:"offset_mm"`
	// PosteriorMM moves the field back from the centroid of the labels.
	PosteriorMM float64 `json:"posterior_mm"`
	// SmoothMM is the reach over which the centroid is averaged along z.
	SmoothMM float64 `json:"smooth_mm"`
	Window   Window  `json:"window"`
	MapPx    int     `json:"map_px"`
	// TopK slices are averaged to a study's or a level's score.
	TopK int `json:"top_k"`
}

// Model1Channels are HU above, at and below the slice.
const Model1Channels = 3

// Len is the number of values of one slice.
func (s Model1Spec) Len() int { return Model1Channels * s.SizePx * s.SizePx }

// Check refuses a spec that would size a tensor out of bounds.
func (s Model1Spec) Check() error {
	const op = "model1 spec"
	switch {
	case !finite(s.StepMM) || s.StepMM < 0.5 || s.StepMM > 20:
		return neckfrac.Errorf(neckfrac.Invalid, op, "step_mm %g out of 0.5..20", s.StepMM)
	case s.SizePx < 16 || s.SizePx > 512:
		return neckfrac.Errorf(neckfrac.Invalid, op, "size_px %d out of 16..512", s.SizePx)
	case !finite(s.SpacingMM) || s.SpacingMM < 0.2 || s.SpacingMM > 3:
		return neckfrac.Errorf(neckfrac.Invalid, op, "spacing_mm %g out of 0.2..3", s.SpacingMM)
	case !finite(s.OffsetMM, s.PosteriorMM, s.SmoothMM) || s.OffsetMM < 0 || s.OffsetMM > 10 ||
		math.Abs(s.PosteriorMM) > 50 || s.SmoothMM < 0 || s.SmoothMM > 50:
		return neckfrac.Errorf(neckfrac.Invalid, op, "an offset is out of bounds")
	case s.MapPx < 1 || s.SizePx%s.MapPx != 0:
		return neckfrac.Errorf(neckfrac.Invalid, op, "map_px %d does not divide size_px %d", s.MapPx, s.SizePx)
	case s.TopK < 1 || s.TopK > 64:
		return neckfrac.Errorf(neckfrac.Invalid, op, "top_k %d out of 1..64", s.TopK)
	}
	return s.Window.check(op)
}

// Specs holds the three inputs of an ensemble.
type Specs struct {
	Segment  SegmentSpec  `json:"segment"`
	Classify ClassifySpec `json:"classify"`
	Model1   Model1Spec   `json:"model1"`
}

// Check checks all three.
func (s Specs) Check() error {
	if err := s.Segment.Check(); err != nil {
		return err
	}
	if err := s.Classify.Check(); err != nil {
		return err
	}
	return s.Model1.Check()
}

// FirstForm holds the numbers that a new data set starts with. A network trained on
// them carries them in its manifest, which alone rules from then on.
func FirstForm() Specs {
	return Specs{
		Segment: SegmentSpec{SpacingMM: 1.5, MaxMM: [3]float64{288, 288, 400}, Neighbours: 1, Multiple: 32,
			Window: Window{-200, 1300}, Classes: neckfrac.LabelOtherBone + 1},
		Classify: ClassifySpec{Slices: 16, GrowMM: 2, SizePx: 80, SpacingMM: 0.8, OffsetSteps: 1.0 / 3,
			Window: Window{-200, 1300}, MapPx: 10},
		Model1: Model1Spec{StepMM: 2.5, SizePx: 128, SpacingMM: 0.7, OffsetMM: 0.8, PosteriorMM: 10, SmoothMM: 15,
			Window: Window{150, 2050}, MapPx: 8, TopK: 3},
	}
}

func finite(xs ...float64) bool {
	for _, x := range xs {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}
