package pipeline

import (
	"context"

	"github.com/neckfrac/neckfrac"
)

// maxOrphans is more than can have been on its way when a process died: every
// association, web request and retrieval has one object.
const maxOrphans = 128

// Sweep removes blobs that no row names: what a crash between the bytes and the
// ledger left, and what was refused for what the ledger knew. It must run before the
// receiver opens, since a blob that is being received has no row yet.
//
// More than maxOrphans are not a crash's: the ledger may be an older copy, and the blobs
// what was acknowledged since. They are kept and counted, for somebody to look at
// (neckfrac verify-store). Beside a ledger that names no blob at all, and so stands in the
// place of one that was lost, they are Conflict.
func Sweep(ctx context.Context, blobs neckfrac.Blobs, records neckfrac.Records) (removed, kept int, err error) {
	known := map[string]bool{}
	err = records.References(ctx, func(r neckfrac.BlobRef) error {
		known[r.Digest] = true
		return nil
	})
	if err != nil {
		return 0, 0, neckfrac.E("sweep: references", err)
	}
	var orphans []neckfrac.BlobRef
	err = blobs.Walk(ctx, func(r neckfrac.BlobRef) error {
		if !known[r.Digest] {
			orphans = append(orphans, r)
		}
		return nil
	})
	if err != nil {
		return 0, 0, neckfrac.E("sweep: walk", err)
	}
	switch {
	case len(orphans) <= maxOrphans:
	case len(known) > 0:
		return 0, len(orphans), nil
	default:
		return 0, 0, neckfrac.Errorf(neckfrac.Conflict, "sweep", "the ledger is empty and %d objects are stored: restore the ledger, or move the blobs away", len(orphans))
	}
	// gofail: var orphansListed struct{}
	for _, r := range orphans {
		if err := blobs.Remove(ctx, r); err != nil {
			return 0, 0, neckfrac.E("sweep: remove", err)
		}
	}
	return len(orphans), 0, nil
}
