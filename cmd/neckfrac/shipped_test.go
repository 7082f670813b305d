package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/onnx"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// shippedPack is the demonstration pack of the checkout. Where NECKFRAC_REQUIRE_ORT=1
// says that everything is set up, a missing pack or library fails.
func shippedPack(t *testing.T) string {
	t.Helper()
	missing := t.Skip
	if os.Getenv("NECKFRAC_REQUIRE_ORT") == "1" {
		missing = t.Fatal
	}
	pack, err := filepath.Abs("../../models/packs/demo")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(pack, "manifest.json")); err != nil {
		missing("no shipped pack in models/packs/demo")
	}
	if _, err := onnx.FindLibrary(""); err != nil {
		missing("no ONNX Runtime: make setup, or set NECKFRAC_ORT")
	}
	return pack
}

// startShipped starts the service with the shipped pack and the real runner: the
// service's own executable, which in a test is this binary (see TestMain).
func startShipped(t *testing.T, pack string) *running {
	t.Helper()
	return startService(t, func(cfg *Config, rt *Runtime) {
		cfg.Models.Pack, rt.pack = pack, nil
		rt.RunnerCommand, rt.RunnerEnv, rt.Environ = nil, nil, os.Environ()
	})
}

// sendPhantom makes a synthetic patient and sends it by the send command.
func (r *running) sendPhantom(t *testing.T, cfg phantom.Config) (*phantom.Study, testStudy) {
	t.Helper()
	cfg.Mode, cfg.Coverage, cfg.Protocol = phantom.Forced, phantom.CoverageFull, phantom.ProtocolDiagnostic
	p, err := phantom.Generate(cfg)
	if err != nil {
		t.Fatal(err)
	}
	at, dir := time.Now(), t.TempDir()
	if err := p.WriteDICOM(dir, at); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := run(t, nil, "send", r.DICOMAddr, dir); code != exitOK {
		t.Fatalf("send: %s", stderr)
	}
	_, ds := p.Instance(0, at)
	s := testStudy{uid: studyUIDOf(t, ds), slices: p.Volume.Dims[2], patient: neckfrac.PatientKey{Issuer: neckfrac.PhantomIssuer, ID: phantom.PatientID(p.Truth.Seed)}}
	return p, s
}

// TestShippedPackGoesTheWholeWay is the demo's way under test: what it says must fit
// what was analysed; how often it is right is the evaluation's business (.ci/pack).
func TestShippedPackGoesTheWholeWay(t *testing.T) {
	pack := shippedPack(t)
	r := startShipped(t, pack)
	p, s := r.sendPhantom(t, phantom.Config{Seed: 7, Fractures: []phantom.FractureSpec{{Level: neckfrac.C5, Type: "burst"}}})
	if p.Truth.Levels[neckfrac.C5].Label != 1 {
		t.Fatal("the fracture can't be seen in this phantom; take another seed")
	}
	rec := r.await(t, s, 1)
	a := rec.Latest
	if a.Status != neckfrac.Analysed || a.Slices != s.slices || a.Pack.Domain != neckfrac.DomainSynthetic || len(a.Findings) != neckfrac.Levels {
		t.Fatalf("status %s (%s), %d of %d slices, pack %+v, %d findings", a.Status, a.Reason, a.Slices, s.slices, a.Pack, len(a.Findings))
	}
	for _, f := range a.Findings {
		if f.Presence == neckfrac.NotImaged {
			t.Errorf("%v not imaged in a stack that holds C1 to C7", f.Vertebra)
		}
	}
	report, levels := r.report(t, s)
	if report.Status != "preliminary" || len(levels) != neckfrac.Levels || !strings.Contains(report.Conclusion, neckfrac.SyntheticPack) {
		t.Errorf("report %s with %d levels: %q", report.Status, len(levels), report.Conclusion)
	}
	cards, body := r.hook(t, testSystem+"|"+s.patient.ID)
	if flagged := a.Presence == neckfrac.Suspected; flagged != (len(cards) == 1) {
		t.Errorf("flagged %v, %d cards: %s", flagged, len(cards), body)
	}
	if a.Presence != neckfrac.Suspected {
		t.Errorf("a burst fracture of C5 is not flagged: probability %.3f", a.Probability)
	}
	page := r.page(t, s)
	if page.Result == nil || len(page.Result.Levels) != neckfrac.Levels || len(page.Result.Artefacts) == 0 {
		t.Errorf("page: %+v", page.Result)
	}
}

// TestShippedPackWithAFlippedByte flips one byte in every file of the pack.
func TestShippedPackWithAFlippedByte(t *testing.T) {
	pack := shippedPack(t)
	entries, err := os.ReadDir(pack)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	damaged := filepath.Join(root, "demo")
	if err := os.CopyFS(damaged, os.DirFS(pack)); err != nil {
		t.Fatal(err)
	}
	if key, err := os.ReadFile(filepath.Join(pack, "..", syntheticKeyFile)); err == nil {
		if err := os.WriteFile(filepath.Join(root, syntheticKeyFile), key, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, stderr := run(t, nil, "pack", "verify", damaged); code != exitOK {
		t.Fatalf("the copy is refused: %s", stderr)
	}
	for _, e := range entries {
		file := filepath.Join(damaged, e.Name())
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		code, _, stderr := run(t, []string{"NECKFRAC_MODELS_PACK=" + damaged}, "serve", "--config", configFile(t, ""))
		if code == exitOK {
			t.Errorf("%s: accepted", e.Name())
		}
		oneLine(t, code, code, stderr, "pack")
		b[len(b)/2] ^= 1
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
