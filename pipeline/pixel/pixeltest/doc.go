// Package pixeltest encodes pixels for tests of package pixel and of what reads
// through it: the codestreams that a scanner or an archive would have written.
//
// The encoders follow the figures of their standards with no regard to speed and
// share no code with the decoders, so that a mistake must be made twice to go unseen.
// They are for tests alone; no binary imports them.
package pixeltest
