package bench_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/neckfrac/neckfrac/models/bench"
	"github.com/neckfrac/neckfrac/models/evaluate"
)

func TestSolve(t *testing.T) {
	t.Parallel()
	// [4 2; 2 3]·x = [8 7] has x = [1.25 1.5].
	got := bench.Solve([][]float64{{4, 0}, {2, 3}}, []float64{8, 7})
	if diff := cmp.Diff([]float64{1.25, 1.5}, got, cmpopts.EquateApprox(1e-12, 0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFitEndsAtTheMinimum: the loss is convex, so where its derivative is 0 there is
// nothing better.
func TestFitEndsAtTheMinimum(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	var rows bench.Rows
	for i := range 300 {
		x := []float64{rng.NormFloat64(), 100 + 5*rng.NormFloat64(), 3}
		if i%7 == 0 {
			x[1] = math.NaN()
		}
		rows = append(rows, bench.Row(x, x[0]+rng.NormFloat64() > 0.8, i/3, i%3))
	}
	gradient, answers := bench.Fit(rows, 3)
	for a, g := range gradient {
		if math.Abs(g) > 1e-6 {
			t.Errorf("derivative %d is %v", a, g)
		}
	}
	for _, p := range answers {
		if !(p > 0 && p < 1) {
			t.Fatalf("answer %v", p)
		}
	}
}

// TestInterceptIsTheShare: with no column a level's answer is its share of fractures,
// but for the small penalty.
func TestInterceptIsTheShare(t *testing.T) {
	t.Parallel()
	var rows bench.Rows
	for i := range 1000 {
		rows = append(rows, bench.Row(nil, i%2 == 0 && i%10 == 0 || i%2 == 1 && i%4 == 1, i, i%2))
	}
	_, answers := bench.Fit(rows, 2)
	if math.Abs(answers[0]-0.2) > 0.002 || math.Abs(answers[1]-0.5) > 0.002 {
		t.Errorf("got %v and %v, want 0.2 and 0.5", answers[0], answers[1])
	}
}

// TestOutOfFold: a column that tells is found, one that does not is not made to by
// fitting it; the second is what a model that saw its own patients would get wrong.
func TestOutOfFold(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	var told, noise bench.Rows
	for i := range 1400 {
		broken := rng.Float64() < 0.3
		x := make([]float64, 40)
		for c := range x {
			x[c] = rng.NormFloat64()
		}
		noise = append(noise, bench.Row(x, broken, i/7, i%7))
		y := append([]float64(nil), x...)
		if broken {
			y[5] += 2
		}
		// Each level has a middle and a spread of its own.
		y[5] = y[5]*float64(1+i%7) + 100*float64(i%7)
		told = append(told, bench.Row(y, broken, i/7, i%7))
	}
	auc := func(rows bench.Rows) float64 { // within level and fold
		var s []evaluate.Sample
		for i, p := range bench.OutOfFold(rows, 7) {
			s = append(s, bench.SampleOf(rows, i, p))
		}
		return evaluate.AUCWithin(s)
	}
	// Two normals 2 SD apart have an AUC of 0.921; 39 columns of noise cost a little.
	if got := auc(told); math.Abs(got-0.91) > 0.03 {
		t.Errorf("a column that tells: AUC %.3f, want about 0.91", got)
	}
	if got := auc(noise); math.Abs(got-0.5) > 0.05 {
		t.Errorf("noise: AUC %.3f, want about 0.5", got)
	}
}

func TestOutOfFoldWithoutAClass(t *testing.T) {
	t.Parallel()
	rows := bench.Rows{bench.Row([]float64{1}, false, 0, 0), bench.Row([]float64{2}, false, 1, 0)}
	for _, p := range bench.OutOfFold(rows, 1) {
		if !math.IsNaN(p) {
			t.Errorf("answer %v without a fracture to learn from", p)
		}
	}
	if len(bench.OutOfFold(nil, 1)) != 0 {
		t.Error("answers for no rows")
	}
}

// TestIntervalsAreThoseOfEvaluate: the fast bootstrap draws and counts as the plain one.
func TestIntervalsAreThoseOfEvaluate(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	var s []evaluate.Sample
	for i := range 210 {
		p := math.Round(rng.Float64()*20) / 20 // with ties
		if i%31 == 0 {
			p = math.NaN()
		}
		s = append(s, evaluate.Sample{P: p, True: rng.Float64() < 0.1+0.3*rng.Float64(), Group: i / 7, Stratum: i % 7})
	}
	flat := slices.Clone(s)
	for i := range flat {
		flat[i].Stratum = 0
	}
	for name, v := range map[string][2]evaluate.Estimate{
		"within":       {bench.Area(s), evaluate.Interval(s, evaluate.AUCWithin)},
		"one stratum":  {bench.Area(flat), evaluate.Interval(flat, evaluate.AUC)},
		"one class":    {bench.Area(s[:1]), evaluate.Interval(s[:1], evaluate.AUCWithin)},
		"nothing":      {bench.Area(nil), evaluate.Interval(nil, evaluate.AUCWithin)},
		"few patients": {bench.Area(s[:20]), evaluate.Interval(s[:20], evaluate.AUCWithin)},
	} {
		same := cmp.Comparer(func(a, b evaluate.Number) bool { return a == b || a != a && b != b })
		if diff := cmp.Diff(v[1], v[0], same); diff != "" {
			t.Errorf("%s (-evaluate +bench):\n%s", name, diff)
		}
	}
}
