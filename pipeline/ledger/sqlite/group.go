package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/neckfrac/neckfrac"
)

// maxGroup is the most arrivals that one transaction takes: what waits behind a group is
// answered after it, so that its length bounds the wait of the next.
const maxGroup = 64

// group lets concurrent arrivals share one transaction and so one sync of the log. The
// first caller leads: it takes everything that waits at the moment it holds the write
// lock, commits once and tells each caller its own result; those that came meanwhile are
// led by the first of them. Nobody waits for company: a lone arrival commits at once.
type group struct {
	mu      sync.Mutex
	led     bool // somebody leads
	waiting []*arriving
}

// arriving is one call of Receive. Its result is set before done is closed.
type arriving struct {
	a     neckfrac.Arrival
	lead  chan struct{} // closed when this caller is to lead
	done  chan struct{}
	r     neckfrac.Receipt
	clash neckfrac.ConflictPart
	err   error
}

// errLeader is what the others of a group are told after a panic in it.
var errLeader = errors.New("the group was not committed")

// record runs one arrival through a group. It fails with the context's error only if
// nothing of the arrival was recorded.
func (d *DB) record(ctx context.Context, a neckfrac.Arrival) (neckfrac.Receipt, neckfrac.ConflictPart, error) {
	if err := ctx.Err(); err != nil {
		return neckfrac.Receipt{}, 0, err
	}
	c := &arriving{a: a, lead: make(chan struct{}), done: make(chan struct{})}
	if d.arrivals.join(c) {
		d.leadGroup(ctx, c)
		return c.r, c.clash, c.err
	}
	select {
	case <-c.done:
	case <-c.lead:
		d.leadGroup(ctx, c)
	case <-ctx.Done():
		if d.arrivals.leave(c) {
			return neckfrac.Receipt{}, 0, ctx.Err()
		}
		// A group has it, or it leads: what is recorded is told.
		select {
		case <-c.done:
		case <-c.lead:
			d.leadGroup(ctx, c)
		}
	}
	return c.r, c.clash, c.err
}

// join reports whether the caller leads; otherwise it waits.
func (g *group) join(c *arriving) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = append(g.waiting, c)
	if g.led {
		return false
	}
	g.led = true
	return true
}

// leave takes a call back that nobody has taken yet.
func (g *group) leave(c *arriving) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-c.lead:
		return false
	default:
	}
	for i, w := range g.waiting {
		if w == c {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// take hands the waiting calls to their leader.
func (g *group) take() []*arriving {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), maxGroup)
	taken := append([]*arriving(nil), g.waiting[:n]...)
	g.waiting = append(g.waiting[:0], g.waiting[n:]...)
	return taken
}

// next makes the first that waits the leader.
func (g *group) next() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.led = len(g.waiting) > 0; g.led {
		close(g.waiting[0].lead)
	}
}

// leadGroup commits one group, that of its caller c, who is always in it.
func (d *DB) leadGroup(ctx context.Context, c *arriving) {
	var calls []*arriving
	err := errLeader
	defer func() {
		if calls == nil { // the transaction did not begin
			calls = d.arrivals.take()
		}
		for _, call := range calls {
			if err != nil {
				call.r, call.clash, call.err = neckfrac.Receipt{}, 0, err
			}
			close(call.done)
		}
		d.arrivals.next()
	}()
	// The end of the leader's context must not take the others with it.
	ctx = context.WithoutCancel(ctx)
	err = inTx(ctx, d.w, func(tx *sql.Tx) error {
		calls = d.arrivals.take()
		// gofail: var arrivalsBegun struct{}
		for _, call := range calls {
			if err := d.receiveOne(ctx, tx, call, len(calls) > 1); err != nil {
				return err
			}
		}
		// gofail: var arrivalsWritten struct{}
		return nil
	})
	// gofail: var arrivalsCommitted struct{}
}

const (
	savepoint = `SAVEPOINT arrival`
	release   = `RELEASE arrival`
)

// receiveOne records one arrival of a group. An error that concerns it alone is undone
// and kept in the call; an error of the file ends the group, since SQLite may have rolled
// back all of it.
func (d *DB) receiveOne(ctx context.Context, tx *sql.Tx, c *arriving, shared bool) error {
	if !shared {
		var err error
		c.r, c.clash, err = d.receive(ctx, tx, c.a)
		return err
	}
	if _, err := d.hot(ctx, tx, savepoint).ExecContext(ctx); err != nil {
		return err
	}
	c.r, c.clash, c.err = d.receive(ctx, tx, c.a)
	if c.err != nil {
		if !alone(c.err) {
			return c.err
		}
		c.r, c.clash = neckfrac.Receipt{}, 0
		if _, err := tx.ExecContext(ctx, `ROLLBACK TO arrival`); err != nil {
			return err
		}
	}
	_, err := d.hot(ctx, tx, release).ExecContext(ctx)
	return err
}

// alone reports whether an error says something of one arrival and nothing of the file: a
// broken constraint, or the ledger's own refusal.
func alone(err error) bool {
	if _, ok := errors.AsType[*neckfrac.Error](err); ok {
		return true
	}
	return code(err)&0xff == codeConstraint
}
