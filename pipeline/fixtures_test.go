package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
)

var start = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// house is a pipeline on fakes, without any goroutine of its own.
type house struct {
	clock    *pipelinetest.Clock
	ledger   *pipelinetest.Ledger
	blobs    *pipelinetest.Blobs
	queue    *pipelinetest.Queue
	receiver *pipeline.Receiver
	settler  *pipeline.Settler
	log      *slog.Logger
	logged   *bytes.Buffer
	ids      atomic.Int64
}

func newHouse(t *testing.T) *house {
	t.Helper()
	clock := pipelinetest.NewClock(start)
	h := &house{clock: clock, ledger: pipelinetest.NewLedger(clock), blobs: pipelinetest.NewBlobs(),
		queue: pipelinetest.NewQueue(), logged: &bytes.Buffer{}}
	h.log = slog.New(slog.NewTextHandler(h.logged, nil))
	h.receiver = &pipeline.Receiver{Blobs: h.blobs, Intake: h.ledger}
	h.settler = &pipeline.Settler{Intake: h.ledger, Queue: h.queue, Log: h.log, Now: clock.Now}
	return h
}

// receive takes in n instances of a study of one CT series.
func (h *house) receive(t *testing.T, study, n int) neckfrac.StudyID {
	t.Helper()
	var id neckfrac.StudyID
	for i := range n {
		r, err := h.receiver.Receive(context.Background(), arrivalOf(study, i, h.clock.Now()), bytes.NewReader(fmt.Appendf(nil, "study %d slice %d", study, i)))
		if err != nil {
			t.Fatalf("receive slice %d: %v", i, err)
		}
		id = r.StudyID
	}
	return id
}

func arrivalOf(study, slice int, at time.Time) neckfrac.Arrival {
	uid := fmt.Sprintf("1.2.3.%d", study+1)
	return neckfrac.Arrival{
		Study: neckfrac.Study{UID: neckfrac.StudyUID(uid), LastReceived: at,
			Patient: neckfrac.Patient{Key: neckfrac.PatientKey{Issuer: neckfrac.PhantomIssuer, ID: fmt.Sprintf("NF-TEST-%d", study)}, Name: "CANARY^NAME", AgeYears: 40}},
		Series:   neckfrac.Series{UID: neckfrac.SeriesUID(uid + ".1"), Modality: "CT"},
		Instance: neckfrac.Instance{UID: neckfrac.InstanceUID(fmt.Sprintf("%s.1.%d", uid, slice+1)), Number: slice + 1, Received: at},
	}
}

// settle lets the study's quiet time pass and settles it.
func (h *house) settle(t *testing.T) {
	t.Helper()
	h.clock.Advance(time.Minute)
	if _, err := h.settler.Round(context.Background(), 20*time.Second); err != nil {
		t.Fatalf("settle: %v", err)
	}
}

// worker makes a worker with a runner; nil is no pack.
func (h *house) worker(t *testing.T, r pipeline.Runner, change ...func(*pipeline.WorkerConfig)) *pipeline.Worker {
	t.Helper()
	p := pipelinetest.NewPredictor()
	cfg := pipeline.WorkerConfig{
		Name: "w1", Jobs: h.ledger, Records: h.ledger, Blobs: h.blobs, Queue: h.queue, Runner: r,
		Pack: p.Pack(), Decision: p.Decision(), Site: neckfrac.Reading, ScratchDir: t.TempDir(),
		Now: h.clock.Now, Log: h.log, NewID: func() string { return fmt.Sprintf("id%d", h.ids.Add(1)) },
	}
	if r == nil {
		cfg.Pack, cfg.Decision = neckfrac.PackID{}, neckfrac.Decision{}
	}
	for _, c := range change {
		c(&cfg)
	}
	w, err := pipeline.NewWorker(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// runnerFunc is a Runner in this process.
type runnerFunc func(context.Context, pipeline.RunnerJob, []*os.File) (pipeline.RunnerAnswer, error)

func (f runnerFunc) Run(ctx context.Context, j pipeline.RunnerJob, files []*os.File) (pipeline.RunnerAnswer, error) {
	return f(ctx, j, files)
}

// answering returns a runner that has the fake predictor's words for any files, and
// one artefact.
func answering(p *pipelinetest.Predictor) pipeline.Runner {
	return runnerFunc(func(ctx context.Context, j pipeline.RunnerJob, files []*os.File) (pipeline.RunnerAnswer, error) {
		for _, f := range files {
			if _, err := io.Copy(io.Discard, f); err != nil {
				return pipeline.RunnerAnswer{}, err
			}
		}
		pred, err := p.Predict(ctx, &neckfrac.Volume{})
		if err != nil {
			return pipeline.RunnerAnswer{}, err
		}
		pred.Mask = nil
		if err := os.WriteFile(j.Dir+"/c5.png", []byte("png"), 0o600); err != nil {
			return pipeline.RunnerAnswer{}, err
		}
		return pipeline.RunnerAnswer{Prediction: &pred, Series: j.Inputs[0].Series, Slices: len(files),
			Artefacts: []pipeline.RunnerArtefact{{Artefact: neckfrac.Artefact{Kind: neckfrac.ArtefactKeyImage, Vertebra: neckfrac.C5}, File: "c5.png"}}}, nil
	})
}

// suspect makes the fake predictor flag C5.
func suspect() *pipelinetest.Predictor {
	p := pipelinetest.NewPredictor()
	p.Level(neckfrac.LevelPrediction{Vertebra: neckfrac.C5, Coverage: neckfrac.CoverageFull, Probability: 0.9})
	return p
}

func (h *house) latest(t *testing.T, id neckfrac.StudyID) neckfrac.Record {
	t.Helper()
	rec, err := h.ledger.Record(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}
