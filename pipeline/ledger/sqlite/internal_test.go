package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/neckfrac/neckfrac"
)

// TestPragmas looks into the connections, since durability rests on settings that
// SQLite would take silently in a misspelt form.
func TestPragmas(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), t.TempDir()+"/ledger.db", Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer db.Close()
	for name, pool := range map[string]*sql.DB{"writer": db.w, "reader": db.r} {
		want := map[string]string{
			"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "query_only": "0", "journal_size_limit": fmt.Sprint(logBytes),
		}
		if name == "reader" {
			want["query_only"] = "1"
		}
		for pragma, w := range want {
			var got string
			if err := pool.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != w {
				t.Errorf("%s %s = %q, %v; want %q", name, pragma, got, err, w)
			}
		}
	}
}

// fault is an error as the driver gives it.
type fault int

func (f fault) Error() string { return fmt.Sprintf("code %d", int(f)) }
func (f fault) Code() int     { return int(f) }

func TestClassify(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want neckfrac.Kind
	}{
		{fault(codeBusy), neckfrac.Unavailable},
		{fault(codeFull), neckfrac.Unavailable},
		{fault(codeIOErr | 4<<8), neckfrac.Unavailable},
		{fault(codeUnique), neckfrac.Conflict},
		{fault(codePrimaryKey), neckfrac.Conflict},
		{fault(19 | 3<<8), neckfrac.Internal}, // a broken foreign key is our own fault
		{fault(codeCorrupt), neckfrac.Internal},
		{context.DeadlineExceeded, neckfrac.Unavailable},
		{errors.New("other"), neckfrac.Internal},
		{neckfrac.Errorf(neckfrac.Refused, "x", "y"), neckfrac.Refused},
	} {
		err := classify("op", fmt.Errorf("wrapped: %w", c.err))
		if got := neckfrac.KindOf(err); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%v: kind %v (%v), want %v", c.err, got, err, c.want)
		}
	}
}

func TestNoWritesAfterIOError(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), t.TempDir()+"/ledger.db", Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer db.Close()
	write := func(err error) error {
		return db.write(t.Context(), "op", func(*sql.Tx) error { return err })
	}
	if err := write(fault(codeFull)); neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Fatalf("disk full: %v, want Unavailable", err)
	}
	if err := write(nil); err != nil {
		t.Fatalf("write once there is room: %v", err)
	}
	if err := write(fault(codeIOErr | 4<<8)); neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Fatalf("fsync error: %v, want Unavailable", err)
	}
	if err := write(nil); neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Fatalf("write after a fsync error: %v, want Unavailable", err)
	}
	if err := db.read(t.Context(), "op", func(*sql.Tx) error { return nil }); err != nil {
		t.Fatalf("read after a fsync error: %v", err)
	}
}

// TestPanicFreesTheWriter: a request that recovers from a panic must not take the
// only writer with it.
func TestPanicFreesTheWriter(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), t.TempDir()+"/ledger.db", Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer db.Close()
	func() {
		defer func() { _ = recover() }()
		_ = db.write(t.Context(), "op", func(*sql.Tx) error { panic("broken invariant") })
	}()
	if err := db.write(t.Context(), "op", func(*sql.Tx) error { return nil }); err != nil {
		t.Fatalf("write after a panic: %v", err)
	}
}
