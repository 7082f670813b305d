package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/chaos"
)

var (
	killCount  = flag.Int("kills", 8, "kills of TestKillLosesNothing; a quarter of them with -short")
	killSeed   = flag.Uint64("kill-seed", 0, "seed of TestKillLosesNothing; 0 draws one")
	killPoints = flag.Bool("kill-points", false, "every other kill at a named point; needs a build with failpoints (make chaos)")
	killSlices = flag.Int("kill-slices", 12, "slices of a study in TestKillLosesNothing")
)

const (
	// killEpoch is how many kills one data directory sees at most: enough to pile up
	// what a kill could leave, few enough for a start to stay short.
	killEpoch = 100
	// killKept is what one kill can leave without a row: an object of each association, or
	// the artefacts of the study in hand.
	killKept = 16
	// killLanes are directories at a time: one waits for the disk, the other runs.
	killLanes = 2
	// killWait bounds the wait for a moment inside the service: a dead worker's lease
	// runs ten seconds.
	killWait = 25 * time.Second
)

// killTally counts over all epochs. It is safe for concurrent use.
type killTally struct {
	mu     sync.Mutex
	kills  int
	missed int
	starts []time.Duration
	points map[string]int
	report chaos.Report
}

func (k *killTally) struck(s chaos.Strike, hit bool, start time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if start > 0 {
		k.starts = append(k.starts, start)
	}
	if !hit {
		k.missed++
		return
	}
	k.kills++
	if s.Way == chaos.AtPoint {
		k.points[s.Name]++
	}
}

// TestKillLosesNothing kills the service with SIGKILL again and again on one data
// directory, while a sender sends study after study over several associations and repeats
// only what it got no Success for. In the end every acknowledged instance is there byte
// for byte, nothing is there in part, and every study has one current report.
func TestKillLosesNothing(t *testing.T) {
	t.Parallel()
	kills, seed := *killCount, *killSeed
	if testing.Short() {
		kills = max(4, kills/4)
	}
	if seed == 0 {
		seed = rand.Uint64()
	}
	fmt.Printf("%d kills, -kill-seed %d\n", kills, seed)
	tally := &killTally{points: map[string]int{}}
	epochs := make(chan killJob)
	t.Run("epochs", func(t *testing.T) {
		for range killLanes {
			t.Run("lane", func(t *testing.T) {
				t.Parallel()
				for e := range epochs {
					e.run(t, tally)
				}
			})
		}
		go func() {
			defer close(epochs)
			var points []chaos.Point
			if *killPoints {
				points = chaos.Points
			}
			size := min(killEpoch, (kills+killLanes-1)/killLanes)
			for n := 0; n < kills; n += size {
				e := killJob{seed: seed + uint64(n), kills: min(size, kills-n), points: points}
				if n > 0 && len(points) > 0 {
					e.points = rotate(points, n/2)
				}
				select {
				case epochs <- e:
				case <-t.Context().Done():
					return
				}
			}
		}()
	})
	tally.print(t, kills)
}

// rotate starts the next epoch's points where the last one's ended.
func rotate(points []chaos.Point, by int) []chaos.Point {
	by %= len(points)
	return append(slices.Clone(points[by:]), points[:by]...)
}

func (k *killTally) print(t *testing.T, kills int) {
	r := k.report
	for _, p := range r.Problems {
		t.Error(p)
	}
	if len(k.starts) > 0 {
		slices.Sort(k.starts)
		fmt.Printf("start to open ports: median %s, worst %s\n", k.starts[len(k.starts)/2].Round(time.Millisecond), k.starts[len(k.starts)-1].Round(time.Millisecond))
	}
	if *killPoints {
		for _, p := range chaos.Points {
			fmt.Printf("  %4d at %s\n", k.points[p.Name], p.Name)
			if want := min(2, kills/2/len(chaos.Points)); k.points[p.Name] < want {
				t.Errorf("point %s: %d kills, want %d", p.Name, k.points[p.Name], want)
			}
		}
	}
	fmt.Printf("%d kills, %d acknowledged, %d lost, %d altered, %d partial\n", k.kills, r.Acknowledged, r.Lost, r.Altered, r.Partial)
	fmt.Printf("%d moments did not come; %d studies ended as worker-failed; %d blobs kept without a row\n", k.missed, r.WorkerFailed, r.Kept)
	if most := killKept * k.kills; r.Kept > most {
		t.Errorf("%d blobs kept without a row, want at most %d: more than was on its way is left behind", r.Kept, most)
	}
	if k.kills+k.missed < kills || k.missed > kills/10+1 {
		t.Errorf("%d kills and %d that did not come, want %d kills", k.kills, k.missed, kills)
	}
}

