package scp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// receiverFunc is a Receiver without a store.
type receiverFunc func(neckfrac.Arrival, io.Reader) (neckfrac.Receipt, error)

func (f receiverFunc) Receive(_ context.Context, a neckfrac.Arrival, body io.Reader) (neckfrac.Receipt, error) {
	return f(a, body)
}

// FuzzStore sends any bytes in any transfer syntax and class. A Success means that the
// receiver read the stream to its end; an arrival is complete, and one that the real
// ledger takes or refuses without harm.
func FuzzStore(f *testing.F) {
	uid := seriesUID + ".1"
	explicit, _ := dataset.LookupTransferSyntax(dataset.ExplicitVRLittleEndian)
	add := func(syntax int, class uint8, ds dataset.Dataset, tail []byte, pack bool) {
		var b bytes.Buffer
		if err := dataset.Encode(&b, explicit, ds); err != nil {
			f.Fatal(err)
		}
		body := append(b.Bytes(), tail...)
		if pack {
			body = deflateBytes(body)
		}
		f.Add(syntax, class, body)
	}
	add(1, 0, ct(uid), nil, false)
	add(2, 0, ct(uid), nil, true)
	add(7, 0, ct(uid)[:len(ct(uid))-1], encapsulate([]byte("one"), []byte("two!")), false)
	add(1, 3, note(uid, "DCM", "113037", map[string][]string{studyUID: {uid, uid}}), nil, false)
	syntaxes := dataset.TransferSyntaxes()
	classes, err := scp.StorageClasses(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, syntax int, class uint8, body []byte) {
		ended := false
		ledger := pipelinetest.NewLedger(pipelinetest.NewClock(time.Unix(0, 0)))
		b, err := scp.New(scp.Config{AETitle: "NECKFRAC", Log: slog.New(slog.DiscardHandler), Receiver: receiverFunc(func(a neckfrac.Arrival, r io.Reader) (neckfrac.Receipt, error) {
			n, err := io.Copy(io.Discard, r)
			if err != nil {
				return neckfrac.Receipt{}, err
			}
			ended = true
			if (a.Instance.Kind == neckfrac.RejectionInstance) != (a.Rejection != nil) {
				t.Fatalf("arrival %+v", a)
			}
			a.Instance.Blob = neckfrac.BlobRef{Digest: "d", Size: n}
			return ledger.Receive(t.Context(), a)
		})})
		if err != nil {
			t.Fatal(err)
		}
		s, err := b.NewSession(t.Context(), dicomnet.AssociationInfo{CalledAETitle: "NECKFRAC", CallingAETitle: "CT1"})
		if err != nil {
			t.Fatal(err)
		}
		rq := &dicomnet.StoreRequest{SOPClassUID: classes[int(class)%len(classes)].UID, SOPInstanceUID: uid, TransferSyntaxUID: syntaxes[uint(syntax)%uint(len(syntaxes))].UID}
		err = s.Store(t.Context(), rq, bytes.NewReader(body))
		var status *dicomnet.StatusError
		switch {
		case err == nil && !ended:
			t.Fatal("success before the end of the data set")
		case err != nil && !errors.As(err, &status):
			t.Fatalf("an error without a status: %v", err)
		}
	})
}
