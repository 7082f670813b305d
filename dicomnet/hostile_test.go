package dicomnet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// What a peer can do wrong on an established association, and the A-ABORT it
// gets. Nothing of it may be stored.
func TestViolations(t *testing.T) {
	t.Parallel()
	data := dicomnettest.Data
	fragment := func(v pdu.PDV) *pdu.PDataTF { return &pdu.PDataTF{PDVs: []pdu.PDV{v}} }
	tests := []struct {
		name   string
		send   func(t *testing.T, p *dicomnettest.Peer)
		reason pdu.AbortReason
	}{
		{"6 bytes that state 4 GiB", func(_ *testing.T, p *dicomnettest.Peer) { p.SendBytes([]byte{4, 0, 0xFF, 0xFF, 0xFF, 0xFF}) }, 6},
		{"PDU over the negotiated length", func(_ *testing.T, p *dicomnettest.Peer) { p.SendBytes([]byte{4, 0, 0, 2, 0, 1}) }, 6},
		{"unknown PDU type", func(_ *testing.T, p *dicomnettest.Peer) { p.SendBytes([]byte{9, 0, 0, 0, 0, 0}) }, 1},
		{"PDV longer than its PDU", func(_ *testing.T, p *dicomnettest.Peer) {
			p.SendBytes([]byte{4, 0, 0, 0, 0, 6, 0, 0, 0, 8, 1, 3})
		}, 6},
		{"second A-ASSOCIATE-RQ", func(_ *testing.T, p *dicomnettest.Peer) { p.Send(dicomnettest.AssociateRQ()) }, 2},
		{"A-ASSOCIATE-AC", func(_ *testing.T, p *dicomnettest.Peer) { p.Send(&pdu.AssociateAC{}) }, 2},
		{"A-RELEASE-RP without request", func(_ *testing.T, p *dicomnettest.Peer) { p.Send(&pdu.ReleaseRP{}) }, 2},
		{"context never negotiated", func(t *testing.T, p *dicomnettest.Peer) {
			p.Send(dicomnettest.Command(t, 7, &dimse.CEchoRQ{MessageID: 1}))
		}, 6},
		{"even context", func(_ *testing.T, p *dicomnettest.Peer) { p.Send(data(2, true, []byte("ab"))) }, 6},
		{"data set before command", func(_ *testing.T, p *dicomnettest.Peer) { p.Send(data(storeID, true, []byte("ab"))) }, 5},
		{"command within a data set", func(t *testing.T, p *dicomnettest.Peer) {
			p.Send(storeRQ(t), data(storeID, false, []byte("ab")), storeRQ(t))
		}, 5},
		{"two messages interleaved", func(t *testing.T, p *dicomnettest.Peer) {
			p.Send(storeRQ(t), data(storeID, false, []byte("ab")), data(echoID, true, []byte("ab")))
		}, 5},
		{"release within a data set", func(t *testing.T, p *dicomnettest.Peer) {
			p.Send(storeRQ(t), data(storeID, false, []byte("ab")), &pdu.ReleaseRQ{})
		}, 2},
		{"release within a command", func(_ *testing.T, p *dicomnettest.Peer) {
			p.Send(fragment(pdu.PDV{ContextID: storeID, Command: true, Data: []byte("ab")}), &pdu.ReleaseRQ{})
		}, 2},
		{"command set that is none", func(_ *testing.T, p *dicomnettest.Peer) {
			p.Send(fragment(pdu.PDV{ContextID: storeID, Command: true, Last: true, Data: []byte("nonsense")}))
		}, 6},
		{"response without request", func(t *testing.T, p *dicomnettest.Peer) {
			p.Send(dicomnettest.Command(t, storeID, &dimse.CStoreRSP{MessageID: 1}))
		}, 5},
		{"empty command fragments", func(_ *testing.T, p *dicomnettest.Peer) {
			for range 18 {
				p.Send(fragment(pdu.PDV{ContextID: storeID, Command: true}))
			}
		}, 6},
		{"empty data fragments", func(t *testing.T, p *dicomnettest.Peer) {
			p.Send(storeRQ(t))
			for range 17 {
				p.Send(data(storeID, false, nil))
			}
		}, 6},
		{"command over 64 KiB", func(_ *testing.T, p *dicomnettest.Peer) {
			p.Send(fragment(pdu.PDV{ContextID: storeID, Command: true, Data: make([]byte, dimse.MaxCommandBytes+2)}))
		}, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			store := &dicomnettest.Store{}
			p := newPeer(t, store, nil)
			p.Associate()
			tt.send(t, p)
			p.ExpectAbort(pdu.AbortByProvider, tt.reason)
			if n := len(store.Instances()); n != 0 {
				t.Errorf("%d instances stored", n)
			}
			for _, err := range store.Broken() {
				if !errors.Is(err, dicomnet.ErrProtocol) {
					t.Errorf("body ended with %v, want ErrProtocol", err)
				}
			}
		})
	}
}

