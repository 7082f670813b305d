package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
)

func groupArrival(n int) neckfrac.Arrival {
	return neckfrac.Arrival{
		Study:  neckfrac.Study{UID: "1.2.3", Patient: neckfrac.Patient{Key: neckfrac.PatientKey{ID: "P1"}}},
		Series: neckfrac.Series{UID: "1.2.3.1"},
		Instance: neckfrac.Instance{
			UID: neckfrac.InstanceUID(fmt.Sprintf("1.2.3.1.%d", n)), Received: time.Unix(1, 0),
			Blob: neckfrac.BlobRef{Digest: fmt.Sprintf("%064d", n), Size: 1},
		},
	}
}

// held opens a ledger whose write lock is taken until release is called.
func held(t *testing.T, setup ...string) (db *DB, release func()) {
	t.Helper()
	db, err := Open(t.Context(), t.TempDir()+"/ledger.db", Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { db.Close() })
	for _, q := range setup {
		if _, err := db.w.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("set up: %v", err)
		}
	}
	locked, free := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = db.write(context.WithoutCancel(t.Context()), "hold", func(*sql.Tx) error {
			close(locked)
			<-free
			return nil
		})
	})
	<-locked
	return db, func() { close(free); wg.Wait() }
}

// waiting returns once n calls wait in the group.
func waiting(t *testing.T, db *DB, n int) {
	t.Helper()
	for {
		db.arrivals.mu.Lock()
		have := len(db.arrivals.waiting)
		db.arrivals.mu.Unlock()
		if have == n {
			return
		}
		if t.Context().Err() != nil {
			t.Fatalf("%d calls wait, want %d", have, n)
		}
		runtime.Gosched()
	}
}

func (d *DB) rows(t *testing.T) (n int) {
	t.Helper()
	if err := d.r.QueryRowContext(t.Context(), `SELECT count(*) FROM instance`).Scan(&n); err != nil {
		t.Fatalf("count: %v", err)
	}
	return n
}

// refuse13 is a constraint that no arrival of the receiver breaks.
const refuse13 = `CREATE TRIGGER refuse BEFORE INSERT ON instance WHEN new.instance_number = 13 BEGIN SELECT RAISE(ABORT, 'broken'); END`

// TestGroupSharesACommitAndNothingElse: what waited for the lock is recorded by one
// transaction, in the order of the calls, and each caller has its own result: a broken
// constraint, another person and a duplicate in the middle touch no neighbour.
func TestGroupSharesACommitAndNothingElse(t *testing.T) {
	t.Parallel()
	db, release := held(t, refuse13)
	const broken, stranger, twin = 3, 5, 7
	receipts, errs := make([]neckfrac.Receipt, 12), make([]error, 12)
	var wg sync.WaitGroup
	for i := range receipts {
		a := groupArrival(i)
		switch i {
		case broken:
			a.Instance.Number = 13
		case stranger:
			a.Study.Patient.Key.ID = "P2"
		case twin:
			a = groupArrival(1)
		}
		wg.Go(func() { receipts[i], errs[i] = db.Receive(t.Context(), a) })
		waiting(t, db, i+1)
	}
	before := commits(t, db)
	release()
	wg.Wait()
	// The holder wrote nothing, so that the log grew by the group's transaction alone.
	if got := commits(t, db) - before; got != 1 {
		t.Errorf("%d commits for %d calls, want 1", got, len(receipts))
	}
	for i, err := range errs {
		switch i {
		case broken:
			if err == nil || neckfrac.KindOf(err) != neckfrac.Internal {
				t.Errorf("call %d: %v, want the broken constraint", i, err)
			}
		case stranger:
			if _, ok := errors.AsType[*neckfrac.ConflictError](err); !ok {
				t.Errorf("call %d: %v, want a ConflictError", i, err)
			}
		case twin:
			if err != nil || !receipts[i].Duplicate || receipts[i].Sequence != receipts[1].Sequence {
				t.Errorf("call %d: %+v, %v; want the duplicate of %+v", i, receipts[i], err, receipts[1])
			}
		default:
			if err != nil || i > 0 && receipts[i].Sequence <= receipts[0].Sequence {
				t.Errorf("call %d: %+v, %v", i, receipts[i], err)
			}
		}
	}
	if got, want := db.rows(t), len(receipts)-3; got != want {
		t.Errorf("%d rows, want %d", got, want)
	}
}

