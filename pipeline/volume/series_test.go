package volume_test

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

var updateSeries = flag.Bool("update-series", false, "rewrite docs/conformance/series.md")

const seriesDoc = "../../docs/conformance/series.md"

var coarse = []neckfrac.Reason{neckfrac.Resolution}

func cosine(degrees float64) float64 { return math.Cos(degrees * math.Pi / 180) }

// analysableStudies end in a volume whose distances are those of the headers.
var analysableStudies = []seriesCase{
	{name: "one series of 1 mm", in: sent(), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "files in the other order", in: backwards(sent()), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "numbered from the other end", in: sent(func(s *scan) { s.firstMM, s.stepMM = 29, -1 }), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "a localizer under the same series UID, without the word", in: beside(steps(0.7, 1, 180), scout(300)), series: "C-SPINE BONE", slices: 180, stepMM: 0.7},
	{name: "a localizer under the same series UID, amid the slices", in: beside(steps(0.7, 1, 180), scout(-60)), series: "C-SPINE BONE", slices: 180, stepMM: 0.7},
	{name: "overlapping slices", in: sent(steps(0.5, 1, 260)), series: "C-SPINE BONE", slices: 260, stepMM: 0.5},
	{name: "slices of 3 mm", in: sent(steps(3, 3, 44)), series: "C-SPINE BONE", slices: 44, stepMM: 3, limits: coarse},
	{name: "slices of 5 mm, the thickest", in: sent(steps(5, 5, 27)), series: "C-SPINE BONE", slices: 27, stepMM: 5, limits: coarse},
	{name: "a tag that states another step", in: sent(header(dataset.TagSpacingBetweenSlices, "2")), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "positions rounded to 0.1 mm", in: sent(steps(0.625, 1, 208), rounded), series: "C-SPINE BONE", slices: 208, stepMM: 0.625},
	{name: "slices sent twice under other identifiers", in: twice(0, 40), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "two spacings: 1 mm above, 2 mm below", in: beside(asIs, all(steps(2, 2, 20), after(1))), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "two spacings with a gap between them", in: beside(asIs, all(steps(3, 3, 8), after(7))), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "tilted as GE does, two gaps", in: beside(all(steps(4, 4, 33), tilt(18.5)), all(steps(7, 7, 6), func(s *scan) { s.firstMM += 128 + 1.1 }, tilt(18.5))),
		series: "C-SPINE BONE", slices: 33, stepMM: 4 * cosine(18.5), tilt: 18.5, limits: coarse},
	{name: "tilted by 12°", in: sent(tilt(12)), series: "C-SPINE BONE", slices: 130, stepMM: cosine(12), tilt: 12},
	{name: "tilted by 20° the other way", in: sent(tilt(-20)), series: "C-SPINE BONE", slices: 130, stepMM: cosine(20), tilt: 20},
	{name: "tilted by 30°, the most", in: sent(tilt(29.999)), series: "C-SPINE BONE", slices: 130, stepMM: cosine(29.999), tilt: 30},
	{name: "tilted and feet first", in: sent(lying("FFS"), tilt(15)), series: "C-SPINE BONE", slices: 130, stepMM: cosine(15), tilt: 15},
	{name: "feet first, supine", in: sent(lying("FFS")), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "feet first, prone", in: sent(lying("FFP")), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "head first, prone", in: sent(lying("HFP")), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "head first, on the left side", in: sent(lying("HFDL")), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "head first, on the right side", in: sent(lying("HFDR")), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "feet first, on the left side", in: sent(lying("FFDL")), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "feet first, on the right side", in: sent(lying("FFDR")), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "Enhanced CT, frames out of order", in: inOneObject(dataset.EnhancedCTImageStorage), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "Legacy Converted Enhanced CT", in: inOneObject(dataset.LegacyConvertedEnhancedCTImageStorage), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "bone and soft kernel of one scan", in: beside(named("1.2.3.8", "C-SPINE BONE", "B70f"), named("1.2.3.2", "C-SPINE SOFT", "B30s")), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "thin and thick slices of one scan", in: beside(named("1.2.3.8", "C-SPINE BONE", "B70f"), all(steps(3, 3, 44), named("1.2.3.2", "C-SPINE BONE 3MM", "B70f"))), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "a sagittal reformat beside", in: beside(asIs, all(named("1.2.3.2", "SAG", "B70f"), func(s *scan) { s.row, s.col = neckfrac.Vec3{0, 1, 0}, neckfrac.Vec3{0, 0, -1} })),
		series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "a projection (MIP) beside", in: beside(asIs, all(named("1.2.3.2", "MIP", "B70f"), func(s *scan) { s.imageType = `DERIVED\SECONDARY\AXIAL\MIP` })), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "two phases in one series", in: beside(header(dataset.TagAcquisitionNumber, "1"), all(header(dataset.TagAcquisitionNumber, "2"), func(s *scan) { s.n-- })), series: "C-SPINE BONE", slices: 130, stepMM: 1},
	{name: "the better series lacks a slice, another shows the same", in: func(t *testing.T) []volume.Input {
		return append(lost(sent(), 60)(t), sent(named("1.2.3.2", "C-SPINE SOFT", "B30s"))(t)...)
	}, series: "C-SPINE SOFT", slices: 130, stepMM: 1},
	{name: "a head study with two kernels and localizers", real: "philips-head", series: "STD BRAIN 1MM, iDose", slices: 140, stepMM: 1, limits: []neckfrac.Reason{neckfrac.AgeUnknown}},
	{name: "head and neck, 2.5 mm", real: "openkbp-dicom/pt_144", series: "HEAD NECK 128x128 derived", slices: 128, stepMM: 2.5, limits: coarseUnknown},
	{name: "head and neck, 2.5 mm, another patient", real: "openkbp-dicom/pt_332", series: "HEAD NECK 128x128 derived", slices: 127, stepMM: 2.5, limits: coarseUnknown},
	{name: "head and neck, 3 mm", real: "openkbp-dicom/pt_78", series: "HEAD NECK 128x128 derived", slices: 106, stepMM: 3, limits: coarseUnknown},
	{name: "a stereotactic head, gantry 16.5°", real: "odd/gantry-philips-study", match: []string{"STEREOTAXIS_003033"}, series: "STEREOTAXIS", slices: 12, stepMM: 2.5 * cosine(16.5), tilt: 16.5, limits: coarseUnknown},
	{name: "a stereotactic head, gantry 18.5°", real: "odd/gantry-philips-study", match: []string{"STEREOTAXIS_865648"}, series: "STEREOTAXIS", slices: 12, stepMM: 2.5 * cosine(18.5), tilt: 18.5, limits: coarseUnknown},
	{name: "the whole thick scan, not ten thin slices of it", real: "odd/gantry-philips-study", match: []string{"BONE_BRAIN", "STD_BRAIN", "LOCALIZER_525240", "Exam_Summary_111321"},
		series: "STD BRAIN 5MM", slices: 28, stepMM: 5, limits: coarseUnknown},
}

