package main

import (
	"context"
	"errors"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

type noSession struct{}

func (noSession) NewSession(context.Context, dicomnet.AssociationInfo) (dicomnet.Session, error) {
	return nil, errors.New("no session wanted")
}

// TestFullStoreRejectsAssociations: below the watermark a peer is told (2,3,1), unless it
// may not associate at all.
func TestFullStoreRejectsAssociations(t *testing.T) {
	t.Parallel()
	full := func() error { return errors.New("full") }
	stranger := func(context.Context, dicomnet.AssociationInfo) error { return dicomnet.RejectCallingAE }
	for _, c := range []struct {
		name  string
		admit func(context.Context, dicomnet.AssociationInfo) error
		want  dicomnet.RejectError
	}{
		{"full", admitWithRoom(full, dicomnet.AnyPeer), dicomnet.RejectError{Result: pdu.RejectedTransient, Source: 3, Reason: 1}},
		{"full, stranger", admitWithRoom(full, stranger), *dicomnet.RejectCallingAE},
		{"room", admitWithRoom(func() error { return nil }, dicomnet.AnyPeer), *dicomnet.RejectTransient}, // of noSession
	} {
		cfg := dicomnettest.Config()
		cfg.Admit = c.admit
		server, err := dicomnet.NewServer(noSession{}, cfg)
		if err != nil {
			t.Fatal(err)
		}
		_, err = dicomnet.NewClient(t.Context(), dicomnettest.Pipe(t, server), dicomnettest.ClientConfig())
		if got, ok := errors.AsType[*dicomnet.RejectError](err); !ok || *got != c.want {
			t.Errorf("%s: %v, want %v", c.name, err, &c.want)
		}
	}
}
