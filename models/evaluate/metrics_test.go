package evaluate_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac/models/evaluate"
)

var nan = math.NaN()

// samples gives every probability its label; each is a patient of its own.
func samples(p []float64, label []int) []evaluate.Sample {
	var out []evaluate.Sample
	for i := range p {
		out = append(out, evaluate.Sample{P: p[i], True: label[i] == 1, Group: i})
	}
	return out
}

// same compares figures; NaN is NaN.
func same(a, b float64) bool {
	return math.Abs(a-b) < 1e-12 || math.IsNaN(a) && math.IsNaN(b)
}

func TestFiguresByHand(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name            string
		p               []float64
		label           []int
		auc, brier, ece float64
		flagAll         float64
	}{
		{"perfect", []float64{0, 0, 1, 1}, []int{0, 0, 1, 1}, 1, 0, 0, 10.0 / 12},
		{"reversed", []float64{1, 0}, []int{0, 1}, 0, 1, 1, 5.0 / 6},
		{"all tied", []float64{0.5, 0.5, 0.5, 0.5}, []int{0, 1, 0, 1}, 0.5, 0.25, 0, 10.0 / 12},
		// Pairs: 0.6 < 0.9 and 0.1 below both are right, 0.6 > 0.5 is wrong.
		{"one pair wrong of four", []float64{0.1, 0.6, 0.5, 0.9}, []int{0, 0, 1, 1}, 0.75, (0.01 + 0.36 + 0.25 + 0.01) / 4, (0.1 + 0.6 + 0.5 + 0.1) / 4, 10.0 / 12},
		{"a tie between classes counts half", []float64{0.2, 0.5, 0.5}, []int{0, 0, 1}, 0.75, (0.04 + 0.25 + 0.25) / 3, (0.2 + 0) / 3, 5.0 / 7},
		{"calibrated in one bin", []float64{0.25, 0.25, 0.25, 0.25}, []int{1, 0, 0, 0}, 0.5, 0.1875, 0, 5.0 / 8},
		{"one is in the last bin", []float64{1, 0.95}, []int{1, 1}, nan, 0.0025 / 2, 0.025, 1},
		{"no positives", []float64{0.1, 0.2}, []int{0, 0}, nan, 0.025, 0.15, 0},
		{"no negatives", []float64{0.5}, []int{1}, nan, 0.25, 0.5, 1},
		{"no answer ranks lowest", []float64{nan, 0.1}, []int{1, 0}, 0, nan, 0.1, 5.0 / 6},
		{"no answers tie", []float64{nan, nan}, []int{1, 0}, 0.5, nan, nan, 5.0 / 6},
		{"nothing", nil, nil, nan, nan, nan, nan},
	} {
		s := samples(tc.p, tc.label)
		for figure, v := range map[string][2]float64{
			"AUC": {evaluate.AUC(s), tc.auc}, "Brier": {evaluate.Brier(s), tc.brier},
			"calibration error": {evaluate.CalibrationError(s), tc.ece}, "F2 of flagging all": {evaluate.FlagAllF2(s), tc.flagAll},
		} {
			if !same(v[0], v[1]) {
				t.Errorf("%s: %s is %v, want %v", tc.name, figure, v[0], v[1])
			}
		}
	}
}

