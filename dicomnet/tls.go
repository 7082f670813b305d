package dicomnet

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
)

// TLSConfig configures a [TLSProfile]. It is copied.
type TLSConfig struct {
	// CertFile holds our certificate in PEM, the leaf first, then the
	// intermediates. KeyFile holds its private key, which nobody but its owner
	// may read: a mode wider than 0600 is refused. Both are required for a
	// server and optional for a client, where they go together.
	CertFile, KeyFile string
	// CAFile holds the authorities that may sign the peer's certificate, in
	// PEM. Required for a server unless AllowAnonymousClients; a client without
	// it trusts the system's.
	CAFile string
	// MinVersion is tls.VersionTLS12, the default, or tls.VersionTLS13.
	MinVersion uint16
	// AllowAnonymousClients lets clients in that show no certificate; one that
	// is shown must still be good, and without CAFile none is asked for. [Peers]
	// rejects them where it wants one.
	AllowAnonymousClients bool
	// CheckEvery is how old the look at the files may be when a handshake
	// begins. Defaults to 10 s.
	CheckEvery time.Duration
	// Now is the clock of validity and CheckEvery. Defaults to time.Now.
	Now func() time.Time
	// Report is told when changed files were taken into use, by nil, or kept
	// out, by the reason. It is called within a handshake. Optional.
	Report func(error)
}

// TLSProfile is the BCP 195 RFC 8996, 9325 TLS Secure Transport Connection
// Profile (PS3.15 §B.12) on certificate files that may be replaced while it is
// in use. Its methods are safe for use by many goroutines; it has none itself.
//
// The files are looked at when a handshake begins. New ones are checked as at
// the start, and taken into use together or not at all: until they are good,
// the old ones stay in use, and Report is told once for each reason.
type TLSProfile struct {
	cfg    TLSConfig
	usage  x509.ExtKeyUsage // what our own certificate is for
	keeper keeper
}

// NewServerTLS reads the files for a listener: tls.NewListener(l, p.Config()).
func NewServerTLS(cfg TLSConfig) (*TLSProfile, error) {
	if cfg.CertFile == "" || cfg.CAFile == "" && !cfg.AllowAnonymousClients {
		return nil, errors.New("dicomnet: server TLS: certificate and CA files are required")
	}
	return newTLS(cfg, x509.ExtKeyUsageServerAuth)
}

// NewClientTLS reads the files for [ClientConfig].TLS; take Config anew for
// each Dial.
func NewClientTLS(cfg TLSConfig) (*TLSProfile, error) {
	return newTLS(cfg, x509.ExtKeyUsageClientAuth)
}

func newTLS(cfg TLSConfig, usage x509.ExtKeyUsage) (*TLSProfile, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MinVersion == 0 {
		cfg.MinVersion = tls.VersionTLS12
	}
	defaults(&cfg.CheckEvery, 10*time.Second)
	switch {
	case (cfg.CertFile == "") != (cfg.KeyFile == ""):
		return nil, errors.New("dicomnet: TLS: certificate and key files go together")
	case cfg.MinVersion != tls.VersionTLS12 && cfg.MinVersion != tls.VersionTLS13:
		return nil, errors.New("dicomnet: TLS: minimum version is TLS 1.2 or 1.3")
	case cfg.CheckEvery < 0:
		return nil, errors.New("dicomnet: TLS: CheckEvery")
	}
	p := &TLSProfile{cfg: cfg, usage: usage}
	if err := p.Reload(); err != nil {
		return nil, err
	}
	return p, nil
}

// tlsSuites are the suites of TLS 1.2: forward secret and authenticated
// encryption, as RFC 9325 §4.2 has them. The DHE ones of PS3.15 are left out:
// Go has none. Those of TLS 1.3 are all good and not configurable.
var tlsSuites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// Config returns the configuration for a listener, which follows the files, or
// for the next Dial, which has the files of now.
func (p *TLSProfile) Config() *tls.Config {
	c := p.config(p.refresh())
	if p.usage == x509.ExtKeyUsageServerAuth {
		c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return p.config(p.refresh()), nil }
	}
	return c
}

// config is the profile with one set of certificates. There is no resumption: it
// would let a peer in whose certificate has expired or whose authority was taken
// from the file since, and an association is long enough to pay a handshake.
func (p *TLSProfile) config(m *material) *tls.Config {
	c := &tls.Config{
		MinVersion: p.cfg.MinVersion, CipherSuites: tlsSuites, Renegotiation: tls.RenegotiateNever,
		SessionTicketsDisabled: true, Certificates: m.certificates, Time: p.cfg.Now,
		ClientCAs: m.roots, RootCAs: m.roots, VerifyConnection: strongPeer,
	}
	if p.usage == x509.ExtKeyUsageServerAuth {
		c.ClientAuth = tls.RequireAndVerifyClientCert
		switch {
		case m.roots == nil: // crypto/tls would take the system's authorities
			c.ClientAuth = tls.NoClientCert
		case p.cfg.AllowAnonymousClients:
			c.ClientAuth = tls.VerifyClientCertIfGiven
		}
	}
	return c
}

// strongPeer refuses the keys that RFC 9325 §4.5 does; crypto/tls has verified
// signatures, validity, authority and purpose before.
func strongPeer(s tls.ConnectionState) error {
	for _, c := range s.PeerCertificates {
		if err := strongKey(c); err != nil {
			return err
		}
	}
	return nil
}

// minRSABits is RFC 9325 §4.5's.
const minRSABits = 2048

var errWeakKey = errors.New("dicomnet: TLS: key too short or of an unknown kind")

func strongKey(c *x509.Certificate) error {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() >= minRSABits {
			return nil
		}
	case *ecdsa.PublicKey:
		if k.Curve.Params().BitSize >= 256 {
			return nil
		}
	case ed25519.PublicKey:
		return nil
	}
	return errWeakKey
}

// handshakeCause tells the operator why a handshake failed, in fixed text: what
// crypto/x509 says may quote the peer's certificate.
func handshakeCause(err error) error {
	var bad *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var authority x509.UnknownAuthorityError
	what := "handshake"
	switch {
	case errors.As(err, &bad) && errors.As(bad.Err, &authority):
		what = "certificate of an unknown authority"
	case errors.As(err, &bad) && errors.As(bad.Err, &invalid):
		what = "certificate invalid"
		switch invalid.Reason {
		case x509.Expired:
			what = "certificate expired or not yet valid"
		case x509.IncompatibleUsage:
			what = "certificate is not for this purpose"
		}
	case errors.As(err, &bad):
		what = "certificate invalid"
	case errors.Is(err, errWeakKey):
		what = "certificate with a weak key"
	case errors.As(err, &record):
		what = "the peer does not speak TLS"
	case errors.As(err, &alert):
		what = fmt.Sprintf("the peer sent alert %d", uint8(alert))
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: TLS handshake", ErrTimeout)
	default:
		what = fixedText(err, what)
	}
	return fmt.Errorf("%w: TLS: %s", ErrConnection, what)
}

// fixedText is the part of an error of crypto/tls, which has no types for most
// of them, that is the same for every peer: what stands before the second colon or a semicolon.
func fixedText(err error, otherwise string) string {
	part := strings.SplitN(err.Error(), ":", 3)
	if len(part) < 2 || part[0] != "tls" {
		return otherwise
	}
	text, _, _ := strings.Cut(part[1], ";")
	return strings.TrimSpace(text)
}
