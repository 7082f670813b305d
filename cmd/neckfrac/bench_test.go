package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// benchRecipe is a recipe of two small studies whose digest is of none.
const benchRecipe = `{"schema":1,"name":"tiny","edition":"phantom-4","anatomy":"built-in","mode":"natural","coverage":"full","protocol":"diagnostic",
"matrix":64,"max_slices":40,"seed":950000,"studies":2,"acquired":"2026-03-04T05:06:07Z","digest":"` + "DIGEST" + `"}`

func runBench(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(append([]string{"bench"}, args...), Runtime{Context: t.Context(), Stdin: &bytes.Buffer{}, Stdout: &out, Stderr: &errs})
	return out.String(), errs.String(), code
}

func TestBench(t *testing.T) {
	if testing.Short() {
		t.Skip("computes for seconds: run without -short")
	}
	t.Parallel()
	dir := t.TempDir()
	recipe := filepath.Join(dir, "tiny.json")
	write := func(digest string) {
		if err := os.WriteFile(recipe, []byte(strings.Replace(benchRecipe, "DIGEST", digest, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("")
	report := filepath.Join(dir, "report")
	out, stderr, code := runBench(t, "verify", "--recipe", recipe, "--out", report)
	if code != exitOK || !strings.Contains(out, "never clinical accuracy") || !strings.Contains(out, "not frozen") {
		t.Fatalf("exit %d: %s%s", code, out, stderr)
	}
	for _, name := range []string{"difficulty.txt", "difficulty.json", "studies.tsv", "progress.jsonl"} {
		if st, err := os.Stat(filepath.Join(report, name)); err != nil || st.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, digest, _ := strings.Cut(out, "digest ")
	digest, _, _ = strings.Cut(digest, ":")
	write(digest)
	if out, stderr, code = runBench(t, "write", "--recipe", recipe, "--out", filepath.Join(dir, "studies")); code != exitOK || !strings.Contains(out, digest) {
		t.Errorf("write: exit %d: %s%s", code, out, stderr)
	}
	write(strings.Repeat("0", 64))
	if _, stderr, code = runBench(t, "verify", "--recipe", recipe, "--out", report); code != exitFailed || !strings.Contains(stderr, "not the studies that were frozen") {
		t.Errorf("another digest: exit %d: %s", code, stderr)
	}
}

func TestBenchRefuses(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"verify"}, {"write"}, {"verify", "--out", t.TempDir(), "-n", "-1"}} {
		if _, stderr, code := runBench(t, args...); code == exitOK || stderr == "" {
			t.Errorf("%v: exit %d, %q", args, code, stderr)
		}
	}
	if _, stderr, code := runBench(t, "verify", "--recipe", filepath.Join(t.TempDir(), "none.json"), "--out", t.TempDir()); code != exitFailed || stderr == "" {
		t.Errorf("no recipe: exit %d, %q", code, stderr)
	}
}
