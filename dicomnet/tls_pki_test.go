package dicomnet_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority is a test CA.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, template, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, pub, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newAuthority(t testing.TB) authority {
	t.Helper()
	key := newKey(t)
	template := leaf("Test CA")
	template.IsCA, template.KeyUsage, template.ExtKeyUsage = true, x509.KeyUsageCertSign, nil
	return authority{sign(t, template, template, key.Public(), key), key}
}

// leaf is the template of a good certificate for both ends.
func leaf(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		panic(err)
	}
	return &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
}

// issue signs a certificate that edit may spoil.
func (a authority) issue(t testing.TB, name string, edit func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	return a.issueFor(t, name, newKey(t), edit)
}

func (a authority) issueFor(t testing.TB, name string, key crypto.Signer, edit func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	template := leaf(name)
	if edit != nil {
		edit(template)
	}
	c := sign(t, template, a.cert, key.Public(), a.key)
	return tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key, Leaf: c}
}

func (a authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// pki is a folder with the files of one end.
type pki struct {
	t             testing.TB
	cert, key, ca string
}

func newPKI(t testing.TB) pki {
	dir := t.TempDir()
	return pki{t, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "ca.pem")}
}

// put replaces a file as an operator's tool does: a new one is renamed over it.
func (p pki) put(file, kind string, ders ...[]byte) {
	p.t.Helper()
	var b []byte
	for _, der := range ders {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	if err := os.WriteFile(file+".new", b, 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		p.t.Fatal(err)
	}
}

func (p pki) putPair(c tls.Certificate) {
	p.t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		p.t.Fatal(err)
	}
	p.put(p.cert, "CERTIFICATE", c.Certificate...)
	p.put(p.key, "PRIVATE KEY", der)
}

func (p pki) putCA(a authority) {
	p.t.Helper()
	p.put(p.ca, "CERTIFICATE", a.cert.Raw)
}
