package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/neckfrac/neckfrac"
)

// SQLite's primary result codes (sqlite.org/rescode.html), and the two extended ones
// that tell a taken name from other broken constraints.
const (
	codeBusy     = 5
	codeLocked   = 6
	codeNoMemory = 7
	codeReadOnly = 8
	codeIOErr    = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeCantOpen = 14
	codeNotADB   = 26

	codeConstraint = 19

	codePrimaryKey = codeConstraint | 6<<8
	codeUnique     = codeConstraint | 8<<8
)

// write runs fn in a transaction that holds the write lock from its start and is
// durable when write returns nil.
func (d *DB) write(ctx context.Context, op string, fn func(*sql.Tx) error) error {
	if d.bad.Load() {
		return closedForWriting(op)
	}
	return d.fail(op, inTx(ctx, d.w, fn))
}

func closedForWriting(op string) error {
	return neckfrac.Errorf(neckfrac.Unavailable, op, "ledger is closed for writing after an I/O error")
}

// read runs fn on one snapshot.
func (d *DB) read(ctx context.Context, op string, fn func(*sql.Tx) error) error {
	return d.fail(op, inTx(ctx, d.r, fn))
}

// inTx rolls back on a panic too: a request that recovers from one must not leave the
// only writer's connection in a transaction.
func inTx(ctx context.Context, db *sql.DB, fn func(*sql.Tx) error) (err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		// After a commit, and where the context ended first, nothing is left to undo.
		if rerr := tx.Rollback(); rerr != nil && !errors.Is(rerr, sql.ErrTxDone) {
			err = errors.Join(err, rerr)
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// fail gives an error its kind, and remembers the ones after which nothing is known
// about the file.
func (d *DB) fail(op string, err error) error {
	switch code(err) & 0xff {
	case codeIOErr, codeCorrupt, codeNotADB:
		d.bad.Store(true)
	}
	return classify(op, err)
}

func classify(op string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*neckfrac.Error](err); ok {
		return neckfrac.E(op, err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sql.ErrConnDone) {
		return neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	c := code(err)
	switch c & 0xff {
	case codeBusy, codeLocked, codeNoMemory, codeReadOnly, codeIOErr, codeFull, codeCantOpen:
		return neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	if c == codePrimaryKey || c == codeUnique {
		return neckfrac.Wrap(neckfrac.Conflict, op, err)
	}
	return neckfrac.Wrap(neckfrac.Internal, op, err)
}

// code is the extended result code in err's chain, or 0.
func code(err error) int {
	if c, ok := errors.AsType[interface {
		error
		Code() int
	}](err); ok {
		return c.Code()
	}
	return 0
}

// explain tells the operator what is wrong with a file that does not open.
func explain(err error) error {
	switch code(err) & 0xff {
	case codeBusy, codeLocked:
		return neckfrac.Wrap(neckfrac.Unavailable, "open ledger: locked by another process", err)
	case codeCorrupt, codeNotADB:
		return neckfrac.Wrap(neckfrac.Internal, "open ledger: not a ledger, or damaged; restore a backup", err)
	}
	return classify("open ledger", err)
}

// micros is a time as the schema keeps it.
func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

// maybeMicros is NULL for the zero time.
func maybeMicros(t time.Time) sql.NullInt64 {
	if t.IsZero() {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: micros(t), Valid: true}
}

func notFound(op string) error { return neckfrac.Errorf(neckfrac.NotFound, op, "no such row") }

// one wants exactly one changed row; anything else means that the state has moved on.
func one(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err == nil && n != 1 {
		err = neckfrac.Errorf(neckfrac.Conflict, "update", "state has moved on")
	}
	return err
}

// collect reads all rows with scan.
func collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
