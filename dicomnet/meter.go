package dicomnet

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// errInterrupted is returned by a meter that was told to stop.
var errInterrupted = errors.New("dicomnet: interrupted")

// errWoken is returned by a meter while it is woken.
var errWoken = errors.New("dicomnet: woken")

// meter reads a connection under deadlines and a minimum rate. All but stop and
// drain belong to the association's goroutine.
type meter struct {
	net.Conn
	lifetime time.Time // absolute end of the association
	pdu      time.Time // by when the PDU under way must be whole
	rate     int64     // bytes per second
	window   time.Duration

	message bool // a message is arriving: the rate counts, drain does not
	closing bool // nothing but the end of the connection is awaited
	waited  time.Duration
	bytes   int64

	stopped  atomic.Bool // stop now
	draining atomic.Bool // stop between messages
	woken    atomic.Bool // stop waiting, for now
}

// begin and end mark the arrival of a message.
func (m *meter) begin() { m.message, m.waited, m.bytes = true, 0, 0 }
func (m *meter) end()   { m.message = false }

// stop makes the current and all later reads fail, and the current write, from
// any goroutine.
func (m *meter) stop() {
	m.signal(&m.stopped)
	_ = m.Conn.SetWriteDeadline(time.Unix(1, 0))
}

// drain makes the current and later reads fail that do not belong to a message
// under way, from any goroutine.
func (m *meter) drain() { m.signal(&m.draining) }

// signal sets the flag first: a Read that sets its own deadline afterwards sees
// the flag, one that did before is woken by this deadline.
func (m *meter) signal(flag *atomic.Bool) {
	flag.Store(true)
	_ = m.Conn.SetReadDeadline(time.Unix(1, 0))
}

// Read implements io.Reader. Its error is os.ErrDeadlineExceeded when time is
// up, ErrTooSlow below the minimum rate, errInterrupted after stop or drain.
func (m *meter) Read(p []byte) (int, error) {
	for {
		start := time.Now()
		limit := m.pdu
		if m.lifetime.Before(limit) {
			limit = m.lifetime
		}
		until := limit
		if m.message && start.Add(m.window-m.waited).Before(limit) {
			until = start.Add(m.window - m.waited)
		}
		if err := m.Conn.SetReadDeadline(until); err != nil {
			return 0, err
		}
		if m.stopped.Load() || (m.draining.Load() && !m.message && !m.closing) {
			return 0, errInterrupted
		}
		if m.woken.Load() {
			return 0, errWoken
		}
		n, err := m.Conn.Read(p)
		now := time.Now()
		m.waited += now.Sub(start)
		m.bytes += int64(n)
		if m.message && m.waited >= m.window {
			if m.bytes < int64(m.window.Seconds()*float64(m.rate)) {
				return n, ErrTooSlow
			}
			m.waited, m.bytes = 0, 0
		}
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || !now.Before(limit) {
			return n, err
		}
		// Woken early, by the end of a window or by drain: go on.
	}
}