// killJob is one epoch: some kills on one data directory, then a look at all of it.
type killJob struct {
	seed   uint64
	kills  int
	points []chaos.Point
}

func (e killJob) run(t *testing.T, tally *killTally) {
	dir, err := os.MkdirTemp(t.TempDir(), "epoch-")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "neckfrac.yaml")
	text := fmt.Sprintf("dicom: {addr: '127.0.0.1:0'}\nhttp: {addr: '127.0.0.1:0'}\nadmin: {addr: '127.0.0.1:0'}\n"+
		"data: {dir: %s}\nstudy: {quiet: 150ms}\nprofile: reading\nprofile_change: {by: test, reason: kill}\n", filepath.Join(dir, "data"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ops := filepath.Join(dir, "ops.jsonl")
	log, err := chaos.CreateLog(ops)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s := &chaos.Sender{Called: "NECKFRAC", Associations: 3, Log: log}
	schedule := chaos.NewSchedule(e.seed, e.points)
	for i := range e.kills {
		s.Add(chaos.Study{Seed: e.seed, Index: i + 1, Slices: *killSlices, Side: 32})
		strike := schedule.Next(s.Pending())
		hit, start, err := killOnce(t.Context(), s, config, strike)
		if err != nil {
			t.Fatalf("epoch %d, kill %d, %s: %v", e.seed, i+1, strike, err)
		}
		tally.struck(strike, hit, start)
	}
	e.last(t, s, config)
	operations, err := chaos.ReadLog(ops)
	if err != nil {
		t.Fatal(err)
	}
	history, err := chaos.Replay(operations)
	if err != nil {
		t.Fatal(err)
	}
	r, err := chaos.Check(t.Context(), filepath.Join(dir, "data"), s.Studies(), history, chaos.Ending{Orderly: true, Settled: true})
	if err != nil {
		t.Fatalf("epoch %d: %v", e.seed, err)
	}
	for i := range r.Problems {
		r.Problems[i] = fmt.Sprintf("epoch %d: %s", e.seed, r.Problems[i])
	}
	tally.mu.Lock()
	tally.report.Add(r)
	tally.mu.Unlock()
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

// last starts the service once more without a nemesis, sends what is missing and waits
// for all reports.
func (e killJob) last(t *testing.T, s *chaos.Sender, config string) {
	t.Helper()
	p, err := chaos.Start(t.Context(), killCommand(config, nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	if err := s.Send(t.Context(), p.DICOM, chaos.NewNemesis(chaos.Strike{}, nil)); err != nil {
		t.Fatalf("epoch %d, after the last start: %v\n%s", e.seed, err, p.Log())
	}
	for _, st := range s.Studies() {
		wantOneReport(t, p.HTTP, st)
	}
	if err := p.Stop(2 * shutdownTime); err != nil {
		t.Fatal(err)
	}
}

// killCommand is the service in a process of its own, this test binary.
func killCommand(config string, env []string, line func(string)) chaos.Command {
	return chaos.Command{
		Args: []string{os.Args[0], "serve", "--config", config}, Line: line,
		Env: append([]string{roleEnv + "=" + roleService, "NECKFRAC_LOG_LEVEL=info"}, env...), // moments are info lines
	}
}

// killOnce starts the service, sends what is pending and has it killed on the way. hit
// is false where the moment did not come; the service is killed all the same.
func killOnce(ctx context.Context, s *chaos.Sender, config string, strike chaos.Strike) (hit bool, start time.Duration, err error) {
	// A start has its own minute on a busy machine, and so has what follows it.
	ctx, cancel := context.WithTimeout(ctx, 3*resultTime)
	defer cancel()
	if point, ok := chaos.LookupPoint(strike.Name); ok {
		return killAtPoint(ctx, s, config, strike, point)
	}
	struck := make(chan struct{}, 1)
	line := func(message string) {
		if strike.Way == chaos.AtLine && message == strike.Name {
			select {
			case struck <- struct{}{}:
			default:
			}
		}
	}
	p, err := chaos.Start(ctx, killCommand(config, nil, line))
	if err != nil {
		return false, 0, err
	}
	defer func() { <-p.Ended() }()
	defer p.Kill()
	n := chaos.NewNemesis(strike, p.Kill)
	defer n.Stop()
	err = s.Send(ctx, p.DICOM, n)
	if errors.Is(err, chaos.ErrRefused) {
		return false, 0, fmt.Errorf("%w\n%s", err, p.Log())
	}
	timeout := time.NewTimer(killWait)
	defer timeout.Stop()
	switch strike.Way {
	case chaos.AtLine: // sending may be over long before
		select {
		case <-struck:
			p.Kill()
			return true, p.Took, nil
		case <-timeout.C:
			return false, p.Took, nil
		}
	case chaos.Blind: // it may come in the quiet time or in the job
		select {
		case <-p.Ended():
			return true, p.Took, nil
		case <-timeout.C:
			return false, p.Took, nil
		}
	}
	if err == nil { // all was sent and answered: the strike comes now or never
		select {
		case <-p.Ended():
		case <-time.After(time.Second):
			return false, p.Took, nil
		}
	}
	return true, p.Took, nil
}

// killAtPoint kills while a goroutine is held at the strike's point.
func killAtPoint(ctx context.Context, s *chaos.Sender, config string, strike chaos.Strike, point chaos.Point) (hit bool, start time.Duration, err error) {
	h, err := chaos.Hold(strike)
	if err != nil {
		return false, 0, err
	}
	command := killCommand(config, h.Env(), nil)
	if point.When == chaos.Starting {
		starting, stop := context.WithTimeout(ctx, resultTime)
		defer stop()
		held := make(chan error, 1)
		go func() {
			held <- h.Wait(starting)
			stop() // Start kills what is not ready
		}()
		p, err := chaos.Start(starting, command)
		if err == nil {
			p.Kill()
			<-p.Ended()
		}
		stop()
		return <-held == nil, 0, nil
	}
	p, err := chaos.Start(ctx, command)
	if err != nil {
		return false, 0, err
	}
	defer func() { <-p.Ended() }()
	defer p.Kill()
	ctx, cancel := context.WithTimeout(ctx, killWait)
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- s.Send(ctx, p.DICOM, chaos.NewNemesis(chaos.Strike{}, nil)) }()
	err = h.Wait(ctx)
	p.Kill()
	if sendErr := <-sent; errors.Is(sendErr, chaos.ErrRefused) {
		return false, 0, fmt.Errorf("%w\n%s", sendErr, p.Log())
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return false, p.Took, nil
	}
	return err == nil, p.Took, err
}

// wantOneReport waits for the report of all slices and wants it to be the only one. A
// study whose worker was killed too often may say so instead.
func wantOneReport(t *testing.T, addr string, st chaos.Study) {
	t.Helper()
	s := testStudy{uid: st.UID(), slices: st.Slices, patient: st.Patient()}
	r := &running{Service: &Service{HTTPAddr: addr}}
	ctx, cancel := context.WithTimeout(t.Context(), resultTime)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		p := r.page(t, s)
		if p.Study.Reason != nil && p.Study.Reason.Code == string(neckfrac.WorkerFailed) {
			return
		}
		if p.Result != nil && p.Result.Slices == s.slices && p.Study.State == "flagged" {
			break
		}
		select {
		case <-ctx.Done():
			t.Fatalf("study %s: no result of %d slices in %s: %+v", s.uid, s.slices, resultTime, p)
		case <-tick.C:
		}
	}
	report, levels := r.report(t, s)
	if report.Status != "preliminary" || len(levels) != neckfrac.Levels {
		t.Errorf("study %s: report %s with %d levels", s.uid, report.Status, len(levels))
	}
}
