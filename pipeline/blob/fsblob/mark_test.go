package fsblob

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/neckfrac/neckfrac"
)

func wantMark(t *testing.T, s *Store, want string) {
	t.Helper()
	if got, err := s.StopMark(t.Context()); err != nil || got != want {
		t.Errorf("mark %q, %v; want %q", got, err, want)
	}
}

func TestMarkOutlivesTheStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantMark(t, s, "")
	if err := s.SetStopMark(t.Context(), "abc1"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ro, err := OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	wantMark(t, ro, "abc1")
	if err := ro.SetStopMark(t.Context(), "x"); neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Errorf("set in a store for reading: %v", err)
	}
	if s, err = Open(dir, Options{}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	wantMark(t, s, "abc1")
	// What somebody else wrote there is no mark.
	for _, text := range []string{"a b", strings.Repeat("x", 1<<20)} {
		if err := os.WriteFile(filepath.Join(dir, markFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		wantMark(t, s, "")
	}
}

// TestMarkThatIsNotSet: each step that fails leaves the old mark, or closes the store when
// nobody knows what the disk has.
func TestMarkThatIsNotSet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step string
		err  error
		bad  bool
		want string
	}{
		{"create", syscall.EIO, false, "old"},
		{"write", syscall.ENOSPC, false, "old"},
		{"sync", syscall.EIO, true, "old"},
		{"sync", syscall.ENOSPC, false, "old"},
		{"close", syscall.EIO, false, "old"},
		{"open dir", syscall.EIO, false, "old"},
		{"rename", syscall.EIO, false, "old"},
		{"sync dir", syscall.EIO, true, "new"},
	} {
		f := &faultFS{}
		s := faulty(t, f)
		if err := s.SetStopMark(t.Context(), "old"); err != nil {
			t.Fatal(err)
		}
		f.step, f.err = c.step, c.err
		if err := s.SetStopMark(t.Context(), "new"); neckfrac.KindOf(err) != neckfrac.Unavailable {
			t.Errorf("%s: %v", c.step, err)
		}
		f.step = ""
		wantMark(t, s, c.want)
		if left, err := os.ReadDir(filepath.Join(s.root.Name(), tmpDir)); err != nil || len(left) != 0 {
			t.Errorf("%s: %d files left, %v", c.step, len(left), err)
		}
		if err := s.SetStopMark(t.Context(), "later"); (err != nil) != c.bad {
			t.Errorf("%s: the next: %v, want closed %v", c.step, err, c.bad)
		}
	}
}
