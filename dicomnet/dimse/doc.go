// Package dimse encodes and decodes the command sets of DIMSE messages, one
// file per command (PS3.7 §9.3, Annex E).
//
//	P-DATA fragments ── joined by dicomnet ──► Decode ──► CStoreRQ, CFindRQ, NActionRQ, …
//	P-DATA fragments ◄── cut by dicomnet ◄──── Append ◄── CStoreRSP, CFindRSP, NActionRSP, …
//
// A command set is always in implicit VR little endian (PS3.7 §6.3.1) and
// never larger than [MaxCommandBytes]. [Decode] refuses what is no command set;
// what is one but is not acceptable as the command that it names comes back
// with a fault from Check, so that it can be answered with a [Status].
//
// Commands that this package has no type for decode as [Other] and can still
// be answered. Data sets that follow a command are not its business.
package dimse
