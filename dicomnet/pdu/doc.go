// Package pdu reads and writes the protocol data units of the DICOM upper
// layer, one file per unit (PS3.8 §9.3).
//
//	bytes ── Reader.Next ──► AssociateRQ  AssociateAC  AssociateRJ
//	                         PDataTF  ReleaseRQ  ReleaseRP  Abort
//	bytes ◄── AppendBinary ──┘
//
// The state machine in dicomnet decides what a unit means; this package only
// knows its bytes.
//
// Guarantees: no panic on any input, no memory for a length that a peer only
// states, nothing read beyond [Limits]. A malformed unit is an [*Error] that
// carries the reason an A-ABORT gives for it. Items and sub-items that PS3.8
// and PS3.7 Annex D do not define are kept as opaque [SubItem] values or
// skipped, as §9.3.1 asks. A [UserIdentity] prints and logs without its fields.
//
// It does not judge values: whether a UID is well formed, an AE title known or
// an application context the right one is the association's business.
package pdu
