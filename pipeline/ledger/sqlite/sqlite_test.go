package sqlite_test

import (
	"testing"

	"github.com/neckfrac/neckfrac/pipeline/ledger/ledgertest"
	"github.com/neckfrac/neckfrac/pipeline/ledger/sqlite"
)

func open(t testing.TB, path string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{OpenPerPeer: ledgertest.OpenPerPeer})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func TestLedger(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(t *testing.T) ledgertest.Ledger { return open(t, t.TempDir()+"/ledger.db") })
}
