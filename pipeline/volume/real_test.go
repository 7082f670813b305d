package volume_test

import (
	"io"
	"math"
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
		{"odd/gantry-philips-study", "STEREOTAXIS_003033", "", "STEREOTAXIS", [3]int{512, 531, 12}, 2.5 * math.Cos(16.5*math.Pi/180), 1},
		{"odd/gantry-philips-study", "STEREOTAXIS_865648", "", "STEREOTAXIS", [3]int{512, 531, 12}, 2.5 * math.Cos(18.5*math.Pi/180), 1},
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

// TestRealAsMultiframe stores a real scan in one object of each multi-frame class, native
// and as JPEG-LS: the volume stays the same to the last bit.
func TestRealAsMultiframe(t *testing.T) {
	t.Parallel()
	root := os.Getenv("NECKFRAC_SHARED")
	if root == "" {
		t.Skip("NECKFRAC_SHARED is not set: no real scans here")
	}
	in := realFiles(t, filepath.Join(root, "data", "real-ct", "openkbp-dicom", "pt_78"), "")
	want, err := volume.Assemble(t.Context(), in, volume.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var frames []dataset.Dataset
	for _, x := range in {
		_, r, err := dataset.ReadPart10(io.NewSectionReader(x.File, 0, x.Size), dataset.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		ds, err := r.ReadDataset()
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, ds)
	}
	for _, class := range []string{dataset.EnhancedCTImageStorage, dataset.LegacyConvertedEnhancedCTImageStorage} {
		for _, syntax := range []string{dataset.ExplicitVRLittleEndian, dataset.JPEGLSLossless} {
			m := multi{class: class, syntax: syntax, instance: "1.2.3.1", frames: frames}
			got, err := volume.Assemble(t.Context(), []volume.Input{m.input(t)}, volume.Limits{})
			if err != nil {
				t.Fatalf("%s %s: %v", class, syntax, err)
			}
			samePatient(t, got, want)
		}
	}
}

// TestRealOddFiles gives each single file of the odd sets to Assemble: one file is never
// a scan of the neck, and none may do worse than be refused.
func TestRealOddFiles(t *testing.T) {
	t.Parallel()
	root := os.Getenv("NECKFRAC_SHARED")
	if root == "" {
		t.Skip("NECKFRAC_SHARED is not set: no odd files here")
	}
	for _, folder := range []string{"orthanc", "pydicom", "wg04"} {
		for _, in := range realFiles(t, filepath.Join(root, "data", "real-ct", "odd", folder), "") {
			err := second(volume.Assemble(t.Context(), []volume.Input{in}, volume.Limits{}))
			if neckfrac.KindOf(err) != neckfrac.Refused {
				t.Errorf("%s: %v, want refused", in.File.(*os.File).Name(), err)
			}
		}
	}
}
