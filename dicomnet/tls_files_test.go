package dicomnet_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet"
)

// config names the files as a server's.
func (p pki) config() dicomnet.TLSConfig {
	return dicomnet.TLSConfig{CertFile: p.cert, KeyFile: p.key, CAFile: p.ca}
}

func TestNewServerTLSRefuses(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	remove := func(t *testing.T, file string) {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	write := func(t *testing.T, file, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		spoil func(*testing.T, pki, authority, *dicomnet.TLSConfig)
		says  string
	}{
		"key for the group": {func(t *testing.T, p pki, _ authority, _ *dicomnet.TLSConfig) {
			if err := os.Chmod(p.key, 0o640); err != nil {
				t.Fatal(err)
			}
		}, "key file: its mode is wider than 0600"},
		"no key":           {func(t *testing.T, p pki, _ authority, _ *dicomnet.TLSConfig) { remove(t, p.key) }, "key file"},
		"no certificate":   {func(t *testing.T, p pki, _ authority, _ *dicomnet.TLSConfig) { remove(t, p.cert) }, "certificate file"},
		"no CA":            {func(t *testing.T, p pki, _ authority, _ *dicomnet.TLSConfig) { remove(t, p.ca) }, "CA file"},
		"CA not stated":    {func(_ *testing.T, _ pki, _ authority, c *dicomnet.TLSConfig) { c.CAFile = "" }, "required"},
		"key not stated":   {func(_ *testing.T, _ pki, _ authority, c *dicomnet.TLSConfig) { c.KeyFile = "" }, "go together"},
		"TLS 1.1":          {func(_ *testing.T, _ pki, _ authority, c *dicomnet.TLSConfig) { c.MinVersion = 0x0302 }, "TLS 1.2 or 1.3"},
		"negative check":   {func(_ *testing.T, _ pki, _ authority, c *dicomnet.TLSConfig) { c.CheckEvery = -1 }, "CheckEvery"},
		"a folder":         {func(t *testing.T, _ pki, _ authority, c *dicomnet.TLSConfig) { c.CAFile = t.TempDir() }, "not a file"},
		"CA without block": {func(t *testing.T, p pki, _ authority, _ *dicomnet.TLSConfig) { write(t, p.ca, "nothing") }, "no certificate"},
		"CA file too long": {func(t *testing.T, p pki, _ authority, _ *dicomnet.TLSConfig) {
			write(t, p.ca, strings.Repeat("x", 1<<20+1))
		}, "too long"},
		"CA with a broken block": {func(_ *testing.T, p pki, a authority, _ *dicomnet.TLSConfig) {
			p.put(p.ca, "CERTIFICATE", a.cert.Raw, a.cert.Raw[:100])
		}, "block 2 is not a certificate"},
		"key of another": {func(t *testing.T, p pki, a authority, _ *dicomnet.TLSConfig) {
			c := a.issue(t, "neckfrac", nil)
			p.put(p.cert, "CERTIFICATE", c.Certificate...)
		}, "private key does not match"},
		"expired": {func(t *testing.T, p pki, a authority, _ *dicomnet.TLSConfig) {
			p.putPair(a.issue(t, "neckfrac", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }))
		}, "expired or not yet valid"},
		"a client's": {func(t *testing.T, p pki, a authority, _ *dicomnet.TLSConfig) {
			p.putPair(a.issue(t, "neckfrac", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }))
		}, "not for this purpose"},
		"weak": {func(t *testing.T, p pki, a authority, _ *dicomnet.TLSConfig) {
			p.putPair(a.issueFor(t, "neckfrac", weak, nil))
		}, "key too short"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ca, files := newAuthority(t), newPKI(t)
			files.putPair(ca.issue(t, "neckfrac", nil))
			files.putCA(ca)
			cfg := files.config()
			tt.spoil(t, files, ca, &cfg)
			if _, err := dicomnet.NewServerTLS(cfg); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
}

// watched is a site whose clock the test turns, with what was reported.
type watched struct {
	*tlsSite
	mu      sync.Mutex
	now     time.Time
	reports []error
}

// newWatched looks at the files once in ten seconds.
func newWatched(t *testing.T) *watched {
	w := &watched{now: time.Now()}
	w.tlsSite = newSite(t, func(c *dicomnet.TLSConfig) {
		c.Now = w.clock
		c.Report = func(err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.reports = append(w.reports, err)
		}
	})
	return w
}

func (w *watched) clock() time.Time { return w.pass(0) }

// pass turns the clock.
func (w *watched) pass(d time.Duration) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
	return w.now
}

func (w *watched) reported() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.reports)
}

