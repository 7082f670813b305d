package dicomweb

import (
	"io"
	"net/http"
	"time"
)

// What leaves in one call may take the idle time, and for all of it 1 MiB a second.
const quickBytes, quickTime = 64 << 10, time.Second / 16

// progress moves a connection's deadlines as bytes do, since a listener's own are made
// for small answers. Where the server can't, its own deadlines hold.
type progress struct {
	rc   *http.ResponseController
	idle time.Duration
	end  time.Time
	next time.Time
}

func (h *handler) progress(w http.ResponseWriter) *progress {
	now := time.Now()
	return &progress{rc: http.NewResponseController(w), idle: h.cfg.Limits.IdleTime, end: now.Add(h.cfg.Limits.TransferTime)}
}

// deadline is that of n bytes from now; false leaves the one that is set.
func (p *progress) deadline(n int) (time.Time, bool) {
	now := time.Now()
	if now.Before(p.next) && n <= quickBytes {
		return time.Time{}, false
	}
	p.next = now.Add(p.idle / 4) // not a system call per chunk
	d := now.Add(p.idle + time.Duration(n/quickBytes)*quickTime)
	if d.After(p.end) {
		d = p.end
	}
	return d, true
}

func (p *progress) reading() {
	if d, ok := p.deadline(0); ok {
		p.rc.SetReadDeadline(d)
		p.rc.SetWriteDeadline(d.Add(p.idle)) // the answer comes after the last byte
	}
}

// writing is for the next n bytes, which leave in one call.
func (p *progress) writing(n int) {
	if d, ok := p.deadline(n); ok {
		p.rc.SetWriteDeadline(d)
	}
}

// pacedWriter moves the connection's deadline with what leaves.
type pacedWriter struct {
	w    io.Writer
	pace *progress
}

func (p *pacedWriter) Write(b []byte) (int, error) {
	p.pace.writing(len(b))
	return p.w.Write(b)
}
