package pipeline

import (
	"context"
	"time"

	"github.com/neckfrac/neckfrac"
)

// maxOrphans is more than can have been on its way when a process died: every
// association, web request and retrieval has one object.
const maxOrphans = 128

// MarkedBlobs is a blob store that remembers how the last service stopped.
type MarkedBlobs interface {
	neckfrac.Blobs
	neckfrac.StopMarks
}

// MarkedLedger is the ledger as a sweep sees it.
type MarkedLedger interface {
	// References calls fn for every blob that a row refers to, until fn fails.
	References(ctx context.Context, fn func(neckfrac.BlobRef) error) error
	neckfrac.StopMarks
	neckfrac.KeptBlobs
}

// Swept is what a sweep did with the blobs that no row names.
type Swept struct {
	// Clean says that the ledger is the one that stopped with these blobs.
	Clean bool
	// Removed and Kept count orphans; New of the kept ones were not known before.
	Removed, Kept, New int
}

// Suspicious reports whether more is new than a crash leaves: the ledger may be an older
// copy, and the blobs what was acknowledged since. Somebody has to look at them
// (neckfrac verify-store).
func (s Swept) Suspicious() bool { return s.New > maxOrphans }

// Sweep removes blobs that no row names, what was refused for what the ledger knew, where
// that is certain: beside the very ledger that the last service stopped with. After
// anything else, a crash or another copy of ledger or blobs, nothing can tell an object
// that was never acknowledged from one that a newer ledger has acknowledged. Such orphans
// stay, are listed in the ledger, and are never removed by a later sweep either.
//
// It must run before the receiver opens, since a blob that is being received has no row
// yet, and it takes the blobs' mark: from then on they are in service, until MarkStop.
// Beside a ledger that names no blob at all, and so stands in the place of one that was
// lost, more orphans than a crash leaves are Conflict.
func Sweep(ctx context.Context, blobs MarkedBlobs, ledger MarkedLedger, now time.Time) (s Swept, err error) {
	if s.Clean, err = stoppedTogether(ctx, blobs, ledger); err != nil {
		return Swept{}, err
	}
	known, kept := map[string]bool{}, map[string]bool{}
	if err := ledger.References(ctx, func(r neckfrac.BlobRef) error { known[r.Digest] = true; return nil }); err != nil {
		return Swept{}, neckfrac.E("sweep: references", err)
	}
	if err := ledger.Kept(ctx, func(r neckfrac.BlobRef) error { kept[r.Digest] = true; return nil }); err != nil {
		return Swept{}, neckfrac.E("sweep: kept", err)
	}
	var orphans []neckfrac.BlobRef // that are not on the list
	err = blobs.Walk(ctx, func(r neckfrac.BlobRef) error {
		switch {
		case known[r.Digest]:
		case kept[r.Digest]:
			s.Kept++
		default:
			orphans = append(orphans, r)
		}
		return nil
	})
	if err != nil {
		return Swept{}, neckfrac.E("sweep: walk", err)
	}
	if !s.Clean && len(known) == 0 && len(orphans) > maxOrphans {
		return Swept{}, neckfrac.Errorf(neckfrac.Conflict, "sweep", "the ledger is empty and %d objects are stored: restore the ledger, or move the blobs away", len(orphans))
	}
	// gofail: var orphansListed struct{}
	if s.Clean {
		for _, r := range orphans {
			if err := blobs.Remove(ctx, r); err != nil {
				return Swept{}, neckfrac.E("sweep: remove", err)
			}
		}
		s.Removed = len(orphans)
	} else {
		if err := ledger.KeepBlobs(ctx, orphans, now); err != nil {
			return Swept{}, neckfrac.E("sweep: keep", err)
		}
		s.New, s.Kept = len(orphans), s.Kept+len(orphans)
	}
	if err := blobs.SetStopMark(ctx, ""); err != nil {
		return Swept{}, neckfrac.E("sweep: mark", err)
	}
	return s, nil
}

// stoppedTogether reports whether both hold the mark of one stop.
func stoppedTogether(ctx context.Context, blobs, ledger neckfrac.StopMarks) (bool, error) {
	b, err := blobs.StopMark(ctx)
	if err != nil {
		return false, neckfrac.E("sweep: mark of the blobs", err)
	}
	l, err := ledger.StopMark(ctx)
	if err != nil {
		return false, neckfrac.E("sweep: mark of the ledger", err)
	}
	return b != "" && b == l, nil
}

// MarkStop notes that a service has stopped with these two: nothing is received or written
// any more. mark must be of this stop alone. The ledger's comes first: a copy of it that
// lacks the last row then lacks the mark too.
func MarkStop(ctx context.Context, blobs, ledger neckfrac.StopMarks, mark string) error {
	if mark == "" {
		return neckfrac.Errorf(neckfrac.Invalid, "mark stop", "no mark")
	}
	if err := ledger.SetStopMark(ctx, mark); err != nil {
		return neckfrac.E("mark stop: ledger", err)
	}
	return neckfrac.E("mark stop: blobs", blobs.SetStopMark(ctx, mark))
}
