package fsblob_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/blob/blobtest"
	"github.com/neckfrac/neckfrac/pipeline/blob/fsblob"
)

func open(t testing.TB, dir string, o fsblob.Options) *fsblob.Store {
	t.Helper()
	s, err := fsblob.Open(dir, o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func TestBlobs(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) neckfrac.Blobs { return open(t, t.TempDir(), fsblob.Options{}) })
}

func put(t testing.TB, s *fsblob.Store, data string) neckfrac.BlobRef {
	t.Helper()
	ref, err := s.Put(t.Context(), strings.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("put: %v", err)
	}
	return ref
}

func TestLayout(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data", "blobs")
	ref := put(t, open(t, dir, fsblob.Options{}), "bytes")
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		if st.Mode().Perm()&^0o640 != 0 {
			t.Errorf("%s has mode %v, want 0640 at most", path, st.Mode())
		}
		rel, err := filepath.Rel(dir, path)
		files = append(files, rel)
		return err
	})
	if want := fmt.Sprint([]string{ref.Digest[:2] + "/" + ref.Digest, "lock"}); err != nil || fmt.Sprint(files) != want {
		t.Fatalf("files %v, %v; want %v", files, err, want)
	}
}

func TestReopenRemovesLeftovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, fsblob.Options{})
	put(t, s, "kept")
	leftover := filepath.Join(dir, "tmp", "HALF")
	if err := os.WriteFile(leftover, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	// While another store is open, the file may be one that it is writing.
	open(t, dir, fsblob.Options{}).Close()
	if _, err := os.Stat(leftover); err != nil {
		t.Fatalf("removed under another process: %v", err)
	}
	s.Close()
	blobtest.Want(t, open(t, dir, fsblob.Options{}), []byte("kept"))
	if _, err := os.Stat(leftover); !os.IsNotExist(err) {
		t.Fatalf("leftover: %v, want it gone", err)
	}
}

func TestOtherFilesAreNotBlobs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, fsblob.Options{})
	ref := put(t, s, "bytes")
	for _, name := range []string{"ab/readme", "ab/" + ref.Digest, "00/" + strings.Repeat("0", 63)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	blobtest.Want(t, s, []byte("bytes"))
}

// TestLinkOutside: a link in the store must not make it hand out other files.
func TestLinkOutside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, fsblob.Options{})
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	ref := blobtest.Ref([]byte("secret"))
	if err := os.Symlink(secret, filepath.Join(dir, ref.Digest[:2], ref.Digest)); err != nil {
		t.Fatal(err)
	}
	if f, err := s.Open(t.Context(), ref); err == nil {
		f.Close()
		t.Fatal("opened a file outside the store")
	}
}

// TestRottenBytesAreReplaced: the peer that sends an instance again heals it.
func TestRottenBytesAreReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, fsblob.Options{})
	ref := put(t, s, "bytes")
	if err := os.WriteFile(filepath.Join(dir, ref.Digest[:2], ref.Digest), []byte("by"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), ref); neckfrac.KindOf(err) != neckfrac.Internal {
		t.Fatalf("open of a cut file: %v, want Internal", err)
	}
	put(t, s, "bytes")
	blobtest.Want(t, s, []byte("bytes"))
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := fsblob.Open(filepath.Join(file, "blobs"), fsblob.Options{}); err == nil || neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Fatalf("open below a file: %v, want Unavailable", err)
	}
}

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "blobs")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	s, err := fsblob.Open(dir, fsblob.Options{MinFree: 1 << 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	ref, err := s.Put(context.Background(), strings.NewReader("bytes"), 1<<20)
	fmt.Println(ref.Digest[:8], ref.Size, err)
	f, err := s.Open(context.Background(), ref)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	fmt.Println(string(b), err)
	// Output:
	// 277089d9 5 <nil>
	// bytes <nil>
}

// BenchmarkPut is a CT slice of 512 KiB, durable.
func BenchmarkPut(b *testing.B) {
	s := open(b, b.TempDir(), fsblob.Options{})
	data := make([]byte, 512<<10)
	b.SetBytes(int64(len(data)))
	for i := range b.N {
		data[0], data[1], data[2], data[3] = byte(i), byte(i>>8), byte(i>>16), byte(i>>24)
		if _, err := s.Put(b.Context(), strings.NewReader(string(data)), int64(len(data))); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "blobs/s")
}

// TestReadOnly: what is open for reading is complete, and nothing of it changes.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := fsblob.OpenReadOnly(dir + "/none"); neckfrac.KindOf(err) != neckfrac.NotFound || err == nil {
		t.Fatalf("open of nothing: %v, want NotFound", err)
	}
	s, err := fsblob.Open(dir, fsblob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ref, err := s.Put(t.Context(), strings.NewReader("x"), 1)
	if err != nil {
		t.Fatal(err)
	}
	r, err := fsblob.OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Put(t.Context(), strings.NewReader("y"), 1); neckfrac.KindOf(err) != neckfrac.Unavailable || err == nil {
		t.Errorf("put: %v, want Unavailable", err)
	}
	if err := r.Remove(t.Context(), ref); neckfrac.KindOf(err) != neckfrac.Unavailable || err == nil {
		t.Errorf("remove: %v, want Unavailable", err)
	}
	blobtest.Want(t, r, []byte("x"))
}
