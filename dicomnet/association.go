package dicomnet

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// association is one end of a connection with its state machine. It belongs to
// one goroutine, apart from interject and the signals of the meter.
type association struct {
	meter    *meter
	buffered *bufio.Reader // of meter
	reader   *pdu.Reader   // of buffered
	lim      Limits
	state    State
	facts    Facts

	contexts map[byte]AcceptedContext
	sendMax  int       // longest fragment that the peer takes, even
	queue    []pdu.PDV // received and not yet looked at
	wbuf     []byte
	reason   pdu.AbortReason // for the A-ABORT of the next Evt19
	ended    error           // why the association is over, nil while it is not

	wmu   sync.Mutex // guards writes and muted
	muted bool       // an A-RELEASE or A-ABORT was sent: no data may follow
}

// readBuffer holds a few PDU headers and small PDUs; larger ones pass by it.
const readBuffer = 32 << 10

func newAssociation(conn net.Conn, lim Limits, f Facts) *association {
	setNoDelay(conn)
	m := &meter{Conn: conn, lifetime: time.Now().Add(lim.MaxLifetime), rate: lim.MinRate, window: lim.RateWindow}
	buffered := bufio.NewReaderSize(m, readBuffer)
	return &association{
		meter: m, buffered: buffered,
		reader: pdu.NewReader(buffered, pdu.Limits{
			MaxAssociateBytes: lim.MaxAssociateBytes, MaxPDataBytes: lim.MaxPDUBytes}),
		lim: lim, state: Sta1, facts: f, contexts: map[byte]AcceptedContext{},
	}
}

// setNoDelay turns Nagle's algorithm off: a response is one small write that a
// delayed acknowledgement would hold back by 40 ms.
func setNoDelay(conn net.Conn) {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = t.NetConn()
	}
	if t, ok := conn.(*net.TCPConn); ok {
		_ = t.SetNoDelay(true)
	}
}

// event drives the machine and does what the table says. p is the PDU to send,
// where the action sends one that is not an A-ABORT, A-RELEASE-RQ or -RP.
// cause is why the association ends, if this event ends it.
func (a *association) event(e Event, p pdu.PDU, cause error) error {
	t, ok := Step(a.state, e, a.facts)
	if !ok {
		// Our own mistake: no peer can cause it (TestStepAnswersEveryPeer).
		a.finish(fmt.Errorf("dicomnet: event %d in state %d", e, a.state))
		return a.ended
	}
	a.state = t.Next
	if t.Send != 0 {
		if err := a.send(t, p); err != nil {
			a.finish(err)
			return a.ended
		}
	}
	if t.Close || t.Next == Sta1 {
		a.finish(cause)
	}
	if t.Next == Sta13 && a.ended == nil {
		a.ended = cause
	}
	return a.ended
}

// finish closes the connection.
func (a *association) finish(cause error) {
	if a.ended == nil {
		a.ended = cause
	}
	a.state = Sta1
	_ = a.meter.Conn.Close()
}

// send writes one PDU in one write.
func (a *association) send(t Transition, p pdu.PDU) (err error) {
	switch t.Send {
	case pdu.TypeAbort:
		p = &pdu.Abort{Source: t.AbortSource, Reason: a.reason}
		if t.AbortSource == pdu.AbortByUser {
			p = &pdu.Abort{Source: t.AbortSource}
		}
	case pdu.TypeReleaseRQ:
		p = &pdu.ReleaseRQ{}
	case pdu.TypeReleaseRP:
		p = &pdu.ReleaseRP{}
	}
	if p == nil {
		return nil // P-DATA: the caller writes a whole message at once
	}
	if a.wbuf, err = p.AppendBinary(a.wbuf[:0]); err != nil {
		return err
	}
	return a.write(a.wbuf)
}

