// Package dataset reads and writes DICOM data sets with every size bounded.
//
// It is the lowest layer of dicomnet: dimse builds command sets with it, a
// receiver reads headers of what it stored, and writers of results encode with
// it. It covers
//
//   - PS3.5 §7: data elements in implicit VR little endian, explicit VR little
//     endian, explicit VR big endian (reading) and deflated (reading);
//   - PS3.5 §7.5: sequences and items of defined and undefined length;
//   - PS3.5 §A.4: encapsulated pixel data as fragments, never decoded;
//   - PS3.10 §7: the file meta information, with or without its preamble.
//
// Guarantees: no panic on any input; no allocation from a length field before
// it was checked against [Limits], and then only as fast as bytes arrive;
// recursion no deeper than Limits.MaxDepth; errors carry offsets and tags but
// never a value, so that they may be logged. What is read is returned as it
// stood: order, duplicates and odd lengths are kept.
//
// Values are held as little endian bytes, whatever the transfer syntax was.
// The typed accessors of [Dataset] return ok = false for an absent, empty or
// malformed value and never guess.
//
// It does not decode pixels, does not know the whole of PS3.6 (the dictionary
// holds what a CT receiver and the writer of its results need; the rest reads
// as UN in implicit VR), and does not rewrite what it read byte for byte: keep
// the received bytes if you need them again.
package dataset
