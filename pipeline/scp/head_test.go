package scp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// wide is an Enhanced CT of which n bytes are private text before its identity.
func wide(t *testing.T, uid string, n int) []byte {
	t.Helper()
	return encode(t, object(dataset.EnhancedCTImageStorage, uid, dataset.NewText(0x00110010, "TEST"),
		dataset.Element{Tag: 0x00111001, VR: "UT", Value: bytes.Repeat([]byte("x"), n)}))
}

// stalled yields its bytes up to at, then says so and waits until it may go on.
type stalled struct {
	r       *bytes.Reader
	at      int64
	reached chan<- struct{}
	goOn    <-chan struct{}
	taken   int64
}

func (s *stalled) Read(p []byte) (int, error) {
	if s.taken >= s.at && s.reached != nil {
		s.reached <- struct{}{}
		s.reached = nil
		<-s.goOn
	}
	n, err := s.r.Read(p[:min(len(p), 64<<10)])
	s.taken += int64(n)
	return n, err
}

func TestLargeHeadersTakeTurns(t *testing.T) {
	t.Parallel()
	const turns = 4 // maxWideHeaders
	d := newDirect(t)
	store := func(ctx context.Context, class, uid string, body io.Reader) dimse.Status {
		err := d.Store(ctx, &dicomnet.StoreRequest{SOPClassUID: class, SOPInstanceUID: uid, TransferSyntaxUID: dataset.ExplicitVRLittleEndian}, body)
		var status *dicomnet.StatusError
		if errors.As(err, &status) {
			return status.Status
		}
		return dimse.Success
	}
	uid := func(k int) string { return fmt.Sprintf("%s.9.%d", seriesUID, k) }
	reached, goOn, done := make(chan struct{}), make(chan struct{}), make(chan dimse.Status, turns)
	for k := range turns {
		body := &stalled{r: bytes.NewReader(wide(t, uid(k), 3<<20)), at: 2 << 20, reached: reached, goOn: goOn}
		go func() { done <- store(context.Background(), dataset.EnhancedCTImageStorage, uid(k), body) }()
	}
	for range turns {
		<-reached
	}
	// The next one is not read on; an ordinary object waits for nobody.
	over, cancel := context.WithCancel(t.Context())
	cancel()
	next := &stalled{r: bytes.NewReader(wide(t, uid(turns), 3<<20))}
	if got := store(over, dataset.EnhancedCTImageStorage, uid(turns), next); got != 0xA700 || next.taken > 1<<20 {
		t.Errorf("one too many: status %v after %d bytes, want A700H", got, next.taken)
	}
	if got := store(t.Context(), dataset.CTImageStorage, uid(turns+1), bytes.NewReader(encode(t, ct(uid(turns+1))))); got != dimse.Success {
		t.Errorf("slice beside them: status %v", got)
	}
	close(goOn)
	for range turns {
		if got := <-done; got != dimse.Success {
			t.Errorf("large one: status %v", got)
		}
	}
	if got := store(t.Context(), dataset.EnhancedCTImageStorage, uid(turns), bytes.NewReader(wide(t, uid(turns), 3<<20))); got != dimse.Success {
		t.Errorf("again: status %v", got)
	}
	if n := len(d.instances(t)); n != turns+2 {
		t.Errorf("%d instances, want %d", n, turns+2)
	}
}

func TestLargeHeaderIsStoredByteForByte(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 16 << 10, 1<<20 - 2, 1 << 20, 1<<20 + 2, 5 << 20} {
		d := newDirect(t)
		body := wide(t, seriesUID+".9", n)
		if got := d.put(t, dataset.EnhancedCTImageStorage, seriesUID+".9", dataset.ExplicitVRLittleEndian, body); got != dimse.Success {
			t.Fatalf("%d bytes: status %v", n, got)
		}
		f, err := d.blobs.Open(t.Context(), d.instances(t)[seriesUID+".9"].Blob)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := io.ReadAll(f)
		f.Close()
		if err != nil || !bytes.HasSuffix(stored, body) {
			t.Errorf("%d bytes: stored %d bytes do not end in the %d that came, %v", n, len(stored), len(body), err)
		}
	}
}

func TestHeaderOverTheLimitOfItsClass(t *testing.T) {
	t.Parallel()
	big := func(class string, values, n int) []byte {
		ds := object(class, seriesUID+".9", dataset.NewText(0x00110010, "TEST"))
		for k := range values {
			ds = ds.Put(dataset.Element{Tag: dataset.Tag(0x00111001 + k), VR: "UT", Value: bytes.Repeat([]byte("x"), n)})
		}
		return encode(t, ds)
	}
	for _, c := range []struct {
		name  string
		class string
		body  []byte
		want  dimse.Status
	}{
		{"CT, 7 MiB", dataset.CTImageStorage, big(dataset.CTImageStorage, 7, 1<<20), dimse.Success},
		{"CT, 9 MiB", dataset.CTImageStorage, big(dataset.CTImageStorage, 9, 1<<20), 0xC000},
		{"Enhanced CT, 31 MiB", dataset.EnhancedCTImageStorage, big(dataset.EnhancedCTImageStorage, 31, 1<<20), dimse.Success},
		{"Enhanced CT, 33 MiB", dataset.EnhancedCTImageStorage, big(dataset.EnhancedCTImageStorage, 33, 1<<20), 0xC000},
	} {
		d := newDirect(t)
		if got := d.put(t, c.class, seriesUID+".9", dataset.ExplicitVRLittleEndian, c.body); got != c.want {
			t.Errorf("%s: status %v, want %v", c.name, got, c.want)
		}
	}
}

// TestSearchHoldsNoMoreThanItMay: every header of a study with large private groups, asked
// for at once.
func TestSearchHoldsNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	b := newWebBench(t)
	backend, err := scp.New(scp.Config{AETitle: "NECKFRAC", Log: slog.New(slog.DiscardHandler), Receiver: &pipeline.Receiver{Blobs: b.blobs, Intake: b.ledger}})
	if err != nil {
		t.Fatal(err)
	}
	session, err := backend.NewSession(t.Context(), dicomnet.AssociationInfo{CalledAETitle: "NECKFRAC", CallingAETitle: "CT1"})
	if err != nil {
		t.Fatal(err)
	}
	const each, fit = 4 << 20, 15 // with maxFound 64 MiB
	search := func() int {
		return b.get("/studies/"+studyUID+"/instances?includefield=all", "application/dicom+json").Code
	}
	for k := range fit + 1 {
		if k == fit && search() != 200 {
			t.Fatalf("%d MiB: status %d, want 200", fit*each>>20, search())
		}
		uid := fmt.Sprintf("%s.9.%d", seriesUID, k)
		rq := &dicomnet.StoreRequest{SOPClassUID: dataset.EnhancedCTImageStorage, SOPInstanceUID: uid, TransferSyntaxUID: dataset.ExplicitVRLittleEndian}
		if err := session.Store(t.Context(), rq, bytes.NewReader(wide(t, uid, each))); err != nil {
			t.Fatal(err)
		}
	}
	if got := search(); got != 413 {
		t.Errorf("%d MiB and more: status %d, want 413", each*(fit+1)>>20, got)
	}
	if got := b.get("/studies/"+studyUID+"/instances", "application/dicom+json").Code; got != 200 {
		t.Errorf("without the private groups: status %d, want 200", got)
	}
}
