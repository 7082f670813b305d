package dicomweb

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// freeBytes is how much of a header, or of what was made of it, a request may go on
// holding without its turn: with Limits.Retrieves that is 64 MiB.
const freeBytes = 1 << 20

// header is what was read of an object up to its pixels.
type header struct {
	ds     dataset.Dataset
	pixels dataset.PixelData
	// done ends the turn of the header; it may be called again. Until then ds may cost
	// Limits.Header in memory, and so may what refers to it: whoever holds more than
	// freeBytes of that calls it only when the bytes have left.
	done func()
}

// header reads an object up to its pixels, once it is its turn.
func (h *handler) header(ctx context.Context, f File, in Instance) (header, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return header{}, err
	}
	read := header{done: done}
	_, r, err := dataset.ReadPart10(io.NewSectionReader(f, 0, in.Size), h.cfg.Limits.Header)
	if err == nil {
		read.ds, read.pixels, err = r.ReadHeader()
	}
	if err != nil {
		done()
		return header{}, fmt.Errorf("dicomweb: stored object: %w", err)
	}
	return read, nil
}

// turn waits for one of Limits.Headers places; done gives it back, once.
func (h *handler) turn(ctx context.Context) (done func(), err error) {
	select {
	case h.headers <- struct{}{}:
		return sync.OnceFunc(func() { <-h.headers }), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("dicomweb: stored object: %w: %w", ErrUnavailable, ctx.Err())
	}
}
