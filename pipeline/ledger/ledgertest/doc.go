// Package ledgertest is the conformance suite of the ledger: what every driver
// (SQLite, PostgreSQL) and the in-memory fake have to do alike, so that the
// pipeline can be tested on the fake and trusted on the real one.
//
//	func TestLedger(t *testing.T) {
//		ledgertest.Run(t, func(t *testing.T) ledgertest.Ledger { return openEmpty(t) })
//	}
//
// The root package states the contract of each port; the suite adds what their
// combination means:
//
//	study      open job          moved by
//	receiving  none or waiting   Receive of a new image, first image of a second person,
//	                             rejection of an image as a mistake
//	queued     ready or running  Settle
//	assessed   none              Finish
//
// Objects, echoes and notes are kept and move nothing else; a study without an image
// never settles. A new image for a queued study sends it back to receiving, and its ready job
// to waiting. While the job runs the study stays queued, and Finish or Release send
// it back to receiving, so that it settles again and no slice is left out. A lease
// therefore covers every instance received before it.
//
// Instances of a second person are never stored. Facts of a study that the first
// instance lacked are filled in from later ones; a known fact is never replaced.
// An uncertain PatientKey names nobody in Find and Live (W16).
//
// # Limits
//
// Durability, kill -9 and power cuts are not tested here: each driver shows what it
// asks of its engine, and the chaos suite of cmd kills the whole service. Audit has no
// reader port, so only a driver's own tests can look at what was appended.
package ledgertest
