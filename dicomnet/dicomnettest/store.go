package dicomnettest

import (
	"context"
	"io"
	"sync"

	"github.com/neckfrac/neckfrac/dicomnet"
)

// Store is a dicomnet.Backend that keeps instances in memory. The zero value
// is ready for use.
type Store struct {
	// OnStore, if set, decides what a complete instance is answered with. It
	// is called before the instance is kept; an error keeps it out.
	OnStore func(ctx context.Context, rq *dicomnet.StoreRequest) error
	// OnEcho, if set, answers C-ECHO.
	OnEcho func(ctx context.Context) error

	mu        sync.Mutex
	instances []Instance
	broken    []error
	opened    int
	closed    int
}

// Instance is what was sent by one C-STORE.
type Instance struct {
	Request dicomnet.StoreRequest
	Dataset []byte
}

// NewSession implements dicomnet.Backend.
func (s *Store) NewSession(context.Context, dicomnet.AssociationInfo) (dicomnet.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	return session{s}, nil
}

// Instances returns what was stored so far.
func (s *Store) Instances() []Instance {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Instance(nil), s.instances...)
}

// Broken returns the errors with which bodies ended early.
func (s *Store) Broken() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]error(nil), s.broken...)
}

// Sessions returns how many sessions were opened and closed.
func (s *Store) Sessions() (opened, closed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened, s.closed
}

type session struct{ s *Store }

func (x session) Echo(ctx context.Context) error {
	if x.s.OnEcho != nil {
		return x.s.OnEcho(ctx)
	}
	return nil
}

func (x session) Store(ctx context.Context, rq *dicomnet.StoreRequest, body io.Reader) error {
	b, err := io.ReadAll(body)
	if err != nil {
		x.s.mu.Lock()
		defer x.s.mu.Unlock()
		x.s.broken = append(x.s.broken, err)
		return err
	}
	if x.s.OnStore != nil {
		if err := x.s.OnStore(ctx, rq); err != nil {
			return err
		}
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.instances = append(x.s.instances, Instance{Request: *rq, Dataset: b})
	return nil
}

func (x session) Close() {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.closed++
}
