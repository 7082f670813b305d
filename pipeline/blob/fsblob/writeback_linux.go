package fsblob

import "syscall"

// syncFileRangeWrite starts writing dirty pages without waiting (sync_file_range(2)).
const syncFileRangeWrite = 2

// startWriteback lets the disk begin on bytes that are in the page cache. It promises
// nothing: an error shows at the fsync that must follow.
func startWriteback(f file, offset, n int64) {
	if o, ok := f.(interface{ Fd() uintptr }); ok {
		_ = syscall.SyncFileRange(int(o.Fd()), offset, n, syncFileRangeWrite)
	}
}