// TestFoundingF2: flagging everybody at RSNA's prevalence of 0.476 gives 5p/(4p+1),
// which is what the founding document's figure is about.
func TestFoundingF2(t *testing.T) {
	t.Parallel()
	var s []evaluate.Sample
	for i := range 1000 {
		s = append(s, evaluate.Sample{True: i < 476})
	}
	if got, want := evaluate.FlagAllF2(s), 5*0.476/(4*0.476+1); !same(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCountsByHand(t *testing.T) {
	t.Parallel()
	s := samples([]float64{0.9, 0.5, 0.4, nan, 0.5, 0.1, 0.2, 0.3}, []int{1, 1, 1, 1, 0, 0, 0, 0})
	for _, tc := range []struct {
		name               string
		at                 float64
		want               evaluate.Counts
		sens, spec, f, mcc float64
	}{
		{"at the threshold is flagged", 0.5, evaluate.Counts{TP: 2, FN: 2, FP: 1, TN: 3}, 0.5, 0.75, 10.0 / 19, 4 / math.Sqrt(3*4*4*5)},
		{"no answer is never flagged", 0, evaluate.Counts{TP: 3, FN: 1, FP: 4}, 0.75, 0, 15.0 / 23, -4 / math.Sqrt(7*4*4*1)},
		{"none", 2, evaluate.Counts{FN: 4, TN: 4}, 0, 1, 0, 0},
	} {
		c := evaluate.CountAt(s, tc.at)
		if c != tc.want {
			t.Errorf("%s: got %+v, want %+v", tc.name, c, tc.want)
		}
		if !same(c.Sensitivity(), tc.sens) || !same(c.Specificity(), tc.spec) || !same(c.F2(), tc.f) || !same(c.MCC(), tc.mcc) {
			t.Errorf("%s: sensitivity %v, specificity %v, F2 %v, MCC %v", tc.name, c.Sensitivity(), c.Specificity(), c.F2(), c.MCC())
		}
	}
	var empty evaluate.Counts
	if !same(empty.Sensitivity(), nan) || !same(empty.Specificity(), nan) || !same(empty.F2(), nan) || !same(empty.MCC(), nan) {
		t.Error("figures of nothing are numbers")
	}
	if perfect := (evaluate.Counts{TP: 3, TN: 5}); perfect.MCC() != 1 || perfect.F2() != 1 {
		t.Errorf("perfect: MCC %v, F2 %v", perfect.MCC(), perfect.F2())
	}
}

// TestAUCWithin: the second level breaks more often and has the higher scores. Over all
// levels that looks like skill, within each there is none.
func TestAUCWithin(t *testing.T) {
	t.Parallel()
	var s []evaluate.Sample
	for i, label := range []int{0, 0, 0, 1, 0, 1, 1, 1} {
		s = append(s, evaluate.Sample{P: float64(i / 4), True: label == 1, Group: i, Stratum: i / 4})
	}
	if got := evaluate.AUC(s); !same(got, (9+3*0.5+0.5*3)/16) {
		t.Errorf("over all: %v", got)
	}
	if got := evaluate.AUCWithin(s); !same(got, 0.5) {
		t.Errorf("within: %v", got)
	}
	s[3].P = 0.5
	if got := evaluate.AUCWithin(s); !same(got, (3+1.5)/6) {
		t.Errorf("within, one told apart: %v", got)
	}
	if got := evaluate.AUCWithin(s[:3]); !same(got, nan) {
		t.Errorf("no pair: %v", got)
	}
}

func TestROC(t *testing.T) {
	t.Parallel()
	got := evaluate.ROC(samples([]float64{0.9, 0.5, 0.5, nan}, []int{1, 1, 0, 0}))
	if diff := cmp.Diff([][2]evaluate.Number{{0, 0}, {0, 0.5}, {0.5, 1}, {1, 1}}, got); diff != "" {
		t.Errorf("curve (-want +got):\n%s", diff)
	}
	if evaluate.ROC(samples([]float64{0.9}, []int{1})) != nil {
		t.Error("a curve of one class")
	}
	var p []float64
	var label []int
	for i := range 5000 {
		p, label = append(p, float64(i)), append(label, i%2)
	}
	long := evaluate.ROC(samples(p, label))
	if n := len(long); n < 150 || n > 202 || long[n-1] != [2]evaluate.Number{1, 1} {
		t.Errorf("%d points, last %v", n, long[n-1])
	}
}

func TestReliability(t *testing.T) {
	t.Parallel()
	got := evaluate.Reliability(samples([]float64{0.02, 0.04, 0.97, 1, 0.5, nan}, []int{0, 1, 1, 1, 0, 1}))
	want := []evaluate.Bin{{0.03, 0.5, 2}, {0.5, 0, 1}, {0.985, 1, 2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("bins (-want +got):\n%s", diff)
	}
}

func TestIntervalDrawsWholePatients(t *testing.T) {
	t.Parallel()
	p := []float64{0.1, 0.2, 0.3, 0.8, 0.9, 0.7, 0.6, 0.4}
	label := []int{0, 0, 1, 1, 1, 0, 1, 0}
	single := evaluate.Interval(samples(p, label), evaluate.AUC)
	if again := evaluate.Interval(samples(p, label), evaluate.AUC); again != single {
		t.Errorf("not repeatable: %v, %v", single, again)
	}
	if !(single.Low < single.Value && single.Value < single.High) || single.N != 8 {
		t.Errorf("%v of %d does not hold its value", single, single.N)
	}
	// Seven copies of a sample in one patient tell no more than one: the interval stays.
	var copies []evaluate.Sample
	for _, x := range samples(p, label) {
		for range 7 {
			copies = append(copies, x)
		}
	}
	if got := evaluate.Interval(copies, evaluate.AUC); got.Value != single.Value || got.Low != single.Low || got.High != single.High {
		t.Errorf("copies give %v, single ones %v", got, single)
	}
	// One positive in thirty is missing from a third of the draws, one in one is never
	// beside a negative.
	few := make([]evaluate.Sample, 30)
	for i := range few {
		few[i] = evaluate.Sample{P: float64(i), True: i == 29, Group: i}
	}
	if got := evaluate.Interval(few, evaluate.AUC); got.Value != 1 || got.Low != 1 || got.High != 1 {
		t.Errorf("one positive: %v", got)
	}
	for _, s := range [][]evaluate.Sample{nil, samples([]float64{1}, []int{1})} {
		if got := evaluate.Interval(s, evaluate.AUC); !math.IsNaN(float64(got.Value)) || !math.IsNaN(float64(got.Low)) || got.N != len(s) {
			t.Errorf("%d samples: %v", len(s), got)
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal([]evaluate.Number{0.25, evaluate.Number(nan), evaluate.Number(math.Inf(1))})
	if err != nil || string(b) != "[0.25,null,null]" {
		t.Errorf("%s %v", b, err)
	}
	var back []evaluate.Number
	if err := json.Unmarshal(b, &back); err != nil || back[0] != 0.25 || !math.IsNaN(float64(back[1])) {
		t.Errorf("%v %v", back, err)
	}
	if s := evaluate.Number(nan).String(); s != "–" {
		t.Errorf("%q", s)
	}
}
