package dicomnet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// dial returns a client of an in-memory server.
func dial(t testing.TB, s *dicomnet.Server) *dicomnet.Client {
	t.Helper()
	c, err := dicomnet.NewClient(t.Context(), dicomnettest.Pipe(t, s), dicomnettest.ClientConfig())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ctRequest() dicomnet.StoreRequest {
	return dicomnet.StoreRequest{SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: "1.2.3", TransferSyntaxUID: dataset.ExplicitVRLittleEndian}
}

// Sizes around the fragment border arrive as they were sent, whole and once.
func TestClientStoresEverySize(t *testing.T) {
	t.Parallel()
	store := &dicomnettest.Store{}
	s := newServer(t, store, func(c *dicomnet.Config) { c.Limits.MaxPDUBytes = 4096 })
	c := dial(t, s)
	if got := c.Accepted(dataset.CTImageStorage); len(got) != 2 || got[0] != dataset.ExplicitVRLittleEndian {
		t.Errorf("accepted %v", got)
	}
	if err := c.Echo(t.Context()); err != nil {
		t.Error(err)
	}
	const fragment = 4096 - pdu.PDVOverhead
	for i, n := range []int{0, 2, fragment - 2, fragment, fragment + 2, 2 * fragment, 100_000} {
		want := bytes.Repeat([]byte("ab"), n/2)
		status, err := c.Store(t.Context(), ctRequest(), iotest.HalfReader(bytes.NewReader(want)))
		if err != nil || status != dimse.Success {
			t.Fatalf("%d bytes: %v, %v", n, status, err)
		}
		if got := store.Instances(); len(got) != i+1 || !bytes.Equal(got[i].Dataset, want) {
			t.Fatalf("%d bytes: stored %d instances, other bytes", n, len(got))
		}
	}
	if err := c.Release(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Echo(t.Context()); !errors.Is(err, dicomnet.ErrReleased) {
		t.Errorf("echo after release: %v", err)
	}
}

func TestClientSeesStatus(t *testing.T) {
	t.Parallel()
	store := &dicomnettest.Store{
		OnStore: func(context.Context, *dicomnet.StoreRequest) error {
			return &dicomnet.StatusError{Status: dimse.OutOfResources}
		},
		OnEcho: func(context.Context) error {
			return &dicomnet.StatusError{Status: dimse.NotAuthorized, Comment: "not you"}
		},
	}
	c := dial(t, newServer(t, store, nil))
	if status, err := c.Store(t.Context(), ctRequest(), strings.NewReader("ab")); err != nil || status != dimse.OutOfResources {
		t.Errorf("store: %v, %v", status, err)
	}
	var se *dicomnet.StatusError
	if err := c.Echo(t.Context()); !errors.As(err, &se) || se.Status != dimse.NotAuthorized || se.Comment != "not you" {
		t.Errorf("echo: %v", err)
	}
	if err := c.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestClientRefusesWhatWasNotAccepted(t *testing.T) {
	t.Parallel()
	c := dial(t, newServer(t, &dicomnettest.Store{}, nil))
	rq := ctRequest()
	rq.TransferSyntaxUID = dataset.JPEG2000
	if _, err := c.Store(t.Context(), rq, strings.NewReader("ab")); !errors.Is(err, dicomnet.ErrNotAccepted) {
		t.Errorf("other syntax: %v", err)
	}
	rq = ctRequest()
	rq.SOPInstanceUID = "../x"
	if _, err := c.Store(t.Context(), rq, strings.NewReader("ab")); !errors.Is(err, dicomnet.ErrNotAccepted) {
		t.Errorf("bad UID: %v", err)
	}
	if err := c.Echo(t.Context()); err != nil {
		t.Errorf("the association did not go on: %v", err)
	}
	c.Abort()
	c.Abort() // does nothing
}

// If the body fails, the peer must not get a complete data set.
func TestClientBodyErrorAborts(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk")
	for name, body := range map[string]io.Reader{
		"error": io.MultiReader(strings.NewReader("abcd"), iotest.ErrReader(broken)),
		"odd":   strings.NewReader("abc"),
	} {
		store := &dicomnettest.Store{}
		s := newServer(t, store, nil)
		c := dial(t, s)
		_, err := c.Store(t.Context(), ctRequest(), body)
		if err == nil || (name == "error" && !errors.Is(err, broken)) {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := store.Broken(); len(store.Instances()) != 0 || len(got) != 1 || !errors.Is(got[0], dicomnet.ErrPeerAbort) {
			t.Errorf("%s: stored %d, broken %v", name, len(store.Instances()), got)
		}
	}
}

func TestDialRejected(t *testing.T) {
	t.Parallel()
	s := newServer(t, &dicomnettest.Store{}, func(c *dicomnet.Config) {
		c.Admit = func(context.Context, dicomnet.AssociationInfo) error { return dicomnet.RejectCalledAE }
	})
	var re *dicomnet.RejectError
	_, err := dicomnet.NewClient(t.Context(), dicomnettest.Pipe(t, s), dicomnettest.ClientConfig())
	if !errors.As(err, &re) || *re != *dicomnet.RejectCalledAE {
		t.Errorf("got %v", err)
	}
}

func TestDialRefuses(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*dicomnet.ClientConfig){
		"AE title":       func(c *dicomnet.ClientConfig) { c.CalledAETitle = "" },
		"implementation": func(c *dicomnet.ClientConfig) { c.ImplementationClassUID = "x" },
		"nothing to do":  func(c *dicomnet.ClientConfig) { c.Proposals = nil },
		"too many": func(c *dicomnet.ClientConfig) {
			c.Proposals = []dicomnet.Service{{SOPClassUIDs: make([]string, 129), TransferSyntaxUIDs: []string{"1.2"}}}
		},
		"UID in proposal": func(c *dicomnet.ClientConfig) {
			c.Proposals = []dicomnet.Service{{SOPClassUIDs: []string{".."}, TransferSyntaxUIDs: []string{"1.2"}}}
		},
	} {
		cfg := dicomnettest.ClientConfig()
		edit(&cfg)
		if _, err := dicomnet.Dial(t.Context(), "127.0.0.1:1", cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// scripted runs f as the acceptor of a client's association.
func scripted(t *testing.T, f func(*dicomnettest.Peer)) (*dicomnet.Client, error) {
	t.Helper()
	return scriptedAs(t, dicomnettest.ClientConfig(), f)
}

// scriptedAs is scripted for a client of another configuration.
func scriptedAs(t *testing.T, cfg dicomnet.ClientConfig, f func(*dicomnettest.Peer)) (*dicomnet.Client, error) {
	t.Helper()
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(dicomnettest.NewPeer(t, theirs))
	}()
	t.Cleanup(func() { _ = ours.Close(); <-done })
	return dicomnet.NewClient(t.Context(), ours, cfg)
}

// accept answers a request with the given results.
func accept(p *dicomnettest.Peer, results ...pdu.PresentationResult) {
	p.Next()
	p.Send(&pdu.AssociateAC{ProtocolVersion: 1, ApplicationContext: dataset.ApplicationContext, PresentationResults: results})
}

func TestClientDistrustsTheAcceptance(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]pdu.PresentationResult{
		"context never proposed":  {ID: 99, TransferSyntax: dataset.ExplicitVRLittleEndian},
		"syntax of other context": {ID: 1, TransferSyntax: dataset.ImplicitVRLittleEndian},
	} {
		_, err := scripted(t, func(p *dicomnettest.Peer) {
			accept(p, r)
			p.ExpectAbort(pdu.AbortByProvider, pdu.ReasonInvalidParameterValue)
		})
		if !errors.Is(err, dicomnet.ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// ours is what ClientConfig proposes first: Verification in explicit VR.
var ours = pdu.PresentationResult{ID: 1, TransferSyntax: dataset.ExplicitVRLittleEndian}

func TestClientDistrustsResponses(t *testing.T) {
	t.Parallel()
	for name, rsp := range map[string]dimse.Command{
		"other message id": &dimse.CEchoRSP{MessageID: 2},
		"other command":    &dimse.CStoreRSP{MessageID: 1},
		"a request":        &dimse.CEchoRQ{MessageID: 1, AffectedSOPClassUID: dataset.Verification},
	} {
		c, err := scripted(t, func(p *dicomnettest.Peer) {
			accept(p, ours)
			p.NextCommand()
			p.Send(dicomnettest.Command(t, 1, rsp))
			p.ExpectAbort(pdu.AbortByProvider, pdu.ReasonUnexpectedParameter)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Echo(t.Context()); !errors.Is(err, dicomnet.ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// PS3.8 §7.2.2.7: both sides ask for release at once.
func TestReleaseCollision(t *testing.T) {
	t.Parallel()
	c, err := scripted(t, func(p *dicomnettest.Peer) {
		accept(p, ours)
		p.Next() // our A-RELEASE-RQ
		p.Send(&pdu.ReleaseRQ{})
		if u := p.Next(); u.Type() != pdu.TypeReleaseRP {
			t.Errorf("got %v, want A-RELEASE-RP", u)
		}
		p.Send(&pdu.ReleaseRP{})
		p.ExpectEnd()
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestClientContextAborts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := scripted(t, func(p *dicomnettest.Peer) {
			accept(p, ours)
			p.NextCommand() // and never an answer
			p.ExpectAbort(pdu.AbortByUser, 0)
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		expectAfter(t, 7*time.Second, func() {
			if err := c.Echo(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("echo: %v", err)
			}
		})
		if err := c.Echo(t.Context()); !errors.Is(err, dicomnet.ErrClosed) {
			t.Errorf("echo afterwards: %v", err)
		}
	})
}

func TestClientResponseTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := scripted(t, func(p *dicomnettest.Peer) {
			accept(p, ours)
			p.NextCommand()
			p.ExpectAbort(pdu.AbortByUser, 0)
		})
		if err != nil {
			t.Fatal(err)
		}
		expectAfter(t, 5*time.Minute, func() {
			if err := c.Echo(t.Context()); !errors.Is(err, dicomnet.ErrTimeout) {
				t.Errorf("echo: %v", err)
			}
		})
	})
}
