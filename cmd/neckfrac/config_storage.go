package main

import (
	"fmt"
	"net"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// CommitmentConfig opens storage commitment. A scanner may delete its only copy on our
// word, so it is off until the site says how long it keeps what it commits to.
type CommitmentConfig struct {
	SCP bool `koanf:"scp"`
}

// RequestsConfig bounds storage commitment requests and availability notifications, each
// on their own: both are promises to a peer that take a row until they are kept.
type RequestsConfig struct {
	// OpenPerPeer is how many one AE title may have open; over it 0213H.
	OpenPerPeer int `koanf:"open_per_peer"`
	// Expiry is the age at which one ends that could not be reported or fetched.
	Expiry time.Duration `koanf:"expiry"`
	// Keep is how long one that has ended is remembered.
	Keep time.Duration `koanf:"keep"`
}

func defaultRequests() RequestsConfig {
	return RequestsConfig{OpenPerPeer: neckfrac.DefaultOpenPerPeer, Expiry: pipeline.DefaultRequestExpiry, Keep: pipeline.DefaultRequestKeep}
}

func (r RequestsConfig) validate() error {
	if r.OpenPerPeer < 1 || r.OpenPerPeer > neckfrac.MaxOpenCommitments {
		return configErr("dicom.requests.open_per_peer", fmt.Sprintf("want 1 to %d", neckfrac.MaxOpenCommitments))
	}
	if r.Expiry <= 0 || r.Keep <= 0 {
		return configErr("dicom.requests.expiry, dicom.requests.keep", "want a positive duration such as 168h")
	}
	return nil
}

// RetentionConfig says what may be deleted when.
type RetentionConfig struct {
	// CommittedDays is how long an instance is kept that we committed to; 0 is unset.
	CommittedDays int `koanf:"committed_days"`
}

// maxCommittedDays is a hundred years: more is a typing mistake.
const maxCommittedDays = 36_525

// validateStorage checks what is received and promised.
func (c Config) validateStorage() error {
	if _, err := scp.StorageClasses(c.DICOM.StorageClasses); err != nil {
		return configErr("dicom.storage_classes", "want UIDs of storage SOP classes")
	}
	if _, err := scp.TransferSyntaxes(c.DICOM.TransferSyntaxes, nil); err != nil {
		return configErr("dicom.transfer_syntaxes", err.Error())
	}
	if err := c.DICOM.Requests.validate(); err != nil {
		return err
	}
	reachable := false
	for _, p := range c.DICOM.Peers {
		if p.Addr == "" {
			continue
		}
		if _, port, err := net.SplitHostPort(p.Addr); err != nil || port == "" {
			return configErr("dicom.peers.addr", "want host:port, where the peer listens")
		}
		reachable = true
	}
	switch {
	case c.Retention.CommittedDays < 0 || c.Retention.CommittedDays > maxCommittedDays:
		return configErr("retention.committed_days", "want a number of days")
	case !c.DICOM.Commitment.SCP:
		return nil
	case c.Retention.CommittedDays == 0:
		return configErr("dicom.commitment.scp", "a scanner may delete its only copy on our word, so say how long we keep it; add:\n  retention:\n    committed_days: 3650")
	case !reachable:
		return configErr("dicom.commitment.scp", "the report goes to the peer's own address; add:\n  dicom:\n    peers:\n      - ae: SCANNER1\n        cidr: 192.0.2.10/32\n        addr: 192.0.2.10:104\n        tls: \"off\"")
	}
	return nil
}

// services is what the receiver negotiates: each storage class in each transfer syntax
// that is configured, or that a worker can decode.
func (s *Service) services() ([]dicomnet.Service, error) {
	plain := []string{dataset.ExplicitVRLittleEndian, dataset.ImplicitVRLittleEndian}
	var decodable []string
	var err error
	if s.runner != nil {
		if decodable, err = s.runner.Syntaxes(); err != nil {
			return nil, err
		}
	}
	syntaxes, err := scp.TransferSyntaxes(s.cfg.DICOM.TransferSyntaxes, decodable)
	if err != nil {
		return nil, err
	}
	classes, err := scp.StorageClasses(s.cfg.DICOM.StorageClasses)
	if err != nil {
		return nil, err
	}
	storage := dicomnet.Service{TransferSyntaxUIDs: syntaxes}
	for _, c := range classes {
		storage.SOPClassUIDs = append(storage.SOPClassUIDs, c.UID)
	}
	out := []dicomnet.Service{{SOPClassUIDs: []string{dataset.Verification}, TransferSyntaxUIDs: plain}, storage}
	return out, nil
}
