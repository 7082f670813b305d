package api

import (
	"strings"
	"time"

	"github.com/neckfrac/neckfrac"
)

// State is where a study stands, one word for the worklist. A study whose newer
// images are still being analysed keeps the state of its latest result.
type State string

const (
	StateReceived      State = "received"
	StateWaiting       State = "waiting"
	StateRunning       State = "running"
	StateOverdue       State = "overdue"
	StateFlagged       State = "flagged"
	StateNotFlagged    State = "not-flagged"
	StateIndeterminate State = "indeterminate"
	StateNotAnalysed   State = "not-analysed"
	StateWithdrawn     State = "withdrawn"
)

// States lists the closed set in reading order.
func States() []State {
	return []State{StateFlagged, StateOverdue, StateIndeterminate, StateNotAnalysed, StateNotFlagged, StateWithdrawn, StateRunning, StateWaiting, StateReceived}
}

// text is the state for people.
func (s State) text() string { return strings.ReplaceAll(string(s), "-", " ") }

// standing is what state.go derives of a record.
type standing struct {
	State State
	// Update is received, waiting, running or overdue while images that the latest
	// result does not cover are on their way; else empty.
	Update State
	// Reason is set for StateNotAnalysed and StateOverdue.
	Reason neckfrac.Reason
	Level  neckfrac.Vertebra
	// Bare is set for StateReceived while only other objects came, and no image.
	Bare bool
}

// stand is pure. Silence is a defect (W3): whatever has no result in time is overdue,
// also when its job was cancelled or lost.
func stand(r neckfrac.Record, now time.Time, overdueAfter time.Duration) standing {
	progress := progressOf(r, now, overdueAfter)
	if r.Latest != nil {
		s := standing{State: resultState(*r.Latest)}
		if s.State == StateNotAnalysed {
			s.Reason, s.Level = r.Latest.Reason, r.Latest.ReasonLevel
		}
		if r.Study.State != neckfrac.StudyAssessed && r.Study.LastReceived.After(r.Latest.T0) {
			s.Update = progress
		}
		return s
	}
	if r.Job == neckfrac.JobFailed {
		return standing{State: StateNotAnalysed, Reason: neckfrac.WorkerFailed}
	}
	s := standing{State: progress, Bare: progress == StateReceived && r.Study.LastReceived.IsZero()}
	if progress == StateOverdue {
		s.Reason = neckfrac.Overdue
	}
	return s
}

func resultState(a neckfrac.Assessment) State {
	switch a.Status {
	case neckfrac.NotAnalysed:
		return StateNotAnalysed
	case neckfrac.Withdrawn:
		return StateWithdrawn
	}
	switch a.Presence {
	case neckfrac.Suspected:
		return StateFlagged
	case neckfrac.NotFlagged:
		return StateNotFlagged
	}
	return StateIndeterminate
}

func progressOf(r neckfrac.Record, now time.Time, overdueAfter time.Duration) State {
	switch {
	case !r.Study.LastReceived.IsZero() && now.Sub(r.Study.LastReceived) > overdueAfter:
		return StateOverdue
	case r.Job == neckfrac.JobRunning:
		return StateRunning
	case r.Study.State == neckfrac.StudyReceiving:
		return StateReceived
	}
	return StateWaiting
}
