package pipeline_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
)

func TestStudyBecomesAResultOrAReason(t *testing.T) {
	t.Parallel()
	refuse := func(r neckfrac.Reason) pipeline.Runner {
		return runnerFunc(func(context.Context, pipeline.RunnerJob, []*os.File) (pipeline.RunnerAnswer, error) {
			return pipeline.RunnerAnswer{Refused: &neckfrac.RefusedError{Reason: r}}, nil
		})
	}
	other := runnerFunc(func(context.Context, pipeline.RunnerJob, []*os.File) (pipeline.RunnerAnswer, error) {
		p, _ := suspect().Predict(context.Background(), &neckfrac.Volume{})
		p.Pack.Digest = "another"
		return pipeline.RunnerAnswer{Prediction: &p}, nil
	})
	tests := []struct {
		name   string
		runner pipeline.Runner
		change func(*pipeline.WorkerConfig)
		status neckfrac.Status
		reason neckfrac.Reason
	}{
		{"flagged", answering(suspect()), nil, neckfrac.Analysed, ""},
		{"no pack", nil, nil, neckfrac.NotAnalysed, neckfrac.NoPack},
		{"damaged pack", nil, func(c *pipeline.WorkerConfig) { c.Fault = neckfrac.PackFault }, neckfrac.NotAnalysed, neckfrac.PackFault},
		{"gap", refuse(neckfrac.Gap), nil, neckfrac.NotAnalysed, neckfrac.Gap},
		{"runner loaded another pack", other, nil, neckfrac.NotAnalysed, neckfrac.PackFault},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			id := h.receive(t, 0, 3)
			h.settle(t)
			change := tc.change
			if change == nil {
				change = func(*pipeline.WorkerConfig) {}
			}
			if err := h.worker(t, tc.runner, change).Round(context.Background()); err != nil {
				t.Fatal(err)
			}
			rec := h.latest(t, id)
			if rec.Latest == nil || rec.Latest.Status != tc.status || rec.Latest.Reason != tc.reason {
				t.Fatalf("got %+v, want %s %s", rec.Latest, tc.status, tc.reason)
			}
			if rec.Study.State != neckfrac.StudyAssessed || rec.Latest.Revision != 1 {
				t.Errorf("state %s revision %d", rec.Study.State, rec.Latest.Revision)
			}
			if rec.Latest.T0 != start {
				t.Errorf("T0 %v, want the receipt of the last slice %v", rec.Latest.T0, start)
			}
			if strings.Contains(h.logged.String(), "CANARY") || strings.Contains(h.logged.String(), "NF-TEST") {
				t.Errorf("PHI in the log: %s", h.logged)
			}
		})
	}
}

func TestArtefactsAreKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.receive(t, 0, 3)
	h.settle(t)
	if err := h.worker(t, answering(suspect())).Round(context.Background()); err != nil {
		t.Fatal(err)
	}
	arts := h.latest(t, id).Latest.Artefacts
	if len(arts) != 1 || arts[0].ID == "" {
		t.Fatalf("got %+v, want one artefact with an id", arts)
	}
	f, err := h.blobs.Open(context.Background(), arts[0].Blob)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
}

