package dicomnet

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// Messages are cut into fragments and joined again here (PS3.8 Annex E, PS3.7
// §6.3.1): the fragments of a command set, then those of its data set, all of
// one presentation context and not mixed with those of another message.

// nextPDV returns the next fragment. A release request is returned as
// errReleaseRQ; the machine is then in Sta8.
func (a *association) nextPDV(wait time.Duration) (pdu.PDV, error) {
	for len(a.queue) == 0 {
		p, err := a.receive(wait)
		if err != nil {
			return pdu.PDV{}, err
		}
		switch p := p.(type) {
		case *pdu.PDataTF:
			a.queue = p.PDVs
		case *pdu.ReleaseRQ:
			return pdu.PDV{}, errReleaseRQ
		default:
			// The table has ended the association on all others.
			return pdu.PDV{}, a.abort(ErrProtocol)
		}
	}
	v := a.queue[0]
	a.queue = a.queue[1:]
	return v, nil
}

// await waits, without a limit but ctx and the association's lifetime, until the
// peer sends something. It returns the error of ctx, with the association as it
// was, if that ends first.
func (a *association) await(ctx context.Context) error {
	if len(a.queue) > 0 {
		return nil
	}
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { a.meter.signal(&a.meter.woken); close(woken) })
	a.meter.pdu = a.meter.lifetime
	_, err := a.buffered.Peek(1) // takes nothing, so that it can be given up
	if !stop() {
		<-woken
		a.meter.woken.Store(false)
	}
	switch {
	case errors.Is(err, errWoken):
		return ctx.Err()
	case err != nil:
		return a.failed(err)
	}
	return nil
}

// errReleaseRQ says that the peer asked for release.
var errReleaseRQ = errors.New("dicomnet: release requested")

// readCommand joins the fragments of one command set. Between messages it waits
// for wait; a meter that drains may end it there.
func (a *association) readCommand(wait time.Duration) (AcceptedContext, dimse.Command, error) {
	var buf []byte
	var pc AcceptedContext
	defer a.meter.end()
	for n := 0; ; n++ {
		v, err := a.nextPDV(wait)
		if err == errReleaseRQ && n > 0 {
			err = a.violation(pdu.ReasonUnexpectedPDU, "release within a command")
		}
		if err != nil {
			return pc, nil, err
		}
		if n == 0 {
			var ok bool
			if pc, ok = a.contexts[v.ContextID]; !ok {
				return pc, nil, a.violation(pdu.ReasonInvalidParameterValue, "presentation context")
			}
			a.meter.begin()
		}
		switch {
		case v.ContextID != pc.ID || !v.Command:
			return pc, nil, a.violation(pdu.ReasonUnexpectedParameter, "fragment out of place")
		case len(buf)+len(v.Data) > dimse.MaxCommandBytes:
			return pc, nil, a.violation(pdu.ReasonInvalidParameterValue, "command length")
		case len(v.Data) == 0 && n > maxEmptyFragments:
			return pc, nil, a.violation(pdu.ReasonInvalidParameterValue, "empty fragments")
		}
		buf = append(buf, v.Data...)
		if v.Last {
			break
		}
	}
	c, err := dimse.Decode(buf)
	if err != nil {
		return pc, nil, a.violation(pdu.ReasonInvalidParameterValue, "command set")
	}
	return pc, c, nil
}

// body streams the data set that follows a command.
type body struct {
	a     *association
	id    byte
	data  []byte // of the fragment under way
	last  bool   // the fragment under way is the last
	read  int64
	max   int64 // of read
	empty int
	err   error // sticky
}

// newBody starts the data set of a message on presentation context id.
func (a *association) newBody(id byte) *body {
	a.meter.begin()
	return &body{a: a, id: id, max: a.lim.MaxObjectBytes}
}

// Read implements io.Reader as Session.Store promises it.
func (b *body) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(b.data) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		if b.err = b.next(); b.err != nil {
			b.a.meter.end()
		}
	}
	n := copy(p, b.data)
	b.data = b.data[n:]
	return n, nil
}

