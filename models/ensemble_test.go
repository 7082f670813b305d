package models_test

import (
	"crypto/ed25519"
	"fmt"
	"math"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
)

func ensembleOf(t *testing.T) models.Ensemble {
	t.Helper()
	dir, pub, _ := signed(t, false)
	p, err := models.Open(dir, models.Trust{Keys: []ed25519.PublicKey{pub}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	return p.Manifest().Ensemble
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-12 || math.IsNaN(a) && math.IsNaN(b) }

func logistic(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

func TestEnsembleLevels(t *testing.T) {
	t.Parallel()
	e := ensembleOf(t)
	nan := math.NaN()
	s := models.NoScores()
	s.Levels[0] = models.LevelScores{Classify: 2, Model1: -1}   // both
	s.Levels[4] = models.LevelScores{Classify: 2, Model1: nan}  // classifier alone
	s.Levels[6] = models.LevelScores{Classify: nan, Model1: -1} // Model I alone
	p := e.Apply(s)
	c, m := 1.2*2-0.5, 0.8*-1+0.1
	want := [7]float64{
		logistic(1.1*(0.8*c+0.2*m) - 0.2 + 0.1), nan, nan, nan,
		logistic(1.1*c - 0.2 - 0.1), nan, logistic(1.1*m - 0.2 + 0.2),
	}
	for i, w := range want {
		if !near(p.Levels[i], w) {
			t.Errorf("level %d: %v, want %v", i, p.Levels[i], w)
		}
	}
}

func TestEnsemblePatient(t *testing.T) {
	t.Parallel()
	e := ensembleOf(t)
	// Without scores only the coverage feature speaks: (0-6)/0.5 * -0.1.
	if got, want := e.Apply(models.NoScores()).Patient, logistic(-0.4+1.2); !near(got, want) {
		t.Errorf("nothing scored: %v, want %v", got, want)
	}
	s := models.NoScores()
	s.Coverage, s.Model1Patient = 7, 0.5
	s.Levels[2].Classify, s.Levels[4].Classify, s.Levels[0].Model1 = 3, 1, -2
	z := map[int]float64{2: 1.1*(1.2*3-0.5) - 0.2, 4: 1.1*(1.2-0.5) - 0.2 - 0.1, 0: 1.1*(0.8*-2+0.1) - 0.2 + 0.1}
	lse := math.Log(math.Exp(z[0]) + math.Exp(z[2]) + math.Exp(z[4]))
	want := -0.4 + 0.5*z[2] + 0.3*z[4]/2 + 0.2*(lse-1) + 0.1*z[4] + 0.1*0.5 + 0.05*-2 - 0.1*(7-6)/0.5
	if got := e.Apply(s).Patient; !near(got, logistic(want)) {
		t.Errorf("patient %v, want %v", got, logistic(want))
	}
	// One level alone has no second.
	s = models.NoScores()
	s.Coverage, s.Levels[2].Classify = 6, 3
	want = -0.4 + 0.5*z[2] + 0.2*(z[2]-1)
	if got := e.Apply(s).Patient; !near(got, logistic(want)) {
		t.Errorf("one level: %v, want %v", got, logistic(want))
	}
}

func TestEnsembleRises(t *testing.T) {
	t.Parallel()
	e := ensembleOf(t)
	last := 0.0
	for x := -30.0; x <= 30; x++ {
		s := models.NoScores()
		s.Levels[3].Classify = x
		if p := e.Apply(s).Levels[3]; p < last || p < 0 || p > 1 {
			t.Fatalf("score %v gives %v after %v", x, p, last)
		} else {
			last = p
		}
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	m := models.Manifest{OutOfDomain: []models.Range{{Feature: models.NoiseHU, Low: 10, High: 40, OuterLow: 5, OuterHigh: 80}}}
	tests := []struct {
		noise            float64
		limited, refused bool
	}{{20, false, false}, {10, false, false}, {7, true, false}, {60, true, false}, {4, true, true}, {100, true, true}, {math.NaN(), true, true}}
	for _, tt := range tests {
		limited, err := m.Gate(map[models.Feature]float64{models.NoiseHU: tt.noise})
		r, refused := neckfrac.AsRefused(err)
		if limited != tt.limited || refused != tt.refused || refused && r.Reason != neckfrac.OutOfDomain {
			t.Errorf("noise %v: limited %v, %v", tt.noise, limited, err)
		}
	}
	if limited, err := m.Gate(nil); limited || err != nil {
		t.Errorf("a feature that was not measured: %v %v", limited, err)
	}
}

func TestRangesOf(t *testing.T) {
	t.Parallel()
	noise := make([]float64, 101)
	for i := range noise {
		noise[i] = 20 + float64(i)/10
	}
	got := models.RangesOf(map[models.Feature][]float64{models.NoiseHU: noise, models.SliceMM: {1, 2}})
	if len(got) != 1 || got[0].Feature != models.NoiseHU || math.Abs(got[0].Low-15.2) > 0.01 || math.Abs(got[0].OuterHigh-49.5) > 0.01 {
		t.Errorf("ranges %+v", got)
	}
}

func ExampleEnsemble_Apply() {
	e := models.Ensemble{
		Level: models.LevelFit{Members: models.Members[models.Line]{Classify: models.Line{A: 1}, Model1: models.Line{A: 1}},
			Weights: models.Members[float64]{Classify: 1}, Platt: models.Line{A: 1}},
		Patient: models.PatientFit{Features: []string{"highest"}, Mean: []float64{0}, SD: []float64{1}, Weights: []float64{1}},
	}
	s := models.NoScores()
	s.Levels[neckfrac.C5.Index()].Classify = 0
	p := e.Apply(s)
	fmt.Println(p.Levels[neckfrac.C5.Index()], p.Patient)
	// Output: 0.5 0.5
}
