package phantom_test

import (
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/phantom"
)

var atlas = sync.OnceValues(func() (*phantom.MeshAnatomy, error) {
	return phantom.LoadAnatomy(atlasDir())
})

func atlasDir() string { return filepath.Join(os.Getenv("NECKFRAC_SHARED"), "data", "anatomy") }

// realAnatomy is the atlas of the shared data.
func realAnatomy(t testing.TB) *phantom.MeshAnatomy {
	t.Helper()
	if os.Getenv("NECKFRAC_SHARED") == "" {
		t.Skip("NECKFRAC_SHARED is not set: no atlas at hand")
	}
	m, err := atlas()
	if err != nil {
		t.Fatalf("LoadAnatomy: %v", err)
	}
	return m
}

// Measures of the atlas by another hand (numpy, on voxels): heights in front and behind,
// depth, canal width and depth of C3 to T1 in mm, volumes of C1 to T2 in cm3.
var atlasMeasures = map[int][5]float64{
	2: {12.3, 13.2, 14.5, 23.5, 16.5}, 3: {12.6, 12.5, 13.9, 24, 18.5}, 4: {11.6, 11.5, 13.5, 24, 14},
	5: {11.0, 11.7, 13.9, 25.5, 14}, 6: {12.7, 12.4, 15.6, 25, 13.5}, 7: {13.8, 14.7, 18.2, 22.5, 14},
}

var atlasVolumes = [9]float64{10.00, 12.91, 8.45, 8.71, 9.17, 9.31, 11.71, 14.34, 17.25}

func TestAtlasMeasures(t *testing.T) {
	t.Parallel()
	m := realAnatomy(t)
	for i, want := range atlasMeasures {
		r := m.Report(i)
		for n, got := range [5]float64{r.HeightFront, r.HeightBack, r.Depth, r.CanalWidth, r.CanalDepth} {
			if math.Abs(got/want[n]-1) > 0.15 {
				t.Errorf("level %d, measure %d: %.1f mm, want %.1f", i+1, n, got, want[n])
			}
		}
	}
	for i, want := range atlasVolumes {
		r := m.Report(i)
		if math.Abs(r.Volume/want-1) > 0.01 {
			t.Errorf("level %d: %.2f cm3, want %.2f", i+1, r.Volume, want)
		}
		if f := r.Foramen; f[0][0] > -12 || f[1][0] < 12 || math.Abs(f[0][0]+f[1][0]) > 4 {
			t.Errorf("level %d: foramina at x = %.1f and %.1f", i+1, f[0][0], f[1][0])
		}
	}
	const line = "BodyParts3D, (c) The Database Center for Life Science licensed under CC Attribution-Share Alike 2.1 Japan - changed: sampled, scaled, bent, broken"
	if m.Attribution() != line {
		t.Errorf("attribution %q", m.Attribution())
	}
}

// Spurs, channels and joint spaces change a bone by a few per cent in one patient, but
// not in the mean of some young ones.
func TestAtlasLabelsHaveTheVolumeOfTheMesh(t *testing.T) {
	long(t)
	t.Parallel()
	m := realAnatomy(t)
	var mean [7]float64
	const patients = 3
	n := 0
	for seed := uint64(40); n < patients; seed++ {
		if phantom.AgeOf(seed) > 32 {
			continue
		}
		n++
		c := small(seed)
		c.Matrix, c.Mode, c.SpacingMM = 256, phantom.Forced, 0.6
		for i, v := range meshVolumes(t, c, m) {
			mean[i] += v / patients
			if math.Abs(v-1) > 0.06 {
				t.Errorf("seed %d: C%d has %.3f of its mesh's volume", seed, i+1, v)
			}
		}
	}
	for i, v := range mean {
		if math.Abs(v-1) > 0.03 {
			t.Errorf("C%d has %.3f of its mesh's volume in the mean", i+1, v)
		}
	}
	t.Logf("share of the meshes' volumes: %.3f", mean)
}

// Every pattern is seen at every level in most patients, and the twin of each differs
// near it alone. A study breaks one pattern at each level.
func TestAtlasBreaks(t *testing.T) {
	long(t)
	t.Parallel()
	m := realAnatomy(t)
	const seeds = 5
	seen := map[phantom.FractureSpec]int{}
	for seed := range uint64(seeds) {
		for n := range 9 {
			var list []phantom.FractureSpec
			for _, v := range neckfrac.Vertebrae() {
				if all := phantom.Types(v); n < len(all) {
					list = append(list, phantom.FractureSpec{Level: v, Type: all[n]})
				}
			}
			c := small(900 + seed)
			c.Matrix, c.SpacingMM = 160, 1
			var s *phantom.Study
			if seed == 0 {
				s = meshTwin(t, c, m, list...)
			} else {
				c.Mode, c.Fractures = phantom.Forced, list
				s = meshStudy(t, c, m)
			}
			for _, f := range list {
				seen[f] += s.Truth.Levels[f.Level].Label
			}
		}
	}
	for _, v := range neckfrac.Vertebrae() {
		for _, kind := range phantom.Types(v) {
			if n := seen[phantom.FractureSpec{Level: v, Type: kind}]; n*2 <= seeds {
				t.Errorf("%v %s is seen in %d of %d patients", v, kind, n, seeds)
			}
		}
	}
}
