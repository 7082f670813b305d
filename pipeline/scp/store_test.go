package scp_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

const (
	studyUID  = "1.2.826.0.1.3680043.2.1"
	seriesUID = studyUID + ".1"
)

// ct is the data set of one slice with a header and n bytes of pixels.
func ct(instance string, change ...dataset.Element) dataset.Dataset {
	ds := dataset.Dataset{
		dataset.NewText(dataset.TagSOPClassUID, dataset.CTImageStorage),
		dataset.NewText(dataset.TagSOPInstanceUID, instance),
		dataset.NewText(dataset.TagStudyDate, "20260304"),
		dataset.NewText(dataset.TagStudyTime, "101112.5"),
		dataset.NewText(dataset.TagTimezoneOffsetFromUTC, "+0100"),
		dataset.NewText(dataset.TagModality, "CT"),
		dataset.NewText(dataset.TagAccessionNumber, "A1"),
		dataset.NewText(dataset.TagPatientName, "TEST^CANARY"),
		dataset.NewText(dataset.TagPatientID, "NF-TEST-1"),
		dataset.NewText(dataset.TagIssuerOfPatientID, neckfrac.PhantomIssuer),
		dataset.NewText(dataset.TagPatientBirthDate, "19800305"),
		dataset.NewText(dataset.TagStudyInstanceUID, studyUID),
		dataset.NewText(dataset.TagSeriesInstanceUID, seriesUID),
		dataset.NewInt(dataset.TagRows, 4),
		dataset.NewInt(dataset.TagColumns, 4),
		dataset.NewBytes(dataset.TagPixelData, dataset.OW, bytes.Repeat([]byte{1, 2}, 16)),
	}
	for _, e := range change {
		ds = ds.Put(e)
	}
	return ds
}

