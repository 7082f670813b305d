// Package fsblob keeps blobs as files in one directory: the embedded default for
// bytes as received and for artefacts.
//
//	dir/ab/ab12…   a blob under its SHA-256, mode 0640
//	dir/tmp/…      what is being written
//	dir/mark       the mark of the last stop in order; empty while in service
//	dir/lock       held shared while a Store is open
//
// # Guarantees
//
// When Put returns, the file was synced, renamed and its directory synced, in that
// order; the 256 directories and their own names are synced at Open. A power cut
// leaves a whole blob or none. When Put fails nothing of it is left; what a crash left
// in tmp is removed at the next Open that finds no other process in the directory.
//
// Names are our own digests and every path goes through an os.Root, so that nothing a
// peer sends, and no symbolic link, leads outside.
//
// After a failed fsync the kernel may have dropped pages and marked them clean, and a
// second fsync would succeed without them: the store takes no more Puts until it is
// opened again (Unavailable). A full disk is Unavailable and passes once there is
// room; with Options.MinFree the store stops before the disk is full, so that the
// ledger beside it can still write.
//
// # Limits
//
// One file per blob, at most the max that each Put is given. Memory per Put is two
// buffers of 128 KiB. Files have to be local: network file systems confirm neither fsync
// nor flock the way this needs.
//
// # Not here
//
// No check of digests on reading (the verify-store command and the runner do that), no
// encryption; which blobs no row refers to is pipeline.Sweep's to find.
package fsblob
