package volume_test

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// maxSpacingError is the promise about every volume that is handed out: 0.1 %.
const maxSpacingError = 1e-3

// TestRealSpacing is the list of analysable real cases. Their distances are measured here
// from the headers alone, by the normal of the stated cosines, and compared with the grid.
func TestRealSpacing(t *testing.T) {
	t.Parallel()
	root := os.Getenv("NECKFRAC_SHARED")
	if root == "" {
		t.Skip("NECKFRAC_SHARED is not set: no real scans here")
	}
	for _, tc := range []struct {
		folder, match string
		degrees       float64
	}{
		{"odd/gantry-philips-study", "STEREOTAXIS_003033", 16.5},
		{"odd/gantry-philips-study", "STEREOTAXIS_865648", 18.5},
		{"odd/gantry-philips-study", "BONE_BRAIN_1MM", 0},
		{"odd/gantry-philips-study", "STD_BRAIN_1MM", 0},
		{"odd/gantry-philips-study", "STD_BRAIN_5MM", 0},
		{"philips-head", "S2010", 0},
		{"philips-head", "S2020", 0},
		{"philips-head", "", 0},
		{"openkbp-dicom/pt_78", "", 0},
		{"openkbp-dicom/pt_144", "", 0},
		{"openkbp-dicom/pt_332", "", 0},
	} {
		t.Run(tc.folder+"/"+tc.match, func(t *testing.T) {
			t.Parallel()
			in := realFiles(t, filepath.Join(root, "data", "real-ct", tc.folder), tc.match)
			got, err := volume.Assemble(t.Context(), in, volume.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(got.ShearDegrees-tc.degrees) > 0.05 {
				t.Errorf("sheared by %v°, the header says %v°", got.ShearDegrees, tc.degrees)
			}
			rightHanded(t, got.Volume.Grid)
			compareHeaders(t, got.Volume, in)
			if tc.degrees > 0 {
				neighboursAgree(t, got.Volume, in)
			}
		})
	}
}

// TestRealStudyFolder: the folder holds the series of three examinations. Together they
// are refused as input, each alone is analysed or refused with its reason.
func TestRealStudyFolder(t *testing.T) {
	t.Parallel()
	root := os.Getenv("NECKFRAC_SHARED")
	if root == "" {
		t.Skip("NECKFRAC_SHARED is not set: no real scans here")
	}
	in := realFiles(t, filepath.Join(root, "data", "real-ct", "odd", "gantry-philips-study"), "")
	if err := second(volume.Assemble(t.Context(), in, volume.Limits{})); neckfrac.KindOf(err) != neckfrac.Invalid {
		t.Errorf("several studies at once: %v, want Invalid", err)
	}
	studies := make(map[string][]volume.Input)
	for u, ds := range headersOf(t, in) {
		study, _ := ds.UID(dataset.TagStudyInstanceUID)
		for _, x := range in {
			if x.Instance == u {
				studies[study] = append(studies[study], x)
			}
		}
	}
	analysed := 0
	for _, files := range studies {
		got, err := volume.Assemble(t.Context(), files, volume.Limits{})
		if r, ok := neckfrac.AsRefused(err); ok {
			if r.Reason != neckfrac.NoEligibleSeries {
				t.Errorf("%d files: refused %v", len(files), err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		analysed++
		compareHeaders(t, got.Volume, files)
	}
	if len(studies) < 2 || analysed == 0 {
		t.Errorf("%d studies, %d analysed", len(studies), analysed)
	}
}

// headersOf reads the files again, apart from the code under test.
func headersOf(t *testing.T, in []volume.Input) map[neckfrac.InstanceUID]dataset.Dataset {
	t.Helper()
	out := make(map[neckfrac.InstanceUID]dataset.Dataset)
	for _, x := range in {
		_, r, err := dataset.ReadPart10(io.NewSectionReader(x.File, 0, x.Size), dataset.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if out[x.Instance], _, err = r.ReadHeader(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// neighboursAgree looks whether the shear was undone the right way round: anatomy goes on
// straight through the slices, more so than through the files as they are.
func neighboursAgree(t *testing.T, v *neckfrac.Volume, in []volume.Input) {
	t.Helper()
	files := headersOf(t, in)
	firstRow := func(k int) int {
		pos, _ := files[v.Source[k]].Floats(dataset.TagImagePositionPatient)
		return int(math.Round(v.ToIndex(neckfrac.Vec3(pos))[1]))
	}
	var sheared, asFiled float64
	for k := 1; k < v.Dims[2]; k++ {
		by := firstRow(k) - firstRow(k-1)
		for j := 20; j < v.Dims[1]-20; j++ {
			for i := range v.Dims[0] {
				hu := float64(v.HU[v.Index(i, j, k)])
				sheared += math.Abs(hu - float64(v.HU[v.Index(i, j, k-1)]))
				asFiled += math.Abs(hu - float64(v.HU[v.Index(i, j-by, k-1)]))
			}
		}
	}
	t.Logf("difference of neighbours %.3f of that of the files", sheared/asFiled)
	if sheared >= asFiled {
		t.Errorf("neighbouring slices differ by %.3g, as filed by %.3g", sheared, asFiled)
	}
}

// compareHeaders measures each slice of a volume from the file that it names.
func compareHeaders(t *testing.T, v *neckfrac.Volume, in []volume.Input) {
	t.Helper()
	var first [3]float64
	files := headersOf(t, in)
	worst, last := 0.0, 0.0
	for k, u := range v.Source {
		pos, _ := files[u].Floats(dataset.TagImagePositionPatient)
		o, _ := files[u].Floats(dataset.TagImageOrientationPatient)
		mm, _ := files[u].Floats(dataset.TagPixelSpacing)
		n := [3]float64{o[1]*o[5] - o[2]*o[4], o[2]*o[3] - o[0]*o[5], o[0]*o[4] - o[1]*o[3]}
		if k == 0 {
			first = [3]float64(pos)
		}
		at := 0.0
		for c := range 3 {
			at += n[c] * (pos[c] - first[c])
		}
		if k > 0 {
			worst = max(worst, math.Abs((at-last)/v.SpacingMM[2]-1), math.Abs(at/(float64(k)*v.SpacingMM[2])-1))
		}
		last = at
		worst = max(worst, math.Abs(v.SpacingMM[0]/mm[1]-1), math.Abs(v.SpacingMM[1]/mm[0]-1))
		// The first pixel of the file lies on a line of the grid's slice: its plane is k, and
		// along the axis that was not sheared it is a voxel to a hundredth of one.
		ijk := v.ToIndex(neckfrac.Vec3(pos))
		if math.Abs(ijk[2]-float64(k)) > 0.02 || math.Abs(ijk[0]-math.Round(ijk[0])) > 0.01 {
			t.Fatalf("file of slice %d has its first pixel at %v", k, ijk)
		}
	}
	if worst > maxSpacingError {
		t.Errorf("spacing %v differs by %.4f %% from the headers", v.SpacingMM, 100*worst)
	}
	t.Logf("%d slices, spacing %v mm, largest error %.2g %%", v.Dims[2], v.SpacingMM, 100*worst)
}
