package neckfrac

import (
	"context"
	"time"
)

// DeliveryID names an outbox row.
type DeliveryID string

// Delivery is a result that has to reach a destination: an outbox row, written in
// the transaction that stores the result.
type Delivery struct {
	ID DeliveryID
	// Kind selects the Publisher, Destination the configured peer.
	Kind        string
	Destination string
	// Key is the idempotency key: two deliveries with one key are one message, also
	// for the receiver.
	Key          string
	StudyID      StudyID
	AssessmentID AssessmentID
	Attempt      int
	Next         time.Time
}

// Outbox is the ledger as publishers see it.
type Outbox interface {
	// Due leases up to n rows whose time has come until now+d, oldest first.
	Due(ctx context.Context, now time.Time, n int, d time.Duration) ([]Delivery, error)
	// Delivered ends a row; ending it again is no error.
	Delivered(ctx context.Context, id DeliveryID, now time.Time) error
	// Retry counts an attempt and sets the next; a Delivered row stays delivered.
	Retry(ctx context.Context, id DeliveryID, next time.Time, kind Kind) error
}

// Publisher sends one kind of delivery. Publish is idempotent by Delivery.Key: it
// is called again after a crash between sending and Delivered.
type Publisher interface {
	Kind() string
	Publish(ctx context.Context, d Delivery, s Study, a Assessment) error
}
