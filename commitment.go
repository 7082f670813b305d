package neckfrac

import (
	"context"
	"time"
)

// CommitmentID names a storage commitment transaction here, random and opaque.
type CommitmentID string

// FailureReason is why an instance was not committed, (0008,1197) of PS3.4 §J.3.3;
// Committed is no failure.
type FailureReason uint16

const (
	Committed FailureReason = 0x0000
	// CommitProcessingFailure: the instance is in the ledger, its bytes are not as they came.
	CommitProcessingFailure FailureReason = 0x0110
	// CommitNoSuchInstance: nothing was stored under the UID.
	CommitNoSuchInstance FailureReason = 0x0112
	// CommitClassConflict: the instance is of another class than the request says.
	CommitClassConflict FailureReason = 0x0119
	// CommitClassNotSupported: nothing was stored, since the class is not accepted.
	CommitClassNotSupported FailureReason = 0x0122
)

// MaxCommitted bounds the references of one transaction, and MaxOpenCommitments the
// transactions that wait for their report, of all peers; see DefaultOpenPerPeer.
const (
	MaxCommitted       = 20_000
	MaxOpenCommitments = 10_000
)

// Commitment is a peer's question whether we keep what it sent, with our answer.
type Commitment struct {
	ID CommitmentID
	// TransactionUID is the peer's name of it, unique for the peer.
	TransactionUID string
	Peer           AETitle
	Instances      []InstanceRef
	Received       time.Time
	// Reasons are the answer, one an instance; nil before it was decided.
	Reasons []FailureReason
	// Attempt counts reports that were not answered, Next is when to try again.
	Attempt int
	Next    time.Time
}

// Holding is what the ledger has of one instance.
type Holding struct {
	SOPClassUID string
	// Blobs are the bytes in use and every other version that came.
	Blobs []BlobRef
}

// Commitments is the ledger as storage commitment sees it.
type Commitments interface {
	// RequestCommitment stores a transaction; it is durable when it returns. A known one
	// with equal references is decided and reported once more, with others it is
	// Conflict. Too many open ones, in all or of the peer, are Limit.
	RequestCommitment(ctx context.Context, c Commitment) (CommitmentID, error)
	// DueCommitments leases up to n transactions that wait for their report and whose time
	// has come until now+d, oldest first.
	DueCommitments(ctx context.Context, now time.Time, n int, d time.Duration) ([]Commitment, error)
	// Held returns what is known of an instance; unknown is NotFound.
	Held(ctx context.Context, uid InstanceUID) (Holding, error)
	// DecideCommitment stores the answer, and until when the committed instances must
	// not be deleted, in one transaction. One that is decided stays as it is; a committed
	// instance that is gone is Conflict and changes nothing.
	DecideCommitment(ctx context.Context, id CommitmentID, reasons []FailureReason, until time.Time) error
	// CommitmentReported ends a decided transaction: the peer has answered the report. One
	// that expired meanwhile is reported all the same.
	CommitmentReported(ctx context.Context, id CommitmentID, at time.Time) error
	// RetryCommitment counts an attempt and sets the next; one that has ended stays so.
	RetryCommitment(ctx context.Context, id CommitmentID, next time.Time, kind Kind) error
}
