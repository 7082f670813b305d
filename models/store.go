package models

import (
	"archive/tar"
	"errors"
	"io"
	"os"

	"github.com/neckfrac/neckfrac"
)

// Names of the files that a pack always has.
const (
	ManifestName  = "manifest.json"
	SignatureName = "manifest.sig"
	CardName      = "MODEL_CARD.md"
)

const (
	// maxManifestBytes holds a few hundred stated files; a real manifest has 10 KiB.
	maxManifestBytes = 1 << 20
	// maxSignatureBytes is a base64 ed25519 signature with room for line ends.
	maxSignatureBytes = 256
	// maxFileBytes is five times the largest network of the full recipe.
	maxFileBytes = 512 << 20
	maxPackBytes = 2 << 30
	// maxFiles is ten networks with up to ten folds, and the texts.
	maxFiles = 128
)

// store is where a pack's bytes lie. Names in it are flat.
type store interface {
	// sizes lists every file.
	sizes() (map[string]int64, error)
	open(name string) (io.ReadCloser, error)
	close() error
}

// openStore opens a folder or a tar file.
func openStore(path string) (store, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.NotFound, "pack: open", err)
	}
	if st.IsDir() {
		r, err := os.OpenRoot(path)
		if err != nil {
			return nil, neckfrac.E("pack: open", err)
		}
		return dirStore{r}, nil
	}
	return openTar(path)
}

// dirStore is a folder. os.Root keeps links from leading out of it.
type dirStore struct{ root *os.Root }

func (d dirStore) sizes() (map[string]int64, error) {
	f, err := d.root.Open(".")
	if err != nil {
		return nil, neckfrac.E("pack: list", err)
	}
	defer f.Close()
	entries, err := f.ReadDir(maxFiles + 3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, neckfrac.E("pack: list", err)
	}
	if len(entries) > maxFiles+2 {
		return nil, neckfrac.Errorf(neckfrac.Limit, "pack: list", "more than %d files", maxFiles)
	}
	out := map[string]int64{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, neckfrac.E("pack: list", err)
		}
		if !info.Mode().IsRegular() {
			return nil, neckfrac.Errorf(neckfrac.Invalid, "pack: list", "%q is not a plain file", e.Name())
		}
		out[e.Name()] = info.Size()
	}
	return out, nil
}

func (d dirStore) open(name string) (io.ReadCloser, error) {
	f, err := d.root.Open(name)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.NotFound, "pack: open file", err)
	}
	return f, nil
}

func (d dirStore) close() error { return d.root.Close() }

// tarStore is a tar file with an index of where each file's bytes begin.
type tarStore struct {
	f  *os.File
	at map[string]span
}

type span struct{ offset, size int64 }

func openTar(path string) (store, error) {
	const op = "pack: open tar"
	f, err := os.Open(path)
	if err != nil {
		return nil, neckfrac.E(op, err)
	}
	s := tarStore{f, map[string]span{}}
	r := tar.NewReader(f)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err == nil {
			err = s.index(h)
		}
		if err != nil {
			f.Close()
			return nil, neckfrac.Wrap(neckfrac.Invalid, op, err)
		}
	}
}

func (s tarStore) index(h *tar.Header) error {
	const op = "entry"
	offset, err := s.f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	switch {
	case h.Typeflag != tar.TypeReg || !filePattern.MatchString(h.Name):
		return neckfrac.Errorf(neckfrac.Invalid, op, "%.64q is not a plain file in the top folder", h.Name)
	case h.Size < 0 || h.Size > maxFileBytes || len(s.at) >= maxFiles+2:
		return neckfrac.Errorf(neckfrac.Limit, op, "too large or too many")
	}
	if _, ok := s.at[h.Name]; ok {
		return neckfrac.Errorf(neckfrac.Invalid, op, "%q occurs twice", h.Name)
	}
	s.at[h.Name] = span{offset, h.Size}
	return nil
}

func (s tarStore) sizes() (map[string]int64, error) {
	out := map[string]int64{}
	for n, p := range s.at {
		out[n] = p.size
	}
	return out, nil
}

func (s tarStore) open(name string) (io.ReadCloser, error) {
	p, ok := s.at[name]
	if !ok {
		return nil, neckfrac.Errorf(neckfrac.NotFound, "pack: open file", "%q", name)
	}
	return io.NopCloser(io.NewSectionReader(s.f, p.offset, p.size)), nil
}

func (s tarStore) close() error { return s.f.Close() }
