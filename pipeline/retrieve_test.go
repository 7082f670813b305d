package pipeline_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline"
)

// archive has instances of one series and sends what it is asked for.
type archive struct {
	h     *house
	asked []pipeline.Wanted
	// has lists the slices of the study that it can send.
	has []int
	// share is how many it sends before its time is up; 0 is no limit.
	share int
	// refuse has the receiver not take a slice.
	refuse map[int]neckfrac.Kind
	err    error
	// failed is what it names as failed.
	failed []neckfrac.InstanceUID
	// during is called while it is asked.
	during func()
}

func (a *archive) Fetch(ctx context.Context, w pipeline.Wanted) (pipeline.Fetched, error) {
	a.asked = append(a.asked, w)
	if a.during != nil {
		a.during()
	}
	f := pipeline.Fetched{Refused: map[neckfrac.InstanceUID]neckfrac.Kind{}, Failed: a.failed}
	sent := 0
	for _, k := range a.has {
		arrival := arrivalOf(0, k, a.h.clock.Now())
		arrival.Instance.SOPClassUID = ctClass
		uid := arrival.Instance.UID
		if !slices.ContainsFunc(w.Selections, func(s pipeline.Selection) bool {
			return len(s.Instances) == 0 || slices.Contains(s.Instances, uid)
		}) {
			continue
		}
		if kind, ok := a.refuse[k]; ok {
			f.Refused[uid] = kind
			continue
		}
		if _, err := a.h.receiver.Receive(ctx, arrival, strings.NewReader(string(uid))); err != nil {
			return f, err
		}
		if sent++; sent == a.share {
			return f, neckfrac.Errorf(neckfrac.Unavailable, "get", "out of time")
		}
	}
	return f, a.err
}

// announced is a house whose ledger has a retrieval of n slices.
func announced(t *testing.T, n int) (*house, *archive, *pipeline.Retriever) {
	t.Helper()
	h := newHouse(t)
	a := &archive{h: h, refuse: map[int]neckfrac.Kind{}}
	r := neckfrac.Retrieval{Notification: "1.2.8.1", Source: "PACS", From: "PACS", Study: arrivalOf(0, 0, start).Study.UID, Expected: n, Received: h.clock.Now()}
	for k := range n {
		in := arrivalOf(0, k, start)
		r.Instances = append(r.Instances, neckfrac.AnnouncedInstance{Series: in.Series.UID, InstanceRef: ctRef(k)})
		a.has = append(a.has, k)
	}
	if err := h.ledger.RequestRetrievals(t.Context(), []neckfrac.Retrieval{r}); err != nil {
		t.Fatal(err)
	}
	return h, a, &pipeline.Retriever{Ledger: h.ledger, Archives: map[neckfrac.AETitle]pipeline.Archive{"PACS": a}, Now: h.clock.Now, Log: h.log, Attempts: 6}
}

// attempt runs one round and returns the row.
func attempt(t *testing.T, h *house, r *pipeline.Retriever) neckfrac.Retrieval {
	t.Helper()
	if _, err := r.Round(t.Context()); err != nil {
		t.Fatalf("round: %v", err)
	}
	rows, err := h.ledger.StudyRetrievals(t.Context(), arrivalOf(0, 0, start).Study.UID)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	return rows[0]
}

func TestRetrievalFetchesWholeSeries(t *testing.T) {
	t.Parallel()
	h, a, r := announced(t, 3)
	if row := attempt(t, h, r); row.State != neckfrac.RetrievalDone || row.Expected != 3 {
		t.Fatalf("row %+v", row)
	}
	want := []pipeline.Wanted{{Study: "1.2.3.1", Selections: []pipeline.Selection{{Series: []neckfrac.SeriesUID{"1.2.3.1.1"}}}, SOPClasses: []string{ctClass}}}
	if d := cmp.Diff(want, a.asked); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
	attempt(t, h, r)
	if len(a.asked) != 1 {
		t.Error("a retrieval that is done was asked for again")
	}
}

func TestHeldInstancesAreNotFetchedAgain(t *testing.T) {
	t.Parallel()
	h, a, r := announced(t, 70)
	h.receive(t, 0, 3)
	attempt(t, h, r)
	if len(a.asked) != 1 || len(a.asked[0].Selections) != 2 {
		t.Fatalf("asked %+v", a.asked)
	}
	first, second := a.asked[0].Selections[0].Instances, a.asked[0].Selections[1].Instances
	if len(first) != 64 || len(second) != 3 || first[0] != ctRef(3).UID || second[2] != ctRef(69).UID {
		t.Errorf("%d and %d instances asked", len(first), len(second))
	}
	// All held: the source is not asked at all.
	h, a, r = announced(t, 3)
	h.receive(t, 0, 3)
	if row := attempt(t, h, r); row.State != neckfrac.RetrievalDone || len(a.asked) != 0 {
		t.Errorf("state %s, asked %+v", row.State, a.asked)
	}
}

