package volume_test

import (
	"bytes"
	"fmt"
	"io"
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

// realCT is the folder of real scans, which live outside the repository.
func realCT(t *testing.T) string {
	t.Helper()
	root := os.Getenv("NECKFRAC_SHARED")
	if root == "" {
		t.Skip("NECKFRAC_SHARED is not set: no real scans here")
	}
	return filepath.Join(root, "data", "real-ct")
}

// told is the choice as text: what a person compares with the pictures.
func told(e volume.Explanation) []string {
	var out []string
	for _, c := range e.Candidates {
		verdict := "chosen"
		if c.Lost != "" {
			verdict = strings.TrimSpace(c.Rule + " " + string(c.Reason))
		}
		out = append(out, fmt.Sprintf("%s|%d|%s", c.Description, c.Slices, verdict))
	}
	return out
}

// analysable and refusable are what the rules must say of real studies.
var analysable = []struct {
	name, folder string
	match        []string
	want         []string
}{
	{"a head study with localizer, bone, thick and thin series and a dose report", "philips-head", nil, []string{
		"STD BRAIN 1MM, iDose|140|chosen", "STD BRAIN 5MM|28|thickness",
		"Exam Summary|1|class no-eligible-series", "Exam Summary|1|class no-eligible-series", "Exam Summary|1|class no-eligible-series",
		"|1|localizer no-eligible-series", "Exam Summary|3|class no-eligible-series"}},
	{"a series picker's study: the whole thick scan, not ten thin slices of it", "odd/gantry-philips-study",
		[]string{"BONE_BRAIN", "STD_BRAIN", "LOCALIZER_525240", "Exam_Summary_111321"}, []string{
			"STD BRAIN 5MM|28|chosen", "BONE BRAIN 1MM|10|stub", "STD BRAIN 1MM, iDose|10|stub",
			"Exam Summary|1|class no-eligible-series", "Exam Summary|1|class no-eligible-series", "|1|localizer no-eligible-series", "Exam Summary|2|class no-eligible-series"}},
	{"head and neck, 3 mm", "openkbp-dicom/pt_78", nil, []string{"HEAD NECK 128x128 derived|106|chosen"}},
	{"head and neck, 2.5 mm", "openkbp-dicom/pt_144", nil, []string{"HEAD NECK 128x128 derived|128|chosen"}},
	{"head and neck, 2.5 mm, other sex", "openkbp-dicom/pt_332", nil, []string{"HEAD NECK 128x128 derived|127|chosen"}},
}

var refusable = []struct {
	name, folder string
	match        []string
	reason       neckfrac.Reason
	want         []string
}{
	{"two slices of a neck", "odd/orthanc/Comunix-neck", nil, neckfrac.NoEligibleSeries, []string{"CT HEAD/NK 5.0 B30s|2|few-slices no-eligible-series"}},
	{"a localizer and a dose report", "odd/gantry-philips-study", []string{"LOCALIZER_525240", "Exam_Summary_111321"}, neckfrac.NoEligibleSeries, []string{
		"Exam Summary|1|class no-eligible-series", "Exam Summary|1|class no-eligible-series", "|1|localizer no-eligible-series", "Exam Summary|2|class no-eligible-series"}},
	{"one slice whose body part is the neck", "odd/orthanc", []string{"Christopher-ELSCINT1"}, neckfrac.NoEligibleSeries, []string{"PHOI, iDose (2)|1|few-slices no-eligible-series"}},
	{"a knee in one slice", "odd/orthanc", []string{"Issue124"}, neckfrac.NoEligibleSeries, []string{"Knee  Arthoplasty|1|few-slices no-eligible-series"}},
	{"a perfusion map in one multi-frame object", "odd/pydicom", []string{"eCT_Supplemental"}, neckfrac.NoEligibleSeries, []string{"|2|picture no-eligible-series"}},
}

// TestRealChoice holds both lists, and that the choice does not depend on the order.
func TestRealChoice(t *testing.T) {
	t.Parallel()
	root := realCT(t)
	for _, tc := range analysable {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			in := realMatches(t, filepath.Join(root, tc.folder), tc.match)
			e := explained(t, in)
			if !e.Chosen || !slices.Equal(told(e), tc.want) {
				t.Errorf("reason %q, candidates %q, want %q", e.Reason, told(e), tc.want)
			}
			slices.Reverse(in)
			if again := explained(t, in); !slices.Equal(told(again), told(e)) {
				t.Errorf("backwards %q, want %q", told(again), told(e))
			}
		})
	}
	for _, tc := range refusable {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := explained(t, realMatches(t, filepath.Join(root, tc.folder), tc.match))
			if e.Chosen || e.Reason != tc.reason || !slices.Equal(told(e), tc.want) {
				t.Errorf("chosen %v, reason %q, candidates %q, want %q %q", e.Chosen, e.Reason, told(e), tc.reason, tc.want)
			}
		})
	}
}

