package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline"
)

const (
	tick     = 250 * time.Millisecond
	scanGap  = 10 * time.Millisecond // between slices of a sender at work
	neckLong = 150                   // slices of 1 mm: more than C1 to C7
)

// axial is the placement of slice k of a stack of 1 mm.
func axial(k int) neckfrac.Placement {
	return neckfrac.Placement{Modality: "CT", ImageType: []string{"ORIGINAL", "PRIMARY", "AXIAL"}, Kernel: "B60f", Frame: "1.2.9", Rows: 512, Columns: 512,
		Orientation: [6]float64{1, 0, 0, 0, 1, 0}, SpacingMM: [2]float64{0.4, 0.4}, ThicknessMM: 1, PositionsMM: [][3]float64{{-100, -100, float64(k) - 400}}}
}

// sender sends slices to a house, whose clock moves on with each.
type sender struct {
	*house
	t     *testing.T
	study int
	id    neckfrac.StudyID
}

func newSender(t *testing.T) *sender { return &sender{house: newHouse(t), t: t} }

// slice sends slice k of a series.
func (s *sender) slice(series, k int, change ...func(*neckfrac.Arrival)) {
	s.t.Helper()
	s.clock.Advance(scanGap)
	a := arrivalOf(s.study, k, s.clock.Now())
	a.Series.UID = neckfrac.SeriesUID(fmt.Sprintf("%s.%d", a.Study.UID, series))
	a.Instance.UID = neckfrac.InstanceUID(fmt.Sprintf("%s.%d", a.Series.UID, k+1))
	a.Instance.SOPClassUID, a.Placement = ctClass, axial(k)
	for _, c := range change {
		c(&a)
	}
	r, err := s.receiver.Receive(context.Background(), a, bytes.NewReader(fmt.Appendf(nil, "%s", a.Instance.UID)))
	if err != nil {
		s.t.Fatal(err)
	}
	s.id = r.StudyID
}

func (s *sender) slices(series, from, to int, change ...func(*neckfrac.Arrival)) {
	s.t.Helper()
	for k := from; k < to; k++ {
		s.slice(series, k, change...)
	}
}

// round is one round of the settler; it returns how many studies it settled.
func (s *sender) round() int {
	s.t.Helper()
	n, err := s.settler.Round(context.Background(), pipeline.DefaultQuiet)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// settles lets time pass until the study settles and wants that after d, to a tick.
func (s *sender) settles(d time.Duration) {
	s.t.Helper()
	start := s.clock.Now()
	for s.round() == 0 {
		if s.clock.Advance(tick); s.clock.Now().Sub(start) > time.Hour {
			s.t.Fatal("never settled")
		}
	}
	if got := s.clock.Now().Sub(start); got < d || got > d+tick {
		s.t.Fatalf("settled after %v, want %v", got, d)
	}
}

// analyse lets a worker do what is ready and returns the study after it.
func (s *sender) analyse() neckfrac.Record {
	s.t.Helper()
	if err := s.worker(s.t, answering(suspect())).Round(context.Background()); err != nil {
		s.t.Fatal(err)
	}
	return s.latest(s.t, s.id)
}

func (s *sender) wantRevision(revision, slices int, state neckfrac.StudyState) {
	s.t.Helper()
	rec := s.analyse()
	if a := rec.Latest; a == nil || a.Revision != revision || a.Slices != slices || rec.Study.State != state {
		s.t.Fatalf("study %s with %+v, want revision %d of %d slices and %s", rec.Study.State, a, revision, slices, state)
	}
}

// wantBasis is why the newest result's images were taken as complete.
func (s *sender) wantBasis(want neckfrac.Basis) {
	s.t.Helper()
	if got := s.latest(s.t, s.id).Latest.Basis; got != want {
		s.t.Errorf("taken as complete by %q, want %q", got, want)
	}
}

func TestSettlesWhenAStackIsComplete(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	s.slices(1, 0, neckLong)
	t0 := s.clock.Now()
	s.settles(pipeline.DefaultReady)
	s.wantRevision(1, neckLong, neckfrac.StudyAssessed)
	s.wantBasis(neckfrac.BasisContiguous)
	if a := s.latest(t, s.id).Latest; !a.T0.Equal(t0) {
		t.Errorf("T0 %v, want the last slice's %v", a.T0, t0)
	}
	s.clock.Advance(time.Hour)
	if n := s.round(); n != 0 {
		t.Errorf("%d jobs more", n)
	}
}

// TestWaitsForQuiet has what geometry does not call complete.
func TestWaitsForQuiet(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(*sender){
		"a gap":     func(s *sender) { s.slices(1, 0, 70); s.slices(1, 71, neckLong) },
		"too short": func(s *sender) { s.slices(1, 0, 100) },
		"no place": func(s *sender) {
			s.slices(1, 0, neckLong, func(a *neckfrac.Arrival) { a.Placement = neckfrac.Placement{} })
		},
		"localizer alone": func(s *sender) { s.slices(1, 0, neckLong, imageType("ORIGINAL", "PRIMARY", "LOCALIZER")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSender(t)
			send(s)
			s.settles(pipeline.DefaultQuiet)
		})
	}
}

func imageType(words ...string) func(*neckfrac.Arrival) {
	return func(a *neckfrac.Arrival) { a.Placement.ImageType = words }
}

// TestReadyAtQuietIsOff has a site that wants the quiet time alone.
func TestReadyAtQuietIsOff(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	s.settler.Ready = pipeline.DefaultQuiet
	s.slices(1, 0, neckLong)
	s.settles(pipeline.DefaultQuiet)
}

// TestGapIsFilled has the missing slice come late, but within the quiet time.
func TestGapIsFilled(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	s.slices(1, 0, 70)
	s.slices(1, 71, neckLong)
	s.clock.Advance(3 * time.Second)
	if n := s.round(); n != 0 {
		t.Fatal("settled with a gap")
	}
	s.slice(1, 70)
	// The sender has paused for three seconds and may do so again.
	s.settles(2 * (3*time.Second + scanGap))
	s.wantRevision(1, neckLong, neckfrac.StudyAssessed)
}

// TestSlowSenderIsWaitedFor: a stack that is long enough in the middle of a slow transfer.
func TestSlowSenderIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	const n = 90
	for k := range n {
		s.slice(1, k, func(a *neckfrac.Arrival) { a.Placement = axial(2 * k) })
		for range 12 {
			s.clock.Advance(tick)
			if s.round() != 0 {
				t.Fatalf("settled after slice %d", k)
			}
		}
	}
	s.settles(3*time.Second + 2*scanGap) // and 3 s have passed
	s.wantRevision(1, n, neckfrac.StudyAssessed)
}

