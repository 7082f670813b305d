package dimse

import (
	"math"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// SubOperations counts the C-STORE sub-operations of a C-MOVE or C-GET
// (PS3.7 §9.3.3.2, §9.3.4.2).
//
//	(0000,1020) US  remaining, only in pending and cancel responses
//	(0000,1021) US  completed
//	(0000,1022) US  failed
//	(0000,1023) US  completed with a warning
//
// A counter that a response lacks reads as 0.
type SubOperations struct{ Remaining, Completed, Failed, Warning int }

// add appends the counters to a response with the given status.
func (n SubOperations) add(ds dataset.Dataset, s Status) dataset.Dataset {
	if c := s.Class(); c == ClassPending || c == ClassCancel {
		ds = append(ds, dataset.NewInt(dataset.TagNumberOfRemainingSuboperations, count(n.Remaining)))
	}
	return append(ds,
		dataset.NewInt(dataset.TagNumberOfCompletedSuboperations, count(n.Completed)),
		dataset.NewInt(dataset.TagNumberOfFailedSuboperations, count(n.Failed)),
		dataset.NewInt(dataset.TagNumberOfWarningSuboperations, count(n.Warning)))
}

// count fits a number into a US.
func count(n int) int64 { return int64(min(max(n, 0), math.MaxUint16)) }

func subOperationsOf(ds dataset.Dataset) SubOperations {
	number := func(tag dataset.Tag) int {
		n, _ := ds.Uint16(tag)
		return int(n)
	}
	return SubOperations{
		Remaining: number(dataset.TagNumberOfRemainingSuboperations),
		Completed: number(dataset.TagNumberOfCompletedSuboperations),
		Failed:    number(dataset.TagNumberOfFailedSuboperations),
		Warning:   number(dataset.TagNumberOfWarningSuboperations),
	}
}