type bench struct {
	ledger *pipelinetest.Ledger
	blobs  *pipelinetest.Blobs
	log    *bytes.Buffer
	client *dicomnet.Client
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{ledger: pipelinetest.NewLedger(pipelinetest.NewClock(time.Unix(0, 0))), blobs: pipelinetest.NewBlobs(), log: &bytes.Buffer{}}
	backend, err := scp.New(scp.Config{AETitle: "NECKFRAC", Receiver: &pipeline.Receiver{Blobs: b.blobs, Intake: b.ledger, MaxObjectBytes: 1 << 20},
		Log: slog.New(slog.NewTextHandler(b.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	serverConfig := dicomnettest.Config()
	serverConfig.Logger = slog.New(slog.NewTextHandler(b.log, nil))
	server, err := dicomnet.NewServer(backend, serverConfig)
	if err != nil {
		t.Fatal(err)
	}
	cfg := dicomnettest.ClientConfig()
	cfg.CalledAETitle = "NECKFRAC"
	b.client, err = dicomnet.NewClient(t.Context(), dicomnettest.Pipe(t, server), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.client.Abort)
	return b
}

func (b *bench) store(t *testing.T, instance string, body []byte) uint16 {
	t.Helper()
	status, err := b.client.Store(t.Context(), dicomnet.StoreRequest{SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: instance,
		TransferSyntaxUID: dataset.ExplicitVRLittleEndian}, bytes.NewReader(body))
	if err != nil {
		t.Fatalf("store: %v", err)
	}
	return uint16(status)
}

func encode(t *testing.T, ds dataset.Dataset) []byte {
	t.Helper()
	ts, _ := dataset.LookupTransferSyntax(dataset.ExplicitVRLittleEndian)
	var buf bytes.Buffer
	if err := dataset.Encode(&buf, ts, ds); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func (b *bench) count(t *testing.T) (rows, blobs int) {
	t.Helper()
	recs, err := b.ledger.Find(t.Context(), neckfrac.StudyQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recs {
		for _, s := range r.Study.Series {
			rows += s.Count
		}
	}
	b.blobs.Walk(context.Background(), func(neckfrac.BlobRef) error { blobs++; return nil })
	return rows, blobs
}

func TestStoreKeepsTheBytesThatCame(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	body := encode(t, ct(seriesUID+".1"))
	if got := b.store(t, seriesUID+".1", body); got != 0 {
		t.Fatalf("status %04X, want success", got)
	}
	recs, err := b.ledger.Find(t.Context(), neckfrac.StudyQuery{UID: studyUID})
	if err != nil || len(recs) != 1 {
		t.Fatalf("got %d records, %v", len(recs), err)
	}
	s := recs[0].Study
	if s.Patient.Key != (neckfrac.PatientKey{Issuer: neckfrac.PhantomIssuer, ID: "NF-TEST-1"}) || s.Patient.AgeYears != 45 {
		t.Errorf("patient %+v", s.Patient)
	}
	if want := time.Date(2026, 3, 4, 9, 11, 12, 0, time.UTC); !s.Started.Equal(want) {
		t.Errorf("started %v, want %v", s.Started, want)
	}
	series, _ := b.ledger.Instances(t.Context(), s.ID)
	f, err := b.blobs.Open(t.Context(), series[0].Instances[0].Blob)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stored, _ := io.ReadAll(f)
	if !bytes.HasSuffix(stored, body) {
		t.Error("the stored object does not end in the data set as it came")
	}
	if !bytes.Equal(stored[:128], make([]byte, 128)) {
		t.Error("the preamble is not ours")
	}
	if strings.Contains(b.log.String(), "CANARY") || strings.Contains(b.log.String(), "NF-TEST") {
		t.Errorf("PHI in the log: %s", b.log)
	}
}

func TestStoreStatuses(t *testing.T) {
	t.Parallel()
	good := seriesUID + ".1"
	tests := []struct {
		name   string
		uid    string
		body   func(t *testing.T) []byte
		before func(*testing.T, *bench)
		want   uint16
	}{
		{name: "other instance in the data set", uid: good, body: func(t *testing.T) []byte { return encode(t, ct(seriesUID+".2")) }, want: 0xA900},
		{name: "other class in the data set", uid: good, body: func(t *testing.T) []byte {
			return encode(t, ct(good, dataset.NewText(dataset.TagSOPClassUID, dataset.MRImageStorage)))
		}, want: 0xA900},
		{name: "study uid with a path", uid: good, body: func(t *testing.T) []byte {
			return bytes.ReplaceAll(encode(t, ct(good)), []byte(studyUID+"\x00"), []byte("/etc/../"+strings.Repeat("x", len(studyUID)-8)+"\x00"))
		}, want: 0xC000},
		{name: "pixels cut", uid: good, body: func(t *testing.T) []byte { b := encode(t, ct(good)); return b[:len(b)-2] }, want: 0xC000},
		{name: "header cut", uid: good, body: func(t *testing.T) []byte { return encode(t, ct(good))[:100] }, want: 0xC000},
		{name: "element behind the pixels cut", uid: good, body: func(t *testing.T) []byte {
			return append(encode(t, ct(good)), 0xfc, 0xff, 0xfc, 0xff, 'O', 'B', 0, 0, 9, 0, 0, 0)
		}, want: 0xC000},
		{name: "padding behind the pixels", uid: good, body: func(t *testing.T) []byte {
			return append(encode(t, ct(good)), 0xfc, 0xff, 0xfc, 0xff, 'O', 'B', 0, 0, 2, 0, 0, 0, 0, 0)
		}, want: 0},
		{name: "nothing", uid: good, body: func(*testing.T) []byte { return nil }, want: 0xA900},
		{name: "noise", uid: good, body: func(*testing.T) []byte { return bytes.Repeat([]byte{0xff, 0x13}, 500) }, want: 0xC000},
		{name: "too large", uid: good, body: func(t *testing.T) []byte {
			return encode(t, ct(good, dataset.NewBytes(dataset.TagPixelData, dataset.OW, make([]byte, 2<<20))))
		}, want: 0xA700},
		{name: "disk full", uid: good, body: func(t *testing.T) []byte { return encode(t, ct(good)) },
			before: func(_ *testing.T, b *bench) { b.blobs.Fail("Put", neckfrac.Unavailable, 1) }, want: 0xA700},
		{name: "ledger broken", uid: good, body: func(t *testing.T) []byte { return encode(t, ct(good)) },
			before: func(_ *testing.T, b *bench) { b.ledger.Fail("Receive", neckfrac.Internal, 1) }, want: 0x0110},
		{name: "other patient", uid: seriesUID + ".2", body: func(t *testing.T) []byte {
			return encode(t, ct(seriesUID+".2", dataset.NewText(dataset.TagPatientID, "NF-TEST-2")))
		}, before: first, want: 0xA778},
		{name: "other series", uid: good, body: func(t *testing.T) []byte {
			return encode(t, ct(good, dataset.NewText(dataset.TagSeriesInstanceUID, seriesUID+".9")))
		}, before: first, want: 0xA77B},
		{name: "again", uid: good, body: func(t *testing.T) []byte { return encode(t, ct(good)) }, before: first, want: 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			if tc.before != nil {
				tc.before(t, b)
			}
			rows, _ := b.count(t)
			if got := b.store(t, tc.uid, tc.body(t)); got != tc.want {
				t.Fatalf("status %04X, want %04X", got, tc.want)
			}
			if after, _ := b.count(t); tc.want != 0 && after != rows {
				t.Errorf("a refused object made a row: %d, was %d", after, rows)
			}
			if err := b.client.Echo(t.Context()); err != nil {
				t.Errorf("the association did not go on: %v", err)
			}
		})
	}
}

func first(t *testing.T, b *bench) {
	if got := b.store(t, seriesUID+".1", encode(t, ct(seriesUID+".1"))); got != 0 {
		t.Fatalf("first store: %04X", got)
	}
}

// TestNoSuccessForATruncatedObject cuts the data set everywhere.
func TestNoSuccessForATruncatedObject(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	whole := encode(t, ct(seriesUID+".1"))
	ts, _ := dataset.LookupTransferSyntax(dataset.ExplicitVRLittleEndian)
	kept := 0
	for n := 0; n < len(whole); n += 2 { // an odd length can't be sent at all
		if b.store(t, seriesUID+".1", whole[:n]) != 0 {
			continue
		}
		kept++
		// Cut between two elements a data set is whole by PS3.5: such an object is kept, and
		// its study ends as not analysed (pixel-unreadable).
		r, err := dataset.NewReader(bytes.NewReader(whole[:n]), ts, dataset.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if ds, err := r.ReadDataset(); err != nil || ds.Has(dataset.TagPixelData) {
			t.Fatalf("success for %d of %d bytes", n, len(whole))
		}
	}
	if want := 3; kept != want { // before Rows, before Columns, before PixelData
		t.Errorf("%d cuts were kept, want %d", kept, want)
	}
}

func TestAssociationPolicy(t *testing.T) {
	t.Parallel()
	backend, err := scp.New(scp.Config{AETitle: "NECKFRAC", Receiver: &pipeline.Receiver{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		called, calling string
		want            error
	}{{"NECKFRAC", "CT1", nil}, {"OTHER", "CT1", dicomnet.RejectCalledAE}} {
		_, err := backend.NewSession(t.Context(), dicomnet.AssociationInfo{CalledAETitle: tc.called, CallingAETitle: tc.calling})
		if fmt.Sprint(err) != fmt.Sprint(tc.want) {
			t.Errorf("%s→%s: got %v, want %v", tc.calling, tc.called, err, tc.want)
		}
	}
}
