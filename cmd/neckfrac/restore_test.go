package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/pipeline"
)

// TestOlderLedgerCostsNoObject: a ledger of before is put beside the blobs of now, whether
// the service before was stopped or killed. What the newer ledger had acknowledged stays
// through starts after clean stops and after kills, and with the newer ledger back all of
// it is there.
func TestOlderLedgerCostsNoObject(t *testing.T) {
	t.Parallel()
	for _, killed := range []bool{false, true} {
		config := configFile(t, noPack+"study:\n  quiet: 1h\n")
		dir := filepath.Join(filepath.Dir(config), "data")
		s := newStudy(1)
		end := func(c *child) {
			if killed {
				c.Kill()
				<-c.Ended()
				return
			}
			c.stop(t)
		}
		c := startChild(t, config)
		s.send(t, c.dicom, 0, 2)
		c.stop(t)
		older := ledgerFiles(t, dir)

		c = startChild(t, config)
		s.send(t, c.dicom, 2, 6)
		end(c)
		newer := ledgerFiles(t, dir)

		putLedger(t, dir, older)
		for range 2 {
			c = startChild(t, config)
			end(c)
			c = startChild(t, config)
			c.stop(t)
		}
		if _, lines := verifyStore(t, dir); count(lines, pipeline.StoreOK) != 2 || count(lines, pipeline.StoreOrphan) != 4 {
			t.Errorf("killed %v: beside the older ledger %v, want two and four orphans", killed, lines)
		}
		putLedger(t, dir, newer)
		c = startChild(t, config)
		c.stop(t)
		if code, lines := verifyStore(t, dir); code != exitOK || count(lines, pipeline.StoreOK) != 6 {
			t.Errorf("killed %v: with the newer ledger back exit %d, %v", killed, code, lines)
		}
	}
}

// TestCleanStopSweeps: what a service refused after it was stored is gone with the start
// after its stop, and stays after a kill.
func TestCleanStopSweeps(t *testing.T) {
	t.Parallel()
	config := configFile(t, noPack+"study:\n  quiet: 1h\n")
	dir := filepath.Join(filepath.Dir(config), "data")
	c := startChild(t, config)
	c.stop(t)
	kept, removed := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	for _, step := range []struct {
		orphan string
		kill   bool
		left   int
	}{
		// An orphan beside a store that was killed stays for ever; another, after a clean
		// stop, goes.
		{kept, true, 1}, {"", false, 1}, {removed, false, 1}, {"", false, 1},
	} {
		if step.orphan == kept { // written while the store is in service
			c = startChild(t, config)
		}
		if step.orphan != "" {
			if err := os.WriteFile(filepath.Join(dir, "blobs", step.orphan[:2], step.orphan), []byte("x"), 0o640); err != nil {
				t.Fatal(err)
			}
		}
		if step.kill {
			c.Kill()
			<-c.Ended()
		}
		c = startChild(t, config)
		c.stop(t)
		if _, lines := verifyStore(t, dir); count(lines, pipeline.StoreOrphan) != step.left || lines[kept] != pipeline.StoreOrphan {
			t.Errorf("%+v: %v", step, lines)
		}
	}
}

func count(lines map[string]pipeline.StoreState, state pipeline.StoreState) (n int) {
	for _, s := range lines {
		if s == state {
			n++
		}
	}
	return n
}

// ledgerFiles are the ledger's files with their bytes.
func ledgerFiles(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "ledger.db*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	out := map[string][]byte{}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(p)] = b
	}
	return out
}

// putLedger puts a copy in the place of the ledger.
func putLedger(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name := range ledgerFiles(t, dir) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o640); err != nil {
			t.Fatal(err)
		}
	}
}
