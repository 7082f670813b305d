package models_test

import (
	"archive/tar"
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/input"
)

const fitJSON = `{"schema":1,"source":{"split":"calib","studies":300},
"level":{"members":{"classify":{"a":1.2,"b":-0.5,"auc":0.9},"model1":{"a":0.8,"b":0.1,"auc":null}},"weights":{"classify":0.8,"model1":0.2},
 "platt":{"a":1.1,"b":-0.2},"offsets":{"C1":0.1,"C2":0,"C3":0,"C4":0,"C5":-0.1,"C6":0,"C7":0.2},"prevalence":0.11,"n":2000,
 "points":[%[1]s],"grades":[{"name":"low","from":0.1},{"name":"medium","from":0.4},{"name":"high","from":0.7}]},
"patient":{"features":["highest","second","log_sum_exp","level_c5","model1_patient","model1_c1","coverage"],"mean":[0,0,1,0,0,0,6],"sd":[1,2,1,1,1,1,0.5],
 "weights":[0.5,0.3,0.2,0.1,0.1,0.05,-0.1],"intercept":-0.4,"prevalence":0.47,"points":[%[1]s]}}`

func point(name string, threshold float64) string {
	return fmt.Sprintf(`{"name":%q,"threshold":%g,"tp":90,"fn":10,"fp":20,"tn":80,"sensitivity":0.9,"sensitivity_ci":[0.8,0.95],"specificity":0.8,"specificity_ci":[0.7,0.9]}`, name, threshold)
}

