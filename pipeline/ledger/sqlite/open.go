package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/neckfrac/neckfrac"
)

const (
	// MaxFind is the most records that Find returns, and its page size where the query
	// states none: about 20 KiB a record makes 20 MiB.
	MaxFind = 1000
	// MaxPatients is the most persons that one query may name; SQLite's own limit of
	// bound values is 32766.
	MaxPatients = 1000

	defaultBusyTimeout = 5 * time.Second
	defaultReaders     = 4
	// logBytes is what is left of the write-ahead log after a checkpoint; a burst
	// that made it grow gives the disk back.
	logBytes = 64 << 20
)

// Options are optional collaborators and limits; the zero value is the service's.
type Options struct {
	// Now is asked where a port passes no time. Defaults to time.Now.
	Now func() time.Time
	// NewID makes a random opaque id that is safe in a URL. Defaults to 26 letters and
	// digits (130 bits).
	NewID func() string
	// BusyTimeout is how long a call waits for another process. Defaults to 5s.
	BusyTimeout time.Duration
	// Readers is the number of connections that only read. Defaults to 4.
	Readers int
	// OpenPerPeer is how many commitment transactions, and how many retrievals, one AE
	// title may have open. Defaults to neckfrac.DefaultOpenPerPeer.
	OpenPerPeer int
}

// DB is an open ledger. It is safe for concurrent use.
type DB struct {
	w, r  *sql.DB
	now   func() time.Time
	newID func() string
	// openPerPeer is that of Options.
	openPerPeer int
	// bad is set by an I/O error: the file takes no more writes.
	bad atomic.Bool
	// arrivals shares transactions among calls of Receive; prepared holds its statements.
	arrivals group
	prepared map[string]*sql.Stmt
}

// Open opens or makes the ledger at path and brings its schema up to date. A file
// that another process locks is Unavailable, one that is no ledger or damaged
// Internal, one of a newer release Unsupported.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = func() string { return strings.ToLower(rand.Text()) }
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = defaultBusyTimeout
	}
	if o.Readers == 0 {
		o.Readers = defaultReaders
	}
	if o.OpenPerPeer == 0 {
		o.OpenPerPeer = neckfrac.DefaultOpenPerPeer
	}
	if err := create(path); err != nil {
		return nil, neckfrac.Wrap(neckfrac.Unavailable, "open ledger", err)
	}
	d := &DB{now: o.Now, newID: o.NewID, openPerPeer: o.OpenPerPeer}
	if err := d.connect(ctx, path, o); err != nil {
		return nil, errors.Join(explain(err), d.Close())
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, errors.Join(neckfrac.Wrap(neckfrac.Unavailable, "open ledger", err), d.Close())
	}
	return d, nil
}

// OpenReadOnly opens the ledger at path for reading, beside a service that has it open or
// alone; no write succeeds and the schema is not changed. A missing file is NotFound, an
// older schema Unsupported.
func OpenReadOnly(ctx context.Context, path string) (*DB, error) {
	const op = "open ledger"
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, neckfrac.Errorf(neckfrac.NotFound, op, "no ledger there")
		}
		return nil, neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	d := &DB{now: time.Now}
	d.bad.Store(true)
	if err := d.connectReader(ctx, path, Options{BusyTimeout: defaultBusyTimeout, Readers: 1}); err != nil {
		return nil, errors.Join(explain(err), d.Close())
	}
	if err := current(ctx, d.r); err != nil {
		return nil, errors.Join(explain(err), d.Close())
	}
	return d, nil
}

func (d *DB) connectReader(ctx context.Context, path string, o Options) (err error) {
	if d.r, err = sql.Open("sqlite", dsn(path, o.BusyTimeout, "_pragma=query_only(1)")); err != nil {
		return err
	}
	d.r.SetMaxOpenConns(o.Readers)
	d.r.SetMaxIdleConns(o.Readers)
	return d.r.PingContext(ctx)
}

func (d *DB) connect(ctx context.Context, path string, o Options) error {
	var err error
	if d.w, err = sql.Open("sqlite", dsn(path, o.BusyTimeout, "_txlock=immediate")); err != nil {
		return err
	}
	d.w.SetMaxOpenConns(1)
	d.w.SetMaxIdleConns(1)
	var mode string
	if err := d.w.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return neckfrac.Errorf(neckfrac.Unsupported, "open ledger", "journal mode %q: the file system has no shared memory", mode)
	}
	if err := migrate(ctx, d.w); err != nil {
		return err
	}
	d.prepared = map[string]*sql.Stmt{}
	for _, q := range hotStatements {
		if d.prepared[q], err = d.w.PrepareContext(ctx, q); err != nil {
			return err
		}
	}
	return d.connectReader(ctx, path, o)
}

// Close ends the connections, after the transaction that runs.
func (d *DB) Close() error {
	var errs []error
	for _, s := range d.prepared {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	for _, db := range []*sql.DB{d.r, d.w} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return neckfrac.E("close ledger", errors.Join(errs...))
}

// dsn states everything that durability and integrity rest on, per connection.
func dsn(path string, busy time.Duration, extra string) string {
	u := url.URL{Scheme: "file", Path: path}
	if !filepath.IsAbs(path) {
		u = url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	}
	u.RawQuery = fmt.Sprintf("_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=journal_size_limit(%d)&%s",
		busy.Milliseconds(), logBytes, extra)
	return u.String()
}

// create makes the file before SQLite does, so that it and the log files that copy
// its mode are not readable for everybody.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return err
	}
	return f.Close()
}

// syncDir makes the names of a new ledger and its log survive a power cut.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
