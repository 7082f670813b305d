package dicomnettest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// Presentation context ids that Peer.Associate proposes.
const (
	EchoContext  byte = 1 // Verification, implicit VR little endian
	StoreContext byte = 3 // CT Image Storage, implicit VR little endian
)

// Peer is a scripted peer. Its methods end the test if the connection does not
// behave as told.
type Peer struct {
	t    testing.TB
	conn net.Conn
	r    *pdu.Reader
}

// NewPeer scripts one end of a connection.
func NewPeer(t testing.TB, conn net.Conn) *Peer {
	return &Peer{t: t, conn: conn, r: pdu.NewReader(bufio.NewReader(conn), pdu.Limits{})}
}

// AssociateRQ returns the request that Associate sends.
func AssociateRQ() *pdu.AssociateRQ {
	implicit := []string{dataset.ImplicitVRLittleEndian}
	return &pdu.AssociateRQ{
		ProtocolVersion: pdu.ProtocolVersion1, CalledAETitle: "TEST_SCP", CallingAETitle: "TEST_SCU",
		ApplicationContext: dataset.ApplicationContext,
		PresentationContexts: []pdu.PresentationContext{
			{ID: EchoContext, AbstractSyntax: dataset.Verification, TransferSyntaxes: implicit},
			{ID: StoreContext, AbstractSyntax: dataset.CTImageStorage, TransferSyntaxes: implicit},
		},
		UserInformation: pdu.UserInformation{MaximumLength: 16 << 10, ImplementationClassUID: ImplementationClassUID},
	}
}

// Associate sends AssociateRQ and expects it to be accepted.
func (p *Peer) Associate() *pdu.AssociateAC {
	p.t.Helper()
	p.Send(AssociateRQ())
	ac, ok := p.Next().(*pdu.AssociateAC)
	if !ok {
		p.t.Fatal("the association was not accepted")
	}
	return ac
}

// Send sends PDUs in one write.
func (p *Peer) Send(units ...pdu.PDU) {
	p.t.Helper()
	var b []byte
	var err error
	for _, u := range units {
		if b, err = u.AppendBinary(b); err != nil {
			p.t.Fatalf("%v: %v", u.Type(), err)
		}
	}
	p.SendBytes(b)
}

// SendBytes sends bytes as they are.
func (p *Peer) SendBytes(b []byte) {
	p.t.Helper()
	if _, err := p.conn.Write(b); err != nil {
		p.t.Fatalf("send: %v", err)
	}
}

// Next returns the next PDU.
func (p *Peer) Next() pdu.PDU {
	p.t.Helper()
	u, err := p.r.Next()
	if err != nil {
		p.t.Fatalf("receive: %v", err)
	}
	return u
}

// NextCommand returns the next PDU's command set.
func (p *Peer) NextCommand() dimse.Command {
	p.t.Helper()
	u := p.Next()
	data, ok := u.(*pdu.PDataTF)
	if !ok || len(data.PDVs) != 1 || !data.PDVs[0].Command || !data.PDVs[0].Last {
		p.t.Fatalf("got %v, want one command in a P-DATA-TF", u)
	}
	c, err := dimse.Decode(data.PDVs[0].Data)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// ExpectAbort expects an A-ABORT and the end of the connection.
func (p *Peer) ExpectAbort(source pdu.AbortSource, reason pdu.AbortReason) {
	p.t.Helper()
	u := p.Next()
	if a, ok := u.(*pdu.Abort); !ok || a.Source != source || a.Reason != reason {
		p.t.Fatalf("got %v, want A-ABORT (%d,%d)", u, source, reason)
	}
	p.Close()
}

// ExpectReject expects an A-ASSOCIATE-RJ and ends the connection.
func (p *Peer) ExpectReject(result pdu.RejectResult, source pdu.RejectSource, reason byte) {
	p.t.Helper()
	u := p.Next()
	if r, ok := u.(*pdu.AssociateRJ); !ok || r.Result != result || r.Source != source || r.Reason != reason {
		p.t.Fatalf("got %v, want A-ASSOCIATE-RJ (%d,%d,%d)", u, result, source, reason)
	}
	p.Close()
}

// ExpectEnd expects the connection to end without another byte.
func (p *Peer) ExpectEnd() {
	p.t.Helper()
	u, err := p.r.Next()
	if err == nil || !errors.Is(err, io.EOF) {
		p.t.Fatalf("got %v, %v, want the end of the connection", u, err)
	}
}

// Release releases the association and expects the reply.
func (p *Peer) Release() {
	p.t.Helper()
	p.Send(&pdu.ReleaseRQ{})
	if u := p.Next(); u.Type() != pdu.TypeReleaseRP {
		p.t.Fatalf("got %v, want A-RELEASE-RP", u)
	}
	p.Close()
}

// Close closes the connection.
func (p *Peer) Close() { _ = p.conn.Close() }

// Command returns a P-DATA-TF with one whole command.
func Command(t testing.TB, id byte, c dimse.Command) *pdu.PDataTF {
	t.Helper()
	b, err := dimse.Append(nil, c)
	if err != nil {
		t.Fatal(err)
	}
	return &pdu.PDataTF{PDVs: []pdu.PDV{{ContextID: id, Command: true, Last: true, Data: b}}}
}

// Data returns a P-DATA-TF with one fragment of a data set.
func Data(id byte, last bool, b []byte) *pdu.PDataTF {
	return &pdu.PDataTF{PDVs: []pdu.PDV{{ContextID: id, Last: last, Data: b}}}
}
