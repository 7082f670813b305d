package fsblob

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
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

// osFS is the real one. It keeps the directories open: a Put would else open and close
// them seven times.
type osFS struct {
	root *os.Root
	// dirs are tmp and the 256 prefixes by name, once openDirs has run.
	dirs map[string]*os.Root
	// handles are the same directories as files, to sync and to rename between.
	handles map[string]*os.File
}

// openDirs opens the named directories for the life of the store. On an error close
// gives back what was opened.
func (o *osFS) openDirs(names []string) error {
	o.dirs, o.handles = make(map[string]*os.Root, len(names)), make(map[string]*os.File, len(names))
	for _, n := range names {
		d, err := o.root.OpenRoot(n)
		if err != nil {
			return err
		}
		o.dirs[n] = d
		if o.handles[n], err = d.Open("."); err != nil {
			return err
		}
	}
	return nil
}

// close gives the directories back. Closing again is no error.
func (o *osFS) close() error {
	var errs []error
	for n, d := range o.dirs {
		errs = append(errs, d.Close())
		if f := o.handles[n]; f != nil {
			if err := f.Close(); !errors.Is(err, fs.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func (o *osFS) create(name string) (file, error) {
	dir, base := split(name)
	return o.dirs[dir].OpenFile(base, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
}

func (o *osFS) exists(name string) (bool, error) {
	dir, base := split(name)
	_, err := o.dirs[dir].Lstat(base)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (o *osFS) rename(from, to string) error {
	fromDir, fromBase := split(from)
	toDir, toBase := split(to)
	err := syscall.Renameat(int(o.handles[fromDir].Fd()), fromBase, int(o.handles[toDir].Fd()), toBase)
	if err != nil {
		return os.NewSyscallError("renameat", err)
	}
	return nil
}

func (o *osFS) remove(name string) error { return o.root.Remove(name) }

func (o *osFS) syncDir(name string) error {
	if f := o.handles[name]; f != nil {
		return f.Sync()
	}
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
func (o *osFS) free() (uint64, error) {
	d := o.handles[tmpDir]
	if d == nil {
		var err error
		if d, err = o.root.Open("."); err != nil {
			return 0, err
		}
		defer d.Close()
	}
	var st syscall.Statfs_t
	if err := syscall.Fstatfs(int(d.Fd()), &st); err != nil {
		return 0, err
	}
	return uint64(st.Bavail) * uint64(st.Bsize), nil
}

// split cuts a name of two levels, as all names of this package are.
func split(name string) (dir, base string) {
	dir, base, _ = strings.Cut(name, "/")
	return dir, base
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
