package scp_test

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// FuzzNotification: whatever is notified, the answer is a status, and a row names only a
// configured source and UIDs that are some.
func FuzzNotification(f *testing.F) {
	explicit, _ := dataset.LookupTransferSyntax(dataset.ExplicitVRLittleEndian)
	for _, ds := range []dataset.Dataset{
		notification(available(1, "ONLINE", "PACS"), available(2, "NEARLINE", "VNA", "PACS")), notification(), {},
		notification(available(1, "ONLINE", "../x", "PACS")),
	} {
		var b bytes.Buffer
		if err := dataset.Encode(&b, explicit, ds); err != nil {
			f.Fatal(err)
		}
		f.Add("1.2.8.1", b.Bytes())
	}
	f.Fuzz(func(t *testing.T, uid string, body []byte) {
		r, err := dataset.NewReader(bytes.NewReader(body), explicit, dataset.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		ds, err := r.ReadDataset()
		if err != nil || uid != "" && !dataset.ValidUID(uid) {
			return // dicomnet answers these
		}
		ledger := pipelinetest.NewLedger(pipelinetest.NewClock(time.Unix(0, 0)))
		b, err := scp.New(scp.Config{AETitle: "NECKFRAC", Log: slog.New(slog.DiscardHandler), Receiver: &pipeline.Receiver{}, Retrievals: ledger, Sources: []neckfrac.AETitle{"PACS"}})
		if err != nil {
			t.Fatal(err)
		}
		s, err := b.NewSession(t.Context(), dicomnet.AssociationInfo{CalledAETitle: "NECKFRAC", CallingAETitle: "RIS"})
		if err != nil {
			t.Fatal(err)
		}
		rq := notice(uid, ds)
		err = s.(dicomnet.Creator).Create(t.Context(), rq)
		var status *dicomnet.StatusError
		if err != nil && !errors.As(err, &status) {
			t.Fatalf("not a status: %v", err)
		}
		if err == nil && !dataset.ValidUID(rq.SOPInstanceUID) {
			t.Errorf("created under %q", rq.SOPInstanceUID)
		}
		due, derr := ledger.DueRetrievals(t.Context(), time.Now(), 9, time.Minute)
		if derr != nil || err != nil && len(due) > 0 {
			t.Fatalf("%d rows after %v, %v", len(due), err, derr)
		}
		for _, row := range due {
			if row.Source != "PACS" || !dataset.ValidUID(string(row.Study)) || row.Expected < len(row.Instances) {
				t.Errorf("row %+v", row)
			}
		}
	})
}
