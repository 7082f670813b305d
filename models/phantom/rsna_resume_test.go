package phantom_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// filesBelow reads a folder by relative name.
func filesBelow(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		out[name] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRSNALayoutGoesOn: a run that was stopped after a study and in the middle of a line
// of its journal ends with the files of a run that was not, and makes no study twice.
func TestRSNALayoutGoesOn(t *testing.T) {
	long(t)
	t.Parallel()
	c := small(420)
	c.Mode, c.Protocol = phantom.Enriched, phantom.ProtocolTherapy
	whole, dir := t.TempDir(), t.TempDir()
	set := phantom.Set{First: c, Count: 3, Acquired: acquired, Layout: phantom.LayoutRSNA}
	want, err := set.Write(t.Context(), whole)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := set
	stopped.Progress = func(done, _ int) {
		if done == 1 {
			cancel()
		}
	}
	if _, err := stopped.Write(ctx, dir); neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Fatalf("stopped run: %v, want unavailable", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "train.csv")); err == nil {
		t.Error("a stopped run has a train.csv")
	}
	other := set
	other.First.Seed++
	if _, err := other.Write(t.Context(), dir); neckfrac.KindOf(err) != neckfrac.Conflict {
		t.Errorf("another seed into the folder: %v, want conflict", err)
	}
	other = set
	other.First.Form.Reverse = true
	if _, err := other.Write(t.Context(), dir); neckfrac.KindOf(err) != neckfrac.Conflict {
		t.Errorf("another form into the folder: %v, want conflict", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "progress.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"study":{"id":"nf-`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	var steps []int
	set.Progress = func(done, _ int) { steps = append(steps, done) }
	got, err := set.Write(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1, 2, 3}, steps); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("index (-whole +resumed):\n%s", diff)
	}
	a, b := filesBelow(t, whole), filesBelow(t, dir)
	for name := range a {
		if !bytes.Equal(a[name], b[name]) {
			t.Errorf("%s differs", name)
		}
	}
	if len(a) != len(b) {
		t.Errorf("%d files, want %d", len(b), len(a))
	}
}

func TestRSNALayoutRefusesFewer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := small(420)
	set := phantom.Set{First: c, Count: 1, Acquired: acquired, Layout: phantom.LayoutRSNA}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := set.Write(ctx, dir); neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Fatalf("cancelled run: %v", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "progress.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("{\"study\":{\"id\":\"a\"}}\n{\"study\":{\"id\":\"b\"}}\n")
	f.Close()
	if _, err := set.Write(t.Context(), dir); neckfrac.KindOf(err) != neckfrac.Conflict {
		t.Errorf("fewer studies than the journal: %v, want conflict", err)
	}
}
