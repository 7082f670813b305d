package bench_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/models/bench"
	"github.com/neckfrac/neckfrac/models/evaluate"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// drawn are studies whose features say nothing: every second patient has one broken
// level, low levels more often than high ones.
func drawn(n int) []bench.Study {
	rng := rand.New(rand.NewPCG(7, 8))
	out := make([]bench.Study, n)
	for g := range out {
		s := &out[g]
		s.ID, s.Digest = fmt.Sprintf("nf-%08d", g), strings.Repeat("0", 64)
		s.Scanner = phantom.Scanner{Protocol: "diagnostic", Kernel: []string{"B30f", "B60s"}[rng.IntN(2)], KVP: 120, NoiseHU: 20 + 10*rng.Float64(), PixelMM: 0.5}
		s.Person = phantom.Person{Age: float64(20 + rng.IntN(70)), Sex: []string{"F", "M"}[rng.IntN(2)]}
		hit := -1
		if g%2 == 0 {
			hit = max(rng.IntN(7), rng.IntN(7))
			s.Patient = 1
		}
		for i := range s.Levels {
			l := &s.Levels[i]
			l.Field = "full"
			l.Place, l.Shape, l.Image = noise(rng, bench.PlaceNames()), noise(rng, bench.ShapeNames()), noise(rng, bench.ImageNames())
			if i < 2 {
				l.Image[slices.Index(bench.ImageNames(), "height_beside_neighbours")] = evaluate.Number(math.NaN())
			}
			if i == hit {
				l.Label, l.Type = 1, []phantom.Type{"facet", "lamina"}[rng.IntN(2)]
				l.WidthMM, l.CNR = []float64{0.3, 1, 2}[rng.IntN(3)], []float64{3, 6, 12, 30}[rng.IntN(4)]
			}
		}
	}
	return out
}

func noise(rng *rand.Rand, names []string) []evaluate.Number {
	out := make([]evaluate.Number, len(names))
	for i := range out {
		out[i] = evaluate.Number(rng.NormFloat64())
	}
	return out
}

func baseline(t *testing.T, r bench.Report, name string) bench.Figures {
	t.Helper()
	i := slices.IndexFunc(r.Baselines, func(f bench.Figures) bool { return strings.HasPrefix(f.Name, name) })
	if i < 0 {
		t.Fatalf("no baseline %q", name)
	}
	return r.Baselines[i]
}

// long skips a test that only computes: the race detector makes minutes of it.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("computes for seconds: run without -short")
	}
}

// TestNothingGivesItAway: position counts over all vertebrae, nothing within a level.
func TestNothingGivesItAway(t *testing.T) {
	long(t)
	t.Parallel()
	r := bench.Judge(bench.V1(), nil, drawn(200))
	if f := baseline(t, r, "name of the level"); f.All.Value < 0.6 || f.Within.Value != 0.5 {
		t.Errorf("by the level's name: %v over all, %v within", f.All, f.Within)
	}
	if f := baseline(t, r, "all but the image"); f.Within.Value > 0.58 || f.Patient.Value > 0.58 {
		t.Errorf("without the image: %v within a level, %v of patients", f.Within, f.Patient)
	}
	if len(r.Features) != 2*(len(bench.ShapeNames())+len(bench.ImageNames())) || r.Features[0].Within.Value > 0.65 {
		t.Errorf("%d features, the best %+v", len(r.Features), r.Features[0])
	}
	for _, g := range r.Goals {
		if g.Met != (float64(g.Got.Value) <= g.Most) {
			t.Errorf("goal %+v", g)
		}
	}
}

func TestWhatGivesItAwayIsNamed(t *testing.T) {
	long(t)
	t.Parallel()
	depth, studies := slices.Index(bench.ImageNames(), "gap_depth"), drawn(200)
	for g := range studies {
		s := &studies[g]
		if s.Patient == 1 {
			s.Scanner.NoiseHU += 12 // a scanner that knows
		}
		for i := range s.Levels {
			l := &s.Levels[i]
			l.Image[depth] += 50 * evaluate.Number(i) // a level's own middle, no help
			if l.Label == 1 && l.WidthMM > 0.5 {
				l.Image[depth] -= 4
			}
		}
	}
	r := bench.Judge(bench.V1(), nil, studies)
	if f := r.Features[0]; !strings.HasPrefix(f.Name, "gap_depth") || !f.Lower || f.Within.Value < 0.75 {
		t.Errorf("best feature %+v", f)
	}
	if f := baseline(t, r, "all but the image"); f.Patient.Value < 0.9 {
		t.Errorf("the scanner knows, and the baseline does not: %v", f.Patient)
	}
	if f := baseline(t, r, "all hand-made"); f.Within.Value < 0.8 {
		t.Errorf("all features: %v", f)
	}
	for _, c := range r.Cells {
		if c.By != "width" {
			continue
		}
		if wide := !strings.HasPrefix(c.Name, "hairline"); wide != (c.Best.Value > 0.95) {
			t.Errorf("%s: %v; only gaps from 0.5 mm were told", c.Name, c.Best)
		}
	}
	for _, g := range r.Goals {
		if strings.Contains(g.Name, "image-zeroed AUC of patients") && g.Met {
			t.Errorf("goal met: %+v", g)
		}
	}
}

