package realism_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/nifti"
	"github.com/neckfrac/neckfrac/models/realism"
)

// TestRealNecks measures three real planning scans: figures must be those of people.
func TestRealNecks(t *testing.T) {
	t.Parallel()
	shared := os.Getenv("NECKFRAC_SHARED")
	if shared == "" {
		t.Skip("NECKFRAC_SHARED is not set: no real CT here")
	}
	for _, name := range []string{"pt_101", "pt_105", "pt_112"} {
		ct, err := nifti.ReadFile(filepath.Join(shared, "data/real-ct/openkbp", name+"_ct.nii.gz"), nifti.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		oar, err := nifti.ReadFile(filepath.Join(shared, "data/real-ct/openkbp", name+"_oar.nii.gz"), nifti.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		organs, err := oar.Labels()
		if err != nil {
			t.Fatal(err)
		}
		place, err := realism.PlaceByOrgans(&organs)
		if err != nil {
			t.Fatal(err)
		}
		p, err := realism.Measure(name, &neckfrac.Volume{Grid: ct.Grid, HU: ct.HU()}, place, neckfrac.Vec3{4.8, 4.8, 3})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []realism.Gate{
			{"muscle_hu", realism.Median, 20, 90}, {"fat_hu", realism.Median, -120, -40}, {"share_fat", realism.Median, 0.05, 0.6}, {"bone_p50", realism.Median, 200, 600},
			{"width_40", realism.Median, 90, 220}, {"depth_40", realism.Median, 100, 250}, {"back_40", realism.Median, 25, 110}, {"soft_slope", realism.Median, -4, 0}, {"bone_share", realism.Median, 0.1, 0.6},
		} {
			if v, ok := p.Value[want.Measure]; !ok || v < want.Low || v > want.High {
				t.Errorf("%s: %s = %.3g (%t), want %.3g to %.3g", name, want.Measure, v, ok, want.Low, want.High)
			}
		}
	}
}
