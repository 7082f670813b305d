package onnx_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/input"
	"github.com/neckfrac/neckfrac/models/onnx"
)

// library gives the run time's path, or skips: a plain test run needs none.
func library(t testing.TB) string {
	t.Helper()
	path, err := onnx.FindLibrary("")
	if err == nil {
		return path
	}
	if os.Getenv("NECKFRAC_REQUIRE_ORT") == "1" {
		t.Fatal(err)
	}
	t.Skip("no ONNX Runtime library: set " + onnx.LibraryEnv)
	return ""
}

// lesionMM is the middle of the lesion of the test neck, in C5.
var lesionMM = neckfrac.Vec3{8, -6, -15}

// neck is a stack of blocks 14 mm high and 18 mm apart, each as bright as its label
// says, from topMM downwards. A cube of 6 mm in C5 is brighter still.
func neck(topMM float64, broken bool) *neckfrac.Volume {
	g := neckfrac.Grid{Dims: [3]int{80, 80, 160}, SpacingMM: neckfrac.Vec3{1, 1, 1}, OriginMM: neckfrac.Vec3{-40, -40, -80},
		Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}
	v := &neckfrac.Volume{Grid: g, HU: make([]int16, g.Len()), Source: make([]neckfrac.InstanceUID, g.Dims[2])}
	for k := range g.Dims[2] {
		v.Source[k] = neckfrac.InstanceUID(fmt.Sprintf("1.2.3.%d", k))
		for j := range g.Dims[1] {
			for i := range g.Dims[0] {
				mm := g.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)})
				v.HU[g.Index(i, j, k)] = int16(brightness(mm, topMM, broken))
			}
		}
	}
	return v
}

func brightness(mm neckfrac.Vec3, topMM float64, broken bool) float64 {
	d := topMM - mm[2]
	n := int(math.Floor(d/18)) + 1
	if d < 0 || n > 7 || math.Mod(d, 18) > 14 || math.Abs(mm[0]) > 15 || math.Abs(mm[1]) > 12 {
		return levelHU(0)
	}
	if broken && math.Abs(mm[0]-lesionMM[0]) <= 3 && math.Abs(mm[1]-lesionMM[1]) <= 3 && math.Abs(mm[2]-lesionMM[2]) <= 3 {
		return 1300
	}
	return levelHU(n)
}

