package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline"
)

// A history is a site's: it receives, refuses, crashes anywhere, stops, copies its ledger
// and puts copies back. Whatever happened, no blob that any of its ledgers acknowledged is
// ever removed by a sweep.
type history struct {
	blobs  shelf
	ledger book
	copies []book
	// acked are the blobs of every Success that any ledger stood for.
	acked map[string]bool
	// left is how many writes happen before the power is cut; below zero none is.
	left int
	n    int
}

var errCut = errors.New("power cut")

// write is one durable change, or the cut before it.
func (h *history) write(do func()) error {
	if h.left == 0 {
		return errCut
	}
	h.left--
	do()
	return nil
}

// shelf is the blob store; its methods below are those of pipeline.MarkedBlobs that a sweep calls.
type shelf struct {
	neckfrac.Blobs // nothing else is called
	h              *history
	held           map[string]bool
	mark           string
}

func (s *shelf) Walk(_ context.Context, fn func(neckfrac.BlobRef) error) error {
	for _, d := range slices.Sorted(maps.Keys(s.held)) {
		if err := fn(neckfrac.BlobRef{Digest: d}); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) Open(context.Context, neckfrac.BlobRef) (*os.File, error) {
	return nil, errors.New("a sweep opens nothing")
}

func (s *shelf) Remove(_ context.Context, r neckfrac.BlobRef) error {
	return s.h.write(func() { delete(s.held, r.Digest) })
}

func (s *shelf) StopMark(context.Context) (string, error) { return s.mark, nil }

func (s *shelf) SetStopMark(_ context.Context, m string) error {
	return s.h.write(func() { s.mark = m })
}

// book is a ledger that can be copied.
type book struct {
	h          *history
	rows, kept map[string]bool
	mark       string
}

func newBook(h *history) book { return book{h, map[string]bool{}, map[string]bool{}, ""} }

func (b book) copy() book {
	b.rows, b.kept = maps.Clone(b.rows), maps.Clone(b.kept)
	return b
}

func (b *book) References(_ context.Context, fn func(neckfrac.BlobRef) error) error {
	return each(b.rows, fn)
}

func (b *book) Kept(_ context.Context, fn func(neckfrac.BlobRef) error) error {
	return each(b.kept, fn)
}

func each(set map[string]bool, fn func(neckfrac.BlobRef) error) error {
	for d := range set {
		if err := fn(neckfrac.BlobRef{Digest: d}); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) KeepBlobs(_ context.Context, refs []neckfrac.BlobRef, _ time.Time) error {
	return b.h.write(func() {
		for _, r := range refs {
			b.kept[r.Digest] = true
		}
	})
}

func (b *book) StopMark(context.Context) (string, error) { return b.mark, nil }

func (b *book) SetStopMark(_ context.Context, m string) error {
	return b.h.write(func() { b.mark = m })
}

// run is one service from its start to its end, cut after h.left writes.
func (h *history) run(r *rand.Rand, log *strings.Builder) {
	swept, err := pipeline.Sweep(context.Background(), &h.blobs, &h.ledger, time.Time{})
	fmt.Fprintf(log, " start(%+v, %v)", swept, err)
	for range r.IntN(6) {
		if err != nil {
			return
		}
		h.n++
		d := fmt.Sprint("blob", h.n)
		if r.IntN(8) == 0 && h.n > 1 { // sent before
			d = fmt.Sprint("blob", 1+r.IntN(h.n-1))
		}
		err = h.write(func() { h.blobs.held[d] = true })
		if err == nil && r.IntN(4) == 0 {
			fmt.Fprintf(log, " refuse(%s)", d)
			continue
		}
		if err == nil {
			err = h.write(func() { h.ledger.rows[d], h.acked[d] = true, true })
			fmt.Fprintf(log, " ack(%s, %v)", d, err)
		}
		if r.IntN(8) == 0 {
			h.copies = append(h.copies, h.ledger.copy())
			fmt.Fprintf(log, " copy%d", len(h.copies)-1)
		}
	}
	if err == nil && r.IntN(3) > 0 {
		h.n++
		err = pipeline.MarkStop(context.Background(), &h.blobs, &h.ledger, fmt.Sprint("stop", h.n))
		fmt.Fprintf(log, " stop(%v)", err)
	}
}

func TestSweepRemovesNothingThatAnyLedgerAcknowledged(t *testing.T) {
	t.Parallel()
	removed := 0
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		h := &history{acked: map[string]bool{}}
		h.blobs, h.ledger = shelf{h: h, held: map[string]bool{}}, newBook(h)
		var log strings.Builder
		for range 12 {
			before := len(h.blobs.held)
			h.left = -1
			if r.IntN(3) == 0 {
				h.left = r.IntN(12)
			}
			h.run(r, &log)
			removed += max(0, before-len(h.blobs.held))
			switch k := r.IntN(10); {
			case k == 0:
				h.copies = append(h.copies, h.ledger.copy())
				fmt.Fprintf(&log, " copy%d", len(h.copies)-1)
			case k < 3 && len(h.copies) > 0:
				i := r.IntN(len(h.copies))
				h.ledger = h.copies[i].copy()
				fmt.Fprintf(&log, " restore%d", i)
			case k == 3:
				h.ledger = newBook(h)
				log.WriteString(" lost")
			}
			for d := range h.acked {
				if !h.blobs.held[d] {
					t.Fatalf("seed %d: %s was acknowledged and is gone:%s", seed, d, &log)
				}
			}
		}
	}
	if removed == 0 {
		t.Error("no sweep removed anything: the property says nothing")
	}
}
