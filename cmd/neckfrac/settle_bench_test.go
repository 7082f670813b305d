package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/chaos"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/models/phantom"
	"github.com/neckfrac/neckfrac/pipeline/ledger/sqlite"
)

var (
	settleStudies = flag.Int("settle-studies", 0, "studies of TestSettleTime; 0 skips it (make bench-settle)")
	settleBinary  = flag.String("settle-binary", "", "the built program of TestSettleTime")
)

const (
	settleSlices, settleSide = 300, 512
	// settleGoal is the headline figure for two cores.
	settleGoal = 8 * time.Second
)

// TestSettleTime measures, on the built program with its default configuration and the
// shipped pack, how long after the receipt of the last slice the assessment is in the
// ledger. One study after the other, so that none waits for another's job.
func TestSettleTime(t *testing.T) {
	if *settleStudies == 0 {
		t.Skip("make bench-settle")
	}
	data := filepath.Join(t.TempDir(), "data")
	p, err := chaos.Start(t.Context(), chaos.Command{Args: []string{*settleBinary, "serve"}, Env: []string{
		"NECKFRAC_DATA_DIR=" + data, "NECKFRAC_DICOM_ADDR=127.0.0.1:0", "NECKFRAC_HTTP_ADDR=127.0.0.1:0", "NECKFRAC_ADMIN_ADDR=127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { p.Kill(); <-p.Ended() }()
	db, err := sqlite.OpenReadOnly(t.Context(), filepath.Join(data, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	patient := newLargePatient(t)
	var took []time.Duration
	for n := range *settleStudies {
		uid := patient.send(t, p.DICOM, n)
		a, at := committed(t, db, uid)
		if a.Status != neckfrac.Analysed || a.Slices != settleSlices || a.Revision != 1 {
			t.Fatalf("study %d: %s %s, %d slices, revision %d\n%s", n, a.Status, a.Reason, a.Slices, a.Revision, p.Log())
		}
		took = append(took, at.Sub(a.T0))
		t.Logf("study %2d: %.2f s", n+1, took[n].Seconds())
	}
	slices.Sort(took)
	at := func(share float64) time.Duration { return took[int(share*float64(len(took)-1)+0.5)] }
	t.Logf("last slice received → assessment committed, %d slices of %d×%d, %d studies: p50 %.2f s, p95 %.2f s, worst %.2f s",
		settleSlices, settleSide, settleSide, len(took), at(0.5).Seconds(), at(0.95).Seconds(), took[len(took)-1].Seconds())
	if at(0.95) > settleGoal {
		t.Errorf("p95 is over the goal of %s", settleGoal)
	}
}

// committed waits for a study's first result and says when it could be read.
func committed(t *testing.T, db *sqlite.DB, uid string) (neckfrac.Assessment, time.Time) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*resultTime)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		recs, err := db.Find(ctx, neckfrac.StudyQuery{UID: neckfrac.StudyUID(uid)})
		if err != nil {
			t.Fatal(err)
		}
		if len(recs) == 1 && recs[0].Latest != nil {
			return *recs[0].Latest, time.Now()
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no result in %s", 2*resultTime)
		case <-tick.C:
		}
	}
}

// largePatient is a synthetic patient on the matrix of a real scan: each voxel of the
// generator is taken several times.
type largePatient struct {
	slices []dataset.Dataset
}

func newLargePatient(t *testing.T) largePatient {
	t.Helper()
	p, err := phantom.Generate(phantom.Config{Seed: 7, Mode: phantom.Forced, Coverage: phantom.CoverageFull, Protocol: phantom.ProtocolDiagnostic})
	if err != nil {
		t.Fatal(err)
	}
	d, mm, acquired := p.Volume.Dims, p.Volume.SpacingMM, time.Now()
	var out largePatient
	for k := range settleSlices {
		_, ds := p.Instance(k*d[2]/settleSlices, acquired)
		raw, ok := ds.Bytes(dataset.TagPixelData)
		rows, _ := ds.Int(dataset.TagRows)
		cols, _ := ds.Int(dataset.TagColumns)
		at, placed := ds.Floats(dataset.TagImagePositionPatient)
		if !ok || !placed || len(raw) != int(2*rows*cols) {
			t.Fatal("the phantom's slices are of another form")
		}
		px := make([]byte, 0, 2*settleSide*settleSide)
		for r := range settleSide {
			for c := range settleSide {
				i := (r*int(rows)/settleSide)*int(cols) + c*int(cols)/settleSide
				px = binary.LittleEndian.AppendUint16(px, binary.LittleEndian.Uint16(raw[2*i:]))
			}
		}
		step := mm[2] * float64(d[2]) / settleSlices
		for _, e := range []dataset.Element{
			dataset.NewInt(dataset.TagRows, settleSide), dataset.NewInt(dataset.TagColumns, settleSide),
			dataset.NewFloat(dataset.TagPixelSpacing, mm[1]*float64(rows)/settleSide, mm[0]*float64(cols)/settleSide),
			dataset.NewFloat(dataset.TagImagePositionPatient, at[0], at[1], p.Volume.OriginMM[2]+float64(k)*step),
			dataset.NewInt(dataset.TagInstanceNumber, int64(k+1)),
			dataset.NewBytes(dataset.TagPixelData, dataset.OW, px),
		} {
			ds = ds.Put(e)
		}
		out.slices = append(out.slices, ds)
	}
	return out
}

// send stores the patient's slices as study n over one association.
func (p largePatient) send(t *testing.T, addr string, n int) (study string) {
	t.Helper()
	c, err := dicomnet.Dial(t.Context(), addr, clientConfig("NECKFRAC"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	ts, _ := dataset.LookupTransferSyntax(dataset.ExplicitVRLittleEndian)
	study = fmt.Sprintf("1.2.826.0.1.3680043.2.77.%d", n+1)
	for k, ds := range p.slices {
		uid := fmt.Sprintf("%s.1.%d", study, k+1)
		ds = ds.Put(dataset.NewText(dataset.TagStudyInstanceUID, study)).Put(dataset.NewText(dataset.TagSeriesInstanceUID, study+".1")).
			Put(dataset.NewText(dataset.TagSOPInstanceUID, uid))
		var b bytes.Buffer
		if err := dataset.Encode(&b, ts, ds); err != nil {
			t.Fatal(err)
		}
		rq := dicomnet.StoreRequest{SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: uid, TransferSyntaxUID: dataset.ExplicitVRLittleEndian}
		if status, err := c.Store(t.Context(), rq, &b); err != nil || status != dimse.Success {
			t.Fatalf("slice %d: status %v, %v", k, status, err)
		}
	}
	if err := c.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	return study
}
