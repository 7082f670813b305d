package volume_test

import (
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// TestPatientGates goes through what headers say of patient and examination: the reason
// that refuses, or the one that limits, "" for neither.
func TestPatientGates(t *testing.T) {
	t.Parallel()
	const (
		study     = dataset.TagStudyDescription
		series    = dataset.TagSeriesDescription
		procedure = dataset.TagRequestedProcedureDescription
		model     = dataset.TagManufacturerModelName
		species   = dataset.TagPatientSpeciesDescription
	)
	for _, tc := range []struct {
		tag     dataset.Tag
		text    string
		refused neckfrac.Reason
		limit   neckfrac.Reason
	}{
		{study, "CT CERVICAL SPINE W/O", "", ""},
		{study, "CT MYELOGRAM CERVICAL", neckfrac.IntrathecalContrast, ""},
		{series, "MYELO-CT HWS", neckfrac.IntrathecalContrast, ""},
		{study, "MIELO TAC CERVICALE", neckfrac.IntrathecalContrast, ""},
		{study, "Neck pain, myelopathy", "", ""},
		{procedure, "MULTIPLE MYELOMA SURVEY", "", ""},
		{study, "C-Spine post op", "", neckfrac.PostOp},
		{series, "HWS_POSTOP", "", neckfrac.PostOp},
		{procedure, "Postoperative control", "", neckfrac.PostOp},
		{study, "S/P ACDF C5-C6", "", neckfrac.PostOp},
		{study, "Z.n. Spondylodese", "", neckfrac.PostOp},
		{study, "CERVICAL FUSION FOLLOW UP", "", neckfrac.PostOp},
		{study, "PET CT FUSION", "", ""},
		{series, "FUSED IMAGES", "", ""},
		{study, "PRE-OP PLANNING ACDF", "", ""},
		{study, "POSTERIOR OPENING", "", ""},
		{series, "INTRAOP 3D", neckfrac.IntraOperative, ""},
		{study, "Intraoperative spine", neckfrac.IntraOperative, ""},
		{series, "O-ARM SPIN", neckfrac.IntraOperative, ""},
		{series, "NO ARMS UP", "", ""},
		{model, "O-arm", neckfrac.IntraOperative, ""},
		{model, "SOMATOM Force", "", ""},
		{species, "Homo sapiens", "", ""},
		{species, "Canis lupus familiaris", neckfrac.OutOfDomain, ""},
		{dataset.TagQualityControlImage, "YES", "", neckfrac.TestPatient},
		{dataset.TagQualityControlImage, "NO", "", ""},
		{dataset.TagContrastBolusAgent, "IOHEXOL 350", "", neckfrac.ContrastUnvalidated},
		{dataset.TagContrastBolusAgent, "NONE", "", ""},
		{dataset.TagPatientAge, "017Y", neckfrac.AgeUnder18, ""},
		{dataset.TagPatientAge, "", "", neckfrac.AgeUnknown},
	} {
		t.Run(tc.text, func(t *testing.T) {
			t.Parallel()
			s := neck()
			s.edit = put(3, dataset.NewText(tc.tag, tc.text)) // one slice speaks for all
			if tc.tag == dataset.TagPatientAge {
				s.edit = put(-1, dataset.NewText(tc.tag, tc.text))
			}
			got, err := volume.Assemble(t.Context(), s.files(t), volume.Limits{})
			if r, ok := neckfrac.AsRefused(err); ok || tc.refused != "" {
				if !ok || r.Reason != tc.refused || len(r.Candidates) != 1 || r.Candidates[0].Lost != tc.refused.Text() {
					t.Fatalf("%v, want refused %q with its sentence", err, tc.refused)
				}
				return
			}
			want := []neckfrac.Reason{}
			if tc.limit != "" {
				want = append(want, tc.limit)
			}
			if err != nil || !slices.Equal(append([]neckfrac.Reason{}, got.Limits...), want) {
				t.Fatalf("limits %v, %v, want %v", got.Limits, err, want)
			}
		})
	}
}
