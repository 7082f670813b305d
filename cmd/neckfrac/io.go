package main

import (
	"bufio"
	"io"
)

// ioSection reads a file from its start without moving its offset, buffered since
// headers are read in small pieces.
func ioSection(r io.ReaderAt, size int64) io.Reader {
	return bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 64<<10)
}