// Before there is an association, the wrong PDU is aborted by the service user
// (AA-1), an A-ABORT and the end of the connection are not answered.
func TestViolationsBeforeAssociation(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"data":        {4, 0, 0, 0, 0, 6, 0, 0, 0, 2, 1, 3},
		"release":     {5, 0, 0, 0, 0, 4, 0, 0, 0, 0},
		"HTTP":        []byte("GET / HTTP/1.1\r\n\r\n"),
		"4 GiB of RQ": {1, 0, 0xFF, 0xFF, 0xFF, 0xFF},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dicomnettest.Pipe(t, newServer(t, &dicomnettest.Store{}, nil))
			go func() { _, _ = conn.Write(b) }() // not all of it is read
			dicomnettest.NewPeer(t, conn).ExpectAbort(pdu.AbortByUser, 0)
		})
	}
	p := newPeer(t, &dicomnettest.Store{}, nil)
	p.Send(&pdu.Abort{})
	p.ExpectEnd()
}

// An association that breaks inside a data set leaves nothing behind, whatever
// way it breaks, and gets no response.
func TestAbortMidInstance(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do   func(*dicomnettest.Peer)
		want error
	}{
		"A-ABORT": {func(p *dicomnettest.Peer) { p.Send(&pdu.Abort{}); p.ExpectEnd() }, dicomnet.ErrPeerAbort},
		"close":   {func(p *dicomnettest.Peer) { p.Close() }, dicomnet.ErrConnection},
		"close in a PDU": {func(p *dicomnettest.Peer) {
			p.SendBytes([]byte{4, 0, 0, 0, 0, 8, 0, 0, 0, 4, storeID})
			p.Close()
		}, dicomnet.ErrConnection},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &dicomnettest.Store{}
			s := newServer(t, store, nil)
			p := dicomnettest.NewPeer(t, dicomnettest.Pipe(t, s))
			p.Associate()
			p.Send(storeRQ(t), dicomnettest.Data(storeID, false, []byte("ab")))
			tt.do(p)
			if err := s.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := store.Broken(); len(got) != 1 || !errors.Is(got[0], tt.want) || len(store.Instances()) != 0 {
				t.Errorf("broken %v, stored %d; want %v", got, len(store.Instances()), tt.want)
			}
			if opened, closed := store.Sessions(); opened != 1 || closed != 1 {
				t.Errorf("sessions: %d opened, %d closed", opened, closed)
			}
		})
	}
}

// A handler that swallows the body's error must not produce a Success.
func TestSwallowedErrorIsNoSuccess(t *testing.T) {
	t.Parallel()
	b := backend(func(r io.Reader) error {
		buf := make([]byte, 64)
		for {
			if _, err := r.Read(buf); err != nil {
				return nil
			}
		}
	})
	p := newPeer(t, b, nil)
	p.Associate()
	p.Send(storeRQ(t), dicomnettest.Data(storeID, false, []byte("ab")), dicomnettest.Data(echoID, true, []byte("ab")))
	p.ExpectAbort(pdu.AbortByProvider, pdu.ReasonUnexpectedParameter)
}

func TestMaxObjectBytes(t *testing.T) {
	t.Parallel()
	limit := func(c *dicomnet.Config) { c.Limits.MaxObjectBytes = 1000 }
	store := &dicomnettest.Store{}
	s := newServer(t, store, limit)
	p := dicomnettest.NewPeer(t, dicomnettest.Pipe(t, s))
	p.Associate()
	p.Send(storeRQ(t), dicomnettest.Data(storeID, false, make([]byte, 600)), dicomnettest.Data(storeID, true, make([]byte, 400)))
	if rsp := p.NextCommand().(*dimse.CStoreRSP); rsp.Status != dimse.Success {
		t.Errorf("at the limit: %v", rsp.Status)
	}
	p.Send(storeRQ(t), dicomnettest.Data(storeID, false, make([]byte, 600)), dicomnettest.Data(storeID, true, make([]byte, 402)))
	p.ExpectAbort(pdu.AbortByUser, 0)
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := store.Broken(); len(got) != 1 || !errors.Is(got[0], dicomnet.ErrObjectTooLarge) {
		t.Errorf("over the limit: %v", got)
	}
}

func TestMaxAssociations(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*dicomnet.Limits){
		"in all":   func(l *dicomnet.Limits) { l.MaxAssociations = 2 },
		"per peer": func(l *dicomnet.Limits) { l.MaxAssociationsPerPeer = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, &dicomnettest.Store{}, func(c *dicomnet.Config) { edit(&c.Limits) })
			var peers []*dicomnettest.Peer
			for range 2 {
				p := dicomnettest.NewPeer(t, dicomnettest.Pipe(t, s))
				p.Associate()
				peers = append(peers, p)
			}
			over := dicomnettest.NewPeer(t, dicomnettest.Pipe(t, s))
			over.Send(dicomnettest.AssociateRQ())
			over.ExpectReject(pdu.RejectedTransient, pdu.SourceProviderPresentation, pdu.PresentationLocalLimitExceeded)
			for _, p := range peers {
				p.Send(echoRQ(t))
				p.NextCommand()
				p.Release()
			}
		})
	}
}

