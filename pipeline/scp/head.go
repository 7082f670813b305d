package scp

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// plainLimits are what a header costs as a rule: real CT headers have 5 to 50 KiB, and
// private groups before the pixels seldom exceed 1 MiB. At the worst that is 5 MiB an object.
var plainLimits = dataset.Limits{MaxElementBytes: 1 << 20, MaxTotalBytes: 1 << 20, MaxElements: 20_000}

// headerLimits bounds the header of a CT slice.
var headerLimits = dataset.Limits{MaxElementBytes: 4 << 20, MaxTotalBytes: 8 << 20, MaxElements: 20_000}

// wideLimits are for what states a frame, a reference or a measurement at a time: an
// Enhanced CT of 1000 frames has some hundred elements for each, all in its header. At the
// worst that is 110 MiB an object: the bytes, the values, and 112 bytes an element.
var wideLimits = dataset.Limits{MaxElementBytes: 16 << 20, MaxTotalBytes: 32 << 20, MaxElements: 400_000}

func limitsOf(class string) dataset.Limits {
	if class == dataset.CTImageStorage {
		return headerLimits
	}
	return wideLimits
}

const (
	// maxWideHeaders is how many headers beyond plainLimits are held at a time, so that many
	// associations of large ones cost some hundred MiB and not the process.
	maxWideHeaders = 4
	// wideWait is how long one waits for its turn, before the sender is told to try later.
	wideWait = 30 * time.Second
)

// head is what was read of an object to know what it is.
type head struct {
	ds     dataset.Dataset
	pixels dataset.PixelData
	// offset is how many bytes of the data set, inflated, lie before the pixels.
	offset int64
	// bytes are those that were taken from the body for it, to be stored first.
	bytes *held
	// release ends the turn of a wide one, as reading bytes to their end does. It is never
	// nil and may be called again.
	release func()
}

// readHead reads a header. One beyond plainLimits is read again from its start once it has
// its turn, with the limits of its class.
func (b *Backend) readHead(ctx context.Context, body io.Reader, ts dataset.TransferSyntax, class string) (head, error) {
	h, err := parseHead(body, ts, plainLimits)
	if !errors.Is(err, dataset.ErrLimit) {
		return h, err
	}
	release, err := b.turn(ctx)
	if err != nil {
		return h, err
	}
	h, err = parseHead(io.MultiReader(h.bytes, body), ts, limitsOf(class))
	h.release, h.bytes.ended = release, release
	return h, err
}

// turn waits for the place of a large header; release gives it back, once.
func (b *Backend) turn(ctx context.Context) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, wideWait)
	defer cancel()
	select {
	case b.wide <- struct{}{}:
		return sync.OnceFunc(func() { <-b.wide }), nil
	case <-ctx.Done():
		return nil, neckfrac.Wrap(neckfrac.Unavailable, "large header", ctx.Err())
	}
}

func parseHead(body io.Reader, ts dataset.TransferSyntax, lim dataset.Limits) (head, error) {
	h := head{bytes: &held{}, release: func() {}}
	reader, err := dataset.NewReader(io.TeeReader(body, h.bytes), ts, lim)
	if err != nil {
		return h, neckfrac.Wrap(neckfrac.Unsupported, "store: header", err)
	}
	if h.ds, h.pixels, err = reader.ReadHeader(); err != nil {
		return h, neckfrac.Wrap(neckfrac.Invalid, "store: header", err)
	}
	h.offset = reader.Offset()
	return h, nil
}

// held keeps bytes until they are read, once. Unlike bytes.Buffer it does not copy what it
// has when it grows, and gives back what was read.
type held struct {
	chunks [][]byte
	ended  func() // called at the end of reading, unless nil
}

// The first chunk holds the header of a CT slice; the others bound what may lie idle.
const firstChunk, nextChunk = 16 << 10, 256 << 10

// Write implements io.Writer.
func (h *held) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		last := len(h.chunks) - 1
		if last < 0 || len(h.chunks[last]) == cap(h.chunks[last]) {
			size := nextChunk
			if last < 0 {
				size = firstChunk
			}
			h.chunks = append(h.chunks, make([]byte, 0, size))
			last++
		}
		c := h.chunks[last]
		k := min(len(p), cap(c)-len(c))
		h.chunks[last] = append(c, p[:k]...)
		p = p[k:]
	}
	return n, nil
}

// Read implements io.Reader. Nothing may be written after it.
func (h *held) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(h.chunks) == 0 {
		if h.ended != nil {
			h.ended()
		}
		return 0, io.EOF
	}
	n := copy(p, h.chunks[0])
	if h.chunks[0] = h.chunks[0][n:]; len(h.chunks[0]) == 0 {
		h.chunks[0] = nil
		h.chunks = h.chunks[1:]
	}
	return n, nil
}
