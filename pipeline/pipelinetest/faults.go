package pipelinetest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/neckfrac/neckfrac"
)

// errInjected is the cause of every error that a test asked for.
var errInjected = errors.New("injected fault")

// Faults makes the methods of a fake fail on demand. Every fake embeds one.
type Faults struct {
	mu      sync.Mutex
	methods []string
	fail    map[string][]neckfrac.Kind
	lose    map[string][]neckfrac.Kind
	on      map[string]func()
	calls   map[string]int
}

func newFaults(methods ...string) *Faults {
	return &Faults{
		methods: methods, fail: map[string][]neckfrac.Kind{}, lose: map[string][]neckfrac.Kind{},
		on: map[string]func(){}, calls: map[string]int{},
	}
}

// Fail lets the next n calls of method return an error of kind without any effect.
// It panics on a method that the fake doesn't have.
func (f *Faults) Fail(method string, kind neckfrac.Kind, n int) {
	f.set(method, func() { f.fail[method] = append(f.fail[method], slices.Repeat([]neckfrac.Kind{kind}, n)...) })
}

// Lose lets the next n calls of method that would succeed do their work and return
// an error of kind, as when the connection drops after a commit.
func (f *Faults) Lose(method string, kind neckfrac.Kind, n int) {
	f.set(method, func() { f.lose[method] = append(f.lose[method], slices.Repeat([]neckfrac.Kind{kind}, n)...) })
}

// On runs fn at the start of every call of method, before a fault and outside the
// fake's locks, so that fn may block or call the fake. A nil fn ends that.
func (f *Faults) On(method string, fn func()) { f.set(method, func() { f.on[method] = fn }) }

// Calls counts the calls of method, failed ones too.
func (f *Faults) Calls(method string) int {
	var n int
	f.set(method, func() { n = f.calls[method] })
	return n
}

func (f *Faults) set(method string, do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.methods, method) {
		panic("pipelinetest: no method " + method)
	}
	do()
}

// call runs fn as the body of method, with the faults around it.
func call[T any](ctx context.Context, f *Faults, method string, fn func() (T, error)) (T, error) {
	var zero T
	var hook func()
	f.set(method, func() { f.calls[method]++; hook = f.on[method] })
	if hook != nil {
		hook()
	}
	if err := ctx.Err(); err != nil {
		return zero, neckfrac.Wrap(neckfrac.Unavailable, method, err)
	}
	if err := f.pop(f.fail, method); err != nil {
		return zero, err
	}
	v, err := fn()
	if err == nil {
		err = f.pop(f.lose, method)
	}
	if err != nil {
		return zero, err
	}
	return v, nil
}

func (f *Faults) pop(from map[string][]neckfrac.Kind, method string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(from[method]) == 0 {
		return nil
	}
	kind := from[method][0]
	from[method] = from[method][1:]
	return neckfrac.Wrap(kind, method, errInjected)
}

// none is the result of methods that return only an error.
type none struct{}