// trainingFolder is what training leaves behind, with empty graphs.
func trainingFolder(t testing.TB, random bool) string {
	t.Helper()
	dir, prefix := t.TempDir(), ""
	if random {
		prefix = "random-weights."
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	specs := input.FirstForm()
	var entries []map[string]any
	add := func(file string, spec any) {
		write(prefix+file, "graph "+file)
		if random {
			spec = map[string]any{}
		}
		entries = append(entries, map[string]any{"file": prefix + file, "input_spec": spec, "parity": 1e-6})
	}
	add("model2_segment.onnx", specs.Segment)
	add("model2_segment.f1.onnx", specs.Segment)
	add("model2_classify.onnx", specs.Classify)
	add("model1_patient.onnx", specs.Model1)
	add("model1_c5.onnx", specs.Model1)
	b, _ := json.Marshal(map[string]any{"schema": 1, "recipe": "demo", "random_weights": random, "models": entries})
	write(prefix+"models.json", string(b))
	write("fit.json", fmt.Sprintf(fitJSON, strings.Join([]string{point("second-look", 0.1), point("balanced", 0.3), point("alert", 0.6)}, ",")))
	write("MODEL_CARD.md", "# Card\n")
	write("scores.jsonl", "not part of a pack")
	return dir
}

func options(t testing.TB, in string) models.BuildOptions {
	return models.BuildOptions{In: in, Out: filepath.Join(t.TempDir(), "pack"), ID: "demo", Version: "0.1.0",
		IntendedUse: "Research on synthetic CT.", Domain: neckfrac.DomainSynthetic, Training: models.Training{Data: "phantoms"}}
}

// signed makes a signed pack and the key that it trusts.
func signed(t testing.TB, random bool) (dir string, pub ed25519.PublicKey, key ed25519.PrivateKey) {
	t.Helper()
	o := options(t, trainingFolder(t, random))
	if _, err := models.Build(o); err != nil {
		t.Fatalf("Build: %v", err)
	}
	pub, key, err := models.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := models.Sign(o.Out, key); err != nil {
		t.Fatalf("Sign: %v", err)
	}
	return o.Out, pub, key
}

func TestBuildSignOpen(t *testing.T) {
	t.Parallel()
	dir, pub, _ := signed(t, false)
	p, err := models.Open(dir, models.Trust{SyntheticKeys: []ed25519.PublicKey{pub}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	m := p.Manifest()
	if id := p.ID(); id.ID != "demo" || id.Version != "0.1.0" || len(id.Digest) != 64 || id.Domain != neckfrac.DomainSynthetic {
		t.Errorf("id %+v", id)
	}
	specs, err := m.Specs()
	if diff := cmp.Diff(input.FirstForm(), specs); diff != "" || err != nil {
		t.Errorf("specs %v (-want +got):\n%s", err, diff)
	}
	seg, _ := m.Model(models.Segment)
	if diff := cmp.Diff([]string{"model2_segment.f1.onnx", "model2_segment.onnx"}, seg.Files); diff != "" {
		t.Errorf("folds (-want +got):\n%s", diff)
	}
	if _, ok := m.Model(models.Model1Level(neckfrac.C5)); !ok || len(m.Models) != 4 {
		t.Errorf("models %+v", m.Models)
	}
	want := neckfrac.Decision{Flag: neckfrac.PointBalanced, Grades: neckfrac.GradeBands{Low: 0.1, Medium: 0.4, High: 0.7}}
	for i, n := range neckfrac.PointNames() {
		th := neckfrac.Threshold{Probability: []float64{0.1, 0.3, 0.6}[i], Sensitivity: neckfrac.Rate{Value: 0.9, Low: 0.8, High: 0.95, N: 100},
			Specificity: neckfrac.Rate{Value: 0.8, Low: 0.7, High: 0.9, N: 100}}
		want.Points = append(want.Points, neckfrac.OperatingPoint{Name: n, Level: th, Patient: th, Validation: "synthetic, calib split, 300 studies"})
	}
	if diff := cmp.Diff(want, m.Decision); diff != "" {
		t.Errorf("decision (-want +got):\n%s", diff)
	}
	b, err := p.ReadFile("model1_c5.onnx")
	if err != nil || string(b) != "graph model1_c5.onnx" {
		t.Errorf("ReadFile: %q %v", b, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "model1_c5.onnx"), []byte("graph model1_cX.onnx"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := p.ReadFile("model1_c5.onnx"); err == nil {
		t.Error("served a file that changed after Open")
	}
}

func TestOpenTar(t *testing.T) {
	t.Parallel()
	dir, pub, _ := signed(t, false)
	pack := func(names ...string) string {
		var buf bytes.Buffer
		w := tar.NewWriter(&buf)
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			b, _ := os.ReadFile(filepath.Join(dir, e.Name()))
			w.WriteHeader(&tar.Header{Name: e.Name(), Mode: 0o644, Size: int64(len(b))})
			w.Write(b)
		}
		for _, n := range names {
			w.WriteHeader(&tar.Header{Name: n, Mode: 0o644, Size: 1})
			w.Write([]byte("x"))
		}
		w.Close()
		path := filepath.Join(t.TempDir(), "pack.tar")
		os.WriteFile(path, buf.Bytes(), 0o644)
		return path
	}
	trust := models.Trust{Keys: []ed25519.PublicKey{pub}}
	p, err := models.Open(pack(), trust)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if b, err := p.ReadFile("MODEL_CARD.md"); err != nil || string(b) != "# Card\n" {
		t.Errorf("card %q %v", b, err)
	}
	for _, name := range []string{"extra.onnx", "../evil", "sub/x", "manifest.json", "/abs"} {
		if _, err := models.Open(pack(name), trust); err == nil {
			t.Errorf("accepted a tar with %q", name)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	edit := func(old, new string) func(t *testing.T, dir string, key ed25519.PrivateKey) {
		return func(t *testing.T, dir string, key ed25519.PrivateKey) {
			path := filepath.Join(dir, models.ManifestName)
			b, _ := os.ReadFile(path)
			if !bytes.Contains(b, []byte(old)) {
				t.Fatalf("the manifest holds no %q", old)
			}
			b = bytes.Replace(b, []byte(old), []byte(new), 1)
			os.WriteFile(path, b, 0o644)
			os.WriteFile(filepath.Join(dir, models.SignatureName), models.SignManifest(b, key), 0o644)
		}
	}
	tests := []struct {
		name string
		do   func(t *testing.T, dir string, key ed25519.PrivateKey)
		kind neckfrac.Kind
	}{
		{"a further file", func(t *testing.T, dir string, _ ed25519.PrivateKey) {
			os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o644)
		}, neckfrac.Invalid},
		{"a folder", func(t *testing.T, dir string, _ ed25519.PrivateKey) { os.Mkdir(filepath.Join(dir, "d"), 0o755) }, neckfrac.Invalid},
		{"a file missing", func(t *testing.T, dir string, _ ed25519.PrivateKey) {
			os.Remove(filepath.Join(dir, "MODEL_CARD.md"))
		}, neckfrac.Invalid},
		{"a graph changed", func(t *testing.T, dir string, _ ed25519.PrivateKey) {
			os.WriteFile(filepath.Join(dir, "model1_c5.onnx"), []byte("graph model1_c6.onnx"), 0o644)
		}, neckfrac.Invalid},
		{"a graph longer", func(t *testing.T, dir string, _ ed25519.PrivateKey) {
			os.WriteFile(filepath.Join(dir, "model1_c5.onnx"), []byte("graph model1_c5.onnx and more"), 0o644)
		}, neckfrac.Invalid},
		{"a link out of the pack", func(t *testing.T, dir string, _ ed25519.PrivateKey) {
			os.Remove(filepath.Join(dir, "MODEL_CARD.md"))
			os.Symlink("/etc/hostname", filepath.Join(dir, "MODEL_CARD.md"))
		}, neckfrac.Invalid},
		{"no signature", func(t *testing.T, dir string, _ ed25519.PrivateKey) {
			os.Remove(filepath.Join(dir, models.SignatureName))
		}, neckfrac.NotFound},
		{"a foreign signature", func(t *testing.T, dir string, _ ed25519.PrivateKey) {
			_, other, _ := models.NewKey()
			models.Sign(dir, other)
		}, neckfrac.Unauthorized},
		{"a manifest changed after signing", func(t *testing.T, dir string, _ ed25519.PrivateKey) {
			path := filepath.Join(dir, models.ManifestName)
			b, _ := os.ReadFile(path)
			os.WriteFile(path, bytes.Replace(b, []byte("0.1.0"), []byte("0.1.1"), 1), 0o644)
		}, neckfrac.Unauthorized},
		{"a synthetic key on a pack for patients", edit(`"domain": "synthetic"`, `"domain": "patients"`), neckfrac.Unauthorized},
		{"an unknown field", edit(`"schema": 1,`, `"schema": 1, "extra": 2,`), neckfrac.Invalid},
		{"an unknown field in a spec", edit(`"spacing_mm": 1.5`, `"spacing_mm": 1.5, "zoom": 1`), neckfrac.Invalid},
		{"another schema", edit(`"schema": 1,`, `"schema": 2,`), neckfrac.Unsupported},
		{"data after the manifest", edit("\n}\n", "\n}\n{}"), neckfrac.Invalid},
		{"thresholds out of order", edit(`"probability": 0.3`, `"probability": 0.05`), neckfrac.Invalid},
		{"a threshold over 1", edit(`"probability": 0.6`, `"probability": 1.6`), neckfrac.Invalid},
		{"NaN", edit(`"probability": 0.6`, `"probability": NaN`), neckfrac.Invalid},
		{"a number too large for a float", edit(`"probability": 0.6`, `"probability": 1e999`), neckfrac.Invalid},
		{"grades that do not start at the lowest point", edit(`"low": 0.1,`, `"low": 0.2,`), neckfrac.Invalid},
		{"a falling calibration", edit(`"a": 1.1`, `"a": -1.1`), neckfrac.Invalid},
		{"an offset missing", edit(`"C7": 0.2`, `"C1": 0.2`), neckfrac.Invalid},
		{"an unknown patient feature", edit(`"log_sum_exp"`, `"age"`), neckfrac.Invalid},
		{"a tensor without bounds", edit(`"size_px": 80`, `"size_px": 80000`), neckfrac.Invalid},
		{"a file name that leads out", edit(`"name": "MODEL_CARD.md"`, `"name": "../MODEL_CARD.md"`), neckfrac.Invalid},
		{"no card", edit(`"name": "MODEL_CARD.md"`, `"name": "CARD.md"`), neckfrac.Invalid},
		{"a graph used twice", edit(`"model2_segment.f1.onnx",`, `"model2_segment.onnx",`), neckfrac.Invalid},
		{"an unknown role", edit(`"model1_c5"`, `"model1_c8"`), neckfrac.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, pub, key := signed(t, false)
			tt.do(t, dir, key)
			p, err := models.Open(dir, models.Trust{SyntheticKeys: []ed25519.PublicKey{pub}})
			if err == nil {
				p.Close()
				t.Fatal("opened")
			}
			if neckfrac.KindOf(err) != tt.kind {
				t.Errorf("%v: kind %v, want %v", err, neckfrac.KindOf(err), tt.kind)
			}
		})
	}
}

func TestTrust(t *testing.T) {
	t.Parallel()
	dir, pub, _ := signed(t, true)
	keys := []ed25519.PublicKey{pub}
	tests := []struct {
		name  string
		trust models.Trust
		want  bool
	}{
		{"nobody", models.Trust{AllowRandomWeights: true}, false},
		{"random weights unasked", models.Trust{Keys: keys}, false},
		{"random weights", models.Trust{Keys: keys, AllowRandomWeights: true}, true},
		{"new enough", models.Trust{SyntheticKeys: keys, AllowRandomWeights: true, MinVersion: "0.1"}, true},
		{"too old", models.Trust{Keys: keys, AllowRandomWeights: true, MinVersion: "0.1.1"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := models.Open(dir, tt.trust)
			if (err == nil) != tt.want {
				t.Errorf("Open: %v", err)
			}
			if err == nil {
				p.Close()
			}
		})
	}
}

func TestSetOperatingPoint(t *testing.T) {
	t.Parallel()
	dir, pub, key := signed(t, false)
	th := neckfrac.Threshold{Probability: 0.2, Sensitivity: neckfrac.Rate{Value: 0.95, Low: 0.9, High: 1, N: 50}, Specificity: neckfrac.Rate{High: 1}}
	p := neckfrac.OperatingPoint{Name: neckfrac.PointSecondLook, Level: th, Patient: th, Validation: "site set"}
	if err := models.SetOperatingPoint(dir, p, key); err != nil {
		t.Fatal(err)
	}
	pack, err := models.Open(dir, models.Trust{Keys: []ed25519.PublicKey{pub}})
	if err != nil {
		t.Fatal(err)
	}
	defer pack.Close()
	if d := pack.Manifest().Decision; d.Points[0].Validation != "site set" || d.Grades.Low != 0.2 {
		t.Errorf("decision %+v", d)
	}
	p.Level.Probability = 0.5 // above balanced
	if err := models.SetOperatingPoint(dir, p, key); neckfrac.KindOf(err) != neckfrac.Invalid {
		t.Errorf("points out of order: %v", err)
	}
}

func TestKeysRoundTrip(t *testing.T) {
	t.Parallel()
	pub, key, err := models.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	a, _ := models.FormatPublicKey(pub)
	b, _ := models.FormatPrivateKey(key)
	if k, err := models.ParsePublicKey(a); err != nil || !k.Equal(pub) {
		t.Errorf("public key: %v", err)
	}
	if k, err := models.ParsePrivateKey(b); err != nil || !k.Equal(key) {
		t.Errorf("private key: %v", err)
	}
	for _, bad := range [][]byte{nil, []byte("key"), b, append(a, a...), bytes.Repeat([]byte("x"), 5000)} {
		if _, err := models.ParsePublicKey(bad); err == nil {
			t.Errorf("accepted %.20q", bad)
		}
	}
}

func FuzzParseManifest(f *testing.F) {
	dir, _, _ := signed(f, false)
	b, err := os.ReadFile(filepath.Join(dir, models.ManifestName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"schema":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := models.ParseManifest(b)
		if err != nil {
			return
		}
		if p := m.Ensemble.Apply(models.NoScores()); !(p.Patient >= 0 && p.Patient <= 1) {
			t.Errorf("an accepted manifest gives the probability %v", p.Patient)
		}
	})
}

func ExampleOpen() {
	_, err := models.Open("/nonexistent/pack", models.Trust{})
	fmt.Println(neckfrac.KindOf(err))
	// Output: not found
}
