package dicomnet

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// PeerRule says who may call itself by an AE title.
type PeerRule struct {
	AETitle string
	// Network is where it may call from; nil is anywhere.
	Network *net.IPNet
	// RequireTLS rejects it on a plain connection and asks for one of
	// Certificates, at least one of which must be given: any other holder of a
	// certificate of the same authority could else take the title.
	RequireTLS   bool
	Certificates []CertificateName
}

// Peers is the list of the AEs that may associate. Its Admit is for
// [Config].Admit: the first rule of the calling AE title and the address
// decides, and what no rule knows is rejected (1,1,3).
type Peers []PeerRule

// Check reports a rule that can't work.
func (p Peers) Check() error {
	for i, r := range p {
		switch {
		case !dataset.ValidAETitle(r.AETitle):
			return fmt.Errorf("dicomnet: peer %d: AE title", i+1)
		case r.RequireTLS != (len(r.Certificates) > 0):
			return fmt.Errorf("dicomnet: peer %d: TLS and certificates go together", i+1)
		case slices.Contains(r.Certificates, CertificateName{}):
			return fmt.Errorf("dicomnet: peer %d: empty certificate name", i+1)
		}
	}
	return nil
}

// Admit implements [Config].Admit. An AE title is a name, not authentication
// (PS3.15 §B.12 leaves the meaning of certificates to the application): with
// RequireTLS the certificate must be one of the title's own.
func (p Peers) Admit(_ context.Context, info AssociationInfo) error {
	for _, r := range p {
		if r.AETitle != info.CallingAETitle || r.Network != nil && !contains(r.Network, info.RemoteAddr) {
			continue
		}
		if r.RequireTLS && !slices.ContainsFunc(r.Certificates, func(n CertificateName) bool { return n.shownBy(info.TLS) }) {
			return RejectCallingAE
		}
		return nil
	}
	return RejectCallingAE
}

func contains(n *net.IPNet, a net.Addr) bool {
	t, ok := a.(*net.TCPAddr)
	return ok && n.Contains(t.IP)
}

// CertificateName says which certificate is meant. It is comparable; the zero
// value matches none.
type CertificateName struct{ kind, value string }

// ParseCertificateName reads one of
//
//	sha256:9f86d081…   the fingerprint, hexadecimal, colons allowed
//	dns:ct1.example    a dNSName of the subject alternative names
//	uri:urn:oid:1.2.3  a URI of them
//	cn:CT scanner 1    the subject's common name
//
// A fingerprint pins one certificate and has to be changed with it; a name
// outlives the certificate and trusts the authority to give it to one owner.
// There are no wildcards.
func ParseCertificateName(s string) (CertificateName, error) {
	kind, value, _ := strings.Cut(s, ":")
	switch {
	case value == "" || strings.Contains(value, "*"):
		return CertificateName{}, errors.New("dicomnet: certificate name: want sha256:, dns:, uri: or cn: before a value without wildcards")
	case kind == "sha256":
		value = strings.ToLower(strings.ReplaceAll(value, ":", ""))
		if b, err := hex.DecodeString(value); err != nil || len(b) != sha256.Size {
			return CertificateName{}, errors.New("dicomnet: certificate name: after sha256: want 64 hexadecimal digits")
		}
	case kind == "dns":
		value = strings.ToLower(value)
	case kind != "uri" && kind != "cn":
		return CertificateName{}, errors.New("dicomnet: certificate name: want one of sha256:, dns:, uri:, cn: in front")
	}
	return CertificateName{kind, value}, nil
}

// String is what ParseCertificateName reads.
func (n CertificateName) String() string { return n.kind + ":" + n.value }

// shownBy reports whether the peer proved to hold the certificate and its chain
// was verified.
func (n CertificateName) shownBy(s *tls.ConnectionState) bool {
	return s != nil && len(s.VerifiedChains) > 0 && len(s.PeerCertificates) > 0 && n.Matches(s.PeerCertificates[0])
}

// Matches reports whether a certificate, which the caller has verified, is meant.
func (n CertificateName) Matches(c *x509.Certificate) bool {
	switch n.kind {
	case "sha256":
		sum := sha256.Sum256(c.Raw)
		return n.value == hex.EncodeToString(sum[:])
	case "dns":
		return slices.ContainsFunc(c.DNSNames, func(d string) bool { return strings.ToLower(d) == n.value })
	case "uri":
		for _, u := range c.URIs {
			if u.String() == n.value {
				return true
			}
		}
	case "cn":
		return c.Subject.CommonName == n.value
	}
	return false
}
