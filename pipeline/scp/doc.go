// Package scp is where the DICOM network meets the pipeline: it turns a C-STORE into
// a checked neckfrac.Arrival and a stored object, and an error into the status that
// PS3.4 §B.2.3 gives it.
//
//	dicomnet.Server ── Session.Store(body) ┐
//	dicomweb handler ── Web.Store(part) ───┴→ header check → pipeline.Receiver → status
//	                    Web.Search, Open   ─→ neckfrac.Records, neckfrac.Blobs
//
// # Guarantees
//
// A Success goes out only after Receiver.Receive returned. The object is stored as the
// bytes of the data set that arrived, behind a file meta header of ours; preambles of
// senders are never kept. The header is read with bounded memory, pixels stream
// through. UIDs of the command and of the data set must agree, obey their grammar and
// name a class that was negotiated. No peer text reaches a log or a status comment.
// classes.go says what may become of each class; N-ACTION of storage commitment is
// answered when the transaction is in the ledger, and Reporter tells its outcome; an
// instance availability notification when its retrievals are. GetArchive, MoveArchive and
// WebArchive fetch them, and what they fetch goes the way of a C-STORE.
//
// # Not here
//
// No state machine and no PDU (dicomnet), no pixel (pipeline/volume).
package scp
