package onnx_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/input"
	"github.com/neckfrac/neckfrac/models/onnx"
)

// TestNothingIsLeftOfARun is not parallel: it counts the handles of the process.
func TestNothingIsLeftOfARun(t *testing.T) {
	lib := library(t)
	none := onnx.Handles()
	for name, n := range none {
		if n != 0 {
			t.Fatalf("%d %s before the first run", n, name)
		}
	}
	p, err := onnx.Open(pack(t), onnx.Options{Library: lib, Threads: 2, Blind: true})
	if err != nil {
		t.Fatal(err)
	}
	open := onnx.Handles()
	if open["sessions"] != 5 || open["options"] != 0 || open["tensors"] != 0 {
		t.Errorf("an idle predictor of five graphs holds %v", open)
	}
	v := neck(66, true)
	after := func(what string, wantErr bool, err error) {
		t.Helper()
		if (err != nil) != wantErr {
			t.Errorf("%s: %v", what, err)
		}
		if diff := cmp.Diff(open, onnx.Handles()); diff != "" {
			t.Errorf("%s (-before +after):\n%s", what, diff)
		}
	}
	_, err = p.Predict(t.Context(), v)
	after("a run", false, err)
	for _, d := range []time.Duration{0, time.Millisecond, 5 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		_, err = p.Predict(ctx, v)
		cancel()
		after("a run of "+d.String(), true, err)
	}
	p.Bind()
	_, err = p.Predict(t.Context(), v)
	after("a bound run", false, err)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(none, onnx.Handles()); diff != "" {
		t.Errorf("after Close (-none +left):\n%s", diff)
	}
	failedRuns(t, lib)
	if diff := cmp.Diff(none, onnx.Handles()); diff != "" {
		t.Errorf("after failures (-none +left):\n%s", diff)
	}
}

// failedRuns loads what is no graph, half a pack, and a graph that answers in another
// shape.
func failedRuns(t *testing.T, lib string) {
	t.Helper()
	dir := exported(t)
	if err := os.WriteFile(filepath.Join(dir, "model1_c5.onnx"), []byte("not a graph"), 0o644); err != nil {
		t.Fatal(err)
	}
	g, err := models.OpenGraphs(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := onnx.OpenGraphs(g, onnx.Options{Library: lib}); neckfrac.KindOf(err) != neckfrac.Invalid {
		t.Errorf("a broken graph: %v", err)
	}
	path := filepath.Join(dir, "names.onnx")
	if err := os.WriteFile(path, graph(value("slices", -1, 3, -1, -1), []pb{value("logits", -1, 9, -1, -1)},
		[]pb{node("Conv", []string{"slices", "w"}, "logits")}, []pb{floats("w", []int64{2, 3, 1, 1}, 1, 1, 1, 1, 1, 1)}), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := onnx.OpenSegmenter(input.FirstForm().Segment, onnx.Options{Library: lib}, path)
	if err != nil {
		return // refused at once is as well
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
	if _, err := s.Label(t.Context(), f); err == nil {
		t.Error("two maps for nine classes are taken")
	}
}
