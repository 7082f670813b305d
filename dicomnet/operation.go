package dicomnet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

// ErrTooManyResponses means that an operation had more responses than
// Limits.MaxResponses. What came before was delivered.
var ErrTooManyResponses = errors.New("dicomnet: too many responses")

// operation is a C-FIND, C-MOVE or C-GET under way on the requestor's side. It
// has many responses and ends early by C-CANCEL (PS3.7 §9.3.2.3): once asked
// to, the peer has Limits.CancelTimeout for its last response, so that the
// association can be used again, else it is aborted.
type operation struct {
	c       *Client
	ctx     context.Context
	pc      AcceptedContext
	id      uint16
	failure error // why this side gave up

	cancelling atomic.Bool
	mu         sync.Mutex // guards timer and over
	timer      *time.Timer
	over       bool
}

// onResponse takes a response and reports whether it is the last.
type onResponse func(*operation, dimse.Command) (last bool, err error)

// onCommand takes, or leaves, a command of the peer.
type onCommand func(*operation, AcceptedContext, dimse.Command) (taken bool, err error)

// operate sends a request with its identifier and gives each response to step
// until that reports the last. other takes the commands of the peer in between.
func (c *Client) operate(ctx context.Context, pc AcceptedContext, cmd dimse.Command, identifier dataset.Dataset,
	other onCommand, step onResponse) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.sendRequest(pc, cmd, identifier); err != nil {
		return err
	}
	op := &operation{c: c, ctx: ctx, pc: pc, id: cmd.Header().MessageID}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { defer close(ended); op.cancel() })
	defer func() {
		if !stop() {
			<-ended // a C-CANCEL must not go out amid the next message
		}
		op.close()
	}()
	err := op.respond(other, step)
	switch {
	case op.failure != nil && c.a.ended != nil && err != nil:
		return fmt.Errorf("%w: %w", op.failure, err)
	case op.failure != nil:
		return op.failure
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

func (op *operation) respond(other onCommand, step onResponse) error {
	n := 0
	count := func() {
		if n++; n > op.c.a.lim.MaxResponses {
			op.fail(ErrTooManyResponses)
		}
	}
	between := func(pc AcceptedContext, cmd dimse.Command) (bool, error) {
		if other == nil {
			return false, nil
		}
		count()
		return other(op, pc, cmd)
	}
	for {
		rsp, err := op.c.nextOf(op.pc, op.id, between)
		if err != nil {
			return err
		}
		if s, _ := rsp.Elements().Uint16(dataset.TagStatus); dimse.Status(s).Class() == dimse.ClassPending {
			count() // the last response is not one too many
		}
		if last, err := step(op, rsp); last || op.c.a.ended != nil {
			return err
		}
	}
}

// fail gives the operation up because of this side. The first error counts.
func (op *operation) fail(err error) {
	if op.failure == nil {
		op.failure = err
	}
	op.cancel()
}

// given reports whether the operation was given up, by the end of ctx too.
func (op *operation) given() bool {
	if op.failure == nil && op.cancelling.Load() {
		op.failure = op.ctx.Err()
	}
	return op.failure != nil
}

// cancel sends the C-CANCEL-RQ, once, from any goroutine.
func (op *operation) cancel() {
	op.mu.Lock()
	defer op.mu.Unlock()
	if op.over || op.cancelling.Swap(true) {
		return
	}
	op.timer = time.AfterFunc(op.c.a.lim.CancelTimeout, op.c.a.meter.stop)
	set, err := dimse.Append(nil, &dimse.CCancelRQ{MessageID: op.id})
	if err == nil {
		err = op.c.a.interject(appendFragment(nil, op.pc.ID, true, true, set))
	}
	if err != nil {
		op.c.a.meter.stop()
	}
}

// close ends the time that a cancelled operation has.
func (op *operation) close() {
	op.mu.Lock()
	defer op.mu.Unlock()
	op.over = true
	if op.timer != nil {
		op.timer.Stop()
	}
}
