// Package level gives the vertebrae in a segmentation their names.
//
//	segmenter's labels → fragments → ordered choice along the spine → one mask per level, coverage, doubt
//
// A segmenter names each voxel by itself. Anatomy knows more: C1 to C7 follow each
// other from head to foot, each once, about 12 to 25 mm apart. Name keeps the names
// that fit this order best, by a dynamic programme over the connected fragments; it
// joins loose pieces to their vertebra and turns what fits nowhere into other bone.
//
// # Guarantees
//
// Pure and deterministic. A level has at most one mask; masks that were named are in
// anatomical order. Every change of a name and every level that is missing between
// two others makes the result Ambiguous: a reader is told rather than left with a
// silent shift.
//
// # Limits
//
// A shift of all names by one can't be seen in the order alone. At most
// maxFragments of the largest fragments take part.
//
// # Not here
//
// No decision whether a study has enough levels (pipeline/assess), no network.
package level
