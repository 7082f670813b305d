package pipelinetest

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/neckfrac/neckfrac"
)

// Ledger is the fake of the ledger's ports: Intake, Jobs, Outbox, Records,
// Identities, Audit, Commitments, Retrievals, Upkeep, StopMarks and KeptBlobs.
type Ledger struct {
	*Faults
	// OpenPerPeer is how many requests of each kind one peer may have open. Defaults to
	// neckfrac.DefaultOpenPerPeer.
	OpenPerPeer int

	clock *Clock

	mu          sync.Mutex
	ids         int
	sequence    int64
	studies     []*study
	instances   map[neckfrac.InstanceUID]*instance
	jobs        []*job
	deliveries  []*outboxRow
	commitments []*commitment
	retrievals  []*retrieval
	references  map[reference]string
	events      []neckfrac.AuditEvent
	mark        string
	kept        map[string]neckfrac.BlobRef
}

// study is a row with what hangs on it; series keep the order of arrival.
type study struct {
	neckfrac.Study
	// pending says that something arrived since the running job's lease.
	pending   bool
	revisions []neckfrac.Assessment
	withdrawn map[neckfrac.InstanceUID]neckfrac.RejectionCode
}

type instance struct {
	neckfrac.Instance
	study    *study
	series   neckfrac.SeriesUID
	place    neckfrac.Placement
	versions []neckfrac.BlobRef
}

type job struct {
	neckfrac.Job
	fence    int64
	deadline time.Time
	// again says that the study had a result when the job was made.
	again bool
}

type outboxRow struct {
	neckfrac.Delivery
	leased    time.Time
	delivered bool
}

type reference struct {
	key    neckfrac.PatientKey
	server string
}

// NewLedger returns an empty ledger; clock is asked only where a port passes no time.
func NewLedger(clock *Clock) *Ledger {
	return &Ledger{
		Faults: newFaults("Receive", "Quiet", "Settle", "Receiving", "Placements", "SettlePart", "Runnable", "Lease", "Renew", "Release", "Finish", "Due", "Delivered", "Retry",
			"Record", "Find", "Instances", "Revisions", "Artefact", "References", "Live", "Learn", "Reference", "Append",
			"RequestCommitment", "DueCommitments", "Held", "DecideCommitment", "CommitmentReported", "RetryCommitment",
			"RequestRetrievals", "DueRetrievals", "MissingInstances", "EndRetrieval", "RetryRetrieval", "StudyRetrievals",
			"ExpireCommitments", "ExpireRetrievals", "PruneCommitments", "PruneRetrievals",
			"StopMark", "SetStopMark", "KeepBlobs", "Kept"),
		clock: clock, instances: map[neckfrac.InstanceUID]*instance{}, references: map[reference]string{}, kept: map[string]neckfrac.BlobRef{},
	}
}

// newID counts, so that tests print stable names. The caller holds mu, as in all
// functions below.
func (l *Ledger) newID(kind string) string {
	l.ids++
	return fmt.Sprintf("%s-%d", kind, l.ids)
}

func (l *Ledger) study(id neckfrac.StudyID) *study {
	for _, s := range l.studies {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// newest returns the study's newest job, or nil.
func (l *Ledger) newest(id neckfrac.StudyID) *job {
	for i := len(l.jobs) - 1; i >= 0; i-- {
		if l.jobs[i].StudyID == id {
			return l.jobs[i]
		}
	}
	return nil
}

func notFound(op string) error { return neckfrac.Errorf(neckfrac.NotFound, op, "no such row") }

// micro is a time as a database keeps it.
func micro(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// copyOf copies an assessment as storing it would: through its document.
func copyOf(a neckfrac.Assessment) (neckfrac.Assessment, error) {
	b, err := json.Marshal(a)
	if err != nil {
		return neckfrac.Assessment{}, neckfrac.Wrap(neckfrac.Invalid, "encode assessment", err)
	}
	var out neckfrac.Assessment
	if err := json.Unmarshal(b, &out); err != nil {
		return neckfrac.Assessment{}, neckfrac.Wrap(neckfrac.Internal, "decode assessment", err)
	}
	return out, nil
}
