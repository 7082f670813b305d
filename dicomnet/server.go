package dicomnet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// Config configures a Server. It is copied.
type Config struct {
	// Services lists what is accepted. Required; include Verification to be
	// pinged.
	Services []Service
	// Admit decides who may associate. Accepted is not filled in yet. A
	// *RejectError rejects with its code, any other error with (2,1,1).
	// Required: [AnyPeer] admits all.
	Admit func(context.Context, AssociationInfo) error
	// UserIdentity, if set, decides about the user identity of a peer that sends
	// one, after Admit; who has to send one is Admit's to say. response goes back
	// if a positive response was asked for, of a ticket, assertion or token. A
	// *RejectError rejects with its code, any other error with (1,1,1). Without
	// it identities are ignored, as the standard has it. They are never logged.
	UserIdentity func(context.Context, UserIdentity) (response []byte, err error)
	// Limits bounds what peers may cost. The zero value means the defaults.
	Limits Limits
	// ImplementationClassUID identifies this implementation to peers.
	// Required.
	ImplementationClassUID string
	// ImplementationVersionName is optional, at most 16 characters.
	ImplementationVersionName string
	// Logger takes one line per association. Defaults to slog.Default.
	Logger *slog.Logger
}

// AnyPeer admits every association. It is right for loopback and tests.
func AnyPeer(context.Context, AssociationInfo) error { return nil }

// Server accepts associations. Make one by NewServer. Its methods are safe for
// use by many goroutines.
type Server struct {
	backend Backend
	cfg     Config
	lastID  atomic.Uint64
	held    chan struct{} // a place per data set held whole

	base   context.Context // of all associations
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	listeners map[net.Listener]struct{}
	live      map[*association]struct{}
	perPeer   map[string]int
	count     int
}

// NewServer checks cfg and returns a server of b.
func NewServer(b Backend, cfg Config) (*Server, error) {
	cfg.Limits = cfg.Limits.withDefaults()
	switch {
	case b == nil || cfg.Admit == nil:
		return nil, errors.New("dicomnet: new server: Backend and Admit are required")
	case len(cfg.Services) == 0:
		return nil, errors.New("dicomnet: new server: no services")
	case !cfg.Limits.valid():
		return nil, errors.New("dicomnet: new server: limits")
	case !validImplementation(cfg.ImplementationClassUID, cfg.ImplementationVersionName):
		return nil, errors.New("dicomnet: new server: implementation class UID or version name")
	}
	services := make([]Service, len(cfg.Services))
	for i, s := range cfg.Services {
		services[i] = Service{slices.Clone(s.SOPClassUIDs), slices.Clone(s.TransferSyntaxUIDs), s.Role}
		if s.Role > RoleBoth {
			return nil, fmt.Errorf("dicomnet: new server: service %d: role", i)
		}
		for _, uid := range slices.Concat(s.SOPClassUIDs, s.TransferSyntaxUIDs) {
			if !dataset.ValidUID(uid) {
				return nil, fmt.Errorf("dicomnet: new server: service %d: UID", i)
			}
		}
	}
	cfg.Services = services
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	s := &Server{backend: b, cfg: cfg, listeners: map[net.Listener]struct{}{},
		live: map[*association]struct{}{}, perPeer: map[string]int{},
		held: make(chan struct{}, cfg.Limits.MaxHeldDatasets)}
	s.base, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// validImplementation checks PS3.7 Annex D.3.3.2.
func validImplementation(class, version string) bool {
	return dataset.ValidUID(class) && (version == "" || dataset.ValidAETitle(version))
}

// ListenAndServe listens on a TCP address and serves it.
func (s *Server) ListenAndServe(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("dicomnet: listen: %w", err)
	}
	return s.Serve(l)
}

// Serve accepts connections of l, a TLS listener included, until Shutdown, and
// then returns ErrServerClosed. It closes l.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	if !s.track(l) {
		return ErrServerClosed
	}
	defer s.untrack(l)
	for delay := time.Duration(0); ; {
		conn, err := l.Accept()
		if err == nil {
			delay = 0
			s.start(conn)
			continue
		}
		if s.base.Err() != nil || s.isClosed() {
			return ErrServerClosed
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("dicomnet: accept: %w", err)
		}
		// Out of file descriptors, most often: it passes.
		delay = min(max(2*delay, 5*time.Millisecond), time.Second)
		s.cfg.Logger.Error("dicom accept failed", "err", err, "retry_ms", delay.Milliseconds())
		select {
		case <-time.After(delay):
		case <-s.base.Done():
		}
	}
}

// ServeConn serves one connection and returns when its association has ended.
// It closes conn.
func (s *Server) ServeConn(conn net.Conn) {
	peer := peerKey(conn.RemoteAddr())
	room, ok := s.reserve(peer)
	if !ok {
		_ = conn.Close()
		return
	}
	defer s.release(peer)
	s.serve(conn, room)
}

// start is ServeConn in a goroutine of its own.
func (s *Server) start(conn net.Conn) {
	peer := peerKey(conn.RemoteAddr())
	room, ok := s.reserve(peer)
	if !ok {
		_ = conn.Close()
		return
	}
	go func() {
		defer s.release(peer)
		s.serve(conn, room)
	}()
}

// overflow is how many connections over MaxAssociations are kept long enough
// to be told so, and peerOverflow how many of one peer over its own limit; more
// are closed without a word, so that connections which ask for nothing fill a
// peer's share and not the server.
const (
	overflow     = 16
	peerOverflow = 4
)

// reserve counts a connection in. room is false over the limits of
// associations, ok over the overflow too or after Shutdown.
func (s *Server) reserve(peer string) (room, ok bool) {
	lim := s.cfg.Limits
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.count >= lim.MaxAssociations+overflow || s.perPeer[peer] >= lim.MaxAssociationsPerPeer+peerOverflow {
		return false, false
	}
	s.count++
	s.perPeer[peer]++
	s.wg.Add(1)
	return s.count <= lim.MaxAssociations && s.perPeer[peer] <= lim.MaxAssociationsPerPeer, true
}

func (s *Server) release(peer string) {
	s.mu.Lock()
	s.count--
	if s.perPeer[peer]--; s.perPeer[peer] <= 0 {
		delete(s.perPeer, peer)
	}
	s.mu.Unlock()
	s.wg.Done()
}

// Shutdown stops accepting, lets every association finish the command it is in
// and aborts it then. When ctx ends it aborts those that are left, and waits
// for them as long as CloseTimeout. It returns nil once nothing runs any more.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	for l := range s.listeners {
		_ = l.Close()
	}
	for a := range s.live {
		a.meter.drain()
	}
	s.mu.Unlock()

	done := make(chan struct{})
	go func() {
		s.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		s.cancel()
		return nil
	case <-ctx.Done():
	}
	s.cancel()
	s.mu.Lock()
	for a := range s.live {
		a.meter.stop()
	}
	s.mu.Unlock()
	timer := time.NewTimer(s.cfg.Limits.CloseTimeout)
	defer timer.Stop()
	select {
	case <-done:
		return nil
	case <-timer.C:
		return fmt.Errorf("dicomnet: shutdown: %w", ctx.Err())
	}
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func (s *Server) track(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) untrack(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

// enter makes an association known to Shutdown; leave forgets it.
func (s *Server) enter(a *association) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[a] = struct{}{}
	if s.closed {
		a.meter.drain()
	}
}

func (s *Server) leave(a *association) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, a)
}

// peerKey is the address without its port.
func peerKey(addr net.Addr) string {
	if host, _, err := net.SplitHostPort(addr.String()); err == nil {
		return host
	}
	return addr.String()
}
