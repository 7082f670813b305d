package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/pipeline"
)

// verifyStore runs the command and returns its exit code and lines by UID, or by digest
// where there is none.
func verifyStore(t *testing.T, dir string) (int, map[string]pipeline.StoreState) {
	t.Helper()
	var out bytes.Buffer
	code := Run([]string{"verify-store", "--data", dir, "--json"}, Runtime{Context: t.Context(), Stdout: &out, Stderr: io.Discard})
	lines := map[string]pipeline.StoreState{}
	for dec := json.NewDecoder(&out); dec.More(); {
		var e pipeline.StoreEntry
		if err := dec.Decode(&e); err != nil {
			t.Fatalf("line: %v", err)
		}
		key := string(e.Instance)
		if key == "" {
			key = e.Digest
		}
		lines[key] = e.State
	}
	return code, lines
}

// TestVerifyStore: beside a running service all is ok, and after it has stopped each kind
// of damage is told of the right instance.
func TestVerifyStore(t *testing.T) {
	t.Parallel()
	config := configFile(t, noPack+"study:\n  quiet: 1h\n")
	dir := filepath.Join(filepath.Dir(config), "data")
	c := startChild(t, config)
	s := newStudy(1)
	s.send(t, c.dicom, 0, 4)
	code, lines := verifyStore(t, dir)
	if code != exitOK || len(lines) != 4 {
		t.Fatalf("beside the service: exit %d, %v; want 0 and four lines", code, lines)
	}
	c.stop(t)

	before := fileList(t, dir)
	if code, lines = verifyStore(t, dir); code != exitOK || len(lines) != 4 {
		t.Fatalf("stopped: exit %d, %v; want 0 and four lines", code, lines)
	}
	if after := fileList(t, dir); after != before {
		t.Errorf("verify-store changed the files:\n%s\nwere\n%s", after, before)
	}

	blobs := storedFiles(t, dir, s)
	damage := []func(path string) error{
		os.Remove,
		func(path string) error { // a flipped bit
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b[len(b)/2] ^= 1
			return os.WriteFile(path, b, 0o640)
		},
		func(path string) error { return os.Truncate(path, 100) },
	}
	for k, hurt := range damage {
		if err := hurt(blobs[k]); err != nil {
			t.Fatal(err)
		}
	}
	orphan := strings.Repeat("ab", 32)
	if err := os.WriteFile(filepath.Join(dir, "blobs", "ab", orphan), []byte("x"), 0o640); err != nil {
		t.Fatal(err)
	}
	code, lines = verifyStore(t, dir)
	want := map[string]pipeline.StoreState{
		s.instance(0): pipeline.StoreMissing, s.instance(1): pipeline.StoreAltered, s.instance(2): pipeline.StoreAltered,
		s.instance(3): pipeline.StoreOK, orphan: pipeline.StoreOrphan,
	}
	if code != exitFailed || len(lines) != len(want) {
		t.Fatalf("exit %d, %v; want 1 and %v", code, lines, want)
	}
	for k, v := range want {
		if lines[k] != v {
			t.Errorf("%s is %s, want %s", k, lines[k], v)
		}
	}
}

func TestVerifyStoreOfNothing(t *testing.T) {
	t.Parallel()
	if code, _ := verifyStore(t, t.TempDir()); code != exitFailed {
		t.Errorf("exit %d, want %d", code, exitFailed)
	}
}

// fileList names the files below dir with size and time.
func fileList(t *testing.T, dir string) string {
	t.Helper()
	var list strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		if err == nil {
			list.WriteString(path + st.ModTime().String() + "\n")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list.String()
}

// storedFiles are the paths of a study's blobs by slice.
func storedFiles(t *testing.T, dir string, s testStudy) []string {
	t.Helper()
	out := make([]string, s.slices)
	err := filepath.WalkDir(filepath.Join(dir, "blobs"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || len(d.Name()) != 64 {
			return err
		}
		b, err := os.ReadFile(path)
		for k := range s.slices {
			if bytes.HasSuffix(b, s.bytes(k)) {
				out[k] = path
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
