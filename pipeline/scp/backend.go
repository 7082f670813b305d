package scp

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/pipeline"
)

// Identity of this implementation in associations and file meta headers (PS3.7
// §D.3.3.2). The UID is a random one under 2.25 (PS3.5 §B.2).
const (
	ImplementationClassUID    = "2.25.280467641042725374129326674111093417439"
	ImplementationVersionName = "NECKFRAC_1"
)

// Receiver takes in one stored object; pipeline.Receiver is the one in service.
type Receiver interface {
	Receive(ctx context.Context, a neckfrac.Arrival, body io.Reader) (neckfrac.Receipt, error)
}

var _ Receiver = (*pipeline.Receiver)(nil)

// Rule admits one calling AE from an address range.
type Rule struct {
	AETitle neckfrac.AETitle
	Network *net.IPNet
	Issuer  string
	// Reportable says that an address is configured for reports to this peer.
	Reportable bool
}

// Config of a Backend. Receiver and Log are required.
type Config struct {
	AETitle  neckfrac.AETitle
	Receiver Receiver
	// Rules lists who may connect, until SetRules. Without rules every AE from a loopback
	// address may, and nobody else.
	Rules []Rule
	// Commitments takes storage commitment requests; nil refuses them.
	Commitments CommitmentRequests
	// Retrievals takes instance availability notifications; nil refuses them.
	Retrievals RetrievalRequests
	// Sources are the AE titles that announced instances are fetched from.
	Sources []neckfrac.AETitle
	// Room, unless nil, fails while the store is below its watermark: then neither requests
	// nor notifications are taken, since each is a promise of more to write.
	Room func() error
	// Supported reports whether a SOP class is accepted: what is announced of others is
	// not fetched. Nil fetches all.
	Supported func(class string) bool
	// Zone is the site's, for peers whose images state none. Defaults to UTC.
	Zone *time.Location
	Now  func() time.Time
	Log  *slog.Logger
}

// Backend is the storage SCP behind a dicomnet.Server.
type Backend struct {
	cfg   Config
	rules atomic.Pointer[[]Rule]
	// wide has a place for each large header that is held.
	wide chan struct{}
}

// New copies cfg and fills its defaults.
func New(cfg Config) (*Backend, error) {
	if cfg.Receiver == nil || cfg.Log == nil {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "scp", "a port is missing")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	b := &Backend{cfg: cfg, wide: make(chan struct{}, maxWideHeaders)}
	b.SetRules(cfg.Rules)
	return b, nil
}

// SetRules replaces the rules for associations and web requests to come; those that are
// open go on.
func (b *Backend) SetRules(rules []Rule) {
	rules = slices.Clone(rules)
	b.rules.Store(&rules)
}

// NewSession admits the association or rejects it with the PS3.8 Table 9-21 reason: an
// AE title is not authentication, so the address must agree too.
func (b *Backend) NewSession(_ context.Context, info dicomnet.AssociationInfo) (dicomnet.Session, error) {
	if info.CalledAETitle != string(b.cfg.AETitle) {
		return nil, dicomnet.RejectCalledAE
	}
	peer, ok := b.peer(info)
	if !ok {
		return nil, dicomnet.RejectCallingAE
	}
	return &session{backend: b, peer: peer, log: b.cfg.Log.With("assoc", info.ID)}, nil
}

// room is Unavailable below the watermark.
func (b *Backend) room() error {
	if b.cfg.Room == nil {
		return nil
	}
	return neckfrac.E("room", b.cfg.Room())
}

func (b *Backend) peer(info dicomnet.AssociationInfo) (Peer, bool) {
	ae, err := neckfrac.ParseAETitle(info.CallingAETitle)
	if err != nil {
		return Peer{}, false
	}
	p := Peer{AETitle: ae, Zone: b.cfg.Zone}
	ip := addrIP(info.RemoteAddr)
	rules := *b.rules.Load()
	if len(rules) == 0 {
		return p, ip == nil || ip.IsLoopback()
	}
	for _, r := range rules {
		if r.AETitle == ae && ip != nil && r.Network.Contains(ip) {
			p.Issuer, p.Reportable = r.Issuer, r.Reportable
			return p, true
		}
	}
	return Peer{}, false
}

// addrIP is nil for an address that is no IP, such as an in-memory pipe's.
func addrIP(a net.Addr) net.IP {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.IP
	}
	return nil
}

type session struct {
	backend *Backend
	peer    Peer
	log     *slog.Logger
}

// Echo answers a C-ECHO with Success.
func (s *session) Echo(context.Context) error { return nil }

// Store checks, stores and records one object.
func (s *session) Store(ctx context.Context, rq *dicomnet.StoreRequest, body io.Reader) error {
	err := s.store(ctx, rq, body)
	if err == nil {
		return nil
	}
	status := statusOf(err)
	status.Err = err // the server logs it, once
	return status
}

// Close has nothing to end: the server logs the association.
func (s *session) Close() {}

// Statuses beyond PS3.4 Table B.2-1's ranges that this SCP gives for a contradiction of
// identities; both lie in the failure range A7xx, as other archives have them.
const (
	statusOtherPatient = dimse.Status(0xA778)
	statusOtherSeries  = dimse.Status(0xA77B)
	statusNoResources  = dimse.Status(0xA700)
	statusMismatch     = dimse.Status(0xA900)
	statusNotReadable  = dimse.Status(0xC000)
)

// statusOf maps a kind to the peer's status, once.
func statusOf(err error) *dicomnet.StatusError {
	var conflict *neckfrac.ConflictError
	switch {
	case errors.As(err, &conflict) && conflict.Part == neckfrac.ConflictPatient:
		return &dicomnet.StatusError{Status: statusOtherPatient, Comment: "study known under another patient"}
	case errors.As(err, &conflict):
		return &dicomnet.StatusError{Status: statusOtherSeries, Comment: "instance known in another series"}
	case errors.Is(err, errMismatch):
		return &dicomnet.StatusError{Status: statusMismatch, Comment: "command and data set disagree"}
	case errors.Is(err, dataset.ErrTruncated), errors.Is(err, dataset.ErrSyntax), errors.Is(err, dataset.ErrLimit):
		return &dicomnet.StatusError{Status: statusNotReadable, Comment: "data set can not be read"}
	}
	switch neckfrac.KindOf(err) {
	case neckfrac.Invalid, neckfrac.Unsupported:
		return &dicomnet.StatusError{Status: statusNotReadable, Comment: "data set can not be read"}
	case neckfrac.Limit, neckfrac.Unavailable:
		return &dicomnet.StatusError{Status: statusNoResources, Comment: "out of resources"}
	}
	return &dicomnet.StatusError{Status: dimse.ProcessingFailure, Comment: "processing failure"}
}
