package volume_test

import (
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// TestChoice has two series each; the first must win and the second must say why it
// did not.
func TestChoice(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		other func(*scan)
		lost  string
	}{
		{"soft kernel", func(s *scan) { s.kernel = "B30s" }, "Another series has a bone kernel."},
		{"thicker", func(s *scan) { s.thickness, s.stepMM, s.n = 3, 3, 5 }, "Another series has thinner slices."},
		{"shorter", func(s *scan) { s.n = 5 }, "Another series covers more."},
		{"head", func(s *scan) { s.description, s.n = "HEAD BONE", 40 }, "Another series is named as one of the neck."},
		{"derived", func(s *scan) { s.imageType = `DERIVED\PRIMARY\AXIAL` }, "Another series is original, this one is derived."},
		{"equal", func(*scan) {}, "Another series is as good and comes first by its identifier."},
		{"localizer", func(s *scan) { s.imageType = `ORIGINAL\PRIMARY\LOCALIZER` }, "It is a localizer."},
		{"coronal", func(s *scan) { s.col = neckfrac.Vec3{0, 0, -1} }, "It is not axial."},
		{"pictures", func(s *scan) { s.imageType = `DERIVED\SECONDARY\MIP` }, "It holds pictures made from slices, not slices."},
		{"two images", func(s *scan) { s.n = 2 }, "It has fewer than four slices."},
		{"other modality", func(s *scan) { s.extra = texts(dataset.TagModality, "OT") }, "It is not a CT image series."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a, b := neck(), neck()
			b.series = "1.2.3.2"
			tc.other(&b)
			in := append(b.files(t), a.files(t)...)
			got, err := volume.Assemble(t.Context(), in, volume.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			c := got.Candidates
			if len(c) != 2 || string(c[0].Series) != a.series || c[0].Lost != "" || c[1].Lost != tc.lost {
				t.Fatalf("candidates %+v, want %s chosen and %q", c, a.series, tc.lost)
			}
		})
	}
}

// TestStandIn: a series that fails the gate is replaced only by one that shows the
// same part of the patient; else its fault is the answer.
func TestStandIn(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		firstMM float64
		n       int
		want    neckfrac.Reason
	}{
		{"same part", -100, 6, ""},
		{"half of it", -100, 4, neckfrac.Gap},
		{"elsewhere", 50, 6, neckfrac.Gap},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			soft := neck()
			soft.series, soft.kernel, soft.stepMM, soft.thickness = "1.2.3.2", "B30s", 2, 2
			soft.firstMM, soft.n = tc.firstMM, tc.n
			in := append(without(5)(t), soft.files(t)...)
			got, err := volume.Assemble(t.Context(), in, volume.Limits{})
			if r, ok := neckfrac.AsRefused(err); ok {
				if r.Reason != tc.want {
					t.Fatalf("refused %s, want %q", r.Reason, tc.want)
				}
				return
			}
			if err != nil || tc.want != "" {
				t.Fatalf("error %v, want refused %q", err, tc.want)
			}
			c := got.Candidates
			if string(got.Volume.Series) != soft.series || c[0].Lost != "" || c[1].Lost != neckfrac.Gap.Text() {
				t.Fatalf("candidates %+v, want the soft series to stand in", c)
			}
			if !slices.Contains(got.Limits, neckfrac.Resolution) {
				t.Fatalf("limits %v, want resolution", got.Limits)
			}
		})
	}
}

// TestLocalizerInSeries is the known fault where a scout under the same series UID
// changed the spacing of the volume.
func TestLocalizerInSeries(t *testing.T) {
	t.Parallel()
	a, scout := neck(), neck()
	a.stepMM = 0.7
	scout.n, scout.rows, scout.firstMM = 1, 4, 300
	scout.edit = put(0, dataset.NewText(dataset.TagSOPInstanceUID, "1.2.3.1.1"))
	in := scout.files(t)
	in[0].Instance = "1.2.3.1.1"
	got, err := volume.Assemble(t.Context(), append(in, a.files(t)...), volume.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if s := got.Volume.SpacingMM[2]; s < 0.6999 || s > 0.7001 || got.Volume.Dims[2] != a.n {
		t.Fatalf("spacing %v and %d slices, want 0.7 and %d", s, got.Volume.Dims[2], a.n)
	}
}

// TestSpacingComesFromPositions: what the tags say about the step is not believed.
func TestSpacingComesFromPositions(t *testing.T) {
	t.Parallel()
	s := neck()
	s.stepMM, s.thickness = 0.5, 1
	s.extra = dataset.Dataset{dataset.NewFloat(dataset.TagSpacingBetweenSlices, 1)}
	v := assembled(t, s.files(t)).Volume
	if v.SpacingMM[2] != 0.5 || v.SliceThicknessMM != 1 {
		t.Fatalf("spacing %v, thickness %v, want 0.5 and 1", v.SpacingMM[2], v.SliceThicknessMM)
	}
}

func TestLimitsOfAnalysis(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		edit func(*scan)
		want []neckfrac.Reason
	}{
		{"none", func(*scan) {}, nil},
		{"1.5 mm", func(s *scan) { s.thickness, s.stepMM = 1.5, 1.5 }, nil},
		{"2 mm", func(s *scan) { s.thickness = 2 }, []neckfrac.Reason{neckfrac.Resolution}},
		{"5 mm", func(s *scan) { s.thickness, s.stepMM = 5, 5 }, []neckfrac.Reason{neckfrac.Resolution}},
		{"contrast", func(s *scan) { s.extra = texts(dataset.TagContrastBolusAgent, "IOHEXOL") }, []neckfrac.Reason{neckfrac.ContrastUnvalidated}},
		{"contrast none", func(s *scan) { s.extra = texts(dataset.TagContrastBolusAgent, "NONE") }, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := neck()
			tc.edit(&s)
			got, err := volume.Assemble(t.Context(), s.files(t), volume.Limits{})
			if err != nil || !slices.Equal(got.Limits, tc.want) {
				t.Fatalf("limits %v, error %v, want %v", got.Limits, err, tc.want)
			}
		})
	}
}
