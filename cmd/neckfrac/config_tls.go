package main

import (
	"crypto/tls"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
)

// DICOMTLSConfig is the receiver's second listener, which speaks TLS. Cert opens it.
type DICOMTLSConfig struct {
	// Addr is host:port; 2762 is the registered port of DICOM over TLS (PS3.15 §B.12).
	Addr string `koanf:"addr"`
	// Cert, Key and CA are PEM files: our certificate, its private key, and the
	// authorities that sign those of the peers.
	Cert string `koanf:"cert"`
	Key  string `koanf:"key"`
	CA   string `koanf:"ca"`
	// MinVersion is "1.2" or "1.3".
	MinVersion string `koanf:"min_version"`
	// Reload is how old the look at the files may be when a peer connects.
	Reload time.Duration `koanf:"reload"`
}

// tlsVersions are what dicom.tls.min_version may say.
var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// validateTLS checks what dicom.tls says by itself and with the peers.
func (c Config) validateTLS() error {
	t := c.DICOM.TLS
	if stated := t.Cert != ""; stated != (t.Key != "") || stated != (t.CA != "") {
		return configErr("dicom.tls", "cert, key and ca go together")
	}
	if _, ok := tlsVersions[t.MinVersion]; !ok {
		return configErr("dicom.tls.min_version", "want \"1.2\" or \"1.3\"")
	}
	if t.Reload <= 0 {
		return configErr("dicom.tls.reload", "want a positive duration such as 10s")
	}
	local, err := loopback(t.Addr)
	if err != nil {
		return configErr("dicom.tls.addr", "want host:port")
	}
	if !local && t.Cert == "" {
		return configErr("dicom.tls.addr", "a bind wider than loopback needs dicom.tls.cert, key and ca")
	}
	if !local && len(c.DICOM.Peers) == 0 {
		return configErr("dicom.tls.addr", "a bind wider than loopback needs the list of peers; add:\n  dicom:\n    peers:\n      - ae: SCANNER1\n        cidr: 192.0.2.10/32\n        tls: required\n        certificate: \"dns:scanner1.example.org\"\n        issuer: HOSPITAL")
	}
	return nil
}

// validateTLS checks how a peer has to prove who it is.
func (p PeerConfig) validateTLS(listener bool) error {
	switch {
	case p.TLS != "required" && p.TLS != "off":
		return configErr("dicom.peers.tls", "want required, or \"off\", stated on purpose")
	case p.TLS == "off" && len(p.Certificate) > 0:
		return configErr("dicom.peers.certificate", "is for peers with tls: required")
	case p.TLS == "off":
		return nil
	case !listener:
		return configErr("dicom.peers.tls", "required needs a TLS listener; set dicom.tls.cert, key and ca")
	case len(p.Certificate) == 0:
		return configErr("dicom.peers.certificate", "tls: required needs the certificate that the AE title is bound to, such as \"dns:scanner1.example.org\" or \"sha256:<64 digits>\"")
	}
	for _, s := range p.Certificate {
		if _, err := dicomnet.ParseCertificateName(s); err != nil {
			return configErr("dicom.peers.certificate", "want dns:NAME, uri:URI, cn:NAME or sha256:FINGERPRINT, without wildcards")
		}
	}
	return nil
}

// openTLS reads the certificates before a port is opened.
func (s *Service) openTLS() (err error) {
	t := s.cfg.DICOM.TLS
	if t.Cert == "" {
		return nil
	}
	s.tls, err = dicomnet.NewServerTLS(dicomnet.TLSConfig{
		CertFile: t.Cert, KeyFile: t.Key, CAFile: t.CA, MinVersion: tlsVersions[t.MinVersion], CheckEvery: t.Reload,
		Report: func(err error) {
			if err != nil {
				s.log.Error("dicom certificates are not usable, the old ones stay", "err", err)
				return
			}
			s.log.Info("dicom certificates reloaded", "not_after", s.tls.NotAfter())
		},
	})
	if err != nil {
		return neckfrac.Errorf(neckfrac.Invalid, "config: dicom.tls", "%v", err)
	}
	return nil
}
