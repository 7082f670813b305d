package dicomnet_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet"
)

func TestParseCertificateName(t *testing.T) {
	t.Parallel()
	digits := strings.Repeat("0A", 32)
	for in, want := range map[string]string{
		"sha256:" + digits:                      "sha256:" + strings.ToLower(digits),
		"sha256:0A" + strings.Repeat(":0A", 31): "sha256:" + strings.ToLower(digits),
		"dns:CT1.Example.org":                   "dns:ct1.example.org",
		"uri:urn:oid:1.2.3":                     "uri:urn:oid:1.2.3",
		"cn:CT scanner 1":                       "cn:CT scanner 1",
		"":                                      "",
		"ct1":                                   "",
		"dns:":                                  "",
		"dns:*.example.org":                     "",
		"ip:192.0.2.1":                          "",
		"sha256:" + digits[2:]:                  "",
		"sha256:" + digits + "00":               "",
		"sha256:" + strings.Repeat("x", len(digits)): "",
		"sha1:" + digits[:40]:                        "",
	} {
		n, err := dicomnet.ParseCertificateName(in)
		if (err != nil) != (want == "") || err == nil && n.String() != want {
			t.Errorf("%q: %v, %v; want %q", in, n, err, want)
		}
	}
}

func name(t testing.TB, s string) dicomnet.CertificateName {
	t.Helper()
	n, err := dicomnet.ParseCertificateName(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCertificateNameMatches(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	c := ca.issue(t, "CT1", func(c *x509.Certificate) {
		c.DNSNames, c.URIs = []string{"ct1.example.org", "*.wild.example.org"}, []*url.URL{{Scheme: "urn", Opaque: "oid:1.2.3"}}
	}).Leaf
	sum := sha256.Sum256(c.Raw)
	for in, want := range map[string]bool{
		"sha256:" + hex.EncodeToString(sum[:]): true,
		"sha256:" + strings.Repeat("00", 32):   false,
		"dns:CT1.example.org":                  true,
		"dns:example.org":                      false,
		"dns:ct1":                              false, // the common name is no dNSName
		"dns:a.wild.example.org":               false,
		"uri:urn:oid:1.2.3":                    true,
		"uri:urn:oid:1.2.30":                   false,
		"cn:CT1":                               true,
		"cn:ct1":                               false,
		"cn:ct1.example.org":                   false,
	} {
		if got := name(t, in).Matches(c); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
	if (dicomnet.CertificateName{}).Matches(&x509.Certificate{}) {
		t.Error("the zero value matches")
	}
}

func TestPeersAdmit(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	network := func(s string) *net.IPNet {
		_, n, err := net.ParseCIDR(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	peers := dicomnet.Peers{
		{AETitle: "SECURE", Network: network("192.0.2.0/24"), RequireTLS: true,
			Certificates: []dicomnet.CertificateName{name(t, "dns:old"), name(t, "dns:ct1")}},
		{AETitle: "SECURE", Network: network("192.0.2.7/32")}, // never reached: the first one decides
		{AETitle: "PLAIN", Network: network("192.0.2.0/24")},
		{AETitle: "ANYWHERE"},
	}
	if err := peers.Check(); err != nil {
		t.Fatal(err)
	}
	shown := func(n string) *tls.ConnectionState {
		c := ca.issue(t, n, nil).Leaf
		return &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c}, VerifiedChains: [][]*x509.Certificate{{c, ca.cert}}}
	}
	unverified := shown("ct1")
	unverified.VerifiedChains = nil
	pipe, other := net.Pipe()
	defer pipe.Close()
	defer other.Close()
	at := func(s string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(s), Port: 104} }
	for _, tt := range []struct {
		name, ae string
		from     net.Addr
		tls      *tls.ConnectionState
		want     bool
	}{
		{"own certificate", "SECURE", at("192.0.2.7"), shown("ct1"), true},
		{"its other certificate", "SECURE", at("192.0.2.7"), shown("old"), true},
		{"IPv4 in IPv6", "SECURE", at("::ffff:192.0.2.7"), shown("ct1"), true},
		{"plain", "SECURE", at("192.0.2.7"), nil, false},
		{"certificate of another", "SECURE", at("192.0.2.7"), shown("ct2"), false},
		{"no certificate", "SECURE", at("192.0.2.7"), &tls.ConnectionState{}, false},
		{"certificate not verified", "SECURE", at("192.0.2.7"), unverified, false},
		{"from elsewhere", "SECURE", at("198.51.100.1"), shown("ct1"), false},
		{"plain peer", "PLAIN", at("192.0.2.7"), nil, true},
		{"plain peer over TLS", "PLAIN", at("192.0.2.7"), shown("ct2"), true},
		{"plain peer from elsewhere", "PLAIN", at("198.51.100.1"), nil, false},
		{"no IP address", "PLAIN", pipe.RemoteAddr(), nil, false},
		{"no IP address, none asked for", "ANYWHERE", pipe.RemoteAddr(), nil, true},
		{"unknown", "NOBODY", at("192.0.2.7"), shown("ct1"), false},
		{"other case", "plain", at("192.0.2.7"), nil, false},
	} {
		err := peers.Admit(t.Context(), dicomnet.AssociationInfo{CallingAETitle: tt.ae, RemoteAddr: tt.from, TLS: tt.tls})
		if (err == nil) != tt.want || err != nil && err != error(dicomnet.RejectCallingAE) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if err := (dicomnet.Peers{}).Admit(t.Context(), dicomnet.AssociationInfo{CallingAETitle: "PLAIN", RemoteAddr: at("127.0.0.1")}); err == nil {
		t.Error("an empty list admits")
	}
}

func TestPeersCheck(t *testing.T) {
	t.Parallel()
	ct1 := []dicomnet.CertificateName{name(t, "dns:ct1")}
	for what, rule := range map[string]dicomnet.PeerRule{
		"no title":               {},
		"title too long":         {AETitle: "ABCDEFGHIJKLMNOPQ"},
		"TLS, any certificate":   {AETitle: "CT1", RequireTLS: true},
		"certificate, no TLS":    {AETitle: "CT1", Certificates: ct1},
		"empty certificate name": {AETitle: "CT1", RequireTLS: true, Certificates: append(ct1, dicomnet.CertificateName{})},
	} {
		if err := (dicomnet.Peers{{AETitle: "GOOD"}, rule}).Check(); err == nil || !strings.Contains(err.Error(), "peer 2") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// One scanner speaks TLS and is known by its certificate, an old one can't and
// is known by where it stands.
func ExamplePeers() {
	ct1, err := dicomnet.ParseCertificateName("dns:ct1.example.org")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, radiology, err := net.ParseCIDR("192.0.2.0/24")
	if err != nil {
		fmt.Println(err)
		return
	}
	peers := dicomnet.Peers{
		{AETitle: "CT1", RequireTLS: true, Certificates: []dicomnet.CertificateName{ct1}},
		{AETitle: "OLD_CT", Network: radiology},
	}
	fmt.Println(peers.Check()) // then Config{Admit: peers.Admit}
	plain := dicomnet.AssociationInfo{CallingAETitle: "CT1", RemoteAddr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}}
	fmt.Println(peers.Admit(context.Background(), plain))
	plain.CallingAETitle = "OLD_CT"
	fmt.Println(peers.Admit(context.Background(), plain))
	// Output:
	// <nil>
	// dicomnet: association rejected (1,1,3)
	// <nil>
}

// A server for TLS and plain peers: the profile follows its files, so a new
// certificate needs no restart.
func ExampleNewServerTLS() {
	profile, err := dicomnet.NewServerTLS(dicomnet.TLSConfig{
		CertFile: "/etc/pacs/cert.pem", KeyFile: "/etc/pacs/key.pem", CAFile: "/etc/pacs/ca.pem",
		Report: func(err error) { slog.Info("certificate files changed", "err", err) },
	})
	if err != nil {
		slog.Error("no TLS", "err", err)
		return
	}
	var server *dicomnet.Server // of NewServer, with Peers.Admit
	listener, err := tls.Listen("tcp", ":2762", profile.Config())
	if err != nil {
		slog.Error("no port", "err", err)
		return
	}
	slog.Info("over", "err", server.Serve(listener))
}