var coarseUnknown = []neckfrac.Reason{neckfrac.AgeUnknown, neckfrac.Resolution}

// refusableStudies end in a reason and never in a volume.
var refusableStudies = []seriesCase{
	{name: "nothing", in: func(*testing.T) []volume.Input { return nil }, reason: neckfrac.NoEligibleSeries},
	{name: "a localizer alone", in: sent(func(s *scan) { s.imageType = `ORIGINAL\PRIMARY\LOCALIZER` }), reason: neckfrac.NoEligibleSeries},
	{name: "three slices", in: sent(steps(1, 1, 3)), reason: neckfrac.NoEligibleSeries},
	{name: "a sagittal reformat alone", in: sent(func(s *scan) { s.row, s.col = neckfrac.Vec3{0, 1, 0}, neckfrac.Vec3{0, 0, -1} }), reason: neckfrac.NoEligibleSeries},
	{name: "projections (MIP) alone", in: sent(func(s *scan) { s.imageType = `DERIVED\SECONDARY\AXIAL\MIP` }), reason: neckfrac.NoEligibleSeries},
	{name: "no positions", in: sent(func(s *scan) { s.edit = drop(dataset.TagImagePositionPatient) }), reason: neckfrac.NoEligibleSeries},
	{name: "another modality", in: sent(header(dataset.TagModality, "MR")), reason: neckfrac.NoEligibleSeries},
	{name: "one missing slice", in: lost(sent(), 60), reason: neckfrac.Gap},
	{name: "five missing slices", in: lost(sent(), 60, 61, 62, 63, 64), reason: neckfrac.Gap},
	{name: "a missing slice in a tilted scan", in: lost(sent(tilt(18.5)), 60), reason: neckfrac.Gap},
	{name: "a missing slice in a neck, a whole head beside", in: func(t *testing.T) []volume.Input {
		head := all(named("1.2.3.2", "HEAD", "B70f"), func(s *scan) { s.firstMM += 140 })
		return append(lost(sent(), 60)(t), sent(head)(t)...)
	}, reason: neckfrac.Gap},
	{name: "two spacings, thin slices further apart", in: beside(asIs, all(steps(2, 1, 20), after(1))), reason: neckfrac.Gap},
	{name: "two spacings, thickness not stated", in: beside(func(s *scan) { s.thickness = 0 }, all(steps(2, 0, 20), after(1))), reason: neckfrac.Gap},
	{name: "tilted as GE does, thin slices further apart", in: beside(all(steps(4, 3, 33), tilt(18.5)), all(steps(7, 3, 8), func(s *scan) { s.firstMM += 128 + 4 }, tilt(18.5))), reason: neckfrac.Gap},
	{name: "a localizer that differs in nothing but its place", in: beside(asIs, func(s *scan) { s.n, s.firstMM = 1, 300 }), reason: neckfrac.Gap},
	{name: "an uneven step", in: sent(moved(60, neckfrac.Vec3{0, 0, 0.4})), reason: neckfrac.Geometry},
	{name: "one slice beside the others", in: sent(moved(60, neckfrac.Vec3{0, 1, 0})), reason: neckfrac.Geometry},
	{name: "tilted by 31°", in: sent(tilt(31)), reason: neckfrac.Geometry},
	{name: "slices that lean by 31° with the table", in: sent(tilt(31), sheared(neckfrac.Vec3{0, -math.Tan(31 * math.Pi / 180), 0})), reason: neckfrac.Geometry},
	{name: "sheared along rows and columns", in: sent(sheared(neckfrac.Vec3{0.1, 0.1, 0})), reason: neckfrac.Geometry},
	{name: "two different slices at one place", in: twice(1, 40), reason: neckfrac.Geometry},
	{name: "a copy beside its slice", in: beside(asIs, all(steps(1, 1, 1), func(s *scan) { s.edit = shift(0, neckfrac.Vec3{0, 3, 0}) })), reason: neckfrac.Geometry},
	{name: "slices of 6 mm", in: sent(steps(5, 6, 27)), reason: neckfrac.SliceThickness},
	{name: "steps of 5.5 mm", in: sent(steps(5.5, 5, 25)), reason: neckfrac.SliceThickness},
	{name: "no rescale to Hounsfield units", in: sent(func(s *scan) { s.edit = drop(dataset.TagRescaleSlope) }), reason: neckfrac.PixelUnreadable},
	{name: "a file that is cut", in: sent(func(s *scan) { s.cut = cutTo(60, func(n int) int { return n - 1 }) }), reason: neckfrac.PixelUnreadable},
	{name: "two patients in one study", in: sent(func(s *scan) { s.edit = put(60, dataset.NewText(dataset.TagPatientID, "P2")) }), reason: neckfrac.IdentityConflict},
	{name: "a patient of 17", in: sent(header(dataset.TagPatientAge, "017Y")), reason: neckfrac.AgeUnder18},
	{name: "a myelogram", in: sent(header(dataset.TagStudyDescription, "CT MYELOGRAM")), reason: neckfrac.IntrathecalContrast},
	{name: "made during an operation", in: sent(header(dataset.TagManufacturerModelName, "O-arm")), reason: neckfrac.IntraOperative},
	{name: "a dog", in: sent(header(dataset.TagPatientSpeciesDescription, "Canis lupus familiaris")), reason: neckfrac.OutOfDomain},
	{name: "two slices of a neck", real: "odd/orthanc/Comunix-neck", reason: neckfrac.NoEligibleSeries},
	{name: "a localizer and a dose report", real: "odd/gantry-philips-study", match: []string{"LOCALIZER_525240", "Exam_Summary_111321"}, reason: neckfrac.NoEligibleSeries},
	{name: "one slice that says NECK", real: "odd/orthanc", match: []string{"Christopher-ELSCINT1"}, reason: neckfrac.NoEligibleSeries},
	{name: "a knee in one slice", real: "odd/orthanc", match: []string{"Issue124"}, reason: neckfrac.NoEligibleSeries},
	{name: "a CT slice without pixels", real: "odd/orthanc", match: []string{"Issue22-NoPixelData"}, reason: neckfrac.NoEligibleSeries},
	{name: "a CT slice with impossible rows", real: "odd/orthanc", match: []string{"DummyCTInvalidRows"}, reason: neckfrac.NoEligibleSeries},
	{name: "a perfusion map in one multi-frame object", real: "odd/pydicom", match: []string{"eCT_Supplemental"}, reason: neckfrac.NoEligibleSeries},
	{name: "one slice of the NEMA samples", real: "odd/wg04", match: []string{"CT1_JLSL"}, reason: neckfrac.NoEligibleSeries},
}

