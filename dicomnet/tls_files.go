package dicomnet

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// material is one consistent reading of the files. It is not modified.
type material struct {
	certificates []tls.Certificate
	roots        *x509.CertPool // nil trusts the system's
}

// keeper holds what the files said last.
type keeper struct {
	current atomic.Pointer[material]

	mu      sync.Mutex    // held while looking at the files
	checked time.Time     // the last look
	seen    []os.FileInfo // of the last attempt, nil where there was no file
	failed  error         // of the last attempt
}

// NotAfter is when our own certificate expires, zero if there is none.
func (p *TLSProfile) NotAfter() time.Time {
	if c := p.keeper.current.Load().certificates; len(c) > 0 {
		return c[0].Leaf.NotAfter
	}
	return time.Time{}
}

// Reload reads the files now, whether they changed or not. On an error the old
// ones stay in use.
func (p *TLSProfile) Reload() error {
	p.keeper.mu.Lock()
	defer p.keeper.mu.Unlock()
	return p.reload(p.stat())
}

// refresh returns what to use, after a look at the files if the last one is old.
// It doesn't wait for another handshake's look.
func (p *TLSProfile) refresh() *material {
	k := &p.keeper
	if k.mu.TryLock() {
		defer k.mu.Unlock()
		if age := p.cfg.Now().Sub(k.checked); age >= p.cfg.CheckEvery || age < 0 {
			p.look()
		}
	}
	return k.current.Load()
}

// look reloads changed files, and tries again what failed: a certificate that
// is not valid yet becomes so without a change.
func (p *TLSProfile) look() {
	k, now := &p.keeper, p.stat()
	changed := !slices.EqualFunc(now, k.seen, sameFile)
	if !changed && k.failed == nil {
		k.checked = p.cfg.Now()
		return
	}
	before := k.failed
	err := p.reload(now)
	if p.cfg.Report != nil && (err == nil || changed || before.Error() != k.failed.Error()) {
		p.cfg.Report(err)
	}
}

// reload reads the files. seen was taken before, so that a file which is
// written meanwhile counts as changed next time.
func (p *TLSProfile) reload(seen []os.FileInfo) error {
	k := &p.keeper
	k.checked, k.seen = p.cfg.Now(), seen
	m, err := p.load()
	k.failed = err
	if err != nil {
		return fmt.Errorf("dicomnet: TLS: %w", err)
	}
	k.current.Store(m)
	return nil
}

func (p *TLSProfile) stat() []os.FileInfo {
	var out []os.FileInfo
	for _, f := range []string{p.cfg.CertFile, p.cfg.KeyFile, p.cfg.CAFile} {
		info, err := os.Stat(f)
		if err != nil {
			info = nil
		}
		out = append(out, info)
	}
	return out
}

func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}

func (p *TLSProfile) load() (*material, error) {
	m := &material{}
	if p.cfg.CertFile != "" {
		c, err := p.loadPair()
		if err != nil {
			return nil, err
		}
		m.certificates = []tls.Certificate{c}
	}
	if p.cfg.CAFile != "" {
		b, err := readPEM(p.cfg.CAFile, 0o777)
		if err != nil {
			return nil, fmt.Errorf("CA file: %w", err)
		}
		if m.roots, err = parseRoots(b); err != nil {
			return nil, fmt.Errorf("CA file: %w", err)
		}
	}
	return m, nil
}

// loadPair reads our certificate and refuses one that no peer would take.
func (p *TLSProfile) loadPair() (tls.Certificate, error) {
	cert, err := readPEM(p.cfg.CertFile, 0o777)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate file: %w", err)
	}
	key, err := readPEM(p.cfg.KeyFile, 0o600)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("key file: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return pair, fmt.Errorf("certificate and key: %w", err)
	}
	leaf, now := pair.Leaf, p.cfg.Now()
	switch {
	case now.Before(leaf.NotBefore) || now.After(leaf.NotAfter):
		return pair, errors.New("certificate is expired or not yet valid")
	case len(leaf.ExtKeyUsage) > 0 && !slices.Contains(leaf.ExtKeyUsage, p.usage) && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny):
		return pair, errors.New("certificate is not for this purpose: extended key usage")
	}
	return pair, strongKey(leaf)
}

// maxPEMBytes bounds a file; a bundle of a hospital's authorities has some 10 KiB.
const maxPEMBytes = 1 << 20

var errFileMode = errors.New("its mode is wider than 0600: others can read it")

// readPEM reads a file whose permissions lie within allowed. The checks are on
// the open file, so that it can't be exchanged between them and the reading.
func readPEM(path string, allowed os.FileMode) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a file")
	case info.Mode().Perm()&^allowed != 0:
		return nil, errFileMode
	case info.Size() > maxPEMBytes:
		return nil, errors.New("too long")
	}
	return io.ReadAll(io.LimitReader(f, maxPEMBytes))
}

// parseRoots wants certificates and nothing else: a damaged block must not drop
// an authority in silence.
func parseRoots(b []byte) (*x509.CertPool, error) {
	pool, n := x509.NewCertPool(), 0
	for {
		block, rest := pem.Decode(b)
		if block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("block %d is not a certificate", n+1)
		}
		pool.AddCert(c)
		b = rest
		n++
	}
	if n == 0 {
		return nil, errors.New("no certificate")
	}
	return pool, nil
}
