// Package pipelinetest has in-memory fakes of every port in the root package, so
// that the use cases of package pipeline are tested without a disk, a database or a
// model, and every way a port can fail can be asked for by name.
//
//	clock := pipelinetest.NewClock(start)
//	ledger := pipelinetest.NewLedger(clock)
//	ledger.Fail("Finish", neckfrac.Unavailable, 2)   // the next two calls do nothing
//	ledger.Lose("Receive", neckfrac.Unavailable, 1)  // does its work, the answer is lost
//	ledger.On("Lease", func() { clock.Advance(time.Minute) })
//
// # Guarantees
//
// Ledger passes ledgertest, Blobs passes blobtest, Queue passes queuetest: a fake
// differs from the real thing only in what it forgets when the process ends. All are
// safe for concurrent use; values handed in and out are copies.
//
// # Not here
//
// Nothing outside a _test.go file imports this package. There is no fake of time
// itself: code under test takes a Clock's Now and After where the service passes
// time.Now and time.After.
package pipelinetest
