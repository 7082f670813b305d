package neckfrac

import (
	"context"
	"time"
)

// DefaultOpenPerPeer is how many storage commitment transactions, and how many retrievals,
// one AE title may have open: a day of a busy scanner that asks for each study, while ten
// peers at their cap meet MaxOpenCommitments.
const DefaultOpenPerPeer = 1000

// Upkeep is the ledger as the end of requests sees it that nobody answers or needs any
// more. Each call changes at most n rows, the oldest, in one transaction, so that the only
// writer is not held long; it returns those that it changed.
type Upkeep interface {
	// ExpireCommitments ends open transactions that were last asked for before t and that
	// nobody leases at now. They are kept as undelivered; asked again they are open again.
	ExpireCommitments(ctx context.Context, t, now time.Time, n int) ([]CommitmentID, error)
	// ExpireRetrievals ends waiting retrievals that were asked for before t and that nobody
	// leases at now: done where everything came, else partial or failed and Expired, with
	// the reason of the last attempt, Unavailable without one.
	ExpireRetrievals(ctx context.Context, t, now time.Time, n int) ([]RetrievalID, error)
	// PruneCommitments forgets transactions that ended before t. Until when an instance
	// must be kept is the instance's, and stays.
	PruneCommitments(ctx context.Context, t time.Time, n int) (int, error)
	// PruneRetrievals forgets retrievals that ended before t: notified once more, they
	// begin anew, with what is held.
	PruneRetrievals(ctx context.Context, t time.Time, n int) (int, error)
}