func TestRetrievalIsRetriedAndAsksWider(t *testing.T) {
	t.Parallel()
	h, a, r := announced(t, 4)
	a.has = []int{0, 1}
	row := attempt(t, h, r)
	if row.State != neckfrac.RetrievalWaiting || row.Attempt != 1 || row.Reason != neckfrac.NotFound || !row.Next.Equal(h.clock.Now()) {
		t.Fatalf("row after progress %+v", row)
	}
	for range 4 {
		before := h.clock.Now()
		row = attempt(t, h, r)
		if !row.Next.After(before) {
			t.Fatalf("no pause without progress: %+v", row)
		}
		attempt(t, h, r) // not due
		h.clock.Advance(row.Next.Sub(before))
	}
	if len(a.asked) != 5 {
		t.Fatalf("%d attempts", len(a.asked))
	}
	var shapes []string
	for _, w := range a.asked {
		switch s := w.Selections[0]; {
		case len(s.Instances) > 0:
			shapes = append(shapes, "instances")
		case len(s.Series) > 0:
			shapes = append(shapes, "series")
		default:
			shapes = append(shapes, "study")
		}
	}
	if got := strings.Join(shapes, " "); got != "series instances series series study" {
		t.Errorf("asked for %s", got)
	}
	if row = attempt(t, h, r); row.State != neckfrac.RetrievalPartial || row.Missing != 2 || row.Reason != neckfrac.NotFound {
		t.Errorf("end %+v", row)
	}
}

// TestSlowSourceIsFollowedToTheEnd: every attempt is cut after two slices, and what came is
// not asked for again.
func TestSlowSourceIsFollowedToTheEnd(t *testing.T) {
	t.Parallel()
	h, a, r := announced(t, 40)
	a.share = 2
	for range 19 {
		if row := attempt(t, h, r); row.State != neckfrac.RetrievalWaiting || !row.Next.Equal(h.clock.Now()) {
			t.Fatalf("row %+v", row)
		}
	}
	if row := attempt(t, h, r); row.State != neckfrac.RetrievalDone {
		t.Fatalf("row %+v", row)
	}
	for i, w := range a.asked[1:] {
		if n := len(w.Selections[0].Instances); n != 40-2*(i+1) {
			t.Errorf("attempt %d asked for %d instances", i+2, n)
		}
	}
}

// TestSlowSourceThatIsRestartedIsNotGivenUp: what came slowly must not have used up the
// attempts that a restart of the source needs.
func TestSlowSourceThatIsRestartedIsNotGivenUp(t *testing.T) {
	t.Parallel()
	h, a, r := announced(t, 40)
	a.share = 2
	for range 10 {
		attempt(t, h, r)
	}
	a.has, a.err = nil, neckfrac.Errorf(neckfrac.Unavailable, "get", "no answer")
	if row := attempt(t, h, r); row.State != neckfrac.RetrievalWaiting || !row.Next.After(h.clock.Now()) {
		t.Fatalf("row after the first silence %+v", row)
	}
	a.err, a.share = nil, 0
	for k := range 40 {
		a.has = append(a.has, k)
	}
	h.clock.Advance(time.Hour)
	if row := attempt(t, h, r); row.State != neckfrac.RetrievalDone {
		t.Errorf("row %+v", row)
	}
}

// TestStopCountsNoAttempt: a service that is stopped while it fetches, however often, blames
// the source for nothing and asks again as soon as it is back.
func TestStopCountsNoAttempt(t *testing.T) {
	t.Parallel()
	h, a, r := announced(t, 3)
	has := a.has
	a.has, a.err = nil, neckfrac.Errorf(neckfrac.Unavailable, "get", "stopped")
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		a.during = cancel
		if _, err := r.Round(ctx); err != nil {
			t.Fatalf("round: %v", err)
		}
	}
	a.has, a.err, a.during = has, nil, nil
	if row := attempt(t, h, r); row.State != neckfrac.RetrievalDone || row.Attempt != 0 || len(a.asked) != 21 {
		t.Errorf("asked %d times, row %+v", len(a.asked), row)
	}
}

func TestRetrievalEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		change  func(*archive, *pipeline.Retriever)
		state   neckfrac.RetrievalState
		reason  neckfrac.Kind
		missing int
		asked   int
	}{
		{"source has no such service", func(a *archive, _ *pipeline.Retriever) {
			a.has, a.err = nil, neckfrac.Errorf(neckfrac.Unsupported, "get", "not accepted")
		}, neckfrac.RetrievalFailed, neckfrac.Unsupported, 3, 1},
		{"source does not like the request", func(a *archive, _ *pipeline.Retriever) {
			a.has, a.err = nil, neckfrac.Errorf(neckfrac.Invalid, "get", "identifier")
		}, neckfrac.RetrievalFailed, neckfrac.Invalid, 3, 6},
		{"source is away", func(a *archive, _ *pipeline.Retriever) {
			a.has, a.err = nil, neckfrac.Errorf(neckfrac.Unavailable, "get", "no answer")
		}, neckfrac.RetrievalFailed, neckfrac.Unavailable, 3, 6},
		{"all came, then the association broke", func(a *archive, _ *pipeline.Retriever) {
			a.err = neckfrac.Errorf(neckfrac.Unavailable, "get", "lost")
		}, neckfrac.RetrievalDone, 0, 0, 1},
		{"another patient's slice", func(a *archive, _ *pipeline.Retriever) {
			a.refuse[1] = neckfrac.Conflict
		}, neckfrac.RetrievalPartial, neckfrac.Conflict, 1, 1},
		{"our disk is full", func(a *archive, _ *pipeline.Retriever) {
			a.refuse[1] = neckfrac.Unavailable
		}, neckfrac.RetrievalPartial, neckfrac.Unavailable, 1, 6},
		{"source is not configured any more", func(_ *archive, r *pipeline.Retriever) {
			r.Archives = nil
		}, neckfrac.RetrievalFailed, neckfrac.Unauthorized, 3, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, a, r := announced(t, 3)
			c.change(a, r)
			row := attempt(t, h, r)
			for range 20 {
				h.clock.Advance(time.Hour)
				row = attempt(t, h, r)
			}
			if row.State != c.state || row.Reason != c.reason || row.Missing != c.missing || len(a.asked) != c.asked {
				t.Errorf("%s %s, %d missing after asking %d times; want %s %s, %d after %d",
					row.State, row.Reason, row.Missing, len(a.asked), c.state, c.reason, c.missing, c.asked)
			}
		})
	}
}

// TestRetrievalSaysWhatTheSourceCouldNotSend: of what did not come, the source named one;
// what it named although it came, or was never announced, is not told.
func TestRetrievalSaysWhatTheSourceCouldNotSend(t *testing.T) {
	t.Parallel()
	h, a, r := announced(t, 4)
	a.has = []int{0, 1}
	a.failed = []neckfrac.InstanceUID{ctRef(3).UID, ctRef(3).UID, ctRef(0).UID, "1.2.3.4.5.6.7"}
	row := attempt(t, h, r)
	for range 20 {
		h.clock.Advance(time.Hour)
		row = attempt(t, h, r)
	}
	if row.State != neckfrac.RetrievalPartial || row.Missing != 2 || row.Reason != neckfrac.NotFound || !slices.Equal(row.Failed, []neckfrac.InstanceUID{ctRef(3).UID}) {
		t.Errorf("end %+v", row)
	}
}

func TestRetrievalOutlivesALostLedgerAnswer(t *testing.T) {
	t.Parallel()
	h, a, r := announced(t, 3)
	h.ledger.Fail("EndRetrieval", neckfrac.Unavailable, 1)
	if _, err := r.Round(t.Context()); neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Fatalf("round: %v", err)
	}
	h.clock.Advance(time.Hour)
	if row := attempt(t, h, r); row.State != neckfrac.RetrievalDone || len(a.asked) != 1 {
		t.Errorf("state %s after asking %d times", row.State, len(a.asked))
	}
}

func TestRetrievalLoopEndsWithItsContext(t *testing.T) {
	t.Parallel()
	h, _, r := announced(t, 3)
	ctx, cancel := context.WithCancel(t.Context())
	h.ledger.On("EndRetrieval", cancel)
	r.Run(ctx)
	if row := attempt(t, h, r); row.State != neckfrac.RetrievalDone {
		t.Errorf("state %s", row.State)
	}
}
