package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
)

func TestDrainDeliversOnceForTheReceiver(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, 0, 2)
	h.settle(t)
	pub := pipelinetest.NewPublisher("fhir")
	w := h.worker(t, answering(suspect()), func(c *pipeline.WorkerConfig) {
		c.Destinations = func(s neckfrac.Study, a neckfrac.Assessment) []neckfrac.Delivery {
			return []neckfrac.Delivery{{ID: "d1", Kind: "fhir", Destination: "ehr", Key: string(a.ID), StudyID: s.ID, AssessmentID: a.ID, Next: h.clock.Now()}}
		}
	})
	if err := w.Round(context.Background()); err != nil {
		t.Fatal(err)
	}
	d := &pipeline.Drain{Outbox: h.ledger, Records: h.ledger, Publishers: []neckfrac.Publisher{pub}, Now: h.clock.Now, Log: h.log}
	pub.Fail("Publish", neckfrac.Unavailable, 2) // the receiver is down twice
	pub.Lose("Publish", neckfrac.Unavailable, 1) // then takes it, but the answer is lost
	delivered := 0
	for range 8 {
		n, err := d.Round(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		delivered += n
		h.clock.Advance(15 * time.Minute)
	}
	if delivered != 1 || len(pub.Received()) != 1 {
		t.Fatalf("delivered %d, receiver keeps %d; want 1 and 1", delivered, len(pub.Received()))
	}
}

func TestDrainKeepsWhatNobodySends(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, 0, 2)
	h.settle(t)
	w := h.worker(t, answering(suspect()), func(c *pipeline.WorkerConfig) {
		c.Destinations = func(s neckfrac.Study, a neckfrac.Assessment) []neckfrac.Delivery {
			return []neckfrac.Delivery{{ID: "d1", Kind: "hl7v2", Key: string(a.ID), StudyID: s.ID, AssessmentID: a.ID, Next: h.clock.Now()}}
		}
	})
	if err := w.Round(context.Background()); err != nil {
		t.Fatal(err)
	}
	d := &pipeline.Drain{Outbox: h.ledger, Records: h.ledger, Now: h.clock.Now, Log: h.log}
	if n, err := d.Round(context.Background()); err != nil || n != 0 {
		t.Fatalf("got %d, %v", n, err)
	}
	h.clock.Advance(time.Hour)
	rows, err := h.ledger.Due(context.Background(), h.clock.Now(), 10, time.Minute)
	if err != nil || len(rows) != 1 || rows[0].Attempt != 1 {
		t.Fatalf("got %+v, %v; want the row with one attempt", rows, err)
	}
}