func TestArtefactPathsStayBelowTheRunnersFolder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.receive(t, 0, 1)
	h.settle(t)
	secret := t.TempDir() + "/secret"
	if err := os.WriteFile(secret, []byte("s"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, _ := suspect().Predict(context.Background(), &neckfrac.Volume{})
	w := h.worker(t, runnerFunc(func(_ context.Context, j pipeline.RunnerJob, _ []*os.File) (pipeline.RunnerAnswer, error) {
		os.Symlink(secret, j.Dir+"/link")
		return pipeline.RunnerAnswer{Prediction: &p, Artefacts: []pipeline.RunnerArtefact{{File: "link"}}}, nil
	}))
	for range 3 {
		if err := w.Round(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if rec := h.latest(t, id); rec.Latest != nil && len(rec.Latest.Artefacts) > 0 {
		t.Fatalf("a file outside the folder was taken: %+v", rec.Latest.Artefacts)
	}
}

func TestPoisonStudyEndsAndOthersGoOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	poison := h.receive(t, 0, 1)
	h.settle(t)
	honest := h.receive(t, 1, 2)
	h.settle(t)
	good := answering(suspect())
	w := h.worker(t, runnerFunc(func(ctx context.Context, j pipeline.RunnerJob, f []*os.File) (pipeline.RunnerAnswer, error) {
		if len(f) == 1 {
			return pipeline.RunnerAnswer{}, neckfrac.Errorf(neckfrac.Unavailable, "runner", "signal: killed")
		}
		return good.Run(ctx, j, f)
	}))
	for range 6 {
		if err := w.Round(context.Background()); err != nil {
			t.Fatal(err)
		}
		h.clock.Advance(time.Minute)
	}
	if a := h.latest(t, poison).Latest; a == nil || a.Reason != neckfrac.WorkerFailed {
		t.Errorf("poison study: got %+v, want worker-failed", a)
	}
	if a := h.latest(t, honest).Latest; a == nil || a.Status != neckfrac.Analysed {
		t.Errorf("honest study: got %+v, want analysed", a)
	}
}

func TestZombieCantPublish(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.receive(t, 0, 2)
	h.settle(t)
	good := answering(suspect())
	second := h.worker(t, answering(pipelinetest.NewPredictor()), func(c *pipeline.WorkerConfig) { c.Name = "w2" })
	zombie := h.worker(t, runnerFunc(func(ctx context.Context, j pipeline.RunnerJob, f []*os.File) (pipeline.RunnerAnswer, error) {
		// The machine stands still past the lease, and another worker does the job.
		h.clock.Advance(time.Hour)
		if err := second.Round(ctx); err != nil {
			t.Error(err)
		}
		return good.Run(ctx, j, f)
	}))
	if err := zombie.Round(context.Background()); err != nil {
		t.Fatal(err)
	}
	revs, err := h.ledger.Revisions(context.Background(), id)
	if err != nil || len(revs) != 1 || revs[0].Presence == neckfrac.Suspected {
		t.Fatalf("got %d revisions (%+v), %v; want the second worker's alone", len(revs), revs, err)
	}
}

func TestLateSlicesMakeARevision(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.receive(t, 0, 2)
	h.settle(t)
	w := h.worker(t, answering(suspect()))
	if err := w.Round(context.Background()); err != nil {
		t.Fatal(err)
	}
	h.receive(t, 0, 4)
	h.settle(t)
	if err := w.Round(context.Background()); err != nil {
		t.Fatal(err)
	}
	revs, _ := h.ledger.Revisions(context.Background(), id)
	if len(revs) != 2 || revs[1].Revision != 2 || revs[1].Slices != 4 {
		t.Fatalf("got %+v, want a second revision on 4 slices", revs)
	}
}

func TestWorkerRunsWithoutHints(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.receive(t, 0, 2)
	h.queue.Fail("Announce", neckfrac.Unavailable, 1)
	h.settle(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	w := h.worker(t, answering(suspect()))
	go func() { defer close(done); w.Run(ctx) }()
	finished := make(chan struct{}, 1)
	h.ledger.On("Finish", func() { finished <- struct{}{} })
	select {
	case <-finished:
	case <-time.After(30 * time.Second):
		t.Error("no result without a hint")
	}
	cancel()
	<-done
	_ = id
}

func TestConflictingIdentityIsAReason(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.receive(t, 0, 2)
	a := arrivalOf(0, 2, h.clock.Now())
	a.Study.Patient.Key.ID = "NF-TEST-other"
	_, err := h.receiver.Receive(context.Background(), a, strings.NewReader("y"))
	if neckfrac.KindOf(err) != neckfrac.Conflict {
		t.Fatalf("got %v, want conflict", err)
	}
	h.settle(t)
	if err := h.worker(t, answering(suspect())).Round(context.Background()); err != nil {
		t.Fatal(err)
	}
	if a := h.latest(t, id).Latest; a == nil || a.Reason != neckfrac.IdentityConflict {
		t.Fatalf("got %+v, want identity-conflict", a)
	}
}

func TestFullDiskDoesNotEndAStudy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.receive(t, 0, 2)
	h.settle(t)
	w := h.worker(t, answering(suspect()))
	h.blobs.Fail("Put", neckfrac.Unavailable, 5) // artefacts can't be kept
	for range 5 {
		if err := w.Round(context.Background()); err != nil {
			t.Fatal(err)
		}
		if a := h.latest(t, id).Latest; a != nil {
			t.Fatalf("a full disk made a result: %+v", a)
		}
	}
	if err := w.Round(context.Background()); err != nil {
		t.Fatal(err)
	}
	if a := h.latest(t, id).Latest; a == nil || a.Status != neckfrac.Analysed {
		t.Fatalf("with room again: got %+v, want analysed", a)
	}
}

func TestEmptyAnswerCountsAsACrash(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.receive(t, 0, 1)
	h.settle(t)
	w := h.worker(t, runnerFunc(func(context.Context, pipeline.RunnerJob, []*os.File) (pipeline.RunnerAnswer, error) {
		return pipeline.RunnerAnswer{}, nil // neither a prediction nor a refusal
	}))
	for range 4 {
		if err := w.Round(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if a := h.latest(t, id).Latest; a == nil || a.Reason != neckfrac.WorkerFailed {
		t.Fatalf("an empty answer: got %+v, want worker-failed", a)
	}
}