func realMatches(t *testing.T, folder string, match []string) []volume.Input {
	t.Helper()
	if match == nil {
		return realFiles(t, folder, "")
	}
	var in []volume.Input
	for _, m := range match {
		in = append(in, realFiles(t, folder, m)...)
	}
	return in
}

// TestRealPixelsJudgeAnatomy takes real patients apart into head, neck and chest, three
// series whose headers say the same but for their place: the pixels find the neck.
// Without them they tie and the identifier decides, which names the head first.
func TestRealPixelsJudgeAnatomy(t *testing.T) {
	t.Parallel()
	root := realCT(t)
	blind, err := volume.ParseRules([]byte(strings.Replace(changed(t, `"points": 16, "fact": "extent-mm"`, `"points": 35.999, "fact": "extent-mm"`),
		`"group": "content", "points": 20`, `"group": "content", "points": 0.001`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	// The lowest slice of the neck, in mm, read off the pictures: above the shoulders.
	for patient, neckFrom := range map[string]float64{"pt_78": -207, "pt_144": -182.5, "pt_332": -205} {
		t.Run(patient, func(t *testing.T) {
			t.Parallel()
			in := inThree(t, realFiles(t, filepath.Join(root, "openkbp-dicom", patient), ""), neckFrom)
			e := explained(t, in)
			if got := e.Candidates[0]; len(e.Candidates) != 3 || string(got.Series) != "1.2.9.2" {
				t.Errorf("chosen %+v of %d, want the neck", got, len(e.Candidates))
			}
			if got := e.Candidates[1]; got.Rule != "anatomy" {
				t.Errorf("second %+v, want lost by anatomy", got)
			}
			e, err := volume.Explain(t.Context(), in, blind, volume.Limits{})
			if err != nil || string(e.Candidates[0].Series) == "1.2.9.2" {
				t.Errorf("%v, headers alone chose %+v: the case shows nothing", err, e.Candidates[0])
			}
		})
	}
}

// inThree makes series 1.2.9.1 to 3 of head, neck and chest, 30 slices each, without words.
func inThree(t *testing.T, in []volume.Input, neckFrom float64) []volume.Input {
	t.Helper()
	var out []volume.Input
	for i, x := range in {
		_, r, err := dataset.ReadPart10(io.NewSectionReader(x.File, 0, x.Size), dataset.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		ds, err := r.ReadDataset()
		if err != nil {
			t.Fatal(err)
		}
		at, _ := ds.Floats(dataset.TagImagePositionPatient)
		step, _ := ds.Float(dataset.TagSliceThickness)
		part := 2 - int(math.Floor((at[2]-neckFrom)/(30*step)+1e-6))
		if part < 1 || part > 3 {
			continue
		}
		series, instance := fmt.Sprintf("1.2.9.%d", part), fmt.Sprintf("1.2.9.%d.%d", part, i)
		for tag, v := range map[dataset.Tag]string{dataset.TagSeriesDescription: "", dataset.TagBodyPartExamined: "",
			dataset.TagSeriesInstanceUID: series, dataset.TagSOPInstanceUID: instance} {
			ds = ds.Put(dataset.NewText(tag, v))
		}
		var b bytes.Buffer
		m := dataset.Meta{TransferSyntaxUID: dataset.ExplicitVRLittleEndian, SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: instance, ImplementationClassUID: "1.2.3.4"}
		if err := dataset.EncodePart10(&b, m, ds); err != nil {
			t.Fatal(err)
		}
		out = append(out, volume.Input{Series: neckfrac.SeriesUID(series), Instance: neckfrac.InstanceUID(instance), File: bytes.NewReader(b.Bytes()), Size: int64(b.Len())})
	}
	return out
}
