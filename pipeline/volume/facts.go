package volume

import (
	"math"
	"strings"
)

// Fact names what a rule may ask of a stack.
type Fact string

const factNeckMM Fact = "neck-mm"

// facts is what a stack says of itself.
type facts struct {
	ctImage, placed bool
	slices          int
	// tiltDegrees is the angle of the slices' normal to the patient's long axis.
	tiltDegrees float64
	// stepMM is the median step, thicknessMM the largest stated thickness, 0 if not
	// known; extentMM is the way from the first to the last slice along their normal,
	// fieldMM the shorter side of the image, pixelMM the larger distance of pixels.
	stepMM, thicknessMM, extentMM, fieldMM, pixelMM float64

	imageType, kernel, bodyPart, description []string

	// neckMM is the length whose slices look like a neck; known once the pixels were
	// asked.
	neckMM      float64
	neckMMKnown bool
}

// factTable is the closed list of facts; each has one kind of value.
var factTable = map[Fact]struct {
	number func(*facts) (float64, bool)
	flag   func(*facts) bool
	text   func(*facts) []string
}{
	// A CT image by class and modality.
	"ct-image": {flag: func(f *facts) bool { return f.ctImage }},
	// Position, orientation and pixel spacing are stated and sane.
	"placed": {flag: func(f *facts) bool { return f.placed }},
	"slices": {number: func(f *facts) (float64, bool) { return float64(f.slices), true }},
	// The rest of the geometry is known of placed stacks.
	"tilt-degrees": {number: func(f *facts) (float64, bool) { return f.tiltDegrees, f.placed }},
	"step-mm":      {number: func(f *facts) (float64, bool) { return f.stepMM, f.placed && f.stepMM > 0 }},
	"thickness-mm": {number: func(f *facts) (float64, bool) { return f.thicknessMM, f.thicknessMM > 0 }},
	// The larger of step and thickness.
	"coarse-mm": {number: func(f *facts) (float64, bool) { return max(f.stepMM, f.thicknessMM), f.placed }},
	"extent-mm": {number: func(f *facts) (float64, bool) { return f.extentMM, f.placed }},
	"field-mm":  {number: func(f *facts) (float64, bool) { return f.fieldMM, f.placed }},
	"pixel-mm":  {number: func(f *facts) (float64, bool) { return f.pixelMM, f.placed }},
	// Values of ImageType, and how a multi-frame object says its pixels were computed.
	"image-type": {text: func(f *facts) []string { return f.imageType }},
	// Words of ConvolutionKernel.
	"kernel": {text: func(f *facts) []string { return f.kernel }},
	// BodyPartExamined and the anatomic region's meaning.
	"body-part": {text: func(f *facts) []string { return f.bodyPart }},
	// SeriesDescription and ProtocolName, one value each.
	"description": {text: func(f *facts) []string { return f.description }},
	factNeckMM:    {number: func(f *facts) (float64, bool) { return f.neckMM, f.neckMMKnown }},
}

// factsOf reads what the rules may ask.
func factsOf(s stack) facts {
	h := s.first()
	f := facts{
		ctImage: h.modality == "CT" && ctImage(h.meta.SOPClassUID), placed: h.placed, slices: len(s.slices),
		thicknessMM: s.thicknessMM(), imageType: append(append([]string(nil), h.imageType...), h.computed...),
		kernel: strings.Fields(strings.ToUpper(h.kernel)), bodyPart: filled(strings.ToUpper(h.bodyPart)),
		description: filled(strings.ToUpper(h.description), strings.ToUpper(h.protocol)),
	}
	if !h.placed {
		return f
	}
	p := h.plane
	at := offsets(s.slices, cross(p.row, p.col))
	f.tiltDegrees, f.stepMM, f.extentMM = p.tiltDegrees(), medianStep(at), at[len(at)-1]-at[0]
	f.fieldMM = min(float64(h.rows)*p.rowMM, float64(h.cols)*p.colMM)
	f.pixelMM = max(p.rowMM, p.colMM)
	return f
}

func filled(in ...string) []string {
	var out []string
	for _, s := range in {
		if strings.TrimSpace(s) != "" {
			out = append(out, s)
		}
	}
	return out
}

// roundTo rounds to a multiple of 1/per.
func roundTo(v, per float64) float64 { return math.Round(v*per) / per }
