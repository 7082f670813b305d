package dataset_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/dataset"
	"github.com/neckfrac/neckfrac/models/input"
	"github.com/neckfrac/neckfrac/models/nifti"
)

// skipping is a segmenter that takes C4 for nothing, so that the names are in doubt.
func skipping(ctx context.Context, f *input.Field) ([]uint8, error) {
	out, err := segmenter(0)(ctx, f)
	for i, l := range out {
		if l == 4 {
			out[i] = 0
		}
	}
	return out, err
}

func writeVolume(t *testing.T, name string, change func(v *neckfrac.Volume)) {
	t.Helper()
	v, err := readers.Volume(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	v.HU[0] = -1000
	if change != nil {
		change(v)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := nifti.WriteFile(name, v.Grid, v.HU); err != nil {
		t.Fatal(err)
	}
}

// TestNIfTILayout: pairs, volumes alone, and what is refused.
func TestNIfTILayout(t *testing.T) {
	t.Parallel()
	in, out := t.TempDir(), t.TempDir()
	labels := trueLabels()
	write := func(name string) {
		t.Helper()
		if err := nifti.WriteFile(filepath.Join(in, name), labels.Grid, labels.Voxel); err != nil {
			t.Fatal(err)
		}
	}
	writeVolume(t, filepath.Join(in, "a_ct.nii.gz"), nil)
	write("a_labels.nii.gz")
	writeVolume(t, filepath.Join(in, "b", "ct.nii"), nil)
	write("b/labels.nii")
	writeVolume(t, filepath.Join(in, "c_ct.nii"), nil)
	write("c_oar.nii") // organs are no vertebrae
	writeVolume(t, filepath.Join(in, "d_ct.nii"), func(v *neckfrac.Volume) { v.SpacingMM[2] = 6 })
	writeVolume(t, filepath.Join(in, "e_ct.nii"), func(v *neckfrac.Volume) { v.HU[0] = 0 })
	if err := os.WriteFile(filepath.Join(in, "f_ct.nii"), []byte("nothing"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := dataset.Options{Layout: dataset.LayoutNIfTI, Inputs: []dataset.Input{{Dir: in, Split: dataset.SplitTrain}}, Out: out}
	m, err := dataset.Prepare(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	want := dataset.Totals{Studies: 3, Refused: 3, Unlabelled: 1, Reasons: map[string]int{"slice-thickness": 1, "out-of-domain": 1, "unreadable": 1}}
	if diff := cmp.Diff(want, m.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	all, err := os.ReadFile(filepath.Join(out, "segment.u8"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{dataset.LabelsSpine, dataset.LabelsSpine, dataset.LabelsNone} {
		s := m.Studies[i]
		n := s.Segment.Dims[0] * s.Segment.Dims[1] * s.Segment.Dims[2]
		part := all[s.Segment.Offset:][:n]
		unknown := bytes.Count(part, []byte{dataset.Unknown})
		if s.Labels != want || (unknown == n) != (want == dataset.LabelsNone) || unknown != 0 && unknown != n {
			t.Errorf("%s: labels %q, %d of %d voxels unknown", s.ID, s.Labels, unknown, n)
		}
	}
	o.Parts, o.Segmenter, o.SegmenterID = dataset.PartsCrops, segmenter(0), "a"
	if _, err := dataset.Prepare(t.Context(), o); neckfrac.KindOf(err) != neckfrac.Invalid {
		t.Errorf("crops of volumes without fracture labels: %v, want invalid", err)
	}
	o.Parts, o.Inputs[0].Dir = dataset.PartsSegment, t.TempDir()
	if _, err := dataset.Prepare(t.Context(), o); neckfrac.KindOf(err) != neckfrac.NotFound {
		t.Errorf("empty folder: %v, want not found", err)
	}
}