func TestLateSlicesAfterAnEarlyResult(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	s.slices(1, 0, neckLong)
	s.settles(pipeline.DefaultReady)
	s.wantRevision(1, neckLong, neckfrac.StudyAssessed)
	// A study that has a result waits until nothing more comes.
	s.slices(1, neckLong, neckLong+20)
	s.settles(pipeline.DefaultQuiet)
	s.wantRevision(2, neckLong+20, neckfrac.StudyAssessed)
	s.wantBasis(neckfrac.BasisQuiet)
	s.slices(2, 0, neckLong, func(a *neckfrac.Arrival) { a.Placement.Kernel = "B80s" })
	s.settles(pipeline.DefaultQuiet)
	s.wantRevision(3, 2*neckLong+20, neckfrac.StudyAssessed)
}

// TestLateSlicesBeforeTheJob come after the study settled and before a worker is free.
func TestLateSlicesBeforeTheJob(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	s.slices(1, 0, neckLong)
	s.settles(pipeline.DefaultReady)
	s.slices(1, neckLong, neckLong+20)
	if rec := s.latest(t, s.id); rec.Job != neckfrac.JobWaiting {
		t.Fatalf("job %s, want it to wait", rec.Job)
	}
	s.settles(2 * (2*time.Second + scanGap))
	s.wantRevision(1, neckLong+20, neckfrac.StudyAssessed)
}

func TestTwoSeriesInterleaved(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	s.slices(9, 0, 2, imageType("ORIGINAL", "PRIMARY", "LOCALIZER"))
	for k := range neckLong {
		s.slice(1, k)
		s.slice(2, k)
	}
	s.settles(pipeline.DefaultReady)
	if rec := s.latest(t, s.id); rec.Study.State != neckfrac.StudyQueued {
		t.Fatal(rec.Study.State)
	}
	s.wantRevision(1, 2*neckLong+2, neckfrac.StudyAssessed)
}

// TestOneSeriesEndsFirst analyses it while the other one arrives, and the whole later.
func TestOneSeriesEndsFirst(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	var t0 time.Time
	settled := 0
	for k := range 600 {
		if k < neckLong {
			s.slice(1, k)
			t0 = s.clock.Now()
		}
		s.slice(2, k)
		if n := s.round(); n > 0 {
			settled = k
			break
		}
	}
	if settled == 0 {
		t.Fatal("the series that ended did not settle")
	}
	if d := s.clock.Now().Sub(t0); d < pipeline.DefaultReady || d > pipeline.DefaultReady+tick {
		t.Fatalf("settled after %v", d)
	}
	s.slices(2, settled+1, settled+50) // before the worker starts
	s.wantRevision(1, neckLong, neckfrac.StudyReceiving)
	if a := s.latest(t, s.id).Latest; !a.T0.Equal(t0) {
		t.Errorf("T0 %v, want %v", a.T0, t0)
	}
	s.slices(2, settled+50, 600)
	s.settles(pipeline.DefaultQuiet)
	s.wantRevision(2, neckLong+600, neckfrac.StudyAssessed)
}

