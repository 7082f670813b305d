package fsblob

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/blob/blobtest"
)

// faultFS lets one step fail, writes after the first `after` of them, and notes the
// order of the steps.
type faultFS struct {
	filesystem
	step  string
	err   error
	after int
	avail uint64
	log   []string
}

func (f *faultFS) fails(step string) error {
	f.log = append(f.log, step)
	if step != f.step {
		return nil
	}
	if f.after > 0 {
		f.after--
		return nil
	}
	return f.err
}

func (f *faultFS) create(name string) (file, error) {
	if err := f.fails("create"); err != nil {
		return nil, err
	}
	w, err := f.filesystem.create(name)
	return &faultFile{w, f}, err
}

func (f *faultFS) dir(prefix string) (directory, error) {
	if err := f.fails("open dir"); err != nil {
		return nil, err
	}
	d, err := f.filesystem.dir(prefix)
	return &faultDir{d, f}, err
}

func (f *faultFS) free() (uint64, error) {
	if f.avail > 0 {
		return f.avail, nil
	}
	if err := f.fails("free"); err != nil {
		return 0, err
	}
	return f.filesystem.free()
}

type faultFile struct {
	file
	fs *faultFS
}

type faultDir struct {
	directory
	fs *faultFS
}

func (d *faultDir) exists(name string) (bool, error) {
	if err := d.fs.fails("exists"); err != nil {
		return false, err
	}
	return d.directory.exists(name)
}

func (d *faultDir) adopt(tmp, name string) error {
	if err := d.fs.fails("rename"); err != nil {
		return err
	}
	return d.directory.adopt(tmp, name)
}

func (d *faultDir) Sync() error {
	if err := d.fs.fails("sync dir"); err != nil {
		return err
	}
	return d.directory.Sync()
}

func (f *faultFile) Write(p []byte) (int, error) {
	if err := f.fs.fails("write"); err != nil {
		n, _ := f.file.Write(p[:len(p)/2]) // a short write, as on a full disk
		return n, err
	}
	return f.file.Write(p)
}

func (f *faultFile) Sync() error {
	if err := f.fs.fails("sync"); err != nil {
		return err
	}
	return f.file.Sync()
}

func (f *faultFile) Close() error { return errors.Join(f.file.Close(), f.fs.fails("close")) }

// payload takes four writes.
var payload = strings.Repeat("0123456789abcdef", 4*chunk/16)

func faulty(t *testing.T, f *faultFS) *Store {
	t.Helper()
	s, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	f.filesystem = s.fs
	s.fs = f
	return s
}

func (s *Store) wantNoTemp(t *testing.T) {
	t.Helper()
	d, err := s.root.Open(tmpDir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if names, err := d.Readdirnames(-1); err != nil || len(names) != 0 {
		t.Fatalf("temporary files %v, %v; want none", names, err)
	}
}

func TestPutFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step  string
		after int
		err   error
		bad   bool
	}{
		{"free", 0, syscall.EIO, false},
		{"create", 0, syscall.ENOSPC, false},
		{"create", 0, syscall.EMFILE, false},
		{"create", 0, syscall.EROFS, false},
		{"write", 0, syscall.ENOSPC, false},
		{"write", 2, syscall.ENOSPC, false},
		{"write", 3, syscall.EIO, false},
		{"sync", 0, syscall.EIO, true},
		{"sync", 0, syscall.ENOSPC, false},
		{"sync", 0, syscall.EDQUOT, false},
		{"close", 0, syscall.EIO, false},
		{"open dir", 0, syscall.EMFILE, false},
		{"exists", 0, syscall.EIO, false},
		{"rename", 0, syscall.ENOSPC, false},
		{"rename", 0, syscall.EIO, false},
		{"sync dir", 0, syscall.EIO, true},
		{"sync dir", 0, syscall.ENOSPC, false},
	} {
		t.Run(fmt.Sprintf("%s %d %v", c.step, c.after, c.err), func(t *testing.T) {
			t.Parallel()
			f := &faultFS{step: c.step, after: c.after, err: &os.PathError{Op: c.step, Err: c.err}}
			s := faulty(t, f)
			_, err := s.Put(t.Context(), strings.NewReader(payload), int64(len(payload)))
			if err == nil || neckfrac.KindOf(err) != neckfrac.Unavailable || !errors.Is(err, c.err) {
				t.Fatalf("put: %v (kind %v), want Unavailable because of %v", err, neckfrac.KindOf(err), c.err)
			}
			s.wantNoTemp(t)
			blobtest.Want(t, s)

			f.step = "" // the fault passes
			_, err = s.Put(t.Context(), strings.NewReader(payload), int64(len(payload)))
			if c.bad {
				if neckfrac.KindOf(err) != neckfrac.Unavailable || err == nil {
					t.Fatalf("put after a failed fsync: %v, want Unavailable", err)
				}
				if s.Room() == nil {
					t.Error("room after a failed fsync")
				}
				blobtest.Want(t, s)
				return
			}
			if err != nil {
				t.Fatalf("put once the fault has passed: %v", err)
			}
			blobtest.Want(t, s, []byte(payload))
		})
	}
}

// TestFailedPutKeepsOlderBlob: undoing a rename must not take what was promised before.
func TestFailedPutKeepsOlderBlob(t *testing.T) {
	t.Parallel()
	f := &faultFS{}
	s := faulty(t, f)
	if _, err := s.Put(t.Context(), strings.NewReader(payload), int64(len(payload))); err != nil {
		t.Fatalf("put: %v", err)
	}
	f.step, f.err = "sync dir", syscall.EIO
	if _, err := s.Put(t.Context(), strings.NewReader(payload), int64(len(payload))); err == nil {
		t.Fatal("put: no error")
	}
	blobtest.Want(t, s, []byte(payload))
}

// TestOrder is the durability proof as far as a process can give one: what has to
// come before Put returns, and in which order.
func TestOrder(t *testing.T) {
	t.Parallel()
	f := &faultFS{}
	s := faulty(t, f)
	if _, err := s.Put(t.Context(), strings.NewReader("x"), 1); err != nil {
		t.Fatalf("put: %v", err)
	}
	if want := []string{"free", "create", "write", "sync", "close", "open dir", "exists", "rename", "sync dir"}; !slices.Equal(f.log, want) {
		t.Fatalf("steps %v, want %v", f.log, want)
	}
}

func TestWatermark(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		avail uint64
		ok    bool
	}{{1 << 20, true}, {1<<20 - 1, false}} {
		s := faulty(t, &faultFS{avail: c.avail})
		s.opts.MinFree = 1 << 20
		if room := s.Room(); c.ok != (room == nil) {
			t.Errorf("room with %d bytes free: %v, want ok %v", c.avail, room, c.ok)
		}
		_, err := s.Put(t.Context(), strings.NewReader("x"), 1)
		if c.ok != (err == nil) || !c.ok && neckfrac.KindOf(err) != neckfrac.Unavailable {
			t.Errorf("put with %d bytes free: %v, want ok %v, else Unavailable", c.avail, err, c.ok)
		}
		s.wantNoTemp(t)
	}
}
