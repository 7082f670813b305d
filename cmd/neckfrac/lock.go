package main

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/neckfrac/neckfrac"
)

// lockData takes a data directory for this process. Two services on one directory would
// sweep each other's arriving objects away.
func lockData(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, neckfrac.Errorf(neckfrac.Unavailable, "data.dir", "%v", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, neckfrac.Errorf(neckfrac.Unavailable, "data.dir", "%s is in use by another neckfrac; stop it or set data.dir to another folder", dir)
	}
	return f, nil
}
