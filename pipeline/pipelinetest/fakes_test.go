package pipelinetest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/blob/blobtest"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
	"github.com/neckfrac/neckfrac/pipeline/queue/queuetest"
)

var (
	_ neckfrac.Predictor = (*pipelinetest.Predictor)(nil)
	_ neckfrac.Publisher = (*pipelinetest.Publisher)(nil)
)

func TestBlobs(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(*testing.T) neckfrac.Blobs { return pipelinetest.NewBlobs() })
}

func TestQueue(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, func(*testing.T) neckfrac.Queue { return pipelinetest.NewQueue() })
}

func TestFaults(t *testing.T) {
	t.Parallel()
	p := pipelinetest.NewPublisher("fhir")
	publish := func() error {
		return p.Publish(t.Context(), neckfrac.Delivery{Key: "k"}, neckfrac.Study{}, neckfrac.Assessment{})
	}
	p.Fail("Publish", neckfrac.Unavailable, 2)
	p.Lose("Publish", neckfrac.Internal, 1)
	hooks := 0
	p.On("Publish", func() { hooks++ })
	for i, want := range []neckfrac.Kind{neckfrac.Unavailable, neckfrac.Unavailable, neckfrac.Internal} {
		if err := publish(); err == nil || neckfrac.KindOf(err) != want {
			t.Fatalf("call %d: %v, want kind %v", i, err, want)
		}
	}
	if err := publish(); err != nil {
		t.Fatalf("call after the faults: %v", err)
	}
	if sent, got := len(p.Sent()), len(p.Received()); sent != 2 || got != 1 || hooks != 4 || p.Calls("Publish") != 4 {
		t.Fatalf("sent %d, received %d, hooks %d, calls %d; want 2, 1, 4, 4", sent, got, hooks, p.Calls("Publish"))
	}
	defer func() {
		if recover() == nil {
			t.Fatal("a fault in an unknown method was accepted")
		}
	}()
	p.Fail("Publsh", neckfrac.Internal, 1)
}

func TestPredictor(t *testing.T) {
	t.Parallel()
	p := pipelinetest.NewPredictor()
	p.Level(neckfrac.LevelPrediction{Vertebra: neckfrac.C5, Coverage: neckfrac.CoverageFull, Probability: 0.9, KeyIndex: 1})
	got, err := p.Predict(t.Context(), &neckfrac.Volume{Source: []neckfrac.InstanceUID{"1.1", "1.2"}})
	if err != nil {
		t.Fatalf("predict: %v", err)
	}
	if l := got.Levels[neckfrac.C5.Index()]; l.KeySlice != "1.2" || got.Patient != 0.9 || got.Levels[0].Coverage != neckfrac.CoverageFull {
		t.Fatalf("prediction %+v, want C5 at 0.9 with its slice", got)
	}
	p.Refuse(neckfrac.OutOfDomain)
	_, err = p.Predict(t.Context(), &neckfrac.Volume{})
	if r, ok := neckfrac.AsRefused(err); !ok || r.Reason != neckfrac.OutOfDomain {
		t.Fatalf("predict: %v, want a refusal", err)
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	c := pipelinetest.NewClock(start)
	if got := <-c.After(0); !got.Equal(start) {
		t.Fatalf("after nothing: %v, want %v", got, start)
	}
	woke := make(chan time.Time)
	go func() { woke <- <-c.After(time.Minute) }()
	if err := c.Waiting(t.Context(), 1); err != nil {
		t.Fatalf("waiting: %v", err)
	}
	c.Advance(time.Minute - 1)
	select {
	case <-woke:
		t.Fatal("woke too early")
	default:
	}
	c.Advance(1)
	if got := <-woke; !got.Equal(start.Add(time.Minute)) || !c.Now().Equal(got) {
		t.Fatalf("woke at %v, want %v", got, start.Add(time.Minute))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Waiting(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Fatalf("waiting: %v, want context.Canceled", err)
	}
}

func ExampleFaults_Fail() {
	blobs := pipelinetest.NewBlobs()
	blobs.Fail("Put", neckfrac.Unavailable, 1)
	for range 2 {
		ref, err := blobs.Put(context.Background(), strings.NewReader("bytes"), 1<<20)
		fmt.Println(ref.Size, neckfrac.KindOf(err) == neckfrac.Unavailable)
	}
	// Output:
	// 0 true
	// 5 false
}
