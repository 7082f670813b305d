package neckfrac

import (
	"context"
	"time"
)

// RetrievalID names a retrieval here, random and opaque.
type RetrievalID string

// RetrievalState is where a retrieval stands.
type RetrievalState string

const (
	// RetrievalWaiting means that instances may still be missing and will be asked for.
	RetrievalWaiting RetrievalState = "waiting"
	// RetrievalDone means that every instance is held.
	RetrievalDone RetrievalState = "done"
	// RetrievalPartial means that some came and the rest was given up.
	RetrievalPartial RetrievalState = "partial"
	// RetrievalFailed means that none came and the retrieval was given up.
	RetrievalFailed RetrievalState = "failed"
)

// Ended reports whether nothing more will be asked for.
func (s RetrievalState) Ended() bool {
	return s == RetrievalDone || s == RetrievalPartial || s == RetrievalFailed
}

// MaxAnnounced bounds the instances of one notification, and MaxOpenRetrievals what
// waits to be fetched, whoever notified; see DefaultOpenPerPeer.
const (
	MaxAnnounced      = 20_000
	MaxOpenRetrievals = 10_000
)

// AnnouncedInstance is an instance that a source says it has.
type AnnouncedInstance struct {
	Series SeriesUID
	InstanceRef
}

// Retrieval is what one notification has us fetch from one configured source.
type Retrieval struct {
	ID RetrievalID
	// Notification is the SOP Instance UID of the notification; with Source it is unique.
	Notification string
	// Source is the AE title of a configured source, never an address.
	Source AETitle
	// From is who notified us.
	From  AETitle
	Study StudyUID
	// Instances are those that the source has online, in the notification's order.
	Instances []AnnouncedInstance
	// Expected is how many instances the notification names, at whatever source and
	// whether they can be had now or not: what the study will have.
	Expected int
	Received time.Time
	State    RetrievalState
	// Reason is the kind of what the last attempt failed of; it has no meaning before
	// Attempt is 1 or State has ended otherwise than done.
	Reason Kind
	// Missing is how many instances did not come, once State has ended.
	Missing int
	// Failed are those of them that the source itself said it could not send.
	Failed []InstanceUID
	// Expired means that the retrieval was ended by its age.
	Expired bool
	// Attempt counts what was tried in vain, Next is when to try again.
	Attempt int
	Next    time.Time
}

// RetrievalEnd is how a retrieval ended.
type RetrievalEnd struct {
	State   RetrievalState
	Reason  Kind
	Missing int
	// Failed are missing instances that the source named as failed; others are ignored.
	Failed []InstanceUID
	At     time.Time
}

// Retrievals is the ledger as the retrieval of announced studies sees it.
type Retrievals interface {
	// RequestRetrievals stores what one notification asks for, one row a source, in one
	// transaction that is durable when it returns. Rows that are known with the same
	// instances stay as they are, whatever became of them; with others it is Conflict.
	// Too many open ones, in all or of one notifier, are Limit.
	RequestRetrievals(ctx context.Context, rs []Retrieval) error
	// DueRetrievals leases up to n waiting retrievals whose time has come until now+d,
	// oldest first.
	DueRetrievals(ctx context.Context, now time.Time, n int, d time.Duration) ([]Retrieval, error)
	// MissingInstances lists the instances of a retrieval that are not held, in order.
	MissingInstances(ctx context.Context, id RetrievalID) ([]AnnouncedInstance, error)
	// EndRetrieval ends a waiting retrieval; one that has ended stays as it is.
	EndRetrieval(ctx context.Context, id RetrievalID, end RetrievalEnd) error
	// RetryRetrieval sets how many attempts count and when the next is due; one that has
	// ended stays so.
	RetryRetrieval(ctx context.Context, id RetrievalID, attempt int, next time.Time, reason Kind) error
	// StudyRetrievals lists the retrievals of a study, oldest first.
	StudyRetrievals(ctx context.Context, study StudyUID) ([]Retrieval, error)
}
