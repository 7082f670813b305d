package neckfrac

import (
	"context"
	"time"
)

// JobID names one analysis of one settled input set.
type JobID string

// JobState is the state of a Job: waiting → ready → running → assessed, failed or
// cancelled. A ready job waits again while its study receives more.
type JobState string

const (
	JobWaiting   JobState = "waiting"
	JobReady     JobState = "ready"
	JobRunning   JobState = "running"
	JobAssessed  JobState = "assessed"
	JobFailed    JobState = "failed"
	JobCancelled JobState = "cancelled"
)

// JobState is the state in which a job ends with this result. Only giving up is
// failed: a refusal is an answer and ends the job as assessed.
func (a Assessment) JobState() JobState {
	switch a.Reason {
	case WorkerFailed:
		return JobFailed
	case OrderCancelled:
		return JobCancelled
	}
	return JobAssessed
}

// Priority is a FHIR request priority (R4 request-priority).
type Priority string

const (
	Routine Priority = "routine"
	Urgent  Priority = "urgent"
	ASAP    Priority = "asap"
	Stat    Priority = "stat"
)

// Rank orders priorities, 3 for stat; an unknown word ranks as routine.
func (p Priority) Rank() int {
	switch p {
	case Stat:
		return 3
	case ASAP:
		return 2
	case Urgent:
		return 1
	}
	return 0
}

// Job is a unit of work as a worker sees it.
type Job struct {
	ID       JobID
	StudyID  StudyID
	Priority Priority
	State    JobState
	// Crashes counts leases that ended without an answer.
	Crashes int
	// Ready is when the job could first run; T0 the receipt of its last slice.
	Ready time.Time
	T0    time.Time
	// Series limits the job to what came of these series until Seen, while the rest of
	// the study still arrives; nil and zero are the whole study.
	Series []SeriesUID
	Seen   time.Time
	// Basis is why this much was taken as complete.
	Basis Basis
}

// Whole reports whether the job is of all that its study has.
func (j Job) Whole() bool { return j.Seen.IsZero() }

// Lease is the right to work on a job until Deadline. Every write shows Fence; a
// worker that was paused past its deadline finds a newer fence and gets Conflict,
// so a zombie can't publish.
type Lease struct {
	Job      Job
	Worker   string
	Fence    int64
	Deadline time.Time
}

// Jobs is the ledger as workers see it.
type Jobs interface {
	// Runnable lists up to n jobs that are ready, or running with a dead lease, by
	// priority, studies without a result before those with one, and then age.
	Runnable(ctx context.Context, now time.Time, n int) ([]Job, error)
	// Lease takes a job. A job that is leased and alive, or already ended, is Conflict.
	// Taking over a dead lease counts a crash. A job with Series leaves something of its
	// study to do: Finish sends the study back to StudyReceiving.
	Lease(ctx context.Context, id JobID, worker string, now time.Time, d time.Duration) (Lease, error)
	// Renew moves the deadline; a stale fence is Conflict.
	Renew(ctx context.Context, l Lease, now time.Time, d time.Duration) (Lease, error)
	// Release gives an unfinished job back, without a crash when the worker is
	// shutting down and with one when its runner died. A stale fence is Conflict.
	Release(ctx context.Context, l Lease, crashed bool) error
	// Finish stores the assessment with its artefacts, ends the job, moves the study
	// and writes the outbox rows in one transaction. It sets a.Revision and returns
	// the stored value. A stale fence is Conflict and changes nothing.
	Finish(ctx context.Context, l Lease, a Assessment, out []Delivery) (Assessment, error)
}

// Queue carries hints that jobs are ready. It may lose, double and delay them: the
// ledger is polled as well. Messages hold opaque ids only.
type Queue interface {
	// Announce hints that a job is ready; it never blocks on a consumer.
	Announce(ctx context.Context, id JobID, p Priority) error
	// Next waits for a hint, the highest priority first, until ctx ends.
	Next(ctx context.Context) (JobID, error)
}
