package dicomnet_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

// logBuffer is written by associations and read by the test.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// tlsSite is a server on a TLS port that knows TEST_SCU by the name ct1.
type tlsSite struct {
	addr   string
	ca     authority
	files  pki
	server *dicomnet.Server
	log    *logBuffer
	done   chan error
}

// ct1 is the one who may call itself TEST_SCU.
func ct1(t testing.TB) dicomnet.Peers {
	t.Helper()
	name, err := dicomnet.ParseCertificateName("dns:ct1")
	if err != nil {
		t.Fatal(err)
	}
	return dicomnet.Peers{{AETitle: "TEST_SCU", RequireTLS: true, Certificates: []dicomnet.CertificateName{name}}}
}

func newSite(t *testing.T, edit func(*dicomnet.TLSConfig)) *tlsSite {
	t.Helper()
	s := &tlsSite{ca: newAuthority(t), files: newPKI(t), log: &logBuffer{}, done: make(chan error, 1)}
	s.files.putPair(s.ca.issue(t, "neckfrac", nil))
	s.files.putCA(s.ca)
	cfg := dicomnet.TLSConfig{CertFile: s.files.cert, KeyFile: s.files.key, CAFile: s.files.ca}
	if edit != nil {
		edit(&cfg)
	}
	profile, err := dicomnet.NewServerTLS(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.server = newServer(t, &dicomnettest.Store{}, func(c *dicomnet.Config) {
		c.Admit, c.Logger = ct1(t).Admit, slog.New(slog.NewTextHandler(s.log, nil))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	listener := tls.NewListener(l, profile.Config())
	go func() { s.done <- s.server.Serve(listener) }()
	t.Cleanup(func() { s.stop(t) })
	return s
}

// stop ends the server, so that its log is complete. It may be called twice.
func (s *tlsSite) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

// client is a peer that shows its certificate, whatever authorities are asked for.
func (s *tlsSite) client(cert tls.Certificate) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.ca.pool(),
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }}
}

// dialTLS associates and echoes over TLS; the client stays open.
func dialTLS(t *testing.T, addr string, cfg *tls.Config) (*dicomnet.Client, error) {
	t.Helper()
	c := dicomnettest.ClientConfig()
	c.TLS = cfg
	client, err := dicomnet.Dial(t.Context(), addr, c)
	if err != nil {
		return nil, err
	}
	t.Cleanup(client.Abort)
	return client, client.Echo(t.Context())
}

// Row U15 of the list of hostile input: what must not get in, and that the
// operator is told why without a word of the peer's.
func TestTLSRefuses(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	version := func(v uint16) func(*tls.Config) {
		return func(c *tls.Config) { c.MinVersion, c.MaxVersion = v, v }
	}
	suite := func(id uint16) func(*tls.Config) {
		return func(c *tls.Config) { c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{id} }
	}
	cert := func(edit func(*x509.Certificate)) func(*testing.T, *tlsSite) tls.Certificate {
		return func(t *testing.T, s *tlsSite) tls.Certificate { return s.ca.issue(t, "ct1", edit) }
	}
	for _, tt := range []struct {
		name   string
		cert   func(*testing.T, *tlsSite) tls.Certificate // a good one if nil
		edit   func(*tls.Config)
		server func(*dicomnet.TLSConfig)
		says   string
	}{
		{name: "TLS 1.0", edit: version(tls.VersionTLS10), says: "client offered only unsupported versions"},
		{name: "TLS 1.1", edit: version(tls.VersionTLS11), says: "client offered only unsupported versions"},
		{name: "TLS 1.2 where 1.3 is asked for", edit: version(tls.VersionTLS12), says: "client offered only unsupported versions",
			server: func(c *dicomnet.TLSConfig) { c.MinVersion = tls.VersionTLS13 }},
		{name: "no forward secrecy", edit: suite(tls.TLS_RSA_WITH_AES_128_GCM_SHA256), says: "no cipher suite supported"},
		{name: "CBC", edit: suite(tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA), says: "no cipher suite supported"},
		{name: "RC4", edit: suite(tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA), says: "no cipher suite supported"},
		{name: "no certificate", edit: func(c *tls.Config) { c.GetClientCertificate = nil }, says: "client didn't provide a certificate"},
		{name: "expired", cert: cert(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), says: "certificate expired or not yet valid"},
		{name: "not yet valid", cert: cert(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }), says: "certificate expired or not yet valid"},
		{name: "of a foreign authority of the same name", says: "unknown authority",
			cert: func(t *testing.T, _ *tlsSite) tls.Certificate { return newAuthority(t).issue(t, "ct1", nil) }},
		{name: "self-signed", says: "unknown authority", cert: func(t *testing.T, _ *tlsSite) tls.Certificate {
			key, template := newKey(t), leaf("ct1")
			c := sign(t, template, template, key.Public(), key)
			return tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key}
		}},
		{name: "signed by a client", says: "unknown authority", cert: func(t *testing.T, s *tlsSite) tls.Certificate {
			signer := s.ca.issue(t, "ct2", nil)
			c := authority{signer.Leaf, signer.PrivateKey.(crypto.Signer)}.issue(t, "ct1", nil)
			c.Certificate = append(c.Certificate, signer.Certificate[0])
			return c
		}},
		{name: "right name, wrong purpose", says: "not for this purpose",
			cert: cert(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })},
		{name: "weak key", says: "weak key", cert: func(t *testing.T, s *tlsSite) tls.Certificate { return s.ca.issueFor(t, "ct1", weak, nil) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, tt.server)
			if tt.cert == nil {
				tt.cert = cert(nil)
			}
			cfg := s.client(tt.cert(t, s))
			if tt.edit != nil {
				tt.edit(cfg)
			}
			if _, err := dialTLS(t, s.addr, cfg); err == nil {
				t.Fatal("accepted")
			}
			s.stop(t)
			if log := s.log.String(); !strings.Contains(log, tt.says) || strings.Contains(log, "ct1") || strings.Contains(log, "Test CA") {
				t.Errorf("log %q, want %q and no name of the peer's", log, tt.says)
			}
			if opened := strings.Contains(s.log.String(), "calling="); opened {
				t.Error("an association was asked for")
			}
		})
	}
}

