package models

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strconv"
	"strings"

	"github.com/neckfrac/neckfrac"
)

// Pack is an open, checked model pack. It is safe for concurrent use. Close it when
// its files are no longer needed.
type Pack struct {
	manifest Manifest
	digest   string
	store    store
}

// Open opens the pack in a folder or tar file and checks everything in it against
// its manifest and the manifest against its signature. Kinds of error: NotFound,
// Invalid for a pack that is broken, Limit, Unsupported for one that is of another
// schema, too old or of random weights, Unauthorized for its signature.
func Open(path string, t Trust) (*Pack, error) {
	s, err := openStore(path)
	if err != nil {
		return nil, err
	}
	p, err := open(s, t)
	if err != nil {
		s.close()
		return nil, err
	}
	return p, nil
}

func open(s store, t Trust) (*Pack, error) {
	raw, err := readAll(s, ManifestName, maxManifestBytes)
	if err != nil {
		return nil, err
	}
	sig, err := readAll(s, SignatureName, maxSignatureBytes)
	if err != nil {
		return nil, err
	}
	m, err := ParseManifest(raw)
	if err != nil {
		return nil, err
	}
	if err := t.verify(raw, sig, m.Domain); err != nil {
		return nil, err
	}
	if m.RandomWeights && !t.AllowRandomWeights {
		return nil, neckfrac.Errorf(neckfrac.Unsupported, "pack", "random weights, made to measure speed")
	}
	if t.MinVersion != "" && Older(m.Version, t.MinVersion) {
		return nil, neckfrac.Errorf(neckfrac.Unsupported, "pack", "version %s is older than %s", m.Version, t.MinVersion)
	}
	sum := sha256.Sum256(raw)
	p := &Pack{manifest: *m, digest: hex.EncodeToString(sum[:]), store: s}
	return p, p.checkFiles()
}

// checkFiles compares what lies in the store with what the manifest states.
func (p *Pack) checkFiles() error {
	have, err := p.store.sizes()
	if err != nil {
		return err
	}
	delete(have, ManifestName)
	delete(have, SignatureName)
	for _, f := range p.manifest.Files {
		size, ok := have[f.Name]
		if !ok {
			return neckfrac.Errorf(neckfrac.Invalid, "pack", "%s is missing", f.Name)
		}
		if size != f.Bytes {
			return neckfrac.Errorf(neckfrac.Invalid, "pack", "%s has %d bytes, stated are %d", f.Name, size, f.Bytes)
		}
		delete(have, f.Name)
		r, err := p.store.open(f.Name)
		if err != nil {
			return err
		}
		h := sha256.New()
		_, err = io.Copy(h, io.LimitReader(r, f.Bytes+1))
		r.Close()
		if err != nil {
			return neckfrac.E("pack: read", err)
		}
		if hex.EncodeToString(h.Sum(nil)) != strings.ToLower(f.SHA256) {
			return neckfrac.Errorf(neckfrac.Invalid, "pack", "%s differs from its digest", f.Name)
		}
	}
	for name := range have {
		return neckfrac.Errorf(neckfrac.Invalid, "pack", "%.64q is not stated in the manifest", name)
	}
	return nil
}

// Manifest returns what the pack states; it must not be modified.
func (p *Pack) Manifest() *Manifest { return &p.manifest }

// ID identifies the pack on outputs.
func (p *Pack) ID() neckfrac.PackID {
	return neckfrac.PackID{ID: p.manifest.ID, Version: p.manifest.Version, Digest: p.digest, Domain: p.manifest.Domain}
}

// ReadFile returns a stated file. Its digest is checked again, so the bytes are
// those that were signed even if the store has changed.
func (p *Pack) ReadFile(name string) ([]byte, error) {
	f, ok := p.manifest.file(name)
	if !ok {
		return nil, neckfrac.Errorf(neckfrac.NotFound, "pack: read", "%.64q", name)
	}
	b, err := readAll(p.store, name, f.Bytes)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	if want, err := hex.DecodeString(f.SHA256); err != nil || !bytes.Equal(sum[:], want) {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "pack: read", "%s has changed", name)
	}
	return b, nil
}

// Close releases the pack's files.
func (p *Pack) Close() error { return neckfrac.E("pack: close", p.store.close()) }

func readAll(s store, name string, most int64) ([]byte, error) {
	r, err := s.open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, neckfrac.E("pack: read "+name, err)
	}
	if int64(len(b)) > most {
		return nil, neckfrac.Errorf(neckfrac.Limit, "pack: read", "%s is over %d bytes", name, most)
	}
	return b, nil
}

// Older compares versions of numbers and dots; a missing number is 0.
func Older(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		if m, n := number(x, i), number(y, i); m != n {
			return m < n
		}
	}
	return false
}

func number(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, err := strconv.Atoi(parts[i])
	if err != nil {
		return 0
	}
	return n
}
