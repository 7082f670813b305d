package bench_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/bench"
	"github.com/neckfrac/neckfrac/models/evaluate"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// tiny is a recipe of small studies.
func tiny(t *testing.T) bench.Recipe {
	t.Helper()
	long(t)
	r, err := bench.ParseRecipe([]byte(recipe))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sameNumbers takes NaN for equal, and a number for what JSON keeps of it.
var sameNumbers = cmp.Options{
	cmp.Comparer(func(a, b evaluate.Number) bool { return a == b || a != a && b != b }),
	cmpopts.IgnoreUnexported(phantom.Scanner{}),
}

func TestRunGoesOn(t *testing.T) {
	t.Parallel()
	r := tiny(t)
	whole, err := bench.Run{Recipe: r, Dir: t.TempDir()}.Studies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	_, err = bench.Run{Recipe: r, Dir: dir, Progress: func(done, count int) {
		if done == 2 && count == 3 {
			stop()
		}
	}}.Studies(ctx)
	if neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Fatalf("stopped after two: %v", err)
	}
	journal := filepath.Join(dir, "progress.jsonl")
	cut(t, journal, 10) // the second study's line was being written
	var made int
	got, err := bench.Run{Recipe: r, Dir: dir, Progress: func(int, int) { made++ }}.Studies(t.Context())
	if err != nil || made != 2 {
		t.Fatalf("%d studies made after one was whole, %v", made, err)
	}
	if diff := cmp.Diff(whole, got, sameNumbers); diff != "" {
		t.Errorf("a run that was stopped (-whole +stopped):\n%s", diff)
	}
	if got, err = (bench.Run{Recipe: r, Dir: dir, Count: 1}).Studies(t.Context()); err != nil || len(got) != 1 {
		t.Errorf("the first alone: %d, %v", len(got), err)
	}
}

// cut takes the last bytes off a file.
func cut(t *testing.T, name string, n int64) {
	t.Helper()
	st, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, st.Size()-n); err != nil {
		t.Fatal(err)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	r := tiny(t)
	dir := t.TempDir()
	if _, err := (bench.Run{Recipe: r, Dir: dir, Count: 1}).Studies(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := r
	other.Seed++
	if _, err := (bench.Run{Recipe: other, Dir: dir}).Studies(t.Context()); neckfrac.KindOf(err) != neckfrac.Conflict {
		t.Errorf("another recipe in the folder: %v", err)
	}
	for _, count := range []int{-1, 4} {
		if _, err := (bench.Run{Recipe: r, Dir: dir, Count: count}).Studies(t.Context()); neckfrac.KindOf(err) != neckfrac.Invalid {
			t.Errorf("%d of three studies: %v", count, err)
		}
	}
	if _, err := (bench.Run{Dir: dir}).Studies(t.Context()); neckfrac.KindOf(err) != neckfrac.Invalid {
		t.Errorf("no recipe: %v", err)
	}
	// What the folder has was made by a generator that drew something else.
	name := filepath.Join(dir, "progress.jsonl")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte(`"digest":"`)) + len(`"digest":"`)
	at += bytes.Index(b[at:], []byte(`"digest":"`)) + len(`"digest":"`) // the first is the recipe's in the head
	copy(b[at:], strings.Repeat("0", 8))
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := (bench.Run{Recipe: r, Dir: dir}).Studies(t.Context()); neckfrac.KindOf(err) != neckfrac.Conflict {
		t.Errorf("another generator: %v", err)
	}
}

// TestWrittenIsWhatIsVerified: the studies on disk have the digest of those that are made
// in memory, twins stand beside the positives alone, and a second run keeps all.
func TestWrittenIsWhatIsVerified(t *testing.T) {
	t.Parallel()
	r := tiny(t)
	r.Mode = "enriched"
	dir := t.TempDir()
	f := bench.Files{Recipe: r}
	ix, err := f.Write(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	studies, err := bench.Run{Recipe: r, Dir: t.TempDir()}.Studies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := bench.Compare(r, nil, studies).Digest; got != ix.Digest {
		t.Errorf("written %s, in memory %s", ix.Digest, got)
	}
	if got := bench.CompareIndex(r, ix).Verdict; got != bench.NotFrozen {
		t.Errorf("without a digest: %s", got)
	}
	r.Digest = ix.Digest
	if got := bench.CompareIndex(r, ix).Verdict; got != bench.Equal {
		t.Errorf("its own digest: %s", got)
	}
	ix.Studies[1].Patient = 0
	ix.Studies[0].Patient = 1
	twins, err := f.WriteTwins(t.Context(), dir, ix)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range twins.Studies {
		if e.ID == ix.Studies[1].ID || e.Patient != 0 {
			t.Errorf("twin %+v", e)
		}
	}
	if twins.Studies[0].Digest == ix.Studies[0].Digest {
		t.Error("the twin is its patient")
	}
	if got, err := filepath.Glob(filepath.Join(dir, bench.TwinsDir, "nf-*", "truth.json")); err != nil || len(got) != len(twins.Studies) {
		t.Errorf("%d twins on disk, %v; want %d", len(got), err, len(twins.Studies))
	}
	again, err := f.WriteTwins(t.Context(), dir, ix)
	if diff := cmp.Diff(twins, again); err != nil || diff != "" {
		t.Errorf("a second run: %v\n%s", err, diff)
	}
	ix.Studies[0].Seed = r.Seed + 3
	if _, err := f.WriteTwins(t.Context(), dir, ix); neckfrac.KindOf(err) != neckfrac.Invalid {
		t.Errorf("an index of another recipe: %v", err)
	}
}
