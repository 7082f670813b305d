package models_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
)

// answered is a self-test of the graphs of trainingFolder.
func answered(change func(*models.SelfTest)) func(*models.Graphs) (*models.SelfTest, error) {
	return func(g *models.Graphs) (*models.SelfTest, error) {
		s := &models.SelfTest{Input: models.SelfTestInput}
		for _, m := range g.Models() {
			for _, f := range m.Files {
				s.Graphs = append(s.Graphs, models.GraphAnswer{File: f, Outputs: []models.OutputAnswer{models.Summarise([]float32{0.25, -1})}})
			}
		}
		change(s)
		return s, nil
	}
}

func TestPackHoldsItsSelfTest(t *testing.T) {
	t.Parallel()
	o := options(t, trainingFolder(t, false))
	o.SelfTest = answered(func(*models.SelfTest) {})
	if _, err := models.Build(o); err != nil {
		t.Fatal(err)
	}
	pub, key, err := models.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := models.Sign(o.Out, key); err != nil {
		t.Fatal(err)
	}
	trust := models.Trust{Keys: []ed25519.PublicKey{pub}}
	p, err := models.Open(o.Out, trust)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	got := p.Manifest().SelfTest
	if got == nil || len(got.Graphs) != 5 {
		t.Fatalf("self-test %+v", got)
	}
	if diff := cmp.Diff(models.OutputAnswer{Mean: -0.375, Values: []float64{0.25, -1}}, got.Graphs[0].Outputs[0]); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	// What it states is signed.
	path := filepath.Join(o.Out, models.ManifestName)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), "-0.375", "-0.376", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := models.Open(o.Out, trust); neckfrac.KindOf(err) != neckfrac.Unauthorized {
		t.Errorf("an altered answer: %v", err)
	}
}

func TestBuildRefusesASelfTest(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*models.SelfTest){
		"another input":   func(s *models.SelfTest) { s.Input = "frozen-0" },
		"a graph missing": func(s *models.SelfTest) { s.Graphs = s.Graphs[1:] },
		"stated twice":    func(s *models.SelfTest) { s.Graphs[1] = s.Graphs[0] },
		"unknown graph":   func(s *models.SelfTest) { s.Graphs[0].File = "x.onnx" },
		"no output":       func(s *models.SelfTest) { s.Graphs[0].Outputs = nil },
		"no value":        func(s *models.SelfTest) { s.Graphs[0].Outputs[0].Values = nil },
		"not finite":      func(s *models.SelfTest) { s.Graphs[0].Outputs[0].Mean = math.NaN() },
		"too many values": func(s *models.SelfTest) { s.Graphs[0].Outputs[0].Values = make([]float64, 65) },
		"too many outputs": func(s *models.SelfTest) {
			s.Graphs[0].Outputs = make([]models.OutputAnswer, 9)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t, trainingFolder(t, false))
			o.SelfTest = answered(change)
			if _, err := models.Build(o); neckfrac.KindOf(err) != neckfrac.Invalid {
				t.Errorf("got %v", err)
			}
		})
	}
	o := options(t, trainingFolder(t, false))
	why := errors.New("no library")
	o.SelfTest = func(*models.Graphs) (*models.SelfTest, error) { return nil, why }
	if _, err := models.Build(o); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

func TestSelfTestCompare(t *testing.T) {
	t.Parallel()
	answer := func(v ...float32) []models.GraphAnswer {
		return []models.GraphAnswer{{File: "a.onnx", Outputs: []models.OutputAnswer{models.Summarise(v)}}}
	}
	// One value in ten thousand that is not among the 64 kept moves the mean.
	many := make([]float32, 10_000)
	moved := append([]float32(nil), many...)
	moved[1] = 11
	for name, c := range map[string]struct {
		stated, got []models.GraphAnswer
		word        string
	}{
		"equal":           {answer(1, 2, 3), answer(1, 2, 3), ""},
		"near":            {answer(1, 2, 3), answer(1.0009, 2, 3), ""},
		"far":             {answer(1, 2, 3), answer(1.002, 2, 3), "a.onnx"},
		"not a number":    {answer(1, 2, 3), answer(1, float32(math.NaN()), 3), "a.onnx"},
		"another size":    {answer(1, 2, 3), answer(1, 2), "a.onnx"},
		"between samples": {answer(many...), answer(moved...), "a.onnx"},
		"no answer":       {answer(1), nil, "0 graphs"},
		"another graph":   {answer(1), []models.GraphAnswer{{File: "b.onnx"}}, "b.onnx"},
		"fewer outputs":   {answer(1), []models.GraphAnswer{{File: "a.onnx"}}, "a.onnx"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := (&models.SelfTest{Graphs: c.stated}).Compare(c.got)
			if c.word == "" && err != nil || c.word != "" && (neckfrac.KindOf(err) != neckfrac.Unavailable || !strings.Contains(err.Error(), c.word)) {
				t.Errorf("got %v, want %q", err, c.word)
			}
		})
	}
}

func ExampleSummarise() {
	a := models.Summarise([]float32{1, 2, 3, 6})
	fmt.Println(a.Mean, a.Values)
	// Output: 3 [1 2 3 6]
}
