package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// makeData makes a data directory with its scratch folder, and syncs the directory that
// holds its name: without that a power cut can take the whole of it, each synced object
// included. A parent that may not be read is one in which we did not make it.
func makeData(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	made := []string{dir}
	for d := filepath.Dir(dir); ; d = filepath.Dir(d) {
		if _, err := os.Lstat(d); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = append(made, d)
	}
	if err := os.MkdirAll(filepath.Join(dir, "scratch"), 0o700); err != nil {
		return err
	}
	for _, d := range made {
		if err := syncDir(filepath.Dir(d)); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
