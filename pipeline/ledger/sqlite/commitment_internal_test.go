package sqlite

import (
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
)

// TestPromiseIsRecorded: retention reads committed_until, which no port shows yet.
func TestPromiseIsRecorded(t *testing.T) {
	t.Parallel()
	d, err := Open(t.Context(), t.TempDir()+"/ledger.db", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	a := neckfrac.Arrival{Study: neckfrac.Study{UID: "1.2"}, Series: neckfrac.Series{UID: "1.2.1"},
		Instance: neckfrac.Instance{UID: "1.2.1.1", SOPClassUID: "1.2.840.10008.5.1.4.1.1.2", Received: at, Blob: neckfrac.BlobRef{Digest: "d", Size: 1}}}
	if _, err := d.Receive(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	for _, days := range []int{30, 10} { // a shorter promise does not cut a longer one
		c := neckfrac.Commitment{Peer: "CT1", TransactionUID: "1.9." + string(rune('0'+days/10)), Received: at,
			Instances: []neckfrac.InstanceRef{{SOPClassUID: a.Instance.SOPClassUID, UID: a.Instance.UID}}}
		id, err := d.RequestCommitment(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.DecideCommitment(t.Context(), id, []neckfrac.FailureReason{neckfrac.Committed}, at.AddDate(0, 0, days)); err != nil {
			t.Fatal(err)
		}
	}
	var until int64
	if err := d.r.QueryRow(`SELECT committed_until FROM instance WHERE uid = '1.2.1.1'`).Scan(&until); err != nil || !fromMicros(until).Equal(at.AddDate(0, 0, 30)) {
		t.Errorf("committed until %v, %v", fromMicros(until), err)
	}
}
