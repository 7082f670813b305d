package phantom_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/phantom"
	"github.com/neckfrac/neckfrac/models/stl"
)

// writeAnatomy writes an anatomy's folder from the bones of a built-in patient.
func writeAnatomy(t testing.TB, dir string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "bones"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, mesh := range phantom.BuiltInMeshes(5) {
		var b bytes.Buffer
		if err := stl.Write(&b, "made by a test", mesh); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "bones", name+".stl"), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "ATTRIBUTION.txt"), []byte("\n Test bones, (c) nobody \n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// made is the anatomy of the test's own folder, read once.
var made = sync.OnceValues(func() (*phantom.MeshAnatomy, error) {
	dir, err := os.MkdirTemp("", "anatomy")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var t testing.T
	writeAnatomy(&t, dir)
	return phantom.LoadAnatomy(dir)
})

func madeAnatomy(t testing.TB) *phantom.MeshAnatomy {
	t.Helper()
	m, err := made()
	if err != nil {
		t.Fatalf("LoadAnatomy: %v", err)
	}
	return m
}

func TestMeshAnatomyMeasuresWhatItWasMadeFrom(t *testing.T) {
	t.Parallel()
	m := madeAnatomy(t)
	if !strings.HasPrefix(m.Name(), "mesh:") || len(m.Name()) != 17 || m.Attribution() != "Test bones, (c) nobody" {
		t.Errorf("name %q, attribution %q", m.Name(), m.Attribution())
	}
	for i := 2; i < 7; i++ {
		r := m.Report(i)
		for what, v := range map[string][3]float64{
			"front height": {r.HeightFront, 7, 17}, "back height": {r.HeightBack, 7, 17}, "depth": {r.Depth, 12, 20},
			"canal width": {r.CanalWidth, 18, 29}, "canal depth": {r.CanalDepth, 10, 19}, "volume": {r.Volume, 5, 20},
		} {
			if v[0] < v[1] || v[0] > v[2] {
				t.Errorf("C%d: %s is %.1f, want %v to %v", i+1, what, v[0], v[1], v[2])
			}
		}
	}
	for i := range 7 {
		if f := m.Report(i).Foramen; f[0][0] > -10 || f[1][0] < 10 {
			t.Errorf("C%d: foramina at x = %.1f and %.1f, want right and left", i+1, f[0][0], f[1][0])
		}
	}
}

func meshStudy(t *testing.T, c phantom.Config, m *phantom.MeshAnatomy) *phantom.Study {
	t.Helper()
	c.Anatomy = m
	return generate(t, c)
}

func TestMeshStudyIsItsSeed(t *testing.T) {
	t.Parallel()
	m := madeAnatomy(t)
	c := small(7)
	c.Mode = phantom.Enriched
	a, b := meshStudy(t, c, m), meshStudy(t, c, m)
	if a.Digest() != b.Digest() {
		t.Error("two runs differ")
	}
	if a.Truth.Anatomy != m.Name() || a.Truth.Attribution != m.Attribution() {
		t.Errorf("truth names anatomy %q and attribution %q", a.Truth.Anatomy, a.Truth.Attribution)
	}
	built := generate(t, c)
	if built.Volume.Series == a.Volume.Series || built.Digest() == a.Digest() {
		t.Error("the built-in patient of the same seed has the same name or picture")
	}
	if built.Truth.Attribution != "" {
		t.Errorf("the built-in anatomy has the attribution %q", built.Truth.Attribution)
	}
}

func TestMeshTruthCarriesTheAttribution(t *testing.T) {
	t.Parallel()
	m := madeAnatomy(t)
	dir := t.TempDir()
	c := small(3)
	if err := meshStudy(t, c, m).WriteTruth(dir); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Anatomy, Attribution string }
	if err := json.Unmarshal(b, &got); err != nil || got.Attribution != m.Attribution() || got.Anatomy != m.Name() {
		t.Errorf("%+v, %v", got, err)
	}
}

// meshVolumes is the labelled volume of each vertebra over that of its mesh at the drawn
// scale.
func meshVolumes(t *testing.T, c phantom.Config, m *phantom.MeshAnatomy) (out [7]float64) {
	t.Helper()
	s := meshStudy(t, c, m)
	c.Anatomy = m
	scales := phantom.MeshScale(c)
	cell := s.Volume.SpacingMM[0] * s.Volume.SpacingMM[1] * s.Volume.SpacingMM[2] / 1000
	var n [9]float64
	for _, v := range s.Labels.Voxel {
		n[v]++
	}
	for i := range out {
		f := scales[i]
		out[i] = n[i+1] * cell / (m.Report(i).Volume * math.Abs(f[0]*f[1]*f[2]))
	}
	return out
}

func TestMeshLabelsHaveTheVolumeOfTheMesh(t *testing.T) {
	long(t)
	t.Parallel()
	c := small(21)
	c.Matrix, c.Mode = 192, phantom.Forced
	for i, v := range meshVolumes(t, c, madeAnatomy(t)) {
		if math.Abs(v-1) > 0.15 { // built-in facets overlap until they are parted
			t.Errorf("C%d has %.3f of its mesh's volume", i+1, v)
		}
	}
}

