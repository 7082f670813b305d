package onnx_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/onnx"
)

func TestParseDevice(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]onnx.Device{"": onnx.Auto, "auto": onnx.Auto, "cpu": onnx.CPU, "cuda": onnx.CUDA} {
		if got, err := onnx.ParseDevice(in); got != want || err != nil {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"gpu", "CUDA", "cuda:1"} {
		if _, err := onnx.ParseDevice(in); neckfrac.KindOf(err) != neckfrac.Invalid {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// TestCUDARefusal: where CUDA is asked for and absent the error is one line that says
// what to do, whether the device or the library is missing.
func TestCUDARefusal(t *testing.T) {
	t.Parallel()
	lib := library(t)
	if _, err := onnx.Load(lib); err != nil {
		t.Fatal(err)
	}
	dev := t.TempDir()
	check := func(err error, word string) {
		t.Helper()
		if neckfrac.KindOf(err) != neckfrac.Unavailable || !strings.Contains(err.Error(), word) || !strings.Contains(err.Error(), "models.device") {
			t.Errorf("got %v, want a word of %q", err, word)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("more than a line: %q", err)
		}
	}
	check(onnx.CUDAAvailable(dev), "no NVIDIA device")
	if err := os.WriteFile(filepath.Join(dev, "nvidia0"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := onnx.CUDAAvailable(dev); err == nil {
		t.Log("this library has the CUDA provider")
	} else {
		check(err, "no CUDA provider")
	}
	if onnx.CUDAAvailable("/dev") == nil {
		t.Skip("this machine has a GPU; the refusal by Open can't be seen")
	}
	_, err := onnx.Open(pack(t), onnx.Options{Library: lib, Device: onnx.CUDA})
	check(err, "cuda")
	p, err := onnx.Open(pack(t), onnx.Options{Library: lib, Device: onnx.Auto})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.Device() != onnx.CPU {
		t.Errorf("auto without a GPU is %q", p.Device())
	}
}

// TestAnswersDoNotDependOnHowTheyAreRun: threads, batches and IO binding may change the
// time, not the answer. On a machine with a GPU the device too.
func TestAnswersDoNotDependOnHowTheyAreRun(t *testing.T) {
	t.Parallel()
	v := neck(66, true)
	want, err := predictor(t, onnx.Options{Threads: 1, Device: onnx.CPU}).Examine(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	many := predictor(t, onnx.Options{Threads: 4, Device: onnx.CPU})
	bound := predictor(t, onnx.Options{Threads: 2, Device: onnx.CPU})
	bound.Bind()
	for name, p := range map[string]*onnx.Predictor{"four threads": many, "bound": bound, "auto": predictor(t, onnx.Options{})} {
		got, err := p.Examine(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		near := cmp.Options{cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-3)}
		if diff := cmp.Diff(want.Scores, got.Scores, near); diff != "" {
			t.Errorf("%s, scores:\n%s", name, diff)
		}
		if diff := cmp.Diff(want.Levels, got.Levels, near); diff != "" {
			t.Errorf("%s, levels:\n%s", name, diff)
		}
		if !cmp.Equal(want.Found, got.Found) {
			t.Errorf("%s: other vertebrae", name)
		}
	}
}

func TestRunTimeout(t *testing.T) {
	t.Parallel()
	p := predictor(t, onnx.Options{Threads: 1, RunTimeout: time.Nanosecond})
	if _, err := p.Predict(t.Context(), neck(66, false)); neckfrac.KindOf(err) != neckfrac.Unavailable || !strings.Contains(err.Error(), "too long") {
		t.Errorf("got %v", err)
	}
}

func TestTraceHearsOfEveryRun(t *testing.T) {
	t.Parallel()
	runs := make(chan onnx.Run, 1000)
	p := predictor(t, onnx.Options{Threads: 2, Trace: func(r onnx.Run) { runs <- r }})
	if _, err := p.Predict(t.Context(), neck(66, true)); err != nil {
		t.Fatal(err)
	}
	close(runs)
	seen := map[string]int64{}
	for r := range runs {
		seen[r.File] += r.Shape[0]
		if r.Took <= 0 {
			t.Errorf("%s took %s", r.File, r.Took)
		}
	}
	if seen["model2_classify.onnx"] != 7 || seen["model2_segment.onnx"] == 0 || seen["model2_segment.onnx"] != seen["model2_segment.f1.onnx"] ||
		seen["model1_patient.onnx"] <= seen["model1_c5.onnx"] || seen["model1_c5.onnx"] == 0 {
		t.Errorf("slices by graph: %v", seen)
	}
}