func (c seriesCase) inputs(t *testing.T) []volume.Input {
	if c.real == "" {
		return c.in(t)
	}
	return realMatches(t, filepath.Join(realCT(t), filepath.FromSlash(c.real)), c.match)
}

// TestAnalysableStudies: the series, and no distance off by more than 0.1 %.
func TestAnalysableStudies(t *testing.T) {
	t.Parallel()
	for _, c := range analysableStudies {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := c.inputs(t)
			got, err := volume.Assemble(t.Context(), in, volume.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			v := got.Volume
			if d := got.Candidates[0].Description; d != c.series || v.Dims[2] != c.slices {
				t.Errorf("series %q of %d slices, want %q of %d", d, v.Dims[2], c.series, c.slices)
			}
			if math.Abs(v.SpacingMM[2]/c.stepMM-1) > maxSpacingError || math.Abs(got.ShearDegrees-c.tilt) > 0.05 {
				t.Errorf("step %v mm, tilt %v°, want %v mm, %v°", v.SpacingMM[2], got.ShearDegrees, c.stepMM, c.tilt)
			}
			if e := spacingError(t, v, in); e > maxSpacingError {
				t.Errorf("spacing %v differs by %.3f %% from the headers", v.SpacingMM, 100*e)
			}
			if !slices.Equal(got.Limits, c.limits) {
				t.Errorf("limits %v, want %v", got.Limits, c.limits)
			}
			rightHanded(t, v.Grid)
			if d := v.Direction; d[0][0] < 0.75 || d[1][1] < 0.75 || d[2][2] < 0.75 {
				t.Errorf("directions %v are not left, posterior, head", d)
			}
		})
	}
}

