package volume_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// TestRealStudies runs real scans, which live outside the repository.
func TestRealStudies(t *testing.T) {
	t.Parallel()
	root := os.Getenv("NECKFRAC_SHARED")
	if root == "" {
		t.Skip("NECKFRAC_SHARED is not set: no real scans here")
	}
	root = filepath.Join(root, "data", "real-ct")
	for _, tc := range []struct {
		folder, match string
		reason        neckfrac.Reason
		description   string
		dims          [3]int
		stepMM        float64
		candidates    int
	}{
		{"philips-head", "", "", "STD BRAIN 1MM, iDose", [3]int{512, 512, 140}, 1, 7},
		{"openkbp-dicom/pt_78", "", "", "HEAD NECK 128x128 derived", [3]int{128, 128, 106}, 3, 1},
		{"openkbp-dicom/pt_144", "", "", "HEAD NECK 128x128 derived", [3]int{128, 128, 128}, 2.5, 1},
		{"openkbp-dicom/pt_332", "", "", "HEAD NECK 128x128 derived", [3]int{128, 128, 127}, 2.5, 1},
		{"odd/gantry-philips-study", "STEREOTAXIS_003033", neckfrac.Geometry, "", [3]int{}, 0, 1},
		{"odd/gantry-philips-study", "STEREOTAXIS_865648", neckfrac.Geometry, "", [3]int{}, 0, 1},
		{"odd/orthanc/Comunix-neck", "", neckfrac.NoEligibleSeries, "", [3]int{}, 0, 1},
	} {
		t.Run(tc.folder+tc.match, func(t *testing.T) {
			t.Parallel()
			in := realFiles(t, filepath.Join(root, tc.folder), tc.match)
			got, err := volume.Assemble(t.Context(), in, volume.Limits{})
			if r, ok := neckfrac.AsRefused(err); ok && r.Reason == tc.reason {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			v := got.Volume
			if d := v.SpacingMM[2] - tc.stepMM; v.Dims != tc.dims || d > 1e-3 || d < -1e-3 {
				t.Errorf("dims %v, step %v, want %v, %v", v.Dims, v.SpacingMM[2], tc.dims, tc.stepMM)
			}
			if got.Candidates[0].Description != tc.description || len(got.Candidates) != tc.candidates {
				t.Errorf("candidates %+v, want %d, %q first", got.Candidates, tc.candidates, tc.description)
			}
			checkPatient(t, v)
		})
	}
}

// checkPatient looks for what every scan of a head or neck has: air above -1100, bone
// in it, and more of the body in the middle of the field than at its corner.
func checkPatient(t *testing.T, v *neckfrac.Volume) {
	t.Helper()
	bone, air := 0, 0
	for _, hu := range v.HU {
		if hu < volume.Air {
			t.Fatalf("HU %d below air", hu)
		}
		if hu > 500 {
			bone++
		}
		if hu < -900 {
			air++
		}
	}
	if n := len(v.HU); bone*1000 < n || air*10 < n {
		t.Errorf("%d voxels of bone and %d of air in %d", bone, air, n)
	}
	if d := v.Direction; d[0][0] < 0.9 || d[1][1] < 0.9 || d[2][2] < 0.9 {
		t.Errorf("directions %v are not left, posterior, head", d)
	}
}

// realFiles opens the images of a folder, with identifiers from their own headers as
// the receiver would record them.
func realFiles(t *testing.T, folder, match string) []volume.Input {
	t.Helper()
	var out []volume.Input
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, match) {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		t.Cleanup(func() { _ = f.Close() })
		info, err := f.Stat()
		if err != nil {
			return err
		}
		_, r, err := dataset.ReadPart10(f, dataset.Limits{})
		if err != nil {
			return nil // a README
		}
		ds, _, err := r.ReadHeader()
		series, ok := ds.UID(dataset.TagSeriesInstanceUID)
		if err != nil || !ok {
			return nil // a DICOMDIR
		}
		instance, _ := ds.UID(dataset.TagSOPInstanceUID)
		out = append(out, volume.Input{Series: neckfrac.SeriesUID(series), Instance: neckfrac.InstanceUID(instance), File: f, Size: info.Size()})
		return nil
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("%s: %d files, error %v", folder, len(out), err)
	}
	return out
}
