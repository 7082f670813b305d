// Package inproc carries hints between goroutines of one process: the queue of the
// embedded default, where receiver and worker share a process.
//
//	q := inproc.New(0)
//	q.Announce(ctx, job.ID, job.Priority)   // never waits
//	id, err := q.Next(ctx)                  // waits for the highest priority
//
// A hint is dropped when the queue is full and nothing of a lower priority is there to
// make room: the ledger knows every job and is polled, so that costs a moment and
// loses nothing. A restart forgets all hints for the same reason.
//
// Not here: leases, retries, acknowledgement. Those belong to the ledger; a second
// place that decides who works on what would be a second truth.
package inproc
