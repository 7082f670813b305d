package realism_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/realism"
)

func set(name string, values ...float64) []realism.Profile {
	var out []realism.Profile
	for _, v := range values {
		out = append(out, realism.Profile{Region: "neck", Value: map[string]float64{name: v}})
	}
	return out
}

func TestCompareDistances(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                    string
		real, synthetic         []float64
		ks, wasserstein, inside float64
		medianInside            bool
	}{
		{"equal", []float64{1, 2, 3, 4, 5}, []float64{5, 4, 3, 2, 1}, 0, 0, 0.6, true},
		{"moved by ten", []float64{1, 2, 3}, []float64{11, 12, 13}, 1, 10, 0, false},
		{"half moved by two", []float64{0, 0, 10, 10}, []float64{0, 0, 12, 12}, 0.5, 1, 0.5, true},
		{"sizes differ", []float64{0, 1}, []float64{0, 0, 1, 1}, 0, 0, 0, true},
		{"narrower", []float64{0, 10}, []float64{5, 5, 5}, 0.5, 5, 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := realism.Compare(set("fat_hu", tt.real...), set("fat_hu", tt.synthetic...), nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Rows) != 1 {
				t.Fatalf("%d rows, want that of fat_hu", len(r.Rows))
			}
			row := r.Rows[0]
			near := func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }
			if !near(row.KS, tt.ks) || !near(row.Wasserstein, tt.wasserstein) || !near(row.Inside, tt.inside) || row.MedianInside != tt.medianInside {
				t.Errorf("row %+v, want KS %v, Wasserstein %v, inside %v, median inside %t", row, tt.ks, tt.wasserstein, tt.inside, tt.medianInside)
			}
		})
	}
}

func TestGatesAreAskedOfTheSyntheticMedian(t *testing.T) {
	t.Parallel()
	gates := []realism.Gate{
		{"fat_hu", realism.Median, -110, -60}, {"fat_hu", realism.Median, -60, 0}, {"muscle_hu", realism.Median, 0, 100}, {"fat_hu", realism.KS, 0, 0.5}, {"fat_hu", realism.KS, 0, 0.2},
	}
	r, err := realism.Compare(set("fat_hu", -90, -80, -70), set("fat_hu", -200, -80, 0), gates)
	if err != nil {
		t.Fatal(err)
	}
	want := []bool{true, false, false, true, false}
	for i, g := range r.Gates {
		if g.Pass != want[i] {
			t.Errorf("gate %+v, want pass %t", g, want[i])
		}
	}
	if r.Gates[2].Found != nil {
		t.Error("a measure that nobody gave was found")
	}
}

func TestCompareLeavesOutWhatFewGive(t *testing.T) {
	t.Parallel()
	few := append(set("fat_hu", -80), set("muscle_hu", 40, 50)...)
	r, err := realism.Compare(few, set("fat_hu", -90, -80), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != 0 || r.MediansInside != 0 {
		t.Errorf("rows %+v from one of three scans", r.Rows)
	}
}

func TestCompareRefuses(t *testing.T) {
	t.Parallel()
	neck, whole := set("fat_hu", 1), []realism.Profile{{Region: "whole"}}
	fine := []realism.Profile{{Region: "neck", CellMM: neckfrac.Vec3{1, 1, 1}}}
	for name, got := range map[string]error{
		"another region": second(realism.Compare(neck, whole, nil)),
		"another grid":   second(realism.Compare(neck, fine, nil)),
	} {
		if neckfrac.KindOf(got) != neckfrac.Invalid {
			t.Errorf("%s: %v", name, got)
		}
	}
	if err := second(realism.Compare(nil, neck, nil)); neckfrac.KindOf(err) != neckfrac.Limit {
		t.Errorf("nothing real: %v", err)
	}
}

func second(_ realism.Report, err error) error { return err }

func TestReportIsWritten(t *testing.T) {
	t.Parallel()
	r, err := realism.Compare(set("width_60", 120, 130, 140), set("width_60", 100, 101, 102), []realism.Gate{{"width_60", realism.Median, 110, 150}})
	if err != nil {
		t.Fatal(err)
	}
	var text, js bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3 real and 3 synthetic", "width_60", "out", "FAIL", "0 of 1 gates passed", "0 % of 1 measures"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("text lacks %q:\n%s", want, &text)
		}
	}
	if err := r.WriteJSON(&js); err != nil {
		t.Fatal(err)
	}
	var back realism.Report
	if err := json.Unmarshal(js.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if back.Rows[0].Name != "width_60" || back.Gates[0].Pass || *back.Gates[0].Found != 101 {
		t.Errorf("read back %+v", back)
	}
}

// Every gate names a listed figure and a range that something can be in.
func TestDeclaredGates(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	for _, f := range realism.Figures() {
		listed[f.Name] = true
	}
	gates := realism.Gates()
	if len(gates) == 0 {
		t.Fatal("no gate")
	}
	for _, g := range gates {
		if !listed[g.Measure] || !(g.Low < g.High) {
			t.Errorf("gate %+v", g)
		}
	}
}
