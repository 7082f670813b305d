package scp_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/blob/fsblob"
	"github.com/neckfrac/neckfrac/pipeline/ledger/sqlite"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// site is the storage SCP on the real stores.
type site struct {
	dir    string
	ledger *sqlite.DB
	blobs  *fsblob.Store
	server *dicomnet.Server
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{dir: t.TempDir()}
	var err error
	if s.blobs, err = fsblob.Open(filepath.Join(s.dir, "blobs"), fsblob.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.blobs.Close() })
	if s.ledger, err = sqlite.Open(t.Context(), filepath.Join(s.dir, "ledger.db"), sqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.ledger.Close() })
	backend, err := scp.New(scp.Config{AETitle: "NECKFRAC", Receiver: &pipeline.Receiver{Blobs: s.blobs, Intake: s.ledger}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	cfg := dicomnettest.Config()
	cfg.Limits.MaxAssociations, cfg.Limits.MaxAssociationsPerPeer = 64, 64
	cfg.Logger = slog.New(slog.DiscardHandler)
	if s.server, err = dicomnet.NewServer(backend, cfg); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) dial(t *testing.T) *dicomnet.Client {
	t.Helper()
	cfg := dicomnettest.ClientConfig()
	cfg.CalledAETitle = "NECKFRAC"
	client, err := dicomnet.NewClient(t.Context(), dicomnettest.Pipe(t, s.server), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Abort)
	return client
}

func send(ctx context.Context, c *dicomnet.Client, instance string, body []byte) (uint16, error) {
	status, err := c.Store(ctx, dicomnet.StoreRequest{SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: instance,
		TransferSyntaxUID: dataset.ExplicitVRLittleEndian}, bytes.NewReader(body))
	return uint16(status), err
}

// inventory is what the stores hold.
type inventory struct {
	studies, series, instances, blobs int
	bytes                             int64
}

func (s *site) inventory(t *testing.T) (i inventory) {
	t.Helper()
	recs, err := s.ledger.Find(t.Context(), neckfrac.StudyQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recs {
		i.studies++
		for _, series := range r.Study.Series {
			i.series++
			i.instances += series.Count
		}
	}
	err = s.blobs.Walk(t.Context(), func(r neckfrac.BlobRef) error { i.blobs++; i.bytes += r.Size; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// TestSameInstanceFromTwentyAssociations (D11 e): one row, one blob, twenty Successes.
func TestSameInstanceFromTwentyAssociations(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const n = 20
	body := encode(t, ct(seriesUID+".1"))
	clients := make([]*dicomnet.Client, n)
	for i := range clients {
		clients[i] = s.dial(t)
	}
	status, errs := make([]uint16, n), make([]error, n)
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() { status[i], errs[i] = send(t.Context(), c, seriesUID+".1", body) })
	}
	wg.Wait()
	for i := range n {
		if errs[i] != nil || status[i] != 0 {
			t.Errorf("sender %d: %04X, %v; want Success", i, status[i], errs[i])
		}
	}
	if got := s.inventory(t); got.studies != 1 || got.series != 1 || got.instances != 1 || got.blobs != 1 {
		t.Errorf("stores hold %+v, want one of each", got)
	}
}

// TestStudyFromTwentyAssociations sends a study of two series and 50 instances five times
// from twenty associations at once, as Orthanc's own tests do: what is there in the end is
// what one sender leaves, to the byte.
func TestStudyFromTwentyAssociations(t *testing.T) {
	t.Parallel()
	const senders, times, images = 20, 5, 50
	type object struct {
		uid  string
		body []byte
	}
	var study []object
	for i := range images {
		series := fmt.Sprintf("%s.%d", studyUID, 1+i%2)
		uid := fmt.Sprintf("%s.%d", series, i+1)
		study = append(study, object{uid, encode(t, ct(uid, dataset.NewText(dataset.TagSeriesInstanceUID, series), dataset.NewInt(dataset.TagInstanceNumber, int64(i+1))))})
	}
	one, many := newSite(t), newSite(t)
	client := one.dial(t)
	for _, o := range study {
		if status, err := send(t.Context(), client, o.uid, o.body); err != nil || status != 0 {
			t.Fatalf("one sender: %04X, %v", status, err)
		}
	}
	var wg sync.WaitGroup
	errs := make([]error, senders)
	for i := range senders {
		c := many.dial(t)
		wg.Go(func() {
			for range times {
				for k := range study {
					o := study[(k+i)%images] // each from another end
					if status, err := send(t.Context(), c, o.uid, o.body); err != nil || status != 0 {
						errs[i] = fmt.Errorf("status %04X: %w", status, err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("sender %d: %v", i, err)
		}
	}
	want := one.inventory(t)
	if want.studies != 1 || want.series != 2 || want.instances != images || want.blobs != images {
		t.Fatalf("one sender left %+v", want)
	}
	if got := many.inventory(t); got != want {
		t.Errorf("%d senders left %+v, want %+v", senders, got, want)
	}
}

// TestOtherBytesAreKeptBeside (D11 b): the first bytes stay in use, the second are kept.
func TestOtherBytesAreKeptBeside(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.dial(t)
	first := encode(t, ct(seriesUID+".1"))
	second := encode(t, ct(seriesUID+".1", dataset.NewBytes(dataset.TagPixelData, dataset.OW, bytes.Repeat([]byte{3, 4}, 16))))
	for _, body := range [][]byte{first, second, second} {
		if status, err := send(t.Context(), c, seriesUID+".1", body); err != nil || status != 0 {
			t.Fatalf("status %04X, %v; want Success", status, err)
		}
	}
	if got := s.inventory(t); got.instances != 1 || got.blobs != 2 {
		t.Fatalf("stores hold %+v, want one instance and two blobs", got)
	}
	recs, err := s.ledger.Find(t.Context(), neckfrac.StudyQuery{})
	if err != nil {
		t.Fatal(err)
	}
	series, err := s.ledger.Instances(t.Context(), recs[0].Study.ID)
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.blobs.Open(t.Context(), series[0].Instances[0].Blob)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || !bytes.HasSuffix(b, first) {
		t.Errorf("%d bytes in use, %v; want the first that came", len(b), err)
	}
	names := 0
	if err := s.ledger.References(t.Context(), func(neckfrac.BlobRef) error { names++; return nil }); err != nil || names != 2 {
		t.Errorf("%d blobs have a row, %v; want both, so that no sweep takes one", names, err)
	}
}

// TestSecondPersonMarksTheStudy (D11 c, S1, S2): the object is refused, its owner's study
// says that it is contested, and nothing of the stranger is merged into it.
func TestSecondPersonMarksTheStudy(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]dataset.Element{
		"other id":     dataset.NewText(dataset.TagPatientID, "NF-TEST-2"),
		"other issuer": dataset.NewText(dataset.TagIssuerOfPatientID, "ELSEWHERE"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			c := s.dial(t)
			if status, err := send(t.Context(), c, seriesUID+".1", encode(t, ct(seriesUID+".1"))); err != nil || status != 0 {
				t.Fatalf("owner: %04X, %v", status, err)
			}
			if status, err := send(t.Context(), c, seriesUID+".2", encode(t, ct(seriesUID+".2", other))); err != nil || status != 0xA778 {
				t.Fatalf("stranger: %04X, %v; want A778", status, err)
			}
			recs, err := s.ledger.Find(t.Context(), neckfrac.StudyQuery{})
			if err != nil || len(recs) != 1 {
				t.Fatalf("%d records, %v; want one", len(recs), err)
			}
			if st := recs[0].Study; !st.Conflict || st.Patient.Key.ID != "NF-TEST-1" || st.Patient.Key.Issuer != neckfrac.PhantomIssuer || st.Series[0].Count != 1 {
				t.Errorf("study %+v, want its owner's one instance, marked", st)
			}
		})
	}
}

// TestHostileUIDs (D9): no UID of a data set is a path, a name or a row, and what is on
// the disk bears our own names (D12: nobody may execute it).
func TestHostileUIDs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.dial(t)
	if status, err := send(t.Context(), c, seriesUID+".1", encode(t, ct(seriesUID+".1"))); err != nil || status != 0 {
		t.Fatalf("good object: %04X, %v", status, err)
	}
	want := s.inventory(t)
	for _, uid := range []string{"..", ".", "/etc/passwd", "../../lock", "1..2", ".1", "1.", "01.2", "1.02", "1.2\x003", "1.2/3", "1.2 3", "1.2.é", strings.Repeat("1.", 32) + "1", "a", ""} {
		for _, tag := range []dataset.Tag{dataset.TagStudyInstanceUID, dataset.TagSeriesInstanceUID} {
			body := encode(t, ct(seriesUID+".2", dataset.NewBytes(tag, dataset.UI, pad(uid))))
			if status, err := send(t.Context(), c, seriesUID+".2", body); err != nil || status != 0xC000 {
				t.Errorf("%v %q: %04X, %v; want C000", tag, uid, status, err)
			}
		}
	}
	if got := s.inventory(t); got != want {
		t.Errorf("stores hold %+v, want %+v", got, want)
	}
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		if err == nil && st.Mode().Perm()&0o117 != 0 {
			t.Errorf("%s has mode %v: group may read, nobody may execute", path, st.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func pad(s string) []byte {
	b := []byte(s)
	if len(b)%2 != 0 {
		b = append(b, 0)
	}
	return b
}
