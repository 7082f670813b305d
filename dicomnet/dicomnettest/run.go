package dicomnettest

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// ImplementationClassUID is used by everything in this package.
const ImplementationClassUID = "2.25.1"

// Config returns a server configuration that accepts C-ECHO and CT storage, in
// explicit rather than implicit VR little endian, from anybody.
func Config() dicomnet.Config {
	both := []string{dataset.ExplicitVRLittleEndian, dataset.ImplicitVRLittleEndian}
	return dicomnet.Config{
		Services:               []dicomnet.Service{{SOPClassUIDs: []string{dataset.Verification, dataset.CTImageStorage}, TransferSyntaxUIDs: both}},
		Admit:                  dicomnet.AnyPeer,
		ImplementationClassUID: ImplementationClassUID,
	}
}

// ClientConfig returns a client configuration that proposes what Config
// accepts.
func ClientConfig() dicomnet.ClientConfig {
	return dicomnet.ClientConfig{
		CallingAETitle: "TEST_SCU", CalledAETitle: "TEST_SCP",
		Proposals:              Config().Services,
		ImplementationClassUID: ImplementationClassUID,
	}
}

// Pipe runs s on one end of an in-memory connection and returns the other. The
// test ends only after the association did.
func Pipe(t testing.TB, s *dicomnet.Server) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ServeConn(theirs)
	}()
	t.Cleanup(func() {
		_ = ours.Close()
		<-done
	})
	return ours
}

// Listen runs s on a free port of the loopback interface until the test ends,
// and returns its address.
func Listen(t testing.TB, s *dicomnet.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // no patience: the test is over
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; !errors.Is(err, dicomnet.ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
	})
	return l.Addr().String()
}
