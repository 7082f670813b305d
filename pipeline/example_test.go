package pipeline_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
)

// The whole way on fakes: an instance is received, its study settles, a worker has a
// runner look at it, and the ledger holds the result.
func Example_receiveAndAssess() {
	ctx := context.Background()
	clock := pipelinetest.NewClock(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC))
	ledger, blobs, queue := pipelinetest.NewLedger(clock), pipelinetest.NewBlobs(), pipelinetest.NewQueue()
	log := slog.New(slog.DiscardHandler)

	receiver := &pipeline.Receiver{Blobs: blobs, Intake: ledger}
	receipt, err := receiver.Receive(ctx, arrivalOf(0, 0, clock.Now()), strings.NewReader("bytes of a slice"))
	if err != nil {
		fmt.Println(err)
		return
	}
	clock.Advance(time.Minute)
	settler := &pipeline.Settler{Intake: ledger, Queue: queue, Log: log, Now: clock.Now}
	if _, err := settler.Round(ctx, 20*time.Second); err != nil {
		fmt.Println(err)
		return
	}
	p := suspect()
	scratch, _ := os.MkdirTemp("", "example-")
	defer os.RemoveAll(scratch)
	worker, err := pipeline.NewWorker(pipeline.WorkerConfig{
		Name: "w", Jobs: ledger, Records: ledger, Blobs: blobs, Queue: queue, Runner: answering(p), Pack: p.Pack(), Decision: p.Decision(),
		Site: neckfrac.Reading, ScratchDir: scratch, Now: clock.Now, NewID: func() string { return "id" }, Log: log,
	})
	if err == nil {
		err = worker.Round(ctx)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	rec, _ := ledger.Record(ctx, receipt.StudyID)
	fmt.Println(neckfrac.FlagSentence(*rec.Latest, rec.Latest.Profile, neckfrac.ReadStatus{}.Sentence(time.UTC)))
	// Output: AI flag: possible fracture, C5. Read status not known to NeckFrac.
}
