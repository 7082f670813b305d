package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"time"

	"github.com/neckfrac/neckfrac"
)

const (
	// commitLease bounds the delay that a killed process adds. One that takes longer, with
	// some thousand slices to read, may be told twice, which is harmless.
	commitLease = time.Minute
	// commitBatch bounds one round.
	commitBatch = 8
)

// CommitReporter tells a peer the answer to its transaction. An error means that the
// peer did not confirm it: it is told again.
type CommitReporter interface {
	Report(ctx context.Context, c neckfrac.Commitment) error
}

// Committer answers storage commitment transactions. What it promises it has read: each
// instance has its row, and every blob of it yields the bytes that came.
type Committer struct {
	Ledger   neckfrac.Commitments
	Blobs    neckfrac.Blobs
	Reporter CommitReporter
	// Supported reports whether a SOP class is accepted; it tells a class that never came
	// from an instance that did not.
	Supported func(class string) bool
	// Keep is how long a committed instance is kept. Required.
	Keep time.Duration
	// Poll is how often the ledger is asked. Defaults to DefaultPoll.
	Poll time.Duration
	Now  func() time.Time
	Log  *slog.Logger
}

// Run answers until ctx ends.
func (c *Committer) Run(ctx context.Context) {
	poll := c.Poll
	if poll <= 0 {
		poll = DefaultPoll
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if _, err := c.Round(ctx); err != nil && ctx.Err() == nil {
			c.Log.Error("commitment round failed", "kind", neckfrac.KindOf(err), "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Round decides and reports what is due, and returns how many reports were confirmed.
func (c *Committer) Round(ctx context.Context) (int, error) {
	due, err := c.Ledger.DueCommitments(ctx, c.Now(), commitBatch, commitLease)
	if err != nil {
		return 0, neckfrac.E("commit: due", err)
	}
	n := 0
	for _, row := range due {
		err := c.answer(ctx, &row)
		if err == nil {
			if err := c.Ledger.CommitmentReported(ctx, row.ID, c.Now()); err != nil {
				return n, neckfrac.E("commit: reported", err)
			}
			n++
			continue
		}
		c.Log.Warn("commitment not reported", "commitment", row.ID, "kind", neckfrac.KindOf(err), "attempt", row.Attempt+1)
		back, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		err = c.Ledger.RetryCommitment(back, row.ID, c.Now().Add(backoff(row.Attempt)), neckfrac.KindOf(err))
		stop()
		if err != nil {
			return n, neckfrac.E("commit: retry", err)
		}
	}
	return n, nil
}

// answer decides a transaction unless that was done, and reports it. The answer is in the
// ledger before the peer hears it: from then on the instances are kept.
func (c *Committer) answer(ctx context.Context, row *neckfrac.Commitment) error {
	if row.Reasons == nil {
		reasons := make([]neckfrac.FailureReason, len(row.Instances))
		failed := 0
		for i, ref := range row.Instances {
			var err error
			if reasons[i], err = c.judge(ctx, ref); err != nil {
				return err
			}
			if reasons[i] != neckfrac.Committed {
				failed++
			}
		}
		if err := c.Ledger.DecideCommitment(ctx, row.ID, reasons, c.Now().Add(c.Keep)); err != nil {
			return neckfrac.E("commit: decide", err)
		}
		row.Reasons = reasons
		c.Log.Info("commitment decided", "commitment", row.ID, "instances", len(reasons), "failed", failed)
	}
	return neckfrac.E("commit", c.Reporter.Report(ctx, *row))
}

// judge says whether we have an instance. An error means that nothing true can be said
// now, such as with the ledger or the store away.
func (c *Committer) judge(ctx context.Context, ref neckfrac.InstanceRef) (neckfrac.FailureReason, error) {
	h, err := c.Ledger.Held(ctx, ref.UID)
	switch {
	case err != nil && neckfrac.KindOf(err) == neckfrac.NotFound && !c.Supported(ref.SOPClassUID):
		return neckfrac.CommitClassNotSupported, nil
	case err != nil && neckfrac.KindOf(err) == neckfrac.NotFound:
		return neckfrac.CommitNoSuchInstance, nil
	case err != nil:
		return 0, neckfrac.E("commit: held", err)
	case h.SOPClassUID != ref.SOPClassUID:
		return neckfrac.CommitClassConflict, nil
	}
	for _, ref := range h.Blobs {
		switch whole, err := c.whole(ctx, ref); {
		case err != nil:
			return 0, neckfrac.E("commit: blob", err)
		case !whole:
			c.Log.Error("stored bytes are missing or altered", "digest", ref.Digest)
			return neckfrac.CommitProcessingFailure, nil
		}
	}
	return neckfrac.Committed, nil
}

// whole reads a blob to its end and compares its digest.
func (c *Committer) whole(ctx context.Context, ref neckfrac.BlobRef) (bool, error) {
	f, err := c.Blobs.Open(ctx, ref)
	switch {
	case err != nil && neckfrac.KindOf(err) == neckfrac.Unavailable:
		return false, err
	case err != nil: // missing, or of another size
		return false, nil
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return err == nil && n == ref.Size && hex.EncodeToString(h.Sum(nil)) == ref.Digest, nil
}
