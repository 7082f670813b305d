package pipeline

import (
	"context"
	"io"

	"github.com/neckfrac/neckfrac"
)

// DefaultMaxObjectBytes bounds one stored object: twice a 2048² Enhanced slice set
// would be split by any scanner, and 1 GiB of disk is what one peer can take at once.
const DefaultMaxObjectBytes = 1 << 30

// Receiver takes in instances. It is safe for concurrent use.
type Receiver struct {
	Blobs  neckfrac.Blobs
	Intake neckfrac.Intake
	// MaxObjectBytes bounds one object. Defaults to DefaultMaxObjectBytes.
	MaxObjectBytes int64
}

// Receive stores body, a complete Part 10 stream, and then records the arrival. When
// it returns without error both would survive a power cut. On an error nothing is
// recorded; bytes that no row names are left to Sweep.
func (r *Receiver) Receive(ctx context.Context, a neckfrac.Arrival, body io.Reader) (neckfrac.Receipt, error) {
	limit := r.MaxObjectBytes
	if limit <= 0 {
		limit = DefaultMaxObjectBytes
	}
	ref, err := r.Blobs.Put(ctx, body, limit)
	if err != nil {
		return neckfrac.Receipt{}, neckfrac.E("receive: put", err)
	}
	a.Instance.Blob = ref
	// gofail: var blobStored struct{}
	receipt, err := r.Intake.Receive(ctx, a)
	if err != nil {
		return neckfrac.Receipt{}, neckfrac.E("receive: record", err)
	}
	// gofail: var arrivalRecorded struct{}
	return receipt, nil
}
