package volume_test

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

func ExampleExplain() {
	var t testing.T
	bone, soft, scout := neck(), neck(), neck()
	soft.series, soft.kernel, soft.description = "1.2.3.2", "B30s", "C-SPINE SOFT"
	scout.series, scout.n, scout.imageType = "1.2.3.3", 1, `ORIGINAL\PRIMARY\LOCALIZER`
	in := slices.Concat(scout.files(&t), soft.files(&t), bone.files(&t))
	e, err := volume.Explain(context.Background(), in, volume.DefaultRules(), volume.Limits{})
	if err != nil {
		fmt.Println(err)
	}
	for _, c := range e.Candidates {
		fmt.Printf("%s %v %q\n", c.Series, c.Score, c.Lost)
	}
	// Output:
	// 1.2.3.1 55.6 ""
	// 1.2.3.2 43.6 "Another series has a bone kernel."
	// 1.2.3.3 54.5 "It is a localizer."
}

func explained(t testing.TB, in []volume.Input) volume.Explanation {
	t.Helper()
	e, err := volume.Explain(t.Context(), in, volume.DefaultRules(), volume.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// anySeries draws one of the things that scanners send for a study.
func anySeries(t *rapid.T, i int) scan {
	s := neck()
	s.series = fmt.Sprintf("1.2.3.%d", i+1)
	s.n = rapid.IntRange(1, 9).Draw(t, "slices")
	s.stepMM = rapid.SampledFrom([]float64{0.5, 1, 3, 5, 6, 20}).Draw(t, "step")
	s.thickness = rapid.SampledFrom([]float64{0.5, 1, 5}).Draw(t, "thickness")
	s.firstMM = rapid.SampledFrom([]float64{-100, 0}).Draw(t, "first")
	s.kernel = rapid.SampledFrom([]string{"B70f", "B30s", ""}).Draw(t, "kernel")
	s.description = rapid.SampledFrom([]string{"C-SPINE", "HEAD", "Bone", ""}).Draw(t, "description")
	s.imageType = rapid.SampledFrom([]string{`ORIGINAL\PRIMARY\AXIAL`, `DERIVED\SECONDARY\AXIAL`, `DERIVED\SECONDARY\MIP`, `ORIGINAL\PRIMARY\LOCALIZER`}).Draw(t, "type")
	if rapid.Bool().Draw(t, "coronal") {
		s.col = neckfrac.Vec3{0, 0, -1}
	}
	switch rapid.IntRange(0, 5).Draw(t, "fault") {
	case 0:
		s.edit = shift(2, neckfrac.Vec3{0, 0, 0.4})
	case 1:
		s.edit = drop(dataset.TagImagePositionPatient)
	}
	return s
}

// TestExplainHolds: whatever a study is made of, in whatever order it comes, the same
// series is chosen, at most one is, every other one says why not, and the points add up.
func TestExplainHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var in []volume.Input
		for i := range rapid.IntRange(1, 5).Draw(r, "series") {
			in = append(in, anySeries(r, i).files(t)...)
		}
		e := explained(t, in)
		again := explained(t, rapid.Permutation(in).Draw(r, "order"))
		if !reflect.DeepEqual(e, again) {
			r.Fatalf("another order gave %+v, want %+v", again, e)
		}
		got, err := volume.Assemble(context.Background(), in, volume.Limits{})
		if e.Chosen != (err == nil) || e.Chosen && got.Volume.Series != e.Candidates[0].Series {
			r.Fatalf("assemble gave %v, %v; explained %+v", got.Volume, err, e)
		}
		if refused, ok := neckfrac.AsRefused(err); ok && refused.Reason != e.Reason {
			r.Fatalf("refused %s, explained %s", refused.Reason, e.Reason)
		}
		if e.Chosen == (e.Reason != "") || e.Reason != "" && !e.Reason.Valid() {
			r.Fatalf("chosen %v and reason %q", e.Chosen, e.Reason)
		}
		holdCandidates(r, e)
	})
}

func holdCandidates(t *rapid.T, e volume.Explanation) {
	scored := map[string]bool{}
	for _, s := range volume.DefaultRules().Score {
		scored[s.Name] = true
	}
	for i, c := range e.Candidates {
		if (c.Lost == "") != (e.Chosen && i == 0) {
			t.Fatalf("candidate %d of %+v", i, e)
		}
		if c.Reason != "" && (!c.Reason.Valid() || c.Rule == "") {
			t.Fatalf("%+v: want a rule and a reason of the closed list", c)
		}
		if scored[c.Rule] && (c.Reason != "" || c.Score > e.Candidates[0].Score) {
			t.Fatalf("%+v was outscored by %+v", c, e.Candidates[0])
		}
		sum := 0.0
		for _, p := range c.Rules {
			if p.Points < 0 || p.Points > p.Of {
				t.Fatalf("%+v of %s", p, c.Series)
			}
			sum += p.Points
		}
		if math.Abs(sum-c.Score) > 0.2 {
			t.Fatalf("%s: points add up to %v, score %v", c.Series, sum, c.Score)
		}
	}
}

// TestStubComesLast: a few millimetres of thin slices do not beat a whole scan, but are
// looked at where nothing else is left.
func TestStubComesLast(t *testing.T) {
	t.Parallel()
	stub, whole := neck(), neck()
	whole.series, whole.kernel, whole.description, whole.stepMM, whole.thickness, whole.n = "1.2.3.2", "B30s", "", 5, 5, 20
	c := explained(t, append(stub.files(t), whole.files(t)...)).Candidates
	if string(c[0].Series) != whole.series || c[1].Rule != "stub" || c[1].Score <= c[0].Score {
		t.Errorf("candidates %+v, want the whole scan and the stub with more points", c)
	}
	if e := explained(t, stub.files(t)); !e.Chosen {
		t.Errorf("%+v, want the stub", e)
	}
}

// TestOtherRulesChooseOtherwise is what a dry run is for.
func TestOtherRulesChooseOtherwise(t *testing.T) {
	t.Parallel()
	rules, err := volume.ParseRules([]byte(`{"id": "soft-first", "score": [{"name": "soft", "group": "kernel", "points": 100,
		"any": [{"fact": "kernel", "match": "^B[1-5]"}], "lost": "Another series has a soft kernel.", "why": "a test"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	bone, soft := neck(), neck()
	soft.series, soft.kernel = "1.2.3.2", "B30s"
	e, err := volume.Explain(t.Context(), append(bone.files(t), soft.files(t)...), rules, volume.Limits{})
	if err != nil || e.Rules != "soft-first" || string(e.Candidates[0].Series) != soft.series || e.Candidates[1].Lost != "Another series has a soft kernel." {
		t.Fatalf("%+v, error %v", e, err)
	}
}

// TestCandidatesAreBounded: a study of many one-image series keeps the best ones.
func TestCandidatesAreBounded(t *testing.T) {
	t.Parallel()
	in := neck().files(t)
	for i := range 300 {
		s := neck()
		s.series, s.n, s.cols, s.rows = fmt.Sprintf("1.2.4.%d", i), 1, 1, 1
		in = append(in, s.files(t)...)
	}
	if c := explained(t, in).Candidates; len(c) != 200 || string(c[0].Series) != neck().series {
		t.Fatalf("%d candidates, %+v first; want 200", len(c), c[0])
	}
}