// commits counts the transactions of the log's current generation, by the frames that
// end one (sqlite.org/fileformat2.html, WAL format: the database size is not 0).
func commits(t *testing.T, db *DB) int {
	t.Helper()
	var path string
	if err := db.r.QueryRowContext(t.Context(), `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path); err != nil {
		t.Fatalf("path: %v", err)
	}
	wal, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatalf("log: %v", err)
	}
	const header, frame = 32, 24 + 4096
	n := 0
	for at := header; at+frame <= len(wal); at += frame {
		if string(wal[at+4:at+8]) != "\x00\x00\x00\x00" {
			n++
		}
	}
	return n
}

// TestGroupFailsTogether: an error of the file belongs to everybody in the group.
func TestGroupFailsTogether(t *testing.T) {
	t.Parallel()
	db, release := held(t)
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = db.Receive(t.Context(), groupArrival(i)) })
		waiting(t, db, i+1)
	}
	// Another statement in its place fails for every arrival, and not for a constraint.
	db.prepared[insertInstance] = db.prepared[selectStudyByUID]
	release()
	wg.Wait()
	for i, err := range errs {
		if err == nil {
			t.Errorf("call %d succeeded", i)
		}
	}
	if got := db.rows(t); got != 0 {
		t.Errorf("%d rows, want none", got)
	}
}

// TestGroupForgetsWhoGivesUp: a caller whose context ends before its turn gets an error
// and leaves no row; the leader's end does not stop the others.
func TestGroupForgetsWhoGivesUp(t *testing.T) {
	t.Parallel()
	db, release := held(t)
	errs := make([]error, 3)
	var all, second sync.WaitGroup
	leader, stopLeader := context.WithCancel(t.Context())
	other, stopOther := context.WithCancel(t.Context())
	defer stopOther()
	all.Go(func() { _, errs[0] = db.Receive(leader, groupArrival(0)) })
	waiting(t, db, 1)
	second.Go(func() { _, errs[1] = db.Receive(other, groupArrival(1)) })
	waiting(t, db, 2)
	all.Go(func() { _, errs[2] = db.Receive(t.Context(), groupArrival(2)) })
	waiting(t, db, 3)
	stopLeader()
	stopOther()
	second.Wait()
	release()
	all.Wait()
	if errs[0] != nil || neckfrac.KindOf(errs[1]) != neckfrac.Unavailable || errs[1] == nil || errs[2] != nil {
		t.Fatalf("errors %v, want the second alone, Unavailable", errs)
	}
	if got := db.rows(t); got != 2 {
		t.Errorf("%d rows, want 2", got)
	}
}

// TestGroupSurvivesAPanic: nobody of the group is told of a success, and the next group
// has a leader.
func TestGroupSurvivesAPanic(t *testing.T) {
	t.Parallel()
	db, release := held(t)
	newID := db.newID
	db.newID = func() string { panic("broken invariant") }
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			defer func() {
				if recover() != nil {
					errs[i] = errors.New("panicked")
				}
			}()
			_, errs[i] = db.Receive(t.Context(), groupArrival(i))
		})
		waiting(t, db, i+1)
	}
	release()
	wg.Wait()
	if errs[0] == nil || errs[1] == nil {
		t.Fatalf("errors %v, want two", errs)
	}
	db.newID = newID
	if _, err := db.Receive(t.Context(), groupArrival(9)); err != nil {
		t.Fatalf("receive after a panic: %v", err)
	}
}
