package onnx_test

import (
	"crypto/ed25519"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/onnx"
)

// tested builds a pack of the test graphs with a self-test.
func tested(t *testing.T, lib string, change func(*models.SelfTest)) *models.Pack {
	t.Helper()
	out := filepath.Join(t.TempDir(), "pack")
	_, err := models.Build(models.BuildOptions{In: exported(t), Out: out, ID: "test", Version: "1", IntendedUse: "tests",
		Domain: neckfrac.DomainSynthetic, Training: models.Training{Data: "none"},
		SelfTest: func(g *models.Graphs) (*models.SelfTest, error) {
			s, err := onnx.Record(t.Context(), g, onnx.Options{Library: lib, Threads: 1})
			if err == nil {
				change(s)
			}
			return s, err
		}})
	if err != nil {
		t.Fatal(err)
	}
	pub, key, err := models.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := models.Sign(out, key); err != nil {
		t.Fatal(err)
	}
	p, err := models.Open(out, models.Trust{SyntheticKeys: []ed25519.PublicKey{pub}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestSelfTest(t *testing.T) {
	t.Parallel()
	lib := library(t)
	p := tested(t, lib, func(*models.SelfTest) {})
	s := p.Manifest().SelfTest
	if s == nil || len(s.Graphs) != 5 {
		t.Fatalf("self-test %+v", s)
	}
	folds := map[string][]models.OutputAnswer{}
	for _, g := range s.Graphs {
		folds[g.File] = g.Outputs
		if len(g.Outputs) == 0 {
			t.Errorf("%s has no output", g.File)
		}
	}
	// Two files of the same graph, at the same frozen input.
	if diff := cmp.Diff(folds["model2_segment.onnx"], folds["model2_segment.f1.onnx"]); diff != "" {
		t.Errorf("the input is not frozen:\n%s", diff)
	}
	o, err := onnx.Open(p, onnx.Options{Library: lib, Threads: 2})
	if err != nil {
		t.Fatalf("the machine that built it is refused: %v", err)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*models.SelfTest){
		"model1_c5.onnx":       func(s *models.SelfTest) { shift(s, "model1_c5.onnx", 0.002) },
		"model2_classify.onnx": func(s *models.SelfTest) { shift(s, "model2_classify.onnx", -0.002) },
	} {
		_, err := onnx.Open(tested(t, lib, change), onnx.Options{Library: lib, Threads: 1})
		if neckfrac.KindOf(err) != neckfrac.Unavailable || !strings.Contains(err.Error(), name) {
			t.Errorf("%s answers otherwise: %v", name, err)
		}
	}
	o, err = onnx.Open(tested(t, lib, func(s *models.SelfTest) { shift(s, "model1_c5.onnx", 0.0005) }), onnx.Options{Library: lib, Threads: 1})
	if err != nil {
		t.Fatalf("within the tolerance: %v", err)
	}
	o.Close()
}

// shift moves the first stated value of a graph.
func shift(s *models.SelfTest, file string, by float64) {
	for _, g := range s.Graphs {
		if g.File == file {
			g.Outputs[0].Values[0] += by
		}
	}
}