// exported is a folder of test graphs as training leaves it.
func exported(t testing.TB) string {
	t.Helper()
	in := t.TempDir()
	specs := input.FirstForm()
	var entries []map[string]any
	add := func(name string, b []byte, spec any) {
		if err := os.WriteFile(filepath.Join(in, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, map[string]any{"file": name, "input_spec": spec})
	}
	add("model2_segment.onnx", segmentGraph(), specs.Segment)
	add("model2_segment.f1.onnx", segmentGraph(), specs.Segment)
	add("model2_classify.onnx", classifyGraph(), specs.Classify)
	add("model1_patient.onnx", model1Graph(), specs.Model1)
	add("model1_c5.onnx", model1Graph(), specs.Model1)
	b, _ := json.Marshal(map[string]any{"recipe": "test", "models": entries})
	os.WriteFile(filepath.Join(in, "models.json"), b, 0o644)
	os.WriteFile(filepath.Join(in, "MODEL_CARD.md"), []byte("# Test\n"), 0o644)
	os.WriteFile(filepath.Join(in, "fit.json"), []byte(testFit), 0o644)
	return in
}

// pack builds and signs a pack of the test graphs.
func pack(t testing.TB) *models.Pack {
	t.Helper()
	in, out := exported(t), filepath.Join(t.TempDir(), "pack")
	if _, err := models.Build(models.BuildOptions{In: in, Out: out, ID: "test", Version: "1", IntendedUse: "tests",
		Domain: neckfrac.DomainSynthetic, Training: models.Training{Data: "none"}}); err != nil {
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

var testFit = strings.ReplaceAll(`{"schema":1,"source":{"split":"calib","studies":3},
"level":{"members":{"classify":{"a":1,"b":0},"model1":{"a":1,"b":0}},"weights":{"classify":0.5,"model1":0.5},"platt":{"a":1,"b":0},
"offsets":{"C1":0,"C2":0,"C3":0,"C4":0,"C5":0,"C6":0,"C7":0},"prevalence":0.1,"points":POINTS,
"grades":[{"name":"low","from":0.2},{"name":"medium","from":0.5},{"name":"high","from":0.8}]},
"patient":{"features":["highest"],"mean":[0],"sd":[1],"weights":[1],"intercept":0,"prevalence":0.5,"points":POINTS}}`, "POINTS",
	`[{"name":"second-look","threshold":0.2,"sensitivity_ci":[0,1],"specificity_ci":[0,1]},
{"name":"balanced","threshold":0.5,"sensitivity_ci":[0,1],"specificity_ci":[0,1]},{"name":"alert","threshold":0.8,"sensitivity_ci":[0,1],"specificity_ci":[0,1]}]`)

func predictor(t testing.TB, o onnx.Options) *onnx.Predictor {
	t.Helper()
	o.Library = library(t)
	p, err := onnx.Open(pack(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestPredictFindsTheLesion(t *testing.T) {
	t.Parallel()
	p := predictor(t, onnx.Options{Threads: 1, Parallel: 2})
	got, err := p.Predict(t.Context(), neck(66, true))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Reasons) != 0 || got.Pack != p.Pack() || got.Mask == nil {
		t.Errorf("reasons %v, pack %v", got.Reasons, got.Pack)
	}
	for i, l := range got.Levels {
		if l.Coverage != neckfrac.CoverageFull {
			t.Errorf("%v is %v", l.Vertebra, l.Coverage)
		}
		middle := 66 - 18*float64(i) - 7
		if math.Abs(l.CentroidMM[2]-middle) > 1.5 || math.Abs(l.CentroidMM[0]) > 1.5 {
			t.Errorf("%v at %v, want z %v", l.Vertebra, l.CentroidMM, middle)
		}
		if broken := l.Vertebra == neckfrac.C5; broken != (l.Probability > 0.5) {
			t.Errorf("%v: probability %v, scores %v", l.Vertebra, l.Probability, l.Scores)
		}
	}
	c5 := got.Levels[neckfrac.C5.Index()]
	// Both members see the lesion: 20*1-17 and 20*(1150/1900)-10; their mean is calibrated.
	if want := 1 / (1 + math.Exp(-(3+20*1150.0/1900-10)/2)); math.Abs(c5.Probability-want) > 1e-3 {
		t.Errorf("C5: %v, want %v", c5.Probability, want)
	}
	if !c5.Lesion.Contains(lesionMM) || c5.Lesion.Max[0]-c5.Lesion.Min[0] > 20 {
		t.Errorf("lesion %v, want around %v", c5.Lesion, lesionMM)
	}
	if z := float64(c5.KeyIndex) - 80; math.Abs(z-lesionMM[2]) > 3.5 || c5.KeySlice != neckfrac.InstanceUID(fmt.Sprintf("1.2.3.%d", c5.KeyIndex)) {
		t.Errorf("key slice %d %q", c5.KeyIndex, c5.KeySlice)
	}
	again, err := p.Predict(t.Context(), neck(66, true))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("a second run differs:\n%s", diff)
	}
	whole, err := p.Predict(t.Context(), neck(66, false))
	if err != nil {
		t.Fatal(err)
	}
	if whole.Patient > 0.2 || got.Patient < 0.8 {
		t.Errorf("patient: whole %v, broken %v", whole.Patient, got.Patient)
	}
}

func TestPredictCutStack(t *testing.T) {
	t.Parallel()
	p := predictor(t, onnx.Options{Threads: 1})
	// The stack ends in the upper half of C3.
	_, err := p.Predict(t.Context(), neck(-38, false))
	r, ok := neckfrac.AsRefused(err)
	if !ok || r.Reason != neckfrac.CoverageShort || r.Level != neckfrac.C2 {
		t.Fatalf("got %v", err)
	}
	x, err := p.Examine(t.Context(), neck(-38, false))
	if err != nil {
		t.Fatal(err)
	}
	if x.Found.Full() != 2 || x.Found.Levels[2].Coverage != neckfrac.CoveragePartial || !math.IsNaN(x.Scores.Levels[4].Classify) {
		t.Errorf("full %d, C3 %v", x.Found.Full(), x.Found.Levels[2].Coverage)
	}
	empty := neck(66, false)
	clear(empty.HU)
	if _, err := p.Predict(t.Context(), empty); neckfrac.KindOf(err) != neckfrac.Refused {
		t.Errorf("a volume without bone: %v", err)
	}
}

func TestBlindSeesNothing(t *testing.T) {
	t.Parallel()
	p := predictor(t, onnx.Options{Threads: 1, Blind: true})
	x, err := p.Examine(t.Context(), neck(66, true))
	if err != nil {
		t.Fatal(err)
	}
	c5 := neckfrac.C5.Index()
	if s := x.Scores.Levels[c5]; s.Classify < 0 || s.Model1 < 0 {
		t.Errorf("seen: %+v", s)
	}
	for i, s := range x.Blind.Levels {
		if !(s.Classify <= -9) || i == c5 && !(s.Model1 <= -9) || i != c5 && !math.IsNaN(s.Model1) {
			t.Errorf("blind, level %d: %+v", i+1, s)
		}
	}
	if !(x.Blind.Model1Patient <= -9) || x.Blind.Coverage != x.Scores.Coverage {
		t.Errorf("blind: %+v", x.Blind)
	}
}

// TestGraphsScoreAsTheirPack: the table that a fit is made from must hold what the
// service will see.
func TestGraphsScoreAsTheirPack(t *testing.T) {
	t.Parallel()
	lib := library(t)
	g, err := models.OpenGraphs(exported(t))
	if err != nil {
		t.Fatal(err)
	}
	e, err := onnx.OpenGraphs(g, onnx.Options{Library: lib, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	got, err := e.Examine(t.Context(), neck(66, true))
	if err != nil {
		t.Fatal(err)
	}
	want, err := predictor(t, onnx.Options{Threads: 1}).Examine(t.Context(), neck(66, true))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Scores, got.Scores, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("scores (-pack +graphs):\n%s", diff)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	p := predictor(t, onnx.Options{Threads: 1})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Predict(ctx, neck(66, false)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	ctx, cancel = context.WithDeadline(t.Context(), time.Now().Add(5*time.Millisecond))
	defer cancel()
	if _, err := p.Predict(ctx, neck(66, false)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("deadline: %v", err)
	}
	if _, err := p.Predict(t.Context(), neck(66, false)); err != nil {
		t.Errorf("after a terminated run: %v", err)
	}
}

func TestSegmenterAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s.onnx")
	os.WriteFile(path, segmentGraph(), 0o644)
	s, err := onnx.OpenSegmenter(input.FirstForm().Segment, onnx.Options{Library: library(t)}, path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	stack, err := input.NewStack(neck(66, false))
	if err != nil {
		t.Fatal(err)
	}
	f, err := stack.Field(input.FirstForm().Segment)
	if err != nil {
		t.Fatal(err)
	}
	labels, err := s.Label(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for x := range f.Dims[0] {
		for y := range f.Dims[1] {
			for z := range f.Dims[2] {
				mm := f.ToMM(float64(x), float64(y), float64(z))
				want := uint8(math.Round((brightness(mm, 66, false) - 200) / 100))
				if brightness(mm, 66, false) == 0 {
					want = 0
				}
				if labels[f.Index(x, y, z)] != want {
					wrong++
				}
			}
		}
	}
	if share := float64(wrong) / float64(f.Len()); share > 0.03 { // the blurred rims
		t.Errorf("%.3f of the voxels are mislabelled", share)
	}
	if len(s.ID()) != 64 {
		t.Errorf("id %q", s.ID())
	}
}

func TestGraphsThatDoNotFit(t *testing.T) {
	t.Parallel()
	lib := library(t)
	dir := t.TempDir()
	for name, b := range map[string][]byte{"text.onnx": []byte("not a graph"), "empty.onnx": nil, "names.onnx": classifyGraph()} {
		path := filepath.Join(dir, name)
		os.WriteFile(path, b, 0o644)
		s, err := onnx.OpenSegmenter(input.FirstForm().Segment, onnx.Options{Library: lib}, path)
		if err != nil {
			if neckfrac.KindOf(err) != neckfrac.Invalid {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		stack, _ := input.NewStack(neck(66, false))
		f, _ := stack.Field(input.FirstForm().Segment)
		if _, err := s.Label(t.Context(), f); err == nil {
			t.Errorf("%s labels a field", name)
		}
		s.Close()
	}
}

func TestFindLibraryNamesWhatItTried(t *testing.T) {
	t.Parallel()
	_, err := onnx.FindLibrary("/nonexistent/lib.so")
	if neckfrac.KindOf(err) != neckfrac.Unavailable || !strings.Contains(err.Error(), "/nonexistent/lib.so") || !strings.Contains(err.Error(), onnx.LibraryEnv) {
		t.Errorf("%v", err)
	}
}

func BenchmarkPredict(b *testing.B) {
	p := predictor(b, onnx.Options{})
	v := neck(66, true)
	for b.Loop() {
		if _, err := p.Predict(context.Background(), v); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleFindLibrary() {
	_, err := onnx.FindLibrary("/nonexistent/lib.so")
	fmt.Println(neckfrac.KindOf(err))
	// Output: unavailable
}
