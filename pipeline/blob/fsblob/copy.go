package fsblob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"sync"

	"github.com/neckfrac/neckfrac"
)

// chunk is the size of one of a Put's two buffers, the only memory that a blob takes: as
// much as a PDU brings, so that little is left to do once the last one has come.
const chunk = 128 << 10

// buffers are those of one Put: while one is hashed, the other is filled.
type buffers [2][chunk]byte

var bufferPool = sync.Pool{New: func() any { return new(buffers) }}

// copyMax copies r to f and names the bytes; a byte more than max is Limit. An error of r
// keeps its own kind. An eager copy hashes on another core, and lets the disk start on
// each chunk while the next one comes, so that the fsync at the end finds little to do:
// that shortens the wait of a lone sender and costs cycles that many senders lack.
func copyMax(ctx context.Context, f file, r io.Reader, max int64, eager bool) (ref neckfrac.BlobRef, err error) {
	bufs := bufferPool.Get().(*buffers)
	defer bufferPool.Put(bufs)
	sum := hasher{sum: sha256.New(), inline: !eager}
	defer sum.stop() // before the buffers go back
	for i := 0; ; i++ {
		if err := ctx.Err(); err != nil {
			return ref, neckfrac.Wrap(neckfrac.Unavailable, "read", err)
		}
		// One chunk may still be hashed: the one before, in the other buffer.
		buf := bufs[i%len(bufs)][:]
		n, rerr := fill(r, buf)
		at := ref.Size
		ref.Size += int64(n)
		if ref.Size > max {
			return ref, neckfrac.Errorf(neckfrac.Limit, "read", "more than %d bytes", max)
		}
		if n > 0 {
			sum.add(buf[:n])
			if _, err := f.Write(buf[:n]); err != nil {
				return ref, neckfrac.Wrap(neckfrac.Unavailable, "write", err)
			}
			if eager {
				startWriteback(f, at, int64(n))
			}
		}
		if rerr == io.EOF {
			sum.stop()
			ref.Digest = hex.EncodeToString(sum.sum.Sum(nil))
			return ref, nil
		}
		if rerr != nil {
			return ref, neckfrac.E("read", rerr)
		}
	}
}

// maxEmptyReads is how often a reader may give neither a byte nor an error.
const maxEmptyReads = 100

// fill reads until buf is full or r ends. Unlike io.ReadFull it hands on r's own error,
// also behind some bytes: a truncated object must not look like a short one.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for empty := 0; n < len(buf) && err == nil; {
		var k int
		k, err = r.Read(buf[n:])
		n += k
		if empty++; k > 0 {
			empty = 0
		}
		if empty > maxEmptyReads && err == nil {
			err = io.ErrNoProgress
		}
	}
	return n, err
}

// hasher hashes chunks in a goroutine of its own while the caller writes them, or inline.
type hasher struct {
	sum    hash.Hash
	inline bool
	work   chan []byte // nil until the goroutine runs
	idle   chan struct{}
}

// add hashes b, which must not change until the next call of add or stop returns. A short
// chunk is the last: where it is the first too, no goroutine is worth it.
func (h *hasher) add(b []byte) {
	if h.inline || h.work == nil && len(b) < chunk {
		h.sum.Write(b)
		return
	}
	if h.work == nil {
		h.work, h.idle = make(chan []byte), make(chan struct{}, 1)
		go h.run()
	} else {
		<-h.idle
	}
	h.work <- b
}

func (h *hasher) run() {
	for b := range h.work {
		h.sum.Write(b)
		h.idle <- struct{}{}
	}
	close(h.idle)
}

// stop returns once everything is hashed. It may be called again.
func (h *hasher) stop() {
	if h.work == nil {
		return
	}
	close(h.work)
	for range h.idle {
	}
	h.work = nil
}
