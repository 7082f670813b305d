package pipelinetest

import (
	"context"
	"slices"
	"sync"

	"github.com/neckfrac/neckfrac"
)

// Publisher is the fake of neckfrac.Publisher. It stands for publisher and receiver:
// Sent has every call that got through, Received what a receiver that knows the key
// keeps of them.
type Publisher struct {
	*Faults
	kind string
	mu   sync.Mutex
	sent []Sent
}

// Sent is one call of Publish.
type Sent struct {
	Delivery   neckfrac.Delivery
	Study      neckfrac.Study
	Assessment neckfrac.Assessment
}

// NewPublisher returns a publisher of a kind.
func NewPublisher(kind string) *Publisher {
	return &Publisher{Faults: newFaults("Publish"), kind: kind}
}

// Kind implements neckfrac.Publisher.
func (p *Publisher) Kind() string { return p.kind }

// Publish implements neckfrac.Publisher. With Lose the message gets through and the
// answer does not.
func (p *Publisher) Publish(ctx context.Context, d neckfrac.Delivery, s neckfrac.Study, a neckfrac.Assessment) error {
	_, err := call(ctx, p.Faults, "Publish", func() (none, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.sent = append(p.sent, Sent{d, s, a})
		return none{}, nil
	})
	return err
}

// Sent lists the calls that got through, in order.
func (p *Publisher) Sent() []Sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.sent)
}

// Received lists the first call per key, in order.
func (p *Publisher) Received() []Sent {
	var out []Sent
	for _, s := range p.Sent() {
		if !slices.ContainsFunc(out, func(o Sent) bool { return o.Delivery.Key == s.Delivery.Key }) {
			out = append(out, s)
		}
	}
	return out
}
