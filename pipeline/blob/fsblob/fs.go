package fsblob

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// filesystem is every step of a Put that can fail, so that tests can let it. Names are
// relative to the store; ".." is the directory that holds it.
type filesystem interface {
	create(name string) (file, error) // in tmp
	discard(name string) error        // from tmp
	dir(prefix string) (directory, error)
	syncDir(name string) error
	free() (uint64, error)
	close() error
}

type file interface {
	io.Writer
	Sync() error
	Close() error
}

// directory is one of the 256.
type directory interface {
	exists(name string) (bool, error)
	adopt(tmp, name string) error // moves a file of tmp here
	remove(name string) error
	Sync() error
	Close() error
}

// osFS is the real one. It holds the two directories that every Put needs, and opens one
// more by itself: an os.Root opens each directory of a path at each step, and asks the
// poller about every file.
type osFS struct {
	root     *os.Root
	top, tmp *os.File
}

func newOSFS(root *os.Root) (*osFS, error) {
	top, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	return &osFS{root: root, top: top}, nil
}

// openTmp is done once tmp has been made.
func (o *osFS) openTmp() (err error) {
	o.tmp, err = o.at(tmpDir)
	return err
}

func (o *osFS) close() error {
	err := o.top.Close()
	if o.tmp != nil {
		err = errors.Join(err, o.tmp.Close())
	}
	if errors.Is(err, fs.ErrClosed) {
		return nil
	}
	return err
}

// at opens a directory of the store, which must not be a link.
func (o *osFS) at(name string) (*os.File, error) {
	fd, err := retry(func() (int, error) {
		return unix.Openat(int(o.top.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "openat", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

func (o *osFS) create(name string) (file, error) {
	fd, err := retry(func() (int, error) {
		return unix.Openat(int(o.tmp.Fd()), name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, fileMode)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "openat", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

func (o *osFS) discard(name string) error { return unlinkat(o.tmp, name) }

func (o *osFS) dir(prefix string) (directory, error) {
	d, err := o.at(prefix)
	if err != nil {
		return nil, err
	}
	return &osDir{d, o.tmp}, nil
}

func (o *osFS) syncDir(name string) error {
	var d *os.File
	var err error
	if name == ".." {
		// The one step outside the root: its own name has to be synced too.
		d, err = os.Open(o.root.Name() + "/..")
	} else {
		d, err = o.at(name)
	}
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// free is what an unprivileged process may still write.
func (o *osFS) free() (uint64, error) {
	var st unix.Statfs_t
	_, err := retry(func() (int, error) { return 0, unix.Fstatfs(int(o.top.Fd()), &st) })
	if err != nil {
		return 0, &fs.PathError{Op: "fstatfs", Path: ".", Err: err}
	}
	return uint64(st.Bavail) * uint64(st.Bsize), nil
}

// osDir is one open directory.
type osDir struct {
	*os.File
	tmp *os.File
}

func (d *osDir) exists(name string) (bool, error) {
	var st unix.Stat_t
	_, err := retry(func() (int, error) { return 0, unix.Fstatat(int(d.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, &fs.PathError{Op: "fstatat", Path: name, Err: err}
	}
	return true, nil
}

func (d *osDir) adopt(tmp, name string) error {
	_, err := retry(func() (int, error) { return 0, unix.Renameat(int(d.tmp.Fd()), tmp, int(d.Fd()), name) })
	if err != nil {
		return &os.LinkError{Op: "renameat", Old: tmp, New: name, Err: err}
	}
	return nil
}

func (d *osDir) remove(name string) error { return unlinkat(d.File, name) }

func unlinkat(dir *os.File, name string) error {
	_, err := retry(func() (int, error) { return 0, unix.Unlinkat(int(dir.Fd()), name, 0) })
	if err != nil {
		return &fs.PathError{Op: "unlinkat", Path: name, Err: err}
	}
	return nil
}

// retry goes on after a signal, as package os does.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}

// lockShared takes the lock alone if nobody holds it, else together with the others.
func lockShared(f *os.File) (alone bool, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return true, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, syscall.Flock(int(f.Fd()), syscall.LOCK_SH)
	}
	return false, err
}

// lockKeep lets others in.
func lockKeep(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_SH) }
