package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/onnx"
)

// ortEnv hands the library's place on to a command under test.
func ortEnv(more ...string) []string {
	return append(more, onnx.LibraryEnv+"="+os.Getenv(onnx.LibraryEnv))
}

// withSelfTest signs a copy of the shipped pack that states what its networks answer
// to the frozen input, changed by change. It returns the pack and the key's file.
func withSelfTest(t *testing.T, change func(*models.SelfTest)) (pack, key string) {
	t.Helper()
	dir := t.TempDir()
	pack = filepath.Join(dir, "with", "demo")
	if err := os.CopyFS(pack, os.DirFS(shippedPack(t))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(pack, models.ManifestName)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.ParseManifest(b)
	if err != nil {
		t.Fatal(err)
	}
	m.SelfTest = recorded(t, m, pack)
	change(m.SelfTest)
	if b, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	public, private, err := models.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := models.Sign(pack, private); err != nil {
		t.Fatal(err)
	}
	pem, err := models.FormatPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	key = filepath.Join(dir, "key.pub")
	if err := os.WriteFile(key, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	return pack, key
}

// recorded is the self-test that `pack build` makes of the pack's own graphs.
func recorded(t *testing.T, m *models.Manifest, pack string) *models.SelfTest {
	t.Helper()
	dir := t.TempDir()
	type entry struct {
		File string          `json:"file"`
		Spec json.RawMessage `json:"input_spec"`
	}
	var entries []entry
	for _, n := range m.Models {
		for _, f := range n.Files {
			entries = append(entries, entry{f, n.Input})
			if err := os.Link(filepath.Join(pack, f), filepath.Join(dir, f)); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, err := json.Marshal(map[string]any{"recipe": "demo", "models": entries})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "models.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := models.OpenGraphs(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := onnx.Record(t.Context(), g, onnx.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPackThatAnswersOtherwise: a pack that is signed and whole, on a machine whose
// answers differ from those it was built with, is run by nobody.
func TestPackThatAnswersOtherwise(t *testing.T) {
	pack, key := withSelfTest(t, func(*models.SelfTest) {})
	config := func(pack, key string) string {
		return configFile(t, "models:\n  pack: "+pack+"\n  trusted_keys: ["+key+"]\n")
	}
	_, out, _ := run(t, ortEnv(), "doctor", "--config", config(pack, key))
	if !strings.Contains(out, "self-test passed") || !strings.Contains(out, "runs on ") {
		t.Errorf("doctor does not say that the self-test passed:\n%s", out)
	}
	pack, key = withSelfTest(t, func(s *models.SelfTest) { s.Graphs[0].Outputs[0].Values[0] += 0.0015 })
	file := config(pack, key)
	if code, _, stderr := run(t, nil, "pack", "verify", pack, "--keys", key); code != exitOK {
		t.Fatalf("the pack itself is refused: %s", stderr)
	}
	code, out, _ := run(t, ortEnv(), "doctor", "--config", file)
	if code != exitFailed || !strings.Contains(out, "FAULT  model pack") || !strings.Contains(out, "self-test") {
		t.Errorf("doctor, exit code %d:\n%s", code, out)
	}
	code, _, stderr := run(t, ortEnv(), "serve", "--config", file)
	oneLine(t, code, exitFailed, stderr, "self-test", "frozen input")
}

// TestShippedPackWithoutASelfTest: the field is optional, and its absence is said.
func TestShippedPackWithoutASelfTest(t *testing.T) {
	pack := shippedPack(t)
	b, err := os.ReadFile(filepath.Join(pack, models.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	want := "has no self-test"
	if strings.Contains(string(b), `"self_test"`) {
		want = "self-test passed"
	}
	_, out, _ := run(t, ortEnv("NECKFRAC_MODELS_PACK="+pack), "doctor", "--config", configFile(t, ""))
	if !strings.Contains(out, want) {
		t.Errorf("doctor does not say %q:\n%s", want, out)
	}
}

// TestCUDAIsRefusedWhereItIsAbsent: asked for by its name it is not replaced in silence.
func TestCUDAIsRefusedWhereItIsAbsent(t *testing.T) {
	pack := shippedPack(t)
	if found, _ := filepath.Glob("/dev/nvidia[0-9]*"); len(found) > 0 {
		t.Skip("this machine has a GPU")
	}
	env := ortEnv("NECKFRAC_MODELS_PACK="+pack, "NECKFRAC_MODELS_DEVICE=cuda")
	code, _, stderr := run(t, env, "serve", "--config", configFile(t, ""))
	oneLine(t, code, exitFailed, stderr, "cuda", "models.device")
	code, out, _ := run(t, env, "doctor", "--config", configFile(t, ""))
	if code != exitFailed || !strings.Contains(out, "FAULT  model pack") || !strings.Contains(out, "no NVIDIA device") {
		t.Errorf("doctor, exit code %d:\n%s", code, out)
	}
	env[1] = "NECKFRAC_MODELS_DEVICE=gpu"
	code, _, stderr = run(t, env, "serve", "--config", configFile(t, ""))
	oneLine(t, code, exitUsage, stderr, "models.device")
}
