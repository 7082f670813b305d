package dicomnet

import (
	"context"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// The services on managed instances (PS3.7 §10) are add-on interfaces of a
// [Session]: a server asks the session for the one that a command needs and
// answers "unrecognized operation" if it is not there. Errors become statuses
// as in Session.Store. The SOP class is that of the presentation context; which
// classes it makes sense for is the session's to check.

// Actor is a session that performs actions: N-ACTION as SCP. Storage commitment
// requests come this way (PS3.4 §J.3.2).
type Actor interface {
	// Action performs one action. rq and what it holds are the session's to
	// keep.
	Action(ctx context.Context, rq *ActionRequest) error
}

// EventReceiver is a session that takes event reports: N-EVENT-REPORT as SCU.
// The report of a storage commitment may come on an association that its SCP
// asked for (PS3.4 §J.3.3).
type EventReceiver interface {
	// EventReport takes one report. ev and what it holds are the session's to
	// keep.
	EventReport(ctx context.Context, ev *EventReport) error
}

// Creator is a session that creates managed instances: N-CREATE as SCP. An
// instance availability notification comes this way (PS3.4 §R.3.2).
type Creator interface {
	// Create creates one instance. If rq.SOPInstanceUID is "", the session
	// assigns one by setting it: nil with an empty one is answered as a
	// processing failure. rq and what it holds are the session's to keep.
	Create(ctx context.Context, rq *CreateRequest) error
}

// ActionRequest is an N-ACTION.
type ActionRequest struct {
	SOPClassUID    string
	SOPInstanceUID string
	ActionTypeID   uint16
	// Information is nil if the request has none.
	Information dataset.Dataset
}

// EventReport is an N-EVENT-REPORT.
type EventReport struct {
	SOPClassUID    string
	SOPInstanceUID string
	EventTypeID    uint16
	// Information is nil if the report has none.
	Information dataset.Dataset
}

// CreateRequest is an N-CREATE.
type CreateRequest struct {
	SOPClassUID string
	// SOPInstanceUID is "" if the SCP is to assign it.
	SOPInstanceUID string
	// Attributes is nil if the request has none.
	Attributes dataset.Dataset
}
