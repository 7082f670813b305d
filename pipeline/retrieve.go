package pipeline

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/neckfrac/neckfrac"
)

const (
	// retrieveLease is how long one attempt holds its row. What it has not fetched by then
	// is asked for again, by then without what came.
	retrieveLease = 5 * time.Minute
	// retrieveTime ends an attempt while the lease still lets its outcome be written.
	retrieveTime = retrieveLease - 15*time.Second
	// retrieveLoops is how many sources are asked at one time, so that one that hangs does
	// not keep the others waiting.
	retrieveLoops = 2
)

// DefaultRetrieveAttempts without any new instance are given up. They are spread by backoff over about 40 minutes: an archive that is
// restarted is back by then, and a person knows of one that is not.
const DefaultRetrieveAttempts = 12

// Wanted is what an Archive is asked for.
type Wanted struct {
	Study neckfrac.StudyUID
	// Selections are asked for one after the other.
	Selections []Selection
	// SOPClasses are those of the instances, for sources that negotiate them.
	SOPClasses []string
}

// Fetched is what came of it beside the instances themselves.
type Fetched struct {
	// Refused are instances that came and that our receiver did not take, with the kind
	// of its refusal; nil where nobody can know, as with C-MOVE.
	Refused map[neckfrac.InstanceUID]neckfrac.Kind
	// Failed are instances that the source itself said it could not send, as far as it
	// tells: at most neckfrac.MaxAnnounced.
	Failed []neckfrac.InstanceUID
}

// Archive is one configured source, whichever way it is asked.
type Archive interface {
	// Fetch asks for instances and returns when the source has sent all that it will.
	// Every instance goes through the Receiver; what is held after an error stays.
	Fetch(ctx context.Context, w Wanted) (Fetched, error)
}

// Retriever fetches what sources have announced.
type Retriever struct {
	Ledger neckfrac.Retrievals
	// Archives are the configured sources: the only places that are ever asked.
	Archives map[neckfrac.AETitle]Archive
	// Attempts of one retrieval. Defaults to DefaultRetrieveAttempts.
	Attempts int
	// Poll is how often the ledger is asked. Defaults to DefaultPoll.
	Poll time.Duration
	Now  func() time.Time
	Log  *slog.Logger
}

// Run fetches until ctx ends.
func (r *Retriever) Run(ctx context.Context) {
	var loops sync.WaitGroup
	for range retrieveLoops {
		loops.Go(func() { r.loop(ctx) })
	}
	loops.Wait()
}

