// Package powercut replays a service's system calls up to a cut of the power and makes
// one of the disks that the cut could have left.
//
//	strace → Parse → calls → Disk.Apply … cut … → Disk.Crash → a data directory
//	                       → Acknowledged: the Success responses begun before the cut
//
// # Model
//
// POSIX, and no file system's kindness beyond it (ALICE's method: all crash states that
// an application may not rule out). A file's bytes are durable up to its last fsync or
// fdatasync that was begun after they were written; each later write is kept or dropped
// page by page (4 KiB), so that writes tear at page borders, and the length may be there
// without the bytes. A directory's names are durable up to its last fsync; later names
// and removals are kept in any order that keeps the order of each name. A rename never
// loses a file: the old name may come back, and goes only if the new one is there.
// Syncing a file does not keep its name, syncing a name does not keep the bytes.
//
// # Limits
//
// Memory-mapped writes are not seen: SQLite's shared memory is left out, as it is rebuilt
// from the log. Calls that the model does not know on a path below the root are an
// error, so that a new way to write can't slip past. Devices that acknowledge a flush and
// lie are not modelled.
//
// # Not here
//
// No judgement (package chaos has it) and no running of strace beyond its arguments.
package powercut