// meshTwin breaks bones and compares with the intact twin.
func meshTwin(t *testing.T, c phantom.Config, m *phantom.MeshAnatomy, f ...phantom.FractureSpec) *phantom.Study {
	t.Helper()
	c.Anatomy, c.Mode, c.Fractures = m, phantom.Forced, f
	s := generate(t, c)
	c.Intact = true
	twin := generate(t, c)
	box := neckfrac.EmptyBox()
	for _, x := range f {
		b := s.Truth.Levels[x.Level].BoxMM
		box = box.Add(neckfrac.Vec3{b[0], b[1], b[2]}).Add(neckfrac.Vec3{b[3], b[4], b[5]})
	}
	near, away := innerChanges(s, twin, box.Grow(12))
	if near == 0 {
		t.Errorf("seed %d: %v: nothing changed", c.Seed, f)
	}
	if away > 0 {
		t.Errorf("seed %d: %v: %d bone voxels changed away from the fracture", c.Seed, f, away)
	}
	return s
}

// innerChanges counts bone voxels that differ by more than 60 HU, in a box and away from
// it, among those with bone all round in both: at a rim the soft tissue shines through,
// and that may swell.
func innerChanges(a, b *phantom.Study, box neckfrac.Box) (near, away int) {
	d := a.Volume.Dims
	for k := 1; k < d[2]-1; k++ {
		for j := 1; j < d[1]-1; j++ {
			for i := 1; i < d[0]-1; i++ {
				at := a.Volume.Index(i, j, k)
				if v := int(a.Volume.HU[at]) - int(b.Volume.HU[at]); v > -60 && v < 60 {
					continue
				}
				bone := true
				for _, to := range [7]int{at, at - 1, at + 1, at - d[0], at + d[0], at - d[0]*d[1], at + d[0]*d[1]} {
					bone = bone && a.Labels.Voxel[to] != 0 && b.Labels.Voxel[to] != 0
				}
				switch p := a.Volume.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)}); {
				case !bone:
				case box.Contains(p):
					near++
				default:
					away++
				}
			}
		}
	}
	return near, away
}

func TestMeshTwinDiffersNearTheFractureAlone(t *testing.T) {
	long(t)
	t.Parallel()
	for _, f := range []phantom.FractureSpec{
		{Level: neckfrac.C1, Type: phantom.C1Jefferson}, {Level: neckfrac.C2, Type: phantom.Hangman}, {Level: neckfrac.C5, Type: phantom.Burst},
	} {
		if s := meshTwin(t, small(31), madeAnatomy(t), f); s.Truth.Levels[f.Level].Label != 1 {
			t.Errorf("%v is not visible: %+v", f, s.Truth.Levels[f.Level])
		}
	}
}

func TestLoadAnatomyRefuses(t *testing.T) {
	t.Parallel()
	if _, err := phantom.LoadAnatomy(t.TempDir()); neckfrac.KindOf(err) != neckfrac.NotFound {
		t.Errorf("empty folder: %v, want not found", err)
	}
	dir := t.TempDir()
	writeAnatomy(t, dir)
	bone := func(name string) string { return filepath.Join(dir, "bones", name+".stl") }
	good, err := os.ReadFile(bone("c4"))
	if err != nil {
		t.Fatal(err)
	}
	var cube bytes.Buffer
	if err := stl.Write(&cube, "a cube", phantom.Cube(20)); err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(bone("t2"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte
		kind neckfrac.Kind
	}{
		{"no vertebra", cube.Bytes(), neckfrac.Invalid},
		{"cut short", good[:len(good)-7], neckfrac.Invalid},
		{"another bone", other, neckfrac.Invalid},
		{"missing", nil, neckfrac.NotFound},
	} {
		if c.file == nil {
			err = os.Remove(bone("c4"))
		} else {
			err = os.WriteFile(bone("c4"), c.file, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := phantom.LoadAnatomy(dir); neckfrac.KindOf(err) != c.kind {
			t.Errorf("%s: %v, want kind %v", c.name, err, c.kind)
		}
	}
}

func TestAttribution(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, want string }{
		"own":      {"ATTRIBUTION.txt", "\n\n Atlas X,\tCC BY 4.0 \nsecond line", "Atlas X, CC BY 4.0"},
		"readme":   {"README.md", "keep **BodyParts3D, (c) The Database Center for Life\n  Science licensed under CC Attribution-Share Alike 2.1 Japan**.", "BodyParts3D, (c) The Database Center for Life Science licensed under CC Attribution-Share Alike 2.1 Japan - changed: sampled, scaled, bent, broken"},
		"nothing":  {"README.md", "bones", "licence unknown: the anatomy's folder names none; do not pass this study on"},
		"controls": {"ATTRIBUTION.txt", "a\x1b[31mb\xff", "a [31mb"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := phantom.ReadAttribution(dir); err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ATTRIBUTION.txt"), []byte(strings.Repeat("x", 401)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := phantom.ReadAttribution(dir); neckfrac.KindOf(err) != neckfrac.Limit {
		t.Errorf("a line of 401 bytes: %v, want limit", err)
	}
}

func ExampleLoadAnatomy() {
	_, err := phantom.LoadAnatomy("no such folder")
	fmt.Println(neckfrac.KindOf(err))
	// Output: not found
}
