package fsblob

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// filesystem is every step of a Put that can fail, so that tests can let it. Names
// are relative to the store; ".." is the directory that holds it.
type filesystem interface {
	create(name string) (file, error)
	exists(name string) (bool, error)
	rename(from, to string) error
	syncDir(name string) error
	remove(name string) error
	free() (uint64, error)
}

type file interface {
	io.Writer
	Sync() error
	Close() error
}

// osFS is the real one.
type osFS struct{ root *os.Root }

func (o osFS) create(name string) (file, error) {
	return o.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
}

func (o osFS) exists(name string) (bool, error) {
	_, err := o.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (o osFS) rename(from, to string) error { return o.root.Rename(from, to) }

func (o osFS) remove(name string) error { return o.root.Remove(name) }

func (o osFS) syncDir(name string) error {
	var d *os.File
	var err error
	if name == ".." {
		// The one step outside the root: its own name has to be synced too.
		d, err = os.Open(o.root.Name() + "/..")
	} else {
		d, err = o.root.Open(name)
	}
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// free is what an unprivileged process may still write.
func (o osFS) free() (uint64, error) {
	d, err := o.root.Open(".")
	if err != nil {
		return 0, err
	}
	defer d.Close()
	var st syscall.Statfs_t
	if err := syscall.Fstatfs(int(d.Fd()), &st); err != nil {
		return 0, err
	}
	return uint64(st.Bavail) * uint64(st.Bsize), nil
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
