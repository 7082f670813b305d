package main

import (
	"context"
	"fmt"
	"net"
	"reflect"
	"slices"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// peerTable is dicom.peers as the service goes by it. It is replaced as a whole.
type peerTable struct {
	rows  []PeerConfig
	admit dicomnet.Peers
	// reports is for reports to peers that require TLS; nil where none does.
	reports *dicomnet.TLSProfile
}

// usePeers takes the peers of a configuration that was validated into use, for
// associations to come.
func (s *Service) usePeers(c Config) error {
	t := &peerTable{rows: slices.Clone(c.DICOM.Peers), admit: c.peers()}
	if slices.ContainsFunc(t.rows, func(p PeerConfig) bool { return p.Addr != "" && p.TLS == "required" }) {
		var err error
		own := s.cfg.DICOM.TLS
		t.reports, err = dicomnet.NewClientTLS(dicomnet.TLSConfig{CertFile: own.Cert, KeyFile: own.Key, CAFile: own.CA, MinVersion: tlsVersions[own.MinVersion], CheckEvery: own.Reload})
		if err != nil {
			return neckfrac.Errorf(neckfrac.Invalid, "config: dicom.tls, for commitment reports", "%v", err)
		}
	}
	s.peers.Store(t)
	if s.received != nil {
		s.received.SetRules(c.rules())
	}
	return nil
}

// admit says who may associate. Without peers it is the storage SCP's own rule: every
// AE on loopback.
func (s *Service) admit(ctx context.Context, info dicomnet.AssociationInfo) error {
	t := s.peers.Load()
	if len(t.rows) == 0 {
		return dicomnet.AnyPeer(ctx, info)
	}
	return t.admit.Admit(ctx, info)
}

// Reload takes the peers of another configuration into use, and nothing else of it: what
// differs beside them waits for a restart, and is told. A configuration that may not
// start, or that may not replace this one, changes nothing.
func (s *Service) Reload(ctx context.Context, c Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	was, is := s.cfg, c
	was.DICOM.Peers, is.DICOM.Peers = nil, nil
	if rest := !reflect.DeepEqual(was, is); rest {
		// The rows were checked beside settings that are not in use.
		mixed := s.cfg
		mixed.DICOM.Peers = c.DICOM.Peers
		if err := mixed.Validate(); err != nil {
			return neckfrac.E("the new peers need a restart", err)
		}
		s.log.Warn("configuration reloaded: only dicom.peers is in use, the rest waits for a restart")
	}
	// The row comes first: who may send is never changed without a trace.
	err := s.db.Append(ctx, neckfrac.AuditEvent{At: time.Now().UTC(), Actor: "operator", Action: "peers", Object: "dicom.peers",
		Detail: fmt.Sprintf("%d rows", len(c.DICOM.Peers))})
	if err != nil {
		return neckfrac.E("reload: audit", err)
	}
	if err := s.usePeers(c); err != nil {
		return err
	}
	s.log.Info("peers reloaded", "peers", len(c.DICOM.Peers))
	return nil
}

// peers are the configured peers for the server's Admit; Validate has checked them. It
// goes by the same row as rules: the first of the AE title and the address.
func (c Config) peers() dicomnet.Peers {
	var out dicomnet.Peers
	for _, p := range c.DICOM.Peers {
		_, network, err := net.ParseCIDR(p.CIDR)
		if err != nil {
			continue
		}
		r := dicomnet.PeerRule{AETitle: p.AE, Network: network, RequireTLS: p.TLS == "required"}
		for _, s := range p.Certificate {
			if n, err := dicomnet.ParseCertificateName(s); err == nil {
				r.Certificates = append(r.Certificates, n)
			}
		}
		out = append(out, r)
	}
	return out
}

// rules are the configured peers; Validate has checked them.
func (c Config) rules() []scp.Rule {
	var out []scp.Rule
	for _, p := range c.DICOM.Peers {
		_, network, err := net.ParseCIDR(p.CIDR)
		if err != nil {
			continue
		}
		out = append(out, scp.Rule{AETitle: neckfrac.AETitle(p.AE), Network: network, Issuer: p.Issuer, Reportable: p.Addr != ""})
	}
	return out
}
