package phantom_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/nifti"
	"github.com/neckfrac/neckfrac/models/phantom"
)

const softTable = "id\tname\tmean_hu\tsd_hu\tcortical\n0\tair outside the body\t-1000\t8\tno\n1\tskin\t45\t15\tno\n2\tfat\t-95\t18\tno\n3\tmuscle\t58\t14\tno\n" +
	"5\tairway lumen\t-990\t10\tno\n7\tcartilage\t700\t0\tno\n13\tskull\t420\t130\tyes\n19\ttooth\t1900\t350\tno\n34\tC4\t320\t145\tyes\n40\tT3 and lower\t210\t110\tyes\n"

// writeSoft adds a label volume to an anatomy's folder: an upright neck with an airway, a
// rod of cartilage on its left, and a vertebra that the volume holds too.
func writeSoft(t testing.TB, dir string) {
	t.Helper()
	g := neckfrac.Grid{Dims: [3]int{96, 110, 110}, SpacingMM: neckfrac.Vec3{2, 2, 2}, OriginMM: neckfrac.Vec3{-96, -110, -40}, Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}
	v := make([]uint8, g.Dims[0]*g.Dims[1]*g.Dims[2])
	for k := range g.Dims[2] {
		for j := range g.Dims[1] {
			for i := range g.Dims[0] {
				p := g.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)})
				at := g.Index(i, j, k)
				switch r := math.Hypot(p[0], p[1]-10); {
				case r > 75:
				case r > 72:
					v[at] = 1
				case r > 60:
					v[at] = 2
				case math.Hypot(p[0], p[1]+35) < 8:
					v[at] = 5
				case math.Hypot(p[0]-45, p[1]-10) < 6:
					v[at] = 7
				case r < 12 && p[2] > 40 && p[2] < 52:
					v[at] = 34
				case r < 10 && p[2] < -30:
					v[at] = 40
				default:
					v[at] = 3
				}
			}
		}
	}
	if err := nifti.WriteFile(filepath.Join(dir, "neck-labels.nii.gz"), g, v); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "labels.tsv"), []byte(softTable), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Soft tissue comes from the labels: airway, skin and cartilage are where they put them,
// and the cartilage is on the left, or on the right in a mirrored patient.
func TestMeshSoftTissueIsThatOfTheLabels(t *testing.T) {
	long(t)
	t.Parallel()
	dir := t.TempDir()
	writeAnatomy(t, dir)
	writeSoft(t, dir)
	m, err := phantom.LoadAnatomy(dir)
	if err != nil {
		t.Fatalf("LoadAnatomy: %v", err)
	}
	if m.Name() == madeAnatomy(t).Name() {
		t.Error("labels do not change the anatomy's name")
	}
	mirrored := 0
	for seed := range uint64(4) {
		c := small(60 + seed)
		c.Mode, c.Anatomy = phantom.Forced, m
		s := generate(t, c)
		if phantom.Mirrored(c) {
			mirrored++
		}
		var air, soft, left, right float64
		mid := centroids(s)[4]
		for at, hu := range s.Volume.HU {
			i, j, k := at%s.Volume.Dims[0], at/s.Volume.Dims[0]%s.Volume.Dims[1], at/s.Volume.Dims[0]/s.Volume.Dims[1]
			p := s.Volume.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)})
			if math.Abs(p[2]-mid[2]) > 15 || s.Labels.Voxel[at] != 0 || math.Hypot(p[0]-mid[0], p[1]-mid[1]) > 52 {
				continue
			}
			switch {
			case hu < -700:
				air++
			case hu > 500 && p[0] > mid[0]+30:
				left++
			case hu > 500 && p[0] < mid[0]-30:
				right++
			case hu > -60 && hu < 150:
				soft++
			}
		}
		if air < 0.005*soft || air > 0.1*soft {
			t.Errorf("seed %d: %v voxels of airway beside %v of soft tissue", c.Seed, air, soft)
		}
		if phantom.Mirrored(c) {
			left, right = right, left
		}
		if left < 20 || right > left/10 {
			t.Errorf("seed %d: %v voxels of cartilage on its side, %v on the other", c.Seed, left, right)
		}
	}
	if mirrored == 0 || mirrored == 4 {
		t.Errorf("%d of 4 patients are mirrored: the test needs both", mirrored)
	}
}

func TestLabelVolumeRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		table string
		kind  neckfrac.Kind
	}{
		"no table":      {"", neckfrac.NotFound},
		"label missing": {strings.Replace(softTable, "34\tC4", "35\tC5", 1), neckfrac.Invalid},
		"no number":     {strings.Replace(softTable, "-95", "fat", 1), neckfrac.Invalid},
		"id of 300":     {softTable + "300\tx\t1\t1\tno\n", neckfrac.Invalid},
		"not a value":   {softTable + "90\tx\tNaN\t1\tno\n", neckfrac.Invalid},
		"a hundred kB":  {softTable + strings.Repeat("\n", 100_000), neckfrac.Limit},
	} {
		dir := t.TempDir()
		writeSoft(t, dir)
		table := filepath.Join(dir, "labels.tsv")
		if err := os.Remove(table); err != nil {
			t.Fatal(err)
		}
		if c.table != "" {
			if err := os.WriteFile(table, []byte(c.table), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := phantom.LoadSoft(dir); neckfrac.KindOf(err) != c.kind {
			t.Errorf("%s: %v, want kind %v", name, err, c.kind)
		}
	}
	if err := phantom.LoadSoft(t.TempDir()); err != nil {
		t.Errorf("a folder without labels: %v", err)
	}
}
