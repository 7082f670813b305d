// Package openjpeg decodes JPEG 2000 and high-throughput JPEG 2000 with the system's
// OpenJPEG library, libopenjp2.
//
// It adds decoders to package pixel, in the runner alone: the library is C that reads
// bytes of a stranger, and what it does to its process must cost one study and not the
// receiver.
//
//	codestream → own walk over all markers → libopenjp2 → samples
//
// Clauses: ISO/IEC 15444-1 = ITU-T T.800 Annex A for the markers, 15444-15 = T.814 for
// high throughput, PS3.5 §8.2.4.
//
// The library is looked for when it is first needed and is loaded without cgo. Where it is
// not there, or is of a version whose structures are not known to be the ones written
// here, everything is refused and nothing is called: see [Available].
//
// Guarantees: the library sees no codestream before our own walk found the expected size,
// one component, all tiles, every part of them whole, and the counts of tiles, levels and
// packets within their limits. So a codestream that is cut short, or that asks for more
// memory than its image takes, never reaches it. What it returns is compared with what
// the walk found. Decoding may be done by several goroutines at once.
//
// Limits: one component of at most 16 bits, no offset of image or tiles, no packed packet
// headers, no regions of interest, no JP2 boxes around the codestream. Linux and macOS on
// 64-bit x86 and ARM; elsewhere it is not available.
//
// A failed assertion in the library ends the process, and a write past a buffer may do
// worse. Damaged data reach both in 2.5.0's block coder of 15444-15, so high throughput is
// decoded from 2.5.1 on, which mended them. No damaged JPEG 2000 is known that does.
//
// Not noticed: whole packets that are missing at the end of a tile-part whose length was
// set right. The library takes them for empty ones.
//
// It encodes nothing, reads no DICOM, and is no part of the receiver.
package openjpeg
