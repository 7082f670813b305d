package evaluate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/evaluate"
	"github.com/neckfrac/neckfrac/models/input"
	"github.com/neckfrac/neckfrac/models/level"
)

// studies writes a folder with one truth per id.
func studies(t *testing.T, ids ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, id := range ids {
		d := filepath.Join(dir, id)
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
		truth := fmt.Sprintf(`{"id":%q,"patient_label":0,"levels":{"C3":{"label":0,"occult":true,"in_field":"full"},"C5":{"label":0,"in_field":"partial"}}}`, id)
		if err := os.WriteFile(filepath.Join(d, "truth.json"), []byte(truth), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// grid is a row of nine voxels along z, one a label from C1 to C7 and two more.
var grid = input.Grid{Dims: [3]int{1, 1, 9}, SpacingMM: 1}

// answer finds the first n levels whole, each with the score of its number.
func answer(n int) evaluate.Outcome {
	x := evaluate.Outcome{Grid: grid, Scores: models.NoScores(), Blind: models.NoScores(),
		Features: map[models.Feature]float64{models.NoiseHU: 12, models.Certainty: math.NaN()}}
	x.Found.Labels = make([]uint8, grid.Len())
	for i := range n {
		x.Found.Labels[i] = uint8(i + 1)
		x.Found.Levels[i] = level.Found{Coverage: neckfrac.CoverageFull}
		x.Scores.Levels[i].Classify = float64(i)
	}
	x.Scores.Coverage = n
	return x
}

// options find the first n levels in every study whose folder does not say otherwise.
func options(in ...string) evaluate.Options {
	return evaluate.Options{Inputs: in, Workers: 2,
		Volume: func(_ context.Context, dir string) (*neckfrac.Volume, []neckfrac.Reason, error) {
			if filepath.Base(filepath.Dir(dir)) == "child" {
				return nil, nil, neckfrac.Refuse("test", neckfrac.AgeUnder18, "")
			}
			return &neckfrac.Volume{}, []neckfrac.Reason{neckfrac.Resolution}, nil
		},
		Examine: func(context.Context, *neckfrac.Volume) (evaluate.Outcome, error) { return answer(6), nil },
	}
}

func TestCollectKeepsOrderAndRefusals(t *testing.T) {
	t.Parallel()
	o := options(studies(t, "b", "a", "child"), studies(t, "z"))
	var shown []int
	o.Progress = func(done, total int) {
		if total != 4 {
			t.Errorf("total %d", total)
		}
		shown = append(shown, done)
	}
	cases, err := evaluate.Collect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range cases {
		got = append(got, c.Study+" "+string(c.Refused))
	}
	if diff := cmp.Diff([]string{"a ", "b ", "child " + string(neckfrac.AgeUnder18), "z "}, got); diff != "" {
		t.Errorf("cases (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{0, 1, 2, 3, 4}, shown); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if want := []neckfrac.Reason{neckfrac.Resolution, neckfrac.CoverageLimited}; !slices.Equal(cases[0].Limits, want) {
		t.Errorf("limits %v, want %v", cases[0].Limits, want)
	}
}

func TestCollectRefusesAsTheService(t *testing.T) {
	t.Parallel()
	short := options(studies(t, "a"))
	short.Examine = func(context.Context, *neckfrac.Volume) (evaluate.Outcome, error) { return answer(2), nil }
	outside := options(studies(t, "a"))
	outside.Gate = func(map[models.Feature]float64) (bool, error) {
		return true, neckfrac.Refuse("gate", neckfrac.OutOfDomain, "")
	}
	for want, o := range map[neckfrac.Reason]evaluate.Options{neckfrac.CoverageShort: short, neckfrac.OutOfDomain: outside} {
		cases, err := evaluate.Collect(t.Context(), o)
		if err != nil || cases[0].Refused != want {
			t.Errorf("got %v %v, want %s", cases, err, want)
		}
	}
}

func TestCollectStopsOnFaults(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk")
	o := options(studies(t, "a", "b", "c", "d"))
	o.Examine = func(context.Context, *neckfrac.Volume) (evaluate.Outcome, error) { return evaluate.Outcome{}, broken }
	if _, err := evaluate.Collect(t.Context(), o); !errors.Is(err, broken) {
		t.Errorf("fault: %v", err)
	}
	if _, err := evaluate.Collect(t.Context(), options(studies(t, "a"), studies(t, "a"))); neckfrac.KindOf(err) != neckfrac.Conflict {
		t.Errorf("one study twice: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := evaluate.Collect(ctx, options(studies(t, "a", "b"))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := evaluate.Collect(t.Context(), evaluate.Options{}); neckfrac.KindOf(err) != neckfrac.Invalid {
		t.Errorf("no options: %v", err)
	}
}

// TestMasksByHand: truth is C1..C7 in voxels 0..6, the answer calls C3 what is C4.
func TestMasksByHand(t *testing.T) {
	t.Parallel()
	o := options(studies(t, "a"))
	o.Labels = func(path string) (*neckfrac.Labels, error) {
		if filepath.Base(path) != "labels.nii.gz" {
			t.Errorf("read %s", path)
		}
		l := &neckfrac.Labels{Grid: neckfrac.Grid{Dims: [3]int{1, 1, 9}, SpacingMM: neckfrac.Vec3{1, 1, 1},
			Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, -1}}}}
		l.Voxel = []uint8{1, 2, 3, 4, 5, 6, 7, 8, 0}
		return l, nil
	}
	o.Examine = func(context.Context, *neckfrac.Volume) (evaluate.Outcome, error) {
		x := answer(7)
		x.Found.Labels = []uint8{1, 2, 0, 3, 3, 6, 7, 8, 0}
		x.Found.Levels[3], x.Found.Levels[4] = level.Found{}, level.Found{}
		return x, nil
	}
	cases, err := evaluate.Collect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []evaluate.LevelCase{
		{Coverage: neckfrac.CoverageFull, Named: true, Dice: 1}, {Coverage: neckfrac.CoverageFull, Named: true, Dice: 1},
		{Coverage: neckfrac.CoverageFull}, {}, {},
		{Coverage: neckfrac.CoverageFull, Named: true, Dice: 1}, {Coverage: neckfrac.CoverageFull, Named: true, Dice: 1},
	} {
		if got := cases[0].Levels[i]; got != want {
			t.Errorf("C%d: got %+v, want %+v", i+1, got, want)
		}
	}
}

func TestWriteScores(t *testing.T) {
	t.Parallel()
	cases, err := evaluate.Collect(t.Context(), options(studies(t, "a", "child")))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := evaluate.WriteScores(&b, "calib", cases); err != nil {
		t.Fatal(err)
	}
	var got any
	dec := json.NewDecoder(&b)
	if err := dec.Decode(&got); err != nil || dec.More() {
		t.Fatalf("%v, more rows %v: want one row, the refused study has none", err, dec.More())
	}
	// The patient is broken though nothing can be seen: the fit leaves such patients out.
	want := `{"study":"a","split":"calib","patient_label":1,"model1_patient":null,"noise":12,"coverage":6,"features":{"noise_hu":12},"levels":[
{"level":"C1","label":0,"occult":false,"in_field":"none","classify":0,"model1":null},
{"level":"C2","label":0,"occult":false,"in_field":"none","classify":1,"model1":null},
{"level":"C3","label":0,"occult":true,"in_field":"full","classify":2,"model1":null},
{"level":"C4","label":0,"occult":false,"in_field":"none","classify":3,"model1":null},
{"level":"C5","label":0,"occult":false,"in_field":"partial","classify":4,"model1":null},
{"level":"C6","label":0,"occult":false,"in_field":"none","classify":5,"model1":null},
{"level":"C7","label":0,"occult":false,"in_field":"none","classify":null,"model1":null}]}`
	var wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
}
