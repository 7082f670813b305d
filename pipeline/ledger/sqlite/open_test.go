package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/ledger/sqlite"
)

func arrival(study, n int) neckfrac.Arrival {
	digest := fmt.Sprintf("%064x", study*1_000_000+n)
	return neckfrac.Arrival{
		Study:    neckfrac.Study{UID: neckfrac.StudyUID(fmt.Sprintf("1.2.%d", study)), Patient: neckfrac.Patient{Key: neckfrac.PatientKey{Issuer: "H", ID: "P"}}},
		Series:   neckfrac.Series{UID: neckfrac.SeriesUID(fmt.Sprintf("1.2.%d.1", study)), Modality: "CT", Number: 1},
		Instance: neckfrac.Instance{UID: neckfrac.InstanceUID(fmt.Sprintf("1.2.%d.1.%d", study, n)), Number: n, Blob: neckfrac.BlobRef{Digest: digest, Size: 1}, Received: time.Unix(int64(n), 0)},
	}
}

// raw opens the file beside the ledger, as an operator's shell would.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatalf("open raw: %v", err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func exec(t *testing.T, db *sql.DB, q string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), q); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

func TestReopenKeepsRows(t *testing.T) {
	t.Parallel()
	// A name that is not a URL, with what a URL gives a meaning to.
	path := filepath.Join(t.TempDir(), "a b%20c?mode=memory#d.db")
	var id neckfrac.StudyID
	for i := range 2 {
		db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			t.Fatalf("open %d: %v", i, err)
		}
		r, err := db.Receive(t.Context(), arrival(1, 1))
		if err != nil || r.Duplicate != (i == 1) {
			t.Fatalf("receive %d: %+v, %v", i, r, err)
		}
		if i == 1 && r.StudyID != id {
			t.Fatalf("study %q, want %q", r.StudyID, id)
		}
		id = r.StudyID
		if err := db.Close(); err != nil {
			t.Fatalf("close %d: %v", i, err)
		}
	}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatalf("stat: %v", err)
	}
	if st.Mode().Perm()&0o007 != 0 {
		t.Fatalf("mode %v is open to everybody", st.Mode())
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, path string)
		kind   neckfrac.Kind
		text   string
	}{
		{"not a ledger", func(t *testing.T, path string) {
			if err := os.WriteFile(path, bytes.Repeat([]byte("not sqlite "), 1000), 0o600); err != nil {
				t.Fatal(err)
			}
		}, neckfrac.Internal, "damaged"},
		{"locked", func(t *testing.T, path string) {
			open(t, path).Close()
			db := raw(t, path)
			exec(t, db, `PRAGMA locking_mode = EXCLUSIVE`)
			exec(t, db, `BEGIN EXCLUSIVE`)
		}, neckfrac.Unavailable, "locked by another process"},
		{"newer schema", func(t *testing.T, path string) {
			open(t, path).Close()
			exec(t, raw(t, path), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`)
		}, neckfrac.Unsupported, "newer than this release"},
		{"no such directory", func(t *testing.T, path string) { os.Remove(filepath.Dir(path)) }, neckfrac.Unavailable, "open ledger"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "sub", "ledger.db")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			c.damage(t, path)
			db, err := sqlite.Open(t.Context(), path, sqlite.Options{BusyTimeout: time.Millisecond})
			if err == nil {
				db.Close()
				t.Fatal("opened")
			}
			if neckfrac.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("kind %v, %v; want %v and %q", neckfrac.KindOf(err), err, c.kind, c.text)
			}
		})
	}
}

func TestAuditIsAppendOnly(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/ledger.db"
	want := neckfrac.AuditEvent{At: time.Date(2026, 3, 1, 8, 0, 0, 1000, time.UTC), Actor: "demo", Action: "profile-change", Object: "profile", Detail: "synthetic study"}
	if err := open(t, path).Append(t.Context(), want); err != nil {
		t.Fatalf("append: %v", err)
	}
	db := raw(t, path)
	for _, q := range []string{`UPDATE audit SET actor = 'x'`, `DELETE FROM audit`} {
		if _, err := db.ExecContext(t.Context(), q); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Fatalf("%s: %v, want a refusal", q, err)
		}
	}
	var got neckfrac.AuditEvent
	var at int64
	if err := db.QueryRowContext(t.Context(), `SELECT at, actor, action, object, detail FROM audit`).Scan(&at, &got.Actor, &got.Action, &got.Object, &got.Detail); err != nil {
		t.Fatalf("read: %v", err)
	}
	if got.At = time.UnixMicro(at).UTC(); got != want {
		t.Fatalf("audit %+v, want %+v", got, want)
	}
}

func TestContextEnds(t *testing.T) {
	t.Parallel()
	db := open(t, t.TempDir()+"/ledger.db")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.Receive(ctx, arrival(1, 1)); neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Fatalf("receive: %v, want Unavailable", err)
	}
	if r, err := db.Receive(t.Context(), arrival(1, 1)); err != nil || r.Duplicate {
		t.Fatalf("receive afterwards: %+v, %v; want a new instance", r, err)
	}
}

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	db, err := sqlite.Open(ctx, filepath.Join(dir, "ledger.db"), sqlite.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	for range 2 {
		r, err := db.Receive(ctx, arrival(1, 1))
		fmt.Println(r.Sequence, r.Duplicate, err)
	}
	// Output:
	// 1 false <nil>
	// 1 true <nil>
}

// BenchmarkReceive counts durable commits per second, as one sender and as four.
func BenchmarkReceive(b *testing.B) {
	for _, senders := range []int{1, 4} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			db := open(b, b.TempDir()+"/ledger.db")
			errs := make(chan error, senders)
			b.ResetTimer()
			for s := range senders {
				go func() {
					for n := s; n < b.N; n += senders {
						if _, err := db.Receive(b.Context(), arrival(s+1, n)); err != nil {
							errs <- err
							return
						}
					}
					errs <- nil
				}()
			}
			for range senders {
				if err := <-errs; err != nil {
					b.Error(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
		})
	}
}