func (r *Retriever) loop(ctx context.Context) {
	poll := r.Poll
	if poll <= 0 {
		poll = DefaultPoll
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		n, err := r.Round(ctx)
		if err != nil && ctx.Err() == nil {
			r.Log.Error("retrieval round failed", "kind", neckfrac.KindOf(err), "err", err)
		}
		if n > 0 && err == nil && ctx.Err() == nil {
			continue // there may be more
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Round makes one attempt at the retrieval that is due longest, and returns how many were
// due: 0 or 1.
func (r *Retriever) Round(ctx context.Context) (int, error) {
	due, err := r.Ledger.DueRetrievals(ctx, r.Now(), 1, retrieveLease)
	if err != nil {
		return 0, neckfrac.E("retrieve: due", err)
	}
	for _, row := range due {
		if err := r.attempt(ctx, row); err != nil {
			return 0, neckfrac.E("retrieve", err)
		}
	}
	return len(due), nil
}

// attempt fetches what is missing of one row and writes what came of it.
func (r *Retriever) attempt(ctx context.Context, row neckfrac.Retrieval) error {
	missing, err := r.Ledger.MissingInstances(ctx, row.ID)
	if err != nil {
		return err
	}
	if len(missing) == 0 {
		return r.end(ctx, row, neckfrac.RetrievalEnd{State: neckfrac.RetrievalDone})
	}
	archive, ok := r.Archives[row.Source]
	if !ok { // it was configured when the notification came
		return r.giveUp(ctx, row, missing, nil, neckfrac.Unauthorized)
	}
	fetch, cancel := context.WithTimeout(ctx, retrieveTime)
	fetched, ferr := archive.Fetch(fetch, want(row, missing))
	cancel()
	stopped := ctx.Err() != nil
	// The outcome is written also when the service stops.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), retrieveLease-retrieveTime)
	defer cancel()
	left, err := r.Ledger.MissingInstances(ctx, row.ID)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		return r.end(ctx, row, neckfrac.RetrievalEnd{State: neckfrac.RetrievalDone})
	}
	if stopped { // our doing, which says nothing of the source
		return r.Ledger.RetryRetrieval(ctx, row.ID, row.Attempt, r.Now(), row.Reason)
	}
	kind, final := verdict(left, fetched, ferr)
	attempts := r.Attempts
	if attempts <= 0 {
		attempts = DefaultRetrieveAttempts
	}
	stuck := len(left) == len(missing)
	if final || stuck && row.Attempt+1 >= attempts {
		return r.giveUp(ctx, row, left, fetched.Failed, kind)
	}
	// An attempt that brought something was cut by its time or its link: the rest is asked
	// for at once. It counts no further than to ask wider: however slow the link is, the
	// attempts that bring nothing have their whole time afterwards.
	next, attempt := r.Now(), min(row.Attempt+1, attemptByStudy)
	if stuck {
		next, attempt = next.Add(backoff(row.Attempt)), row.Attempt+1
	}
	r.Log.Warn("retrieval is not complete", "retrieval", row.ID, "source", row.Source, "missing", len(left), "failed", len(fetched.Failed), "kind", kind, "attempt", attempt, "err", ferr)
	return r.Ledger.RetryRetrieval(ctx, row.ID, attempt, next, kind)
}

// verdict says why instances are still missing, and whether asking again is of no use.
func verdict(left []neckfrac.AnnouncedInstance, f Fetched, err error) (_ neckfrac.Kind, final bool) {
	refused, kind := 0, neckfrac.NotFound // announced, and not sent
	for _, in := range left {
		switch k, ok := f.Refused[in.UID]; {
		case !ok:
		case k == neckfrac.Unavailable, k == neckfrac.Internal:
			kind = k // ours, and it may pass
		default:
			refused, kind = refused+1, k
		}
	}
	if refused == len(left) {
		return kind, true // it would come again as it came
	}
	if err == nil {
		return kind, false
	}
	kind = neckfrac.KindOf(err)
	return kind, kind == neckfrac.Unsupported
}

func (r *Retriever) giveUp(ctx context.Context, row neckfrac.Retrieval, missing []neckfrac.AnnouncedInstance, failed []neckfrac.InstanceUID, kind neckfrac.Kind) error {
	state := neckfrac.RetrievalPartial
	if len(missing) == len(row.Instances) {
		state = neckfrac.RetrievalFailed
	}
	return r.end(ctx, row, neckfrac.RetrievalEnd{State: state, Reason: kind, Missing: len(missing), Failed: named(missing, failed)})
}

// named are the missing instances of a source's list, once each.
func named(missing []neckfrac.AnnouncedInstance, failed []neckfrac.InstanceUID) (out []neckfrac.InstanceUID) {
	listed := map[neckfrac.InstanceUID]bool{}
	for _, uid := range failed {
		listed[uid] = true
	}
	for _, in := range missing {
		if listed[in.UID] {
			out = append(out, in.UID)
			delete(listed, in.UID)
		}
	}
	return out
}

func (r *Retriever) end(ctx context.Context, row neckfrac.Retrieval, end neckfrac.RetrievalEnd) error {
	end.At = r.Now()
	if err := r.Ledger.EndRetrieval(ctx, row.ID, end); err != nil {
		return err
	}
	if end.State == neckfrac.RetrievalDone {
		r.Log.Info("retrieval done", "retrieval", row.ID, "source", row.Source, "instances", len(row.Instances))
		return nil
	}
	r.Log.Error("retrieval given up", "retrieval", row.ID, "source", row.Source, "state", string(end.State), "missing", end.Missing, "failed", len(end.Failed), "kind", end.Reason)
	return nil
}
