package sqlite

import (
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
)

// TestLeasesOfAKilledProcess: they end where the next process says so, and only those.
func TestLeasesOfAKilledProcess(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/ledger.db"
	d, err := Open(t.Context(), file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	r := neckfrac.Retrieval{Notification: "1.2.8", Source: "PACS", Study: "1.2", Received: at,
		Instances: []neckfrac.AnnouncedInstance{{Series: "1.2.1", InstanceRef: neckfrac.InstanceRef{SOPClassUID: "1.2.840.10008.5.1.4.1.1.2", UID: "1.2.1.1"}}}}
	later := r
	later.Notification, later.Received = "1.2.9", at.Add(time.Hour)
	if err := d.RequestRetrievals(t.Context(), []neckfrac.Retrieval{r, later}); err != nil {
		t.Fatal(err)
	}
	due := func(d *DB, want int) {
		t.Helper()
		got, err := d.DueRetrievals(t.Context(), at, 9, time.Hour)
		if err != nil || len(got) != want {
			t.Fatalf("%d due, %v; want %d", len(got), err, want)
		}
	}
	due(d, 1)
	d.Close()
	if d, err = Open(t.Context(), file, Options{}); err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	due(d, 0)
	if err := d.ReleaseRetrievals(t.Context()); err != nil {
		t.Fatal(err)
	}
	due(d, 1)
}
