// Package chaos finds out whether the receiver keeps its one promise: what was answered
// with Success is there afterwards, byte for byte, whatever happened to the process, the
// disk or the power in between.
//
//	Sender   studies from a seed → several associations → log of operations, synced first
//	Nemesis  a seeded schedule of SIGKILLs: at a byte, on the first byte of a response,
//	         after a Success, at a log line, at a named point, after a random time
//	Process  the service in a process of its own, started again and again on one directory
//	Check    the stopped service's directory against what the sender was told
//
// Package powercut beside it replays system calls up to a cut and forgets what was not
// synced.
//
// # Invariants
//
//	I1 Success       ⇒ present, SHA-256 of the data set equal
//	I2 refused       ⇒ absent
//	I3 no answer     ⇒ present whole or absent
//	I4 complete study ⇒ one record, one current result of all its slices or one that says
//	                   why there is none, revisions 1, 2, 3 …
//	I7 a blob for each row, a row for each blob or its place among those that are kept
//	   since a service died, each blob with the bytes of its name
//	I9 no temporary file after an orderly stop
//
// # Limits
//
// Zero losses in n kills bound the loss per kill below 3/n with 95 % confidence. A kill
// spares the page cache; powercut is for that. One seed gives one schedule, not one
// interleaving: where the scheduler decides, a run is not repeated exactly.
//
// # Not here
//
// No service: tests of cmd/neckfrac start their own. No network fault beyond a peer that
// goes away, no clock fault.
package chaos
