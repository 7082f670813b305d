package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

var (
	killCount = flag.Int("kills", 8, "kills of TestKill…; a quarter of them with -short")
	killSeed  = flag.Uint64("kill-seed", 0, "seed of TestKill…; 0 draws one")
)

// killWays are where the process dies, in turn.
var killWays = []string{"at a byte of the transfer", "on the first byte of a response", "just after a Success", "between settling and result"}

// killLines are the log lines of the way from the last Success to the result.
var killLines = []string{"study settled", "runner answered", "job finished"}

// sender is what a modality knows: which slice of which study was acknowledged.
type sender struct {
	studies []testStudy
	acked   map[string][sha256.Size]byte // by SOP Instance UID
}

// slice names one instance that has to be sent.
type slice struct {
	study testStudy
	k     int
}

// pending lists what was not acknowledged, oldest study first.
func (s *sender) pending() []slice {
	var out []slice
	for _, st := range s.studies {
		for k := range st.slices {
			if _, ok := s.acked[st.instance(k)]; !ok {
				out = append(out, slice{st, k})
			}
		}
	}
	return out
}

// send stores what is pending over one association until that fails. each is called
// before a store with its number, and after it with what came of it.
func (s *sender) send(conn net.Conn, before func(i int), after func(i int)) error {
	ctx, cancel := context.WithTimeout(context.Background(), resultTime)
	defer cancel()
	client, err := dicomnet.NewClient(ctx, conn, clientConfig("NECKFRAC"))
	if err != nil {
		return err
	}
	defer client.Abort()
	for i, p := range s.pending() {
		before(i)
		status, err := p.study.store(ctx, client, p.k)
		if err != nil {
			return err
		}
		if status != dimse.Success {
			return fmt.Errorf("slice %d: status %v", p.k, status)
		}
		s.acked[p.study.instance(p.k)] = sha256.Sum256(p.study.bytes(p.k))
		after(i)
	}
	return client.Release(ctx)
}

// TestKillLosesNothing kills the service with SIGKILL again and again on one data
// directory, while a sender sends study after study and repeats only what it got no
// Success for. In the end every acknowledged instance is there byte for byte, nothing
// is there in part, and every study has one current report of all its slices.
func TestKillLosesNothing(t *testing.T) {
	t.Parallel()
	kills, seed := *killCount, *killSeed
	if testing.Short() {
		kills = max(len(killWays), kills/4)
	}
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("%d kills, -kill-seed %d", kills, seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	config := configFile(t, "study:\n  quiet: 150ms\nprofile: reading\nprofile_change: {by: test, reason: kill}\n")
	s := &sender{acked: map[string][sha256.Size]byte{}}
	for i := range kills {
		st := newStudy(i + 1)
		st.slices = 12
		s.studies = append(s.studies, st)
		killOnce(t, s, config, killWays[i%len(killWays)], rng)
	}
	t.Logf("%d of %d slices acknowledged before the last start", len(s.acked), 12*kills)
	last := startChild(t, config)
	conn, err := net.Dial("tcp", last.dicom)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.send(conn, func(int) {}, func(int) {}); err != nil {
		t.Fatalf("after the last start: %v\n%s", err, last.log)
	}
	for _, st := range s.studies {
		wantOneReport(t, last.http, st)
	}
	last.stop(t)
	wantStored(t, filepath.Join(filepath.Dir(config), "data"), s)
}

// killOnce starts the service, sends what is pending and has it killed on the way.
func killOnce(t *testing.T, s *sender, config, way string, rng *rand.Rand) {
	t.Helper()
	c := startChild(t, config)
	tcp, err := net.Dial("tcp", c.dicom)
	if err != nil {
		t.Fatal(err)
	}
	conn := &nemesis{Conn: tcp, strike: c.kill}
	pending := s.pending()
	at := rng.IntN(len(pending)) // the store that is hit
	before, after := func(int) {}, func(int) {}
	switch way {
	case killWays[0]:
		total := 0
		for _, p := range pending {
			total += len(p.study.bytes(p.k))
		}
		conn.writeAt = 1 + rng.Int64N(int64(total))
	case killWays[1]:
		before = func(i int) {
			if i == at {
				conn.arm()
			}
		}
	case killWays[2]:
		after = func(i int) {
			if i == at {
				c.kill()
			}
		}
	case killWays[3]:
		line := killLines[rng.IntN(len(killLines))]
		before = func(i int) {
			if i == len(pending)-1 {
				c.killOn(line)
			}
		}
	}
	err = s.send(conn, before, after)
	if way == killWays[3] && err == nil {
		select {
		case <-c.ended:
		case <-time.After(resultTime):
			t.Fatalf("no result to kill before:\n%s", c.log)
		}
	}
	c.kill() // also where the way did not come up
	<-c.ended
	t.Logf("killed %s: %d pending of %d, sender saw %v", way, len(s.pending()), len(pending), err)
}

// wantOneReport waits for the report of all slices and wants it to be the only one.
func wantOneReport(t *testing.T, addr string, s testStudy) {
	t.Helper()
	r := &running{Service: &Service{HTTPAddr: addr}}
	ctx, cancel := context.WithTimeout(t.Context(), resultTime)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		p := r.page(t, s)
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
