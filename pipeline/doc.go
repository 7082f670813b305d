// Package pipeline holds the use cases between an arriving instance and a stored
// result, written against the ports of package neckfrac.
//
//	Receiver  instance → Blobs → Intake           Success may be said when Receive returns
//	Settler   study, or its complete series → Job  one transaction, then a hint to the Queue
//	Worker    Job → Lease → Runner → assess → Finish   the only writer of results
//	Runner    files and a job on a pipe → Prediction   a process of its own, no ledger, no network
//	Drain     outbox row → Publisher              retried with a growing pause
//	Committer commitment request → bytes read → report
//	Retriever announced study → Archive           only what is not held, from configured sources
//	Sweep     blobs that no row names             once, before the receiver opens
//
// # Guarantees
//
// What Receive acknowledged is on disk and in the ledger. Every settled study ends in
// an Assessment: a prediction, a refusal with its Reason, or worker-failed after
// MaxCrashes runners died on it. A worker that was overtaken can't publish: every
// write shows its fence. A hint that is lost costs at most one Poll interval.
//
// # Isolation
//
// Pixels of unknown origin are parsed and graphs are run only in the runner process
// (ServeRunner). It gets open read-only files, writes artefacts into one private
// folder and answers on a pipe; when it dies, the job counts a crash and nothing
// else notices.
//
// # Not here
//
// No DICOM network (pipeline/scp), no pixel (pipeline/volume), no threshold
// (pipeline/assess), no FHIR.
package pipeline
