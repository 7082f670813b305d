package pipeline

import (
	"context"

	"github.com/neckfrac/neckfrac"
)

// maxFirstOrphans is more than can have been on its way when a process died that had not
// recorded anything yet: every association, web request and retrieval has one object.
const maxFirstOrphans = 128

// Sweep removes blobs that no row names: what a crash between the bytes and the
// ledger left. It must run before the receiver opens, since a blob that is being
// received has no row yet. It returns how many it removed. Beside more than
// maxFirstOrphans, a ledger that names no blob at all is not theirs but a new one, in the
// place of one that was lost: that is Conflict, and nothing is removed.
func Sweep(ctx context.Context, blobs neckfrac.Blobs, records neckfrac.Records) (int, error) {
	known := map[string]bool{}
	err := records.References(ctx, func(r neckfrac.BlobRef) error {
		known[r.Digest] = true
		return nil
	})
	if err != nil {
		return 0, neckfrac.E("sweep: references", err)
	}
	var orphans []neckfrac.BlobRef
	err = blobs.Walk(ctx, func(r neckfrac.BlobRef) error {
		if !known[r.Digest] {
			orphans = append(orphans, r)
		}
		return nil
	})
	if err != nil {
		return 0, neckfrac.E("sweep: walk", err)
	}
	if len(known) == 0 && len(orphans) > maxFirstOrphans {
		return 0, neckfrac.Errorf(neckfrac.Conflict, "sweep", "the ledger is empty and %d objects are stored: restore the ledger, or move the blobs away", len(orphans))
	}
	// gofail: var orphansListed struct{}
	for _, r := range orphans {
		if err := blobs.Remove(ctx, r); err != nil {
			return 0, neckfrac.E("sweep: remove", err)
		}
	}
	return len(orphans), nil
}
