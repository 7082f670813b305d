package dicomweb

import (
	"net"
	"sync"
)

// clients counts requests of one kind under way, of all and of each address.
type clients struct {
	most, mostOf int

	mu   sync.Mutex
	all  int
	busy map[string]int
}

func newClients(most, mostOf int) *clients {
	return &clients{most: most, mostOf: mostOf, busy: map[string]int{}}
}

// enter takes a slot for the client's address; the returned function gives it back.
func (c *clients) enter(remote string) (leave func(), err error) {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.all >= c.most:
		return nil, ErrUnavailable
	case c.busy[host] >= c.mostOf:
		return nil, ErrTooMany
	}
	c.all++
	c.busy[host]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all--
		if c.busy[host]--; c.busy[host] == 0 {
			delete(c.busy, host)
		}
	}, nil
}