func (a *association) write(b []byte) error {
	a.wmu.Lock()
	defer a.wmu.Unlock()
	a.muted = a.muted || a.state > Sta6
	deadline := time.Now().Add(a.lim.IdleTimeout)
	if a.state == Sta13 {
		deadline = time.Now().Add(a.lim.CloseTimeout)
	}
	if err := a.meter.Conn.SetWriteDeadline(deadline); err != nil {
		return fmt.Errorf("%w: write deadline", ErrConnection)
	}
	if a.meter.stopped.Load() && a.state != Sta13 {
		return ErrClosed
	}
	if _, err := a.meter.Conn.Write(b); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("%w: write", ErrTimeout)
		}
		return fmt.Errorf("%w: write", ErrConnection)
	}
	return nil
}

// interject sends a P-DATA-TF of a whole command between the writes of the
// association's goroutine, from any other, unless data may not be sent any more.
// The caller sees to it that no data set is being sent.
func (a *association) interject(b []byte) error {
	a.wmu.Lock()
	defer a.wmu.Unlock()
	if a.muted {
		return nil
	}
	if err := a.meter.Conn.SetWriteDeadline(time.Now().Add(a.lim.CloseTimeout)); err != nil {
		return err
	}
	if a.meter.stopped.Load() {
		return ErrClosed
	}
	_, err := a.meter.Conn.Write(b)
	return err
}

// receive reads the next PDU, at latest after wait, and drives the machine with
// it. A nil error means that the association goes on.
func (a *association) receive(wait time.Duration) (pdu.PDU, error) {
	a.meter.pdu = time.Now().Add(wait)
	p, err := a.reader.Next()
	if err == nil {
		a.reason = pdu.ReasonUnexpectedPDU // if that is what it is
		return p, a.event(eventOf(p), nil, causeOf(p))
	}
	return nil, a.failed(err)
}

// failed drives the machine with a failure to read.
func (a *association) failed(err error) error {
	var malformed *pdu.Error
	switch {
	case errors.As(err, &malformed):
		return a.violation(malformed.Reason, malformed.Op)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return a.abort(ErrTimeout)
	case errors.Is(err, ErrTooSlow):
		return a.abort(ErrTooSlow)
	case errors.Is(err, errInterrupted):
		return a.abort(ErrClosed)
	}
	return a.event(Evt17, nil, ErrConnection)
}

// violation answers a breach of protocol: an invalid PDU to the machine.
func (a *association) violation(reason pdu.AbortReason, what string) error {
	a.reason = reason
	return a.event(Evt19, nil, fmt.Errorf("%w: %s", ErrProtocol, what))
}

// abort ends the association from this side in whatever state it is.
func (a *association) abort(cause error) error {
	switch a.state {
	case Sta1:
		return a.ended
	case Sta2, Sta13:
		return a.event(Evt18, nil, cause) // only the timer ends these
	}
	return a.event(Evt15, nil, cause)
}

// linger waits, after the last PDU was sent, for the peer to close the
// connection (Sta13), and closes it.
func (a *association) linger() {
	a.meter.end()
	a.meter.closing = true
	a.meter.lifetime = time.Now().Add(a.lim.CloseTimeout)
	for a.state == Sta13 {
		_, _ = a.receive(a.lim.CloseTimeout)
	}
	if a.state != Sta1 {
		a.finish(ErrClosed)
	}
}

func eventOf(p pdu.PDU) Event {
	switch p.Type() {
	case pdu.TypeAssociateRQ:
		return Evt6
	case pdu.TypeAssociateAC:
		return Evt3
	case pdu.TypeAssociateRJ:
		return Evt4
	case pdu.TypePDataTF:
		return Evt10
	case pdu.TypeReleaseRQ:
		return Evt12
	case pdu.TypeReleaseRP:
		return Evt13
	}
	return Evt16
}

// causeOf is why the association ends if a well-formed PDU ends it.
func causeOf(p pdu.PDU) error {
	switch p := p.(type) {
	case *pdu.Abort:
		return ErrPeerAbort
	case *pdu.AssociateRJ:
		return &RejectError{Result: p.Result, Source: p.Source, Reason: p.Reason}
	case *pdu.ReleaseRP:
		return ErrReleased
	}
	return fmt.Errorf("%w: unexpected %v", ErrProtocol, p.Type())
}
