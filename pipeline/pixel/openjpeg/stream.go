//go:build (linux || darwin) && (amd64 || arm64)

package openjpeg

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// source is a codestream in memory that the library reads through callbacks. The library
// holds its number and never a pointer of ours.
type source struct {
	src []byte
	pos int64
}

var (
	sources sync.Map // uintptr → *source
	last    atomic.Uintptr
)

// endOfStream is what OpenJPEG's callbacks return for the end and for a fault: -1.
const endOfStream = ^uintptr(0)

// openSource registers a codestream; close forgets it.
func openSource(src []byte) (handle uintptr, close func()) {
	handle = last.Add(1)
	sources.Store(handle, &source{src: src})
	return handle, func() { sources.Delete(handle) }
}

func lookup(handle uintptr) *source {
	v, ok := sources.Load(handle)
	if !ok {
		return nil
	}
	return v.(*source)
}

// streamRead is opj_stream_read_fn: it copies the next n bytes to a buffer of the library.
func streamRead(buffer *byte, n, handle uintptr) uintptr {
	s := lookup(handle)
	if s == nil || buffer == nil || s.pos >= int64(len(s.src)) {
		return endOfStream
	}
	n = min(n, uintptr(int64(len(s.src))-s.pos))
	copy(unsafe.Slice(buffer, n), s.src[s.pos:])
	s.pos += int64(n)
	return n
}

// streamSkip is opj_stream_skip_fn. A step past an end is none.
func streamSkip(n int64, handle uintptr) int64 {
	s := lookup(handle)
	if s == nil || n > int64(len(s.src))-s.pos || n < -s.pos {
		return -1
	}
	s.pos += n
	return n
}

// streamSeek is opj_stream_seek_fn.
func streamSeek(to int64, handle uintptr) int32 {
	s := lookup(handle)
	if s == nil || to < 0 || to > int64(len(s.src)) {
		return 0
	}
	s.pos = to
	return 1
}