// TestCells: every way of splitting holds every fracture once.
func TestCells(t *testing.T) {
	long(t)
	t.Parallel()
	r := bench.Judge(bench.V1(), nil, drawn(100))
	sum := map[string]int{}
	for _, c := range r.Cells {
		sum[c.By] += c.N
		if c.Name == "no gap (compression)" {
			t.Errorf("a fracture of no width: %+v", c)
		}
	}
	if len(sum) != 4 {
		t.Errorf("split by %v", sum)
	}
	for by, n := range sum {
		if n != r.Counts.Broken || n == 0 {
			t.Errorf("%s: %d fractures of %d", by, n, r.Counts.Broken)
		}
	}
}

// TestOccultIsLeftOut: a patient with nothing but an occult fracture is neither.
func TestOccultIsLeftOut(t *testing.T) {
	long(t)
	t.Parallel()
	s := drawn(40)
	before := bench.Judge(bench.V1(), nil, s)
	s[1].Levels[3].Occult, s[1].Levels[3].Type, s[1].Levels[3].WidthMM = true, "facet", 0.3
	after := bench.Judge(bench.V1(), nil, s)
	if after.Counts.Occult != 1 || after.Counts.OccultLevels != 1 || after.Counts.Levels != before.Counts.Levels-1 {
		t.Errorf("counts %+v", after.Counts)
	}
	if got, want := baseline(t, after, "name").Patient.N, baseline(t, before, "name").Patient.N-1; got != want {
		t.Errorf("%d patients, want %d", got, want)
	}
	s[0].Levels[6].Occult = s[0].Levels[6].Label == 0 // beside a visible one
	if got := bench.Judge(bench.V1(), nil, s).Counts; got.Occult != 1 || got.Positive != 20 {
		t.Errorf("counts %+v", got)
	}
}

func TestReportForms(t *testing.T) {
	t.Parallel()
	s := drawn(40)
	a, b := bench.Judge(bench.V1(), nil, s), bench.Judge(bench.V1(), nil, s)
	var text, again, js bytes.Buffer
	for _, err := range []error{a.WriteText(&text), b.WriteText(&again), a.WriteJSON(&js)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if text.String() != again.String() {
		t.Error("two reports of the same studies differ")
	}
	var back bench.Report
	if err := json.Unmarshal(js.Bytes(), &back); err != nil || len(back.Features) != len(a.Features) {
		t.Errorf("%d features, %v", len(back.Features), err)
	}
	for _, want := range []string{bench.Domain, "never clinical accuracy", "hu_p99", "hairline", "goal"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text lacks %q", want)
		}
	}
}

// TestNothingToJudge: no study, no figure, no panic.
func TestNothingToJudge(t *testing.T) {
	t.Parallel()
	for _, s := range [][]bench.Study{nil, drawn(1), {{ID: "empty"}}} {
		var b bytes.Buffer
		if err := bench.Judge(bench.V1(), nil, s).WriteJSON(&b); err != nil || !json.Valid(b.Bytes()) {
			t.Errorf("%d studies: %v", len(s), err)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	s := drawn(3)
	for i := range s {
		s[i].Digest = fmt.Sprintf("%064d", i)
	}
	var list []bench.Entry
	for _, x := range s {
		list = append(list, x.Entry())
	}
	frozen := bench.Recipe{Studies: 3, Digest: bench.DigestOf(list)}
	other := slices.Clone(list)
	other[1].State = "xxxxxxx"
	for name, tc := range map[string]struct {
		r    bench.Recipe
		list []bench.Entry
		s    []bench.Study
		want bench.Verdict
	}{
		"all":                           {frozen, list, s, bench.Equal},
		"all, without a list":           {frozen, nil, s, bench.Equal},
		"first two":                     {frozen, list, s[:2], bench.PartEqual},
		"first two, without a list":     {frozen, nil, s[:2], bench.NotFrozen},
		"another order":                 {frozen, nil, []bench.Study{s[1], s[0], s[2]}, bench.Differs},
		"a truth that changed":          {frozen, other, s, bench.Differs},
		"a truth that changed, in part": {frozen, other, s[:2], bench.Differs},
		"not frozen":                    {bench.Recipe{Studies: 3}, list, s, bench.NotFrozen},
	} {
		if got := bench.Compare(tc.r, tc.list, tc.s); got.Verdict != tc.want {
			t.Errorf("%s: got %+v, want %s", name, got, tc.want)
		}
	}
	if got := bench.Compare(frozen, other, s).Differ; len(got) != 1 || got[0] != "nf-00000001" {
		t.Errorf("differing: %v", got)
	}
}

// TestBesideTheOtherLevels: each patient has a middle of its own that hides the broken
// level among other patients' levels, and not among the patient's own.
func TestBesideTheOtherLevels(t *testing.T) {
	long(t)
	t.Parallel()
	studies, edge := drawn(120), slices.Index(bench.ImageNames(), "edge_2mm")
	for g := range studies {
		for i := range studies[g].Levels {
			l := &studies[g].Levels[i]
			l.Image[edge] += evaluate.Number(200*math.Sin(float64(g*g)) + 10*float64(i))
			if l.Label == 1 {
				l.Image[edge] += 8
			}
		}
	}
	r := bench.Judge(bench.V1(), nil, studies)
	at := func(name string) bench.Figures {
		i := slices.IndexFunc(r.Features, func(f bench.Figures) bool { return f.Name == name })
		return r.Features[i]
	}
	if alone, beside := at("edge_2mm"), at("edge_2mm, beside the other levels"); alone.Within.Value > 0.65 || beside.Within.Value < 0.95 {
		t.Errorf("alone %v, beside the others %v", alone.Within, beside.Within)
	}
}