// TestBetterSeriesWithAGapIsLeftOut: it would have the study refused, and may still grow.
func TestBetterSeriesWithAGapIsLeftOut(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	s.slices(2, 0, 70)
	s.slices(2, 80, 250)
	s.slices(1, 0, neckLong)
	s.settles(pipeline.DefaultReady)
	s.wantRevision(1, neckLong, neckfrac.StudyReceiving)
	s.settles(pipeline.DefaultQuiet - pipeline.DefaultReady)
	s.wantRevision(2, 240+neckLong, neckfrac.StudyAssessed)
}

// TestSenderThatNeverEnds sends one slice after the other in a growing stack.
func TestSenderThatNeverEnds(t *testing.T) {
	t.Parallel()
	const most = 5 * time.Minute
	for name, step := range map[string]int{"a stack": 1, "gaps": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSender(t)
			start, k := s.clock.Now(), 0
			for s.round() == 0 {
				s.slice(1, k*step)
				s.clock.Advance(time.Second)
				if k++; s.clock.Now().Sub(start) > 2*most {
					t.Fatal("never settled")
				}
			}
			if d := s.clock.Now().Sub(start); d < most || d > most+2*time.Second {
				t.Errorf("settled after %v, want %v", d, most)
			}
			seen := k
			s.slice(1, k*step) // it stays ready
			s.wantRevision(1, seen, neckfrac.StudyReceiving)
			s.wantBasis(neckfrac.BasisOverdue)
			s.settles(pipeline.DefaultQuiet)
			s.wantRevision(2, seen+1, neckfrac.StudyAssessed)
		})
	}
}

func TestAnnouncedCountSettlesAtOnce(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	const n = 10
	r := neckfrac.Retrieval{Notification: "1.2.8", Source: "PACS", From: "RIS", Study: arrivalOf(0, 0, start).Study.UID, Expected: n, Received: start}
	for k := range n {
		r.Instances = append(r.Instances, neckfrac.AnnouncedInstance{Series: neckfrac.SeriesUID(r.Study + ".1"),
			InstanceRef: neckfrac.InstanceRef{SOPClassUID: ctClass, UID: neckfrac.InstanceUID(fmt.Sprintf("%s.1.%d", r.Study, k+1))}})
	}
	if err := s.ledger.RequestRetrievals(t.Context(), []neckfrac.Retrieval{r}); err != nil {
		t.Fatal(err)
	}
	s.slices(1, 0, n-1)
	s.clock.Advance(10 * time.Second)
	if n := s.round(); n != 0 {
		t.Fatal("settled with one missing")
	}
	s.slice(1, n-1)
	s.settles(0)
	s.wantRevision(1, n, neckfrac.StudyAssessed)
	s.wantBasis(neckfrac.BasisNotified)
	// More than was announced: the word is spent.
	s.slice(1, n)
	s.settles(pipeline.DefaultQuiet)
	s.wantRevision(2, n+1, neckfrac.StudyAssessed)
}

func TestCommitmentRequestSettles(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	s.slices(1, 0, 10)
	c := neckfrac.Commitment{TransactionUID: "1.2.7", Peer: "CT1", Received: s.clock.Now().Add(time.Second)}
	for k := range 10 {
		c.Instances = append(c.Instances, neckfrac.InstanceRef{SOPClassUID: ctClass, UID: neckfrac.InstanceUID(fmt.Sprintf("1.2.3.1.1.%d", k+1))})
	}
	if _, err := s.ledger.RequestCommitment(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	s.settles(pipeline.DefaultReady)
	s.wantRevision(1, 10, neckfrac.StudyAssessed)
	s.wantBasis(neckfrac.BasisCommitted)
}

func TestStatedCountSettles(t *testing.T) {
	t.Parallel()
	for related, want := range map[int]time.Duration{10: pipeline.DefaultReady, 9: pipeline.DefaultQuiet, 11: pipeline.DefaultQuiet} {
		by := neckfrac.BasisQuiet
		if related == 10 {
			by = neckfrac.BasisCounted
		}
		t.Run(fmt.Sprint(related), func(t *testing.T) {
			t.Parallel()
			s := newSender(t)
			s.slices(1, 0, 10, func(a *neckfrac.Arrival) { a.Placement.Related = related })
			s.settles(want)
			s.wantRevision(1, 10, neckfrac.StudyAssessed)
			s.wantBasis(by)
		})
	}
}

// TestEarlyFailures: a ledger that fails costs a round.
func TestEarlyFailures(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Receiving", "Placements", "Settle"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s := newSender(t)
			s.slices(1, 0, neckLong)
			s.clock.Advance(pipeline.DefaultReady)
			s.ledger.Fail(method, neckfrac.Unavailable, 1)
			if _, err := s.settler.Round(t.Context(), pipeline.DefaultQuiet); neckfrac.KindOf(err) != neckfrac.Unavailable {
				t.Fatalf("error %v", err)
			}
			s.settles(0)
		})
	}
}
