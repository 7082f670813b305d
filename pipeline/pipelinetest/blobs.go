package pipelinetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"sync"

	"github.com/neckfrac/neckfrac"
)

// Blobs is the fake of neckfrac.Blobs.
type Blobs struct {
	*Faults
	mu   sync.Mutex
	data map[string][]byte
	mark string
}

// NewBlobs returns an empty store.
func NewBlobs() *Blobs {
	return &Blobs{Faults: newFaults("Put", "Open", "Remove", "Walk", "StopMark", "SetStopMark"), data: map[string][]byte{}}
}

// Put implements neckfrac.Blobs.
func (b *Blobs) Put(ctx context.Context, r io.Reader, max int64) (neckfrac.BlobRef, error) {
	return call(ctx, b.Faults, "Put", func() (neckfrac.BlobRef, error) {
		var buf bytes.Buffer
		_, err := io.Copy(&buf, io.LimitReader(&ctxReader{ctx, r}, max+1))
		switch {
		case err != nil:
			return neckfrac.BlobRef{}, neckfrac.E("put blob", err)
		case int64(buf.Len()) > max:
			return neckfrac.BlobRef{}, neckfrac.Errorf(neckfrac.Limit, "put blob", "more than %d bytes", max)
		}
		sum := sha256.Sum256(buf.Bytes())
		ref := neckfrac.BlobRef{Digest: hex.EncodeToString(sum[:]), Size: int64(buf.Len())}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.data[ref.Digest] = buf.Bytes()
		return ref, nil
	})
}

// ctxReader ends a stream when its context does.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, neckfrac.Wrap(neckfrac.Unavailable, "read", err)
	}
	return c.r.Read(p)
}

// Open implements neckfrac.Blobs by way of a file that has no name any more.
func (b *Blobs) Open(ctx context.Context, ref neckfrac.BlobRef) (*os.File, error) {
	return call(ctx, b.Faults, "Open", func() (*os.File, error) {
		if err := checkDigest(ref); err != nil {
			return nil, err
		}
		b.mu.Lock()
		data, ok := b.data[ref.Digest]
		b.mu.Unlock()
		if !ok {
			return nil, neckfrac.Errorf(neckfrac.NotFound, "open blob", "no such blob")
		}
		if int64(len(data)) != ref.Size {
			return nil, neckfrac.Errorf(neckfrac.Internal, "open blob", "%d bytes, want %d", len(data), ref.Size)
		}
		f, err := spool(data)
		return f, neckfrac.E("open blob", err)
	})
}

func spool(data []byte) (*os.File, error) {
	w, err := os.CreateTemp("", "blob-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(w.Name())
	if _, err = w.Write(data); err != nil {
		w.Close()
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return os.Open(w.Name())
}

// Remove implements neckfrac.Blobs.
func (b *Blobs) Remove(ctx context.Context, ref neckfrac.BlobRef) error {
	_, err := call(ctx, b.Faults, "Remove", func() (none, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.data, ref.Digest)
		return none{}, checkDigest(ref)
	})
	return err
}

// Walk implements neckfrac.Blobs.
func (b *Blobs) Walk(ctx context.Context, fn func(neckfrac.BlobRef) error) error {
	refs, err := call(ctx, b.Faults, "Walk", func() ([]neckfrac.BlobRef, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		var refs []neckfrac.BlobRef
		for digest, data := range b.data {
			refs = append(refs, neckfrac.BlobRef{Digest: digest, Size: int64(len(data))})
		}
		return refs, nil
	})
	for _, r := range refs {
		if err = fn(r); err != nil {
			return err
		}
	}
	return err
}

// Rot flips a byte of a stored blob, or cuts an empty one's name off.
func (b *Blobs) Rot(ref neckfrac.BlobRef) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data := bytes.Clone(b.data[ref.Digest])
	if len(data) == 0 {
		delete(b.data, ref.Digest)
		return
	}
	data[len(data)/2] ^= 1
	b.data[ref.Digest] = data
}

func checkDigest(ref neckfrac.BlobRef) error {
	raw, err := hex.DecodeString(ref.Digest)
	if err != nil || len(raw) != sha256.Size || hex.EncodeToString(raw) != ref.Digest {
		return neckfrac.Errorf(neckfrac.Invalid, "blob", "not a digest")
	}
	return nil
}
