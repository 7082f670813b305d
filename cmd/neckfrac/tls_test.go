package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certFiles makes an authority with certificates for the service and for two scanners.
type certFiles struct {
	t    *testing.T
	dir  string
	ca   *x509.Certificate
	key  *ecdsa.PrivateKey
	next int64
}

func newCertFiles(t *testing.T) *certFiles {
	t.Helper()
	c := &certFiles{t: t, dir: t.TempDir()}
	c.issue("ca")
	for _, name := range []string{"neckfrac", "ct1", "ct2"} {
		c.issue(name)
	}
	return c
}

// issue writes NAME.pem and NAME.key; the first one is the authority.
func (c *certFiles) issue(name string) {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	c.next++
	template := &x509.Certificate{SerialNumber: big.NewInt(c.next), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true}
	parent, signer := c.ca, c.key
	if c.ca == nil {
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.ca == nil {
		if c.ca, err = x509.ParseCertificate(der); err != nil {
			c.t.Fatal(err)
		}
		c.key = key
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		c.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(c.path(file), pem.EncodeToMemory(block), 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *certFiles) path(file string) string { return filepath.Join(c.dir, file) }

// config is the service's dicom.tls.
func (c *certFiles) config() DICOMTLSConfig {
	t := DefaultConfig().DICOM.TLS
	t.Addr, t.Cert, t.Key, t.CA = "127.0.0.1:0", c.path("neckfrac.pem"), c.path("neckfrac.key"), c.path("ca.pem")
	return t
}

// flags are those of send with one scanner's certificate.
func (c *certFiles) flags(name string, more ...string) []string {
	return append([]string{"send", "--tls", "--tls-ca", c.path("ca.pem"), "--tls-cert", c.path(name + ".pem"), "--tls-key", c.path(name + ".key")}, more...)
}

func TestSendOverTLS(t *testing.T) {
	t.Parallel()
	files := newCertFiles(t)
	r := startService(t, func(cfg *Config, _ *Runtime) {
		cfg.DICOM.TLS = files.config()
		cfg.DICOM.Peers = []PeerConfig{
			{AE: "CT1", CIDR: "127.0.0.0/8", TLS: "required", Certificate: []string{"dns:ct1"}},
			{AE: "OLD_CT", CIDR: "127.0.0.0/8", TLS: "off"},
		}
	})
	s, dir := newStudy(1), t.TempDir()
	s.write(t, dir)
	for _, c := range []struct {
		name string
		args []string
		says string // "" is stored
	}{
		{"the title of another", files.flags("ct2", "--aet", "CT1", r.DICOMTLSAddr, dir), "(1,1,3)"},
		{"no certificate", []string{"send", "--tls-ca", files.path("ca.pem"), "--aet", "CT1", r.DICOMTLSAddr, dir}, r.DICOMTLSAddr},
		{"authority not known", []string{"send", "--tls", "--aet", "CT1", r.DICOMTLSAddr, dir}, r.DICOMTLSAddr},
		{"plain on the TLS port", []string{"send", "--aet", "CT1", r.DICOMTLSAddr, dir}, r.DICOMTLSAddr},
		{"plain on the plain port", []string{"send", "--aet", "CT1", r.DICOMAddr, dir}, "(1,1,3)"},
		{"TLS on the plain port", files.flags("ct1", "--aet", "CT1", r.DICOMAddr, dir), r.DICOMAddr},
		{"unknown title", files.flags("ct1", r.DICOMTLSAddr, dir), "(1,1,3)"},
		{"its own title", files.flags("ct1", "--aet", "CT1", r.DICOMTLSAddr, dir), ""},
		{"plain peer", []string{"send", "--aet", "OLD_CT", r.DICOMAddr, dir}, ""},
		{"plain peer over TLS", files.flags("ct2", "--aet", "OLD_CT", r.DICOMTLSAddr, dir), ""},
	} {
		code, stdout, stderr := run(t, nil, c.args...)
		if c.says != "" {
			t.Log(c.name)
			oneLine(t, code, exitFailed, stderr, c.says)
		} else if code != exitOK || !strings.Contains(stdout, "24 of 24 objects stored") {
			t.Errorf("%s: exit %d: %s %s", c.name, code, stdout, stderr)
		}
	}
	r.await(t, s, 1)
	if log := r.log.String(); strings.Contains(log, `"ct1"`) || !strings.Contains(log, "does not speak TLS") {
		t.Errorf("log: %s", log)
	}
}

func TestServiceTakesNewCertificates(t *testing.T) {
	t.Parallel()
	files := newCertFiles(t)
	r := startService(t, func(cfg *Config, _ *Runtime) {
		cfg.DICOM.TLS = files.config()
		cfg.DICOM.TLS.Reload = time.Nanosecond // a look at each handshake
	})
	dir := t.TempDir()
	newStudy(1).write(t, dir)
	old := newCertFiles(t)
	if code, _, _ := run(t, nil, old.flags("ct1", r.DICOMTLSAddr, dir)...); code == exitOK {
		t.Fatal("a foreign authority is trusted")
	}
	for _, f := range []string{"ca.pem", "neckfrac.pem", "neckfrac.key"} {
		if err := os.Rename(old.path(f), files.path(f)); err != nil {
			t.Fatal(err)
		}
	}
	args := old.flags("ct1", r.DICOMTLSAddr, dir)
	args[3] = files.path("ca.pem")
	if code, _, stderr := run(t, nil, args...); code != exitOK {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if err := os.WriteFile(files.path("neckfrac.key"), []byte("spoilt"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := run(t, nil, args...); code != exitOK {
		t.Errorf("after a bad file: exit %d: %s", code, stderr)
	}
	for _, line := range []string{"dicom certificates reloaded", "dicom certificates are not usable"} {
		if !strings.Contains(r.log.String(), line) {
			t.Errorf("the log has no line %q", line)
		}
	}
}

// A service whose certificates are of no use must not start without TLS.
func TestDamagedCertificatesAreRefusedInOneLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*certFiles) error
		says  string
	}{
		"no certificate": {func(f *certFiles) error { return os.Remove(f.path("neckfrac.pem")) }, "certificate file"},
		"no key":         {func(f *certFiles) error { return os.Remove(f.path("neckfrac.key")) }, "key file"},
		"no authorities": {func(f *certFiles) error { return os.Remove(f.path("ca.pem")) }, "CA file"},
		"readable key":   {func(f *certFiles) error { return os.Chmod(f.path("neckfrac.key"), 0o644) }, "wider than 0600"},
		"key of another": {func(f *certFiles) error { return os.Rename(f.path("ct1.key"), f.path("neckfrac.key")) }, "does not match"},
		"garbage":        {func(f *certFiles) error { return os.WriteFile(f.path("ca.pem"), []byte("\x00garbage"), 0o600) }, "no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := newCertFiles(t)
			if err := c.spoil(files); err != nil {
				t.Fatal(err)
			}
			tls := files.config()
			env := []string{"NECKFRAC_DICOM_TLS_ADDR=" + tls.Addr, "NECKFRAC_DICOM_TLS_CERT=" + tls.Cert, "NECKFRAC_DICOM_TLS_KEY=" + tls.Key, "NECKFRAC_DICOM_TLS_CA=" + tls.CA}
			code, _, stderr := run(t, env, "serve", "--config", configFile(t, noPack))
			oneLine(t, code, exitUsage, stderr, "dicom.tls", c.says)
		})
	}
	study := t.TempDir()
	newStudy(1).write(t, study)
	code, _, stderr := run(t, nil, "send", "--tls-cert", "/nonexistent.pem", "127.0.0.1:1", study)
	oneLine(t, code, exitUsage, stderr, "go together")
}

func TestTakenTLSPortIsNamed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tls := newCertFiles(t).config()
	env := []string{"NECKFRAC_DICOM_TLS_ADDR=" + l.Addr().String(), "NECKFRAC_DICOM_TLS_CERT=" + tls.Cert, "NECKFRAC_DICOM_TLS_KEY=" + tls.Key, "NECKFRAC_DICOM_TLS_CA=" + tls.CA}
	code, _, stderr := run(t, env, "serve", "--config", configFile(t, noPack))
	oneLine(t, code, exitFailed, stderr, "dicom.tls.addr", l.Addr().String())
}
