package chaos

import (
	"fmt"
	"net"
	"sync"
	"time"
)

// Way is a kind of moment at which the service is killed.
type Way string

// The ways.
const (
	// AtByte is after a number of bytes of all associations together.
	AtByte Way = "at a byte of the transfer"
	// FirstByte is when the first byte of a response has arrived: the sharpest moment,
	// since the sender will take the instance for stored.
	FirstByte Way = "on the first byte of a response"
	// AfterSuccess is when a Success was understood.
	AfterSuccess Way = "just after a Success"
	// Blind is a time after the first byte, whatever the service does then.
	Blind Way = "blind"
	// AtLine is when the service logs a message.
	AtLine Way = "at a log line"
	// AtPoint is while a goroutine of the service is held at a named point.
	AtPoint Way = "at a named point"
)

// Strike is one kill to come.
type Strike struct {
	Way Way
	// Store is the number of the store that is hit, for FirstByte and AfterSuccess.
	Store int
	// Byte is for AtByte, from 1.
	Byte int64
	// After is for Blind.
	After time.Duration
	// Name is the message for AtLine and the point for AtPoint.
	Name string
	// Hit is how often the point is passed before the goroutine is held there.
	Hit int
}

func (s Strike) String() string {
	switch s.Way {
	case AtByte:
		return fmt.Sprintf("%s: %d", s.Way, s.Byte)
	case FirstByte, AfterSuccess:
		return fmt.Sprintf("%s: store %d", s.Way, s.Store+1)
	case Blind:
		return fmt.Sprintf("%s: %s", s.Way, s.After)
	case AtPoint:
		return fmt.Sprintf("%s: %s, pass %d", s.Way, s.Name, s.Hit+1)
	}
	return fmt.Sprintf("%s: %s", s.Way, s.Name)
}

// Nemesis watches a sender's connections and strikes once.
type Nemesis struct {
	strike Strike
	kill   func()

	mu      sync.Mutex
	written int64
	timer   *time.Timer
	once    sync.Once
}

// NewNemesis makes one that calls kill at the strike's moment. Moments inside the
// service (AtLine, AtPoint) are the caller's; the zero Strike never comes.
func NewNemesis(s Strike, kill func()) *Nemesis { return &Nemesis{strike: s, kill: kill} }

func (n *Nemesis) hit() { n.once.Do(n.kill) }

// Stop ends a Blind strike's timer.
func (n *Nemesis) Stop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.timer != nil {
		n.timer.Stop()
	}
}

// Conn wraps a connection to the service.
func (n *Nemesis) Conn(c net.Conn) *Conn { return &Conn{Conn: c, nemesis: n} }

func (n *Nemesis) after(store int) {
	if n.strike.Way == AfterSuccess && store == n.strike.Store {
		n.hit()
	}
}

// count returns how many of the next length bytes may go before the strike, or -1 where
// none of them is fatal.
func (n *Nemesis) count(length int) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.strike.Way == Blind && n.timer == nil {
		n.timer = time.AfterFunc(n.strike.After, n.hit)
	}
	before := n.written
	n.written += int64(length)
	cut := n.strike.Byte - before
	if n.strike.Way != AtByte || cut <= 0 || cut > int64(length) {
		return -1
	}
	return int(cut)
}

// Conn is a connection that its nemesis listens to.
type Conn struct {
	net.Conn
	nemesis *Nemesis

	mu    sync.Mutex
	armed bool
}

func (c *Conn) before(store int) {
	if c.nemesis.strike.Way == FirstByte && store == c.nemesis.strike.Store {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.armed = true
	}
}

// Write passes the bytes on up to a fatal one, strikes and goes on.
func (c *Conn) Write(p []byte) (int, error) {
	cut := c.nemesis.count(len(p))
	if cut < 0 {
		return c.Conn.Write(p)
	}
	if done, err := c.Conn.Write(p[:cut]); err != nil {
		return done, err
	}
	c.nemesis.hit()
	done, err := c.Conn.Write(p[cut:])
	return cut + done, err
}

// Read gives the first byte of a fatal response alone and strikes; the rest is in the
// socket already.
func (c *Conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	armed := c.armed
	c.armed = false
	c.mu.Unlock()
	if !armed || len(p) == 0 {
		return c.Conn.Read(p)
	}
	done, err := c.Conn.Read(p[:1])
	if done > 0 {
		c.nemesis.hit()
	}
	return done, err
}