// next takes the next fragment, io.EOF after the last.
func (b *body) next() error {
	if b.last {
		return io.EOF
	}
	v, err := b.a.nextPDV(b.a.lim.IdleTimeout)
	switch {
	case err == errReleaseRQ:
		return b.a.violation(pdu.ReasonUnexpectedPDU, "release within a data set")
	case err != nil:
		return err
	case v.ContextID != b.id || v.Command:
		return b.a.violation(pdu.ReasonUnexpectedParameter, "fragment out of place")
	}
	if len(v.Data) == 0 {
		if b.empty++; b.empty > maxEmptyFragments {
			return b.a.violation(pdu.ReasonInvalidParameterValue, "empty fragments")
		}
	}
	if b.read += int64(len(v.Data)); b.read > b.max {
		return b.a.abort(ErrObjectTooLarge)
	}
	b.data, b.last = v.Data, v.Last
	return nil
}

// drain reads what the application left. It reports whether something was
// left, and why the association ended if it did.
func (b *body) drain() (left bool, err error) {
	n, err := io.Copy(io.Discard, b)
	return n > 0, err
}

// writeCommand sends a command set, whatever its number of fragments, in one
// write.
func (a *association) writeCommand(id byte, c dimse.Command) error {
	set, err := dimse.Append(nil, c)
	if err != nil {
		return a.abort(err)
	}
	if err := a.event(Evt9, nil, nil); err != nil {
		return err
	}
	a.wbuf = a.wbuf[:0]
	for {
		n := min(len(set), a.sendMax)
		a.wbuf = appendFragment(a.wbuf, id, true, n == len(set), set[:n])
		if set = set[n:]; len(set) == 0 {
			break
		}
	}
	if err := a.write(a.wbuf); err != nil {
		return a.writeFailed(err)
	}
	return nil
}

// writeFailed ends the association after a failed write, with an A-ABORT only
// if it was this side that gave up.
func (a *association) writeFailed(err error) error {
	if errors.Is(err, ErrClosed) {
		return a.abort(err)
	}
	return a.event(Evt17, nil, err)
}

// writeDataset sends a data set, a fragment per write, as body yields it.
func (a *association) writeDataset(id byte, body io.Reader) error {
	const overhead = 6 + pdu.PDVOverhead
	if cap(a.wbuf) < overhead+a.sendMax+1 {
		a.wbuf = make([]byte, 0, overhead+a.sendMax+1)
	}
	// One byte more than a fragment is read ahead, to know which is the last.
	buf := a.wbuf[:overhead+a.sendMax+1]
	have := 0
	for {
		n, err := io.ReadFull(body, buf[overhead+have:])
		have += n
		last := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !last {
			return a.abort(fmt.Errorf("dicomnet: data set: %w", err))
		}
		size := min(have, a.sendMax)
		if size%2 != 0 {
			return a.abort(errors.New("dicomnet: data set: odd length"))
		}
		head := appendFragment(buf[:0], id, false, last, nil)
		binary.BigEndian.PutUint32(head[2:], uint32(size+pdu.PDVOverhead))
		binary.BigEndian.PutUint32(head[6:], uint32(size+2))
		if err := a.event(Evt9, nil, nil); err != nil {
			return err
		}
		if err := a.write(buf[:overhead+size]); err != nil {
			return a.writeFailed(err)
		}
		if last {
			return nil
		}
		have = copy(buf[overhead:], buf[overhead+size:overhead+have])
	}
}

// appendFragment appends a P-DATA-TF of one fragment.
func appendFragment(b []byte, id byte, command, last bool, data []byte) []byte {
	b, _ = (&pdu.PDataTF{PDVs: []pdu.PDV{{ContextID: id, Command: command, Last: last, Data: data}}}).AppendBinary(b)
	return b // fails only over 4 GiB, and a fragment is below MaxPDUBytes
}

// setPeer takes over what the peer's user information says.
func (a *association) setPeer(u pdu.UserInformation) bool {
	n := a.lim.MaxPDUBytes
	if u.MaximumLength != 0 {
		n = min(n, u.MaximumLength)
	}
	a.sendMax = int(n-min(n, pdu.PDVOverhead)) &^ 1
	return n >= minPeerPDUBytes
}