func TestCertificatesRotateWhileRunning(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	old := w.client(w.ca.issue(t, "ct1", nil))
	open, err := dialTLS(t, w.addr, old)
	if err != nil {
		t.Fatal(err)
	}

	w.ca = newAuthority(t)
	w.files.putPair(w.ca.issue(t, "neckfrac", nil))
	w.files.putCA(w.ca)
	if _, err := dialTLS(t, w.addr, old); err != nil {
		t.Errorf("before the next look: %v", err)
	}
	w.pass(10 * time.Second)
	if _, err := dialTLS(t, w.addr, old); err == nil {
		t.Error("the old authority is still trusted")
	}
	fresh := w.client(w.ca.issue(t, "ct1", nil))
	if _, err := dialTLS(t, w.addr, fresh); err != nil {
		t.Errorf("the new authority: %v", err)
	}
	if err := open.Echo(t.Context()); err != nil {
		t.Errorf("an association of before: %v", err)
	}
	if r := w.reported(); len(r) != 1 || r[0] != nil {
		t.Errorf("reports %v", r)
	}
}

func TestBadNewFileKeepsTheOld(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	cfg := w.client(w.ca.issue(t, "ct1", nil))
	cfg.Time = w.clock
	next := func(want int, says string) {
		t.Helper()
		w.pass(10 * time.Second)
		if _, err := dialTLS(t, w.addr, cfg); err != nil {
			t.Errorf("%v", err)
		}
		r := w.reported()
		if len(r) != want {
			t.Fatalf("%d reports, want %d: %v", len(r), want, r)
		}
		if last := r[want-1]; (last == nil) != (says == "") || last != nil && !strings.Contains(last.Error(), says) {
			t.Errorf("reported %v, want %q", last, says)
		}
	}
	soon := w.ca.issue(t, "neckfrac", func(c *x509.Certificate) { c.NotBefore = w.clock().Add(time.Minute) })

	w.files.put(w.files.cert, "CERTIFICATE", soon.Certificate...) // the key is still to come
	next(1, "private key does not match")
	next(1, "private key does not match") // said once
	w.files.putPair(soon)
	next(2, "not yet valid")
	if err := os.Remove(w.files.ca); err != nil {
		t.Fatal(err)
	}
	next(3, "not yet valid")
	w.pass(time.Minute) // valid without a change of the files
	next(4, "CA file")
	w.files.putCA(w.ca)
	next(5, "")
	next(5, "")
}

// Clusters mount certificates as a link that is pointed to another folder.
func TestRotationByLink(t *testing.T) {
	t.Parallel()
	ca, dir, now := newAuthority(t), t.TempDir(), time.Now()
	link := filepath.Join(dir, "current")
	point := func(to string, until time.Time) {
		t.Helper()
		p := pki{t, filepath.Join(dir, to, "cert.pem"), filepath.Join(dir, to, "key.pem"), filepath.Join(dir, to, "ca.pem")}
		if err := os.Mkdir(filepath.Join(dir, to), 0o700); err != nil {
			t.Fatal(err)
		}
		p.putPair(ca.issue(t, "neckfrac", func(c *x509.Certificate) { c.NotAfter = until }))
		p.putCA(ca)
		if err := os.Symlink(to, link+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(link+".new", link); err != nil {
			t.Fatal(err)
		}
	}
	first, second := now.Add(time.Hour).Truncate(time.Second), now.Add(2*time.Hour).Truncate(time.Second)
	point("a", first)
	p, err := dicomnet.NewServerTLS(dicomnet.TLSConfig{CertFile: link + "/cert.pem", KeyFile: link + "/key.pem", CAFile: link + "/ca.pem",
		Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	point("b", second)
	if p.Config(); !p.NotAfter().Equal(first) {
		t.Errorf("too early: %v", p.NotAfter())
	}
	now = now.Add(10 * time.Second)
	if p.Config(); !p.NotAfter().Equal(second) {
		t.Errorf("after the look: %v, want %v", p.NotAfter(), second)
	}
}

func TestReloadReadsAtOnce(t *testing.T) {
	t.Parallel()
	ca, files := newAuthority(t), newPKI(t)
	files.putPair(ca.issue(t, "neckfrac", nil))
	files.putCA(ca)
	p, err := dicomnet.NewServerTLS(files.config())
	if err != nil {
		t.Fatal(err)
	}
	until := time.Now().Add(3 * time.Hour).Truncate(time.Second)
	files.putPair(ca.issue(t, "neckfrac", func(c *x509.Certificate) { c.NotAfter = until }))
	if err := p.Reload(); err != nil || !p.NotAfter().Equal(until) {
		t.Errorf("%v, until %v, want %v", err, p.NotAfter(), until)
	}
	files.put(files.ca, "CERTIFICATE", nil)
	if err := p.Reload(); err == nil || !p.NotAfter().Equal(until) {
		t.Errorf("a broken file: %v, until %v", err, p.NotAfter())
	}
}