// 128 contexts is what fits; a peer with fewer bytes than it states, or with
// the same context twice, is not served.
func TestManyContexts(t *testing.T) {
	t.Parallel()
	rq := dicomnettest.AssociateRQ()
	rq.PresentationContexts = nil
	for i := range pdu.MaxPresentationContexts {
		rq.PresentationContexts = append(rq.PresentationContexts, pdu.PresentationContext{
			ID: byte(2*i + 1), AbstractSyntax: dataset.CTImageStorage, TransferSyntaxes: []string{dataset.ImplicitVRLittleEndian}})
	}
	p := newPeer(t, &dicomnettest.Store{}, nil)
	p.Send(rq)
	if ac, ok := p.Next().(*pdu.AssociateAC); !ok || len(ac.PresentationResults) != 128 {
		t.Fatal("128 contexts are not accepted")
	}
	p.Release()

	rq.PresentationContexts = append(rq.PresentationContexts, rq.PresentationContexts[0])
	over := newPeer(t, &dicomnettest.Store{}, nil)
	over.Send(rq)
	over.ExpectAbort(pdu.AbortByUser, 0)
}

// Any bytes after an association: no panic, no Success without a whole
// instance, no memory but what the bytes pay for, and the association ends when
// the bytes do.
func FuzzPDVReassembly(f *testing.F) {
	seed := func(units ...pdu.PDU) {
		var b []byte
		for _, u := range units {
			b, _ = u.AppendBinary(b)
		}
		f.Add(b)
	}
	seed(storeRQ(f), dicomnettest.Data(storeID, false, []byte("ab")), dicomnettest.Data(storeID, true, []byte("cd")), &pdu.ReleaseRQ{})
	seed(echoRQ(f), &pdu.Abort{})
	seed(storeRQ(f), dicomnettest.Data(echoID, true, nil))
	seed(dicomnettest.Command(f, storeID, &dimse.NActionRQ{MessageID: 1, RequestedSOPClassUID: dataset.CTImageStorage, RequestedSOPInstanceUID: "1.2", ActionTypeID: 1, HasInformation: true}),
		dicomnettest.Data(storeID, true, []byte{8, 0, 0x95, 0x11, 4, 0, 0, 0, '1', '.', '2', 0}))
	rq, err := dicomnettest.AssociateRQ().AppendBinary(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		store := &dicomnettest.Store{}
		s := newServer(t, dicomnet.BackendFunc(func(ctx context.Context, info dicomnet.AssociationInfo) (dicomnet.Session, error) {
			s, err := store.NewSession(ctx, info)
			return everything{s}, err
		}), nil)
		conn := &scriptConn{in: bytes.NewReader(append(bytes.Clone(rq), b...))}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s.ServeConn(conn)
		runtime.ReadMemStats(&after)
		// Buffers of one association, and for each byte at most what a command of
		// it costs to read, to log and to answer.
		if used := after.TotalAlloc - before.TotalAlloc; used > uint64(512<<10+200*len(b)) {
			t.Fatalf("%d bytes allocated for %d", used, len(b))
		}
		responses := bytes.Count(conn.out.Bytes(), []byte{0, 0, 0, 1, 2, 0, 0, 0, 1, 0x80})
		if responses < len(store.Instances()) {
			t.Fatalf("%d instances stored, %d responses", len(store.Instances()), responses)
		}
		if opened, closed := store.Sessions(); opened != 1 || closed != 1 {
			t.Fatalf("sessions: %d opened, %d closed", opened, closed)
		}
	})
}

// everything is a session that takes every command.
type everything struct{ dicomnet.Session }

func (everything) Action(context.Context, *dicomnet.ActionRequest) error    { return nil }
func (everything) EventReport(context.Context, *dicomnet.EventReport) error { return nil }
func (everything) Create(context.Context, *dicomnet.CreateRequest) error    { return nil }

// scriptConn is a connection whose input is given and that then ends.
type scriptConn struct {
	net.Conn
	in     *bytes.Reader
	out    bytes.Buffer
	closed bool
}

func (c *scriptConn) Read(p []byte) (int, error)       { return c.in.Read(p) }
func (c *scriptConn) Write(p []byte) (int, error)      { return c.out.Write(p) }
func (c *scriptConn) Close() error                     { c.closed = true; return nil }
func (c *scriptConn) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (c *scriptConn) SetReadDeadline(time.Time) error  { return nil }
func (c *scriptConn) SetWriteDeadline(time.Time) error { return nil }
