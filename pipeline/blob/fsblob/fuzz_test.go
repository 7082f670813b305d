package fsblob

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
)

// FuzzUIDPath: whatever stands where a digest should, and every UID that a peer may send
// in its place, opens, makes and removes nothing outside the store and no file of its own
// beside the blobs.
func FuzzUIDPath(f *testing.F) {
	top := f.TempDir()
	s, err := Open(filepath.Join(top, "blobs"), Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	ref, err := s.Put(f.Context(), strings.NewReader("kept"), 10)
	if err != nil {
		f.Fatal(err)
	}
	outside := filepath.Join(top, "outside")
	if err := os.WriteFile(outside, []byte("kept"), 0o600); err != nil {
		f.Fatal(err)
	}
	before := names(f, top)
	for _, name := range []string{ref.Digest, "..", "../outside", "1.2.840.10008.1.2", "..1.2", "/etc/passwd", "aa/../../outside", "lock", "tmp/x", "a\x00b", strings.Repeat("a", 64), strings.Repeat("../", 21) + "a", ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		file, err := s.Open(t.Context(), neckfrac.BlobRef{Digest: name, Size: 4})
		if (err == nil) != (name == ref.Digest) {
			t.Fatalf("open %q: %v", name, err)
		}
		if err == nil {
			file.Close()
		} else if k := neckfrac.KindOf(err); k != neckfrac.Invalid && k != neckfrac.NotFound {
			t.Fatalf("open %q: kind %v", name, k)
		}
		if name != ref.Digest {
			// An error is Invalid; none means that there was no such blob.
			if err := s.Remove(t.Context(), neckfrac.BlobRef{Digest: name}); err != nil && neckfrac.KindOf(err) != neckfrac.Invalid {
				t.Fatalf("remove %q: %v", name, err)
			}
		}
		for _, p := range []string{outside, filepath.Join(top, "blobs", path(ref.Digest)), filepath.Join(top, "blobs", lockFile)} {
			if _, err := os.Lstat(p); err != nil {
				t.Fatalf("%q: %v", name, err)
			}
		}
		if len(name) < 3 || strings.ContainsAny(name, "./") { // listing 258 folders is slow: where a path could lead out
			if after := names(t, top); !slices.Equal(after, before) {
				t.Fatalf("%q: %d names, were %d", name, len(after), len(before))
			}
		}
	})
}

// names lists everything below a folder.
func names(tb testing.TB, top string) []string {
	tb.Helper()
	var out []string
	err := filepath.WalkDir(top, func(p string, _ os.DirEntry, err error) error {
		out = append(out, p)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}
