// Package stl reads and writes binary STL, the list of triangles that atlases and
// printers pass on, with every size bounded. It is how package phantom takes an anatomy
// that is not built in.
//
//	80 bytes  header, free text
//	 4 bytes  number of triangles, little endian
//	50 bytes  each: normal, three corners (float32 x, y, z), attribute count
//
// Guarantees: no panic on any input; memory grows with the bytes that arrive and never
// with the number that the file announces; corners are finite and within Limits.Reach.
// The normal and the attribute are skipped: the order of the corners says which side is
// out. Units and axes are the file's own; the format names none.
//
// It does not read ASCII STL, colour, or files with bytes behind the last triangle, and
// it does not mend meshes: holes, doubled shells and flipped triangles come back as
// they are.
package stl