func TestTLSAcceptsEveryGoodSuite(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	cert := s.ca.issue(t, "ct1", nil)
	for name, edit := range map[string]func(*tls.Config){
		"TLS 1.3":           func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 },
		"AES-128-GCM":       func(c *tls.Config) { c.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256} },
		"AES-256-GCM":       func(c *tls.Config) { c.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384} },
		"ChaCha20-Poly1305": func(c *tls.Config) { c.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256} },
	} {
		cfg := s.client(cert)
		if edit(cfg); cfg.CipherSuites != nil {
			cfg.MaxVersion = tls.VersionTLS12
		}
		if _, err := dialTLS(t, s.addr, cfg); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A certificate of the authority is not enough: it must be the AE title's own.
func TestCertificateOfAnotherAEIsRejected(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	_, err := dialTLS(t, s.addr, s.client(s.ca.issue(t, "ct2", nil)))
	var rejected *dicomnet.RejectError
	if !errors.As(err, &rejected) || *rejected != *dicomnet.RejectCallingAE {
		t.Errorf("got %v, want (1,1,3)", err)
	}
}

func TestAnonymousClientIsRejectedByItsTitle(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *dicomnet.TLSConfig) { c.AllowAnonymousClients = true })
	cfg := s.client(tls.Certificate{})
	cfg.GetClientCertificate = nil
	_, err := dialTLS(t, s.addr, cfg)
	var rejected *dicomnet.RejectError
	if !errors.As(err, &rejected) || *rejected != *dicomnet.RejectCallingAE {
		t.Errorf("got %v, want (1,1,3)", err)
	}
	if _, err := dialTLS(t, s.addr, s.client(newAuthority(t).issue(t, "ct1", nil))); err == nil {
		t.Error("a certificate of a foreign authority is taken")
	}
	if _, err := dialTLS(t, s.addr, s.client(s.ca.issue(t, "ct1", nil))); err != nil {
		t.Error(err)
	}
}

// Without authorities nobody's certificate counts, least of all one of those that
// the system trusts.
func TestWithoutAuthoritiesNoCertificateCounts(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *dicomnet.TLSConfig) { c.AllowAnonymousClients, c.CAFile = true, "" })
	cfg, asked := s.client(s.ca.issue(t, "ct1", nil)), false
	show := cfg.GetClientCertificate
	cfg.GetClientCertificate = func(i *tls.CertificateRequestInfo) (*tls.Certificate, error) { asked = true; return show(i) }
	_, err := dialTLS(t, s.addr, cfg)
	var rejected *dicomnet.RejectError
	if !errors.As(err, &rejected) || *rejected != *dicomnet.RejectCallingAE || asked {
		t.Errorf("got %v, asked for a certificate: %v", err, asked)
	}
}

// sessionCache counts the sessions that a client could resume.
type sessionCache struct{ n atomic.Int32 }

func (*sessionCache) Get(string) (*tls.ClientSessionState, bool) { return nil, false }
func (c *sessionCache) Put(_ string, s *tls.ClientSessionState) {
	if s != nil {
		c.n.Add(1)
	}
}

