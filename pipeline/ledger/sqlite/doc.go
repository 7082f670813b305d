// Package sqlite is the ledger in one SQLite file: the embedded default, for one
// process that receives, analyses and publishes on one machine.
//
//	db, err := sqlite.Open(ctx, filepath.Join(dir, "ledger.db"), sqlite.Options{})
//
// DB implements the root ports Intake, Jobs, Outbox, Records, Identities, Audit and Commitments;
// what they mean together is written down, and tested, in package ledgertest.
//
// # Guarantees
//
// A write that returned has been synced (write-ahead log, synchronous=FULL): a
// C-STORE Success may go out. All writes go through one connection and begin with
// the write lock (BEGIN IMMEDIATE), so no transaction fails half way for a lock;
// every one re-checks the state it depends on in its WHERE. Arrivals that come while
// another is being synced share the next transaction, each with its own result (ADR
// 0029). Readers have a small pool of their own and never wait for a writer.
//
// After an I/O error or damage the file takes no more writes until it is opened again:
// what a failed fsync left in the page cache is unknown (Unavailable). A full disk
// is Unavailable too, and passes once there is room.
//
// # Schema
//
// migrations/*.sql, embedded, run by goose at Open; a file written by a newer release
// is refused. Times are microseconds since 1970 in UTC, so that drivers agree and
// order is a comparison of integers. An Assessment is its JSON document beside the
// columns that are searched. Only types and constraints that PostgreSQL has too.
//
// # Limits
//
// Find returns at most MaxFind records and takes at most MaxPatients persons. The file
// must not lie on a network file system (WAL needs shared memory); Open refuses one that
// says so. It does not keep a second process out: the data directory's lock does.
package sqlite
