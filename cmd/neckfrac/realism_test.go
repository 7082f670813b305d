package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/models/realism"
)

// A set compared with itself is alike in every measure, and leaves nothing out.
func TestDatasetRealism(t *testing.T) {
	if testing.Short() {
		t.Skip("computes for seconds: run without -short")
	}
	t.Parallel()
	in, stderr, code := runPhantom(t, "--seed", "5001", "-n", "2", "--protocol", "therapy", "--coverage", "full", "--spacing", "3")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	for _, extra := range [][]string{nil, {"--whole"}} {
		dir := t.TempDir()
		var out, errs bytes.Buffer
		args := append([]string{"dataset", "realism", "--real", in, "--synthetic", in, "--out", dir, "--cell", "5.1,5.1,3"}, extra...)
		if code := Run(args, Runtime{Context: t.Context(), Stdout: &out, Stderr: &errs}); code != exitOK {
			t.Fatalf("%v: exit %d: %s", extra, code, &errs)
		}
		var r realism.Report
		b, err := os.ReadFile(filepath.Join(dir, "realism.json"))
		if err == nil {
			err = json.Unmarshal(b, &r)
		}
		if err != nil {
			t.Fatal(err)
		}
		if r.Real != 2 || r.Synthetic != 2 || len(r.Rows) < 20 {
			t.Errorf("%v: %d real, %d synthetic, %d rows", extra, r.Real, r.Synthetic, len(r.Rows))
		}
		for _, row := range r.Rows {
			if row.KS != 0 || !row.MedianInside {
				t.Errorf("%v: a set differs from itself: %+v", extra, row)
			}
		}
		if !strings.Contains(out.String(), "synthetic scans left out: 0 coarser") {
			t.Errorf("%v: output lacks what was left out:\n%s", extra, &out)
		}
		st, err := os.Stat(filepath.Join(dir, "patches.i16"))
		if extra == nil && (err != nil || st.Size() == 0 || st.Size()%(2*realism.PatchX*realism.PatchY*realism.PatchZ) != 0) {
			t.Errorf("patches: %v", err)
		}
		if extra != nil && (err == nil || len(r.Gates) != 0) {
			t.Errorf("patches or %d gates without marks", len(r.Gates))
		}
	}
}

func TestDatasetRealismRefuses(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	for name, args := range map[string][]string{
		"nothing real": {"--real", empty, "--synthetic", empty},
		"no folder":    {"--real", filepath.Join(empty, "none"), "--synthetic", empty},
		"two cells":    {"--real", empty, "--synthetic", empty, "--cell", "4,4"},
	} {
		var out, errs bytes.Buffer
		args = append([]string{"dataset", "realism", "--out", t.TempDir()}, args...)
		if code := Run(args, Runtime{Context: t.Context(), Stdout: &out, Stderr: &errs}); code == exitOK || errs.Len() == 0 {
			t.Errorf("%s: exit %d, %q", name, code, &errs)
		}
	}
}