// A resumed session would outlive the certificate that it was begun with.
func TestNoSessionCanBeResumed(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		cache := &sessionCache{}
		cfg := s.client(s.ca.issue(t, "ct1", nil))
		cfg.MaxVersion, cfg.ClientSessionCache = version, cache
		if _, err := dialTLS(t, s.addr, cfg); err != nil {
			t.Fatal(err)
		}
		if n := cache.n.Load(); n != 0 {
			t.Errorf("%s: %d tickets", tls.VersionName(version), n)
		}
	}
}

func TestPlainClientOnTLSPort(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	if _, err := dicomnet.Dial(t.Context(), s.addr, dicomnettest.ClientConfig()); err == nil {
		t.Error("accepted")
	}
	s.stop(t)
	if !strings.Contains(s.log.String(), "does not speak TLS") {
		t.Errorf("log %q", s.log)
	}
}

func TestTLSClientOnPlainPort(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	addr := dicomnettest.Listen(t, newServer(t, &dicomnettest.Store{}, nil))
	if _, err := dialTLS(t, addr, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: ca.pool()}); err == nil {
		t.Error("accepted")
	}
}

// The plain port knows no certificate, so an AE that needs one is rejected.
func TestPeerWithTLSIsRejectedOnThePlainPort(t *testing.T) {
	t.Parallel()
	p := newPeer(t, &dicomnettest.Store{}, func(c *dicomnet.Config) { c.Admit = ct1(t).Admit })
	p.Send(dicomnettest.AssociateRQ())
	p.ExpectReject(1, 1, 3)
}

// The client checks whom it talks to.
func TestClientRefusesServers(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	other := newPKI(t)
	other.putCA(newAuthority(t))
	own := newPKI(t)
	own.putCA(s.ca)
	own.putPair(s.ca.issue(t, "ct1", nil))
	for name, tt := range map[string]struct {
		cfg  dicomnet.TLSConfig
		good bool
	}{
		"foreign authority":  {dicomnet.TLSConfig{CAFile: other.ca, CertFile: own.cert, KeyFile: own.key}, false},
		"system authorities": {dicomnet.TLSConfig{CertFile: own.cert, KeyFile: own.key}, false},
		"no certificate":     {dicomnet.TLSConfig{CAFile: own.ca}, false},
		"good":               {dicomnet.TLSConfig{CAFile: own.ca, CertFile: own.cert, KeyFile: own.key}, true},
	} {
		p, err := dicomnet.NewClientTLS(tt.cfg)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dialTLS(t, s.addr, p.Config()); (err == nil) != tt.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// No peer can hold a connection in the handshake longer than ARTIM.
func TestHandshakeEndsWithARTIM(t *testing.T) {
	t.Parallel()
	for name, attack := range map[string]func(*testing.T, net.Conn){
		"silent": func(*testing.T, net.Conn) {},
		"a byte a second": func(t *testing.T, c net.Conn) {
			for _, b := range []byte{22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3} {
				if _, err := c.Write([]byte{b}); err != nil {
					t.Error(err)
				}
				pass(time.Second)
			}
		},
		"hello, then reads nothing": func(t *testing.T, c net.Conn) {
			hello := &oneWrite{Conn: c}
			_ = tls.Client(hello, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(t.Context()) // fails in Read
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ca, files := newAuthority(t), newPKI(t)
				files.putPair(ca.issue(t, "neckfrac", nil))
				files.putCA(ca)
				profile, err := dicomnet.NewServerTLS(dicomnet.TLSConfig{CertFile: files.cert, KeyFile: files.key, CAFile: files.ca})
				if err != nil {
					t.Fatal(err)
				}
				var log logBuffer
				s := newServer(t, &dicomnettest.Store{}, func(c *dicomnet.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
				ours, theirs := net.Pipe()
				defer ours.Close()
				expectAfter(t, 30*time.Second, func() {
					done := make(chan struct{})
					go func() { defer close(done); s.ServeConn(tls.Server(theirs, profile.Config())) }()
					attack(t, ours)
					<-done
				})
				if !strings.Contains(log.String(), dicomnet.ErrTimeout.Error()) {
					t.Errorf("log %q", log.String())
				}
			})
		})
	}
}

// oneWrite passes writes on and never reads.
type oneWrite struct{ net.Conn }

func (oneWrite) Read([]byte) (int, error) { return 0, errors.New("not reading") }
func (oneWrite) Close() error             { return nil }

// An instance crosses TLS whole, and the session is bound to its certificate.
func TestStoreOverTLS(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	client, err := dialTLS(t, s.addr, s.client(s.ca.issue(t, "ct1", nil)))
	if err != nil {
		t.Fatal(err)
	}
	status, err := client.Store(t.Context(), ctRequest(), bytes.NewReader(make([]byte, 3<<20)))
	if err != nil || status != dimse.Success {
		t.Errorf("store: %v, %v", status, err)
	}
	if err := client.Release(t.Context()); err != nil {
		t.Error(err)
	}
}
