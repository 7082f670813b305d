package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/neckfrac/neckfrac/models/phantom"
)

// runPhantom runs the command and returns the folder that it wrote to.
func runPhantom(t *testing.T, args ...string) (dir, stderr string, code int) {
	t.Helper()
	dir = t.TempDir()
	var out, errs bytes.Buffer
	args = append([]string{"phantom", "--out", dir, "--acquired", "2026-03-04T05:06:07Z"}, args...)
	code = Run(args, Runtime{Context: t.Context(), Stdin: &bytes.Buffer{}, Stdout: &out, Stderr: &errs})
	return dir, errs.String(), code
}

func TestPhantomForms(t *testing.T) {
	if testing.Short() {
		t.Skip("computes for seconds: run without -short")
	}
	t.Parallel()
	dir, stderr, code := runPhantom(t, "--seed", "5", "--protocol", "therapy", "--series", "localizer,sagittal,dose-report", "--position", "FFP",
		"--tilt=-10", "--drop-slices=3,-1", "--reverse", "--thickness", "3", "--spacing", "4")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	b, err := os.ReadFile(filepath.Join(dir, "nf-00000005", "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var truth phantom.Truth
	if err := json.Unmarshal(b, &truth); err != nil {
		t.Fatal(err)
	}
	const want = "series [localizer sagittal dose-report], position FFP, tilt -10, drop [3 -1], reverse"
	if truth.Form == nil || truth.Form.String() != want || truth.Scanner.SliceMM != 3 || truth.Scanner.SpacingMM != 4 {
		t.Errorf("form %v, slices of %v every %v mm; want %s, 3 and 4", truth.Form, truth.Scanner.SliceMM, truth.Scanner.SpacingMM, want)
	}
	n := 0
	for _, s := range truth.Series {
		n += s.Images
	}
	files, err := filepath.Glob(filepath.Join(dir, "nf-00000005", "dicom", "*.dcm"))
	if err != nil || len(files) != n || len(truth.Series) != 4 {
		t.Errorf("%d files, %v; want %+v", len(files), err, truth.Series)
	}
}

func TestPhantomRefusesForms(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--series", "axial"}, {"--position", "SITTING"}, {"--tilt", "46"}, {"--drop-slices", "0"}, {"--spacing", "0.1"}, {"--anatomy", "."}} {
		if _, stderr, code := runPhantom(t, args...); code == exitOK || stderr == "" {
			t.Errorf("%v: exit %d, %q", args, code, stderr)
		}
	}
}

func TestPhantomLayoutRSNA(t *testing.T) {
	if testing.Short() {
		t.Skip("computes for seconds: run without -short")
	}
	t.Parallel()
	dir, stderr, code := runPhantom(t, "--seed", "6", "--protocol", "therapy", "--layout", "rsna", "--pictures")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	for _, pattern := range []string{"train.csv", "train_bounding_boxes.csv", "train_images/2.25.*/1.dcm", "segmentations/2.25.*.nii", "truth/2.25.*.json", "index.json", "nf-00000006.png"} {
		if got, err := filepath.Glob(filepath.Join(dir, pattern)); err != nil || len(got) != 1 {
			t.Errorf("%s: %v, %v", pattern, got, err)
		}
	}
}