func TestRefusableStudies(t *testing.T) {
	t.Parallel()
	for _, c := range refusableStudies {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := volume.Assemble(t.Context(), c.inputs(t), volume.Limits{})
			r, ok := neckfrac.AsRefused(err)
			if !ok || r.Reason != c.reason || got.Volume != nil {
				t.Fatalf("%v, want refused %q", err, c.reason)
			}
			if i := slices.IndexFunc(r.Candidates, func(c neckfrac.Candidate) bool { return c.Lost == "" }); i >= 0 {
				t.Errorf("candidate %d of a refused study has no losing sentence", i)
			}
		})
	}
}

// TestSeriesDocument: docs/conformance/series.md is these lists.
func TestSeriesDocument(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(seriesIntro)
	b.WriteString("## Analysable\n\n| study | files | series | slices | step | tilt undone | limits |\n|---|---|---|---|---|---|---|\n")
	for _, c := range analysableStudies {
		b.WriteString(c.row())
	}
	b.WriteString("\n## Refusable\n\n| study | files | reason | sentence |\n|---|---|---|---|\n")
	for _, c := range refusableStudies {
		b.WriteString(c.row())
	}
	if *updateSeries {
		if err := os.WriteFile(seriesDoc, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(seriesDoc)
	if err != nil || string(have) != b.String() {
		t.Errorf("%v: the document is not what the lists say; go test ./pipeline/volume -run TestSeriesDocument -update-series", err)
	}
}

const seriesIntro = `# Which studies are analysed, and which are not

Generated from the lists in ` + "`pipeline/volume/series_test.go`" + `, which are tests: a study of the first list gives a volume of the
series named, with the step between its slices along their normal, sides of pixels at most 0.1 % off what the headers of the slices
say and each slice at most 0.1 % of the scan's length beside its place; one of the second list gives its reason and never a volume. Drawn studies are made by
the test; real ones lie outside the project (` + "`NECKFRAC_SHARED`" + `) and are skipped without it. What the choice knows of each
candidate is in ADR 0035, the undoing of a tilt in ADR 0036.

`
