package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac/chaos"
	"github.com/neckfrac/neckfrac/chaos/powercut"
)

var (
	cutCount = flag.Int("cuts", 0, "power cuts of TestPowerCut, which needs strace; 0 skips it (make powercut)")
	cutSeed  = flag.Uint64("cut-seed", 0, "seed of TestPowerCut; 0 draws one")
	cutLoses = flag.Bool("cuts-must-lose", false, "this binary lacks a sync: TestPowerCut fails if no cut tells")
)

const (
	// cutTraces are recorded services; each is cut many times.
	cutTraces = 3
	// cutStarts is every how many cuts the real service is started on what is left.
	cutStarts = 10
)

// TestPowerCut records the system calls of a service that receives, dies and receives
// again, cuts them at random places, forgets what was not synced, and wants every
// instance whose Success had begun to leave: whole, on a disk that opens.
func TestPowerCut(t *testing.T) {
	if *cutCount == 0 {
		t.Skip("needs strace; run make powercut")
	}
	seed := *cutSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	fmt.Printf("%d cuts, -cut-seed %d\n", *cutCount, seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	var total chaos.Report
	losing, cuts := 0, 0
	for i := range cutTraces {
		r := record(t, seed+uint64(i), 2+i)
		fmt.Printf("trace %d: %d calls, %d Success responses\n", i+1, len(r.calls), len(r.acks))
		for range (*cutCount + cutTraces - 1) / cutTraces {
			if cuts == *cutCount {
				break
			}
			mode := powercut.Mode(cuts % powercut.Modes)
			cut := r.pick(rng)
			report := r.check(t, cut, mode, rng, cuts%cutStarts == 0 && !*cutLoses)
			if len(report.Problems) > 0 {
				losing++
			}
			if len(report.Problems) > 0 && !*cutLoses {
				t.Errorf("-cut-seed %d: trace %d cut at line %d, mode %d: %v", seed, i+1, cut, mode, report.Problems)
			}
			total.Add(report)
			cuts++
		}
	}
	fmt.Printf("%d power cuts, %d acknowledged, %d lost, %d altered, %d partial; %d blobs kept without a row\n", cuts, total.Acknowledged, total.Lost, total.Altered, total.Partial, total.Kept)
	if *cutLoses && total.Lost+total.Altered == 0 {
		t.Error("a build without this sync passes: the check proves nothing")
	}
	if *cutLoses {
		fmt.Printf("%d of %d cuts tell that a sync is missing\n", losing, cuts)
	}
}

// recording is what a service did, from an empty disk on.
type recording struct {
	root    string // the folder that holds data
	calls   []powercut.Call
	lives   []int // the line at which each service began
	acks    []powercut.Response
	studies []chaos.Study
	sums    map[chaos.Slice]chaos.Sum
	config  string
}

// record has a traced service receive over some associations, kills it, and lets a second
// one on the same directory receive the rest and end in order.
func record(t *testing.T, seed uint64, associations int) *recording {
	t.Helper()
	root := t.TempDir()
	r := &recording{root: root, sums: map[chaos.Slice]chaos.Sum{}, config: filepath.Join(t.TempDir(), "neckfrac.yaml")}
	writeCutConfig(t, r.config, filepath.Join(root, "data"), 200*time.Millisecond)
	log, err := chaos.CreateLog(filepath.Join(t.TempDir(), "ops.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s := &chaos.Sender{Called: "NECKFRAC", Associations: associations, Log: log}
	next := 0
	for life := range 2 {
		for i := range 4 {
			st := chaos.Study{Seed: seed, Index: 4*life + i + 1, Slices: 24, Side: 16}
			r.studies = append(r.studies, st)
			s.Add(st)
			for k := range st.Slices {
				r.sums[chaos.Slice{Study: st.Index, Slice: k}] = sha256.Sum256(st.Bytes(k))
			}
		}
		r.lives = append(r.lives, next)
		next = r.live(t, s, next, life == 1)
	}
	return r
}

// live runs one traced service and reads its calls.
func (r *recording) live(t *testing.T, s *chaos.Sender, from int, orderly bool) (next int) {
	t.Helper()
	output := filepath.Join(t.TempDir(), "trace")
	p, err := chaos.Start(t.Context(), chaos.Command{Wrapped: true,
		Args: append(powercut.Strace(output), os.Args[0], "serve", "--config", r.config), Env: []string{roleEnv + "=" + rolePlain}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	if err := s.Send(t.Context(), p.DICOM, chaos.NewNemesis(chaos.Strike{}, nil)); err != nil {
		t.Fatalf("%v\n%s", err, p.Log())
	}
	if orderly {
		if err := p.Stop(2 * shutdownTime); err != nil {
			t.Fatal(err)
		}
	} else {
		p.Kill()
		<-p.Ended()
	}
	f, err := os.Open(output)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	calls, next, err := powercut.Parse(f, from)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(p.DICOM)
	acks, err := powercut.Acknowledged(calls, port)
	if err != nil || len(acks) == 0 {
		t.Fatalf("%d Success responses in the trace, %v", len(acks), err)
	}
	r.calls, r.acks = append(r.calls, calls...), append(r.acks, acks...)
	return next
}

// pick draws a line: half of them anywhere, half within some calls after a Success has
// begun to leave, where the most is promised and the least written back.
func (r *recording) pick(rng *rand.Rand) int {
	if rng.IntN(2) == 0 {
		return rng.IntN(r.calls[len(r.calls)-1].End)
	}
	return r.acks[rng.IntN(len(r.acks))].Begin + rng.IntN(20)
}

// check makes one disk that a cut at a line could have left, and looks at it.
func (r *recording) check(t *testing.T, cut int, mode powercut.Mode, rng *rand.Rand, start bool) chaos.Report {
	t.Helper()
	disk := powercut.NewDisk(r.root)
	lives := r.lives[1:]
	for _, c := range r.calls {
		if c.End > cut {
			continue // it may be begun: that it did nothing is legal
		}
		if len(lives) > 0 && c.Begin >= lives[0] {
			disk.Restart()
			lives = lives[1:]
		}
		if err := disk.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.MkdirTemp(ramFolder(), "neckfrac-cut-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(left)
	root := filepath.Join(left, "root")
	if err := disk.Crash(root, mode, rng); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(root, "data")
	if start {
		startOn(t, data)
	} else if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	report, err := chaos.Check(t.Context(), data, r.studies, r.history(cut), chaos.Ending{Orderly: start})
	if err != nil {
		report.Problems = append(report.Problems, err.Error())
		report.Lost++ // a ledger that does not open has lost what it held
	}
	return report
}

// ramFolder holds disks that nobody needs to survive: a sync costs nothing there.
func ramFolder() string {
	if st, err := os.Stat("/dev/shm"); err == nil && st.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// history is what the senders know at a line: a Success that has begun, or nothing.
func (r *recording) history(cut int) chaos.History {
	h := chaos.History{Outcomes: map[chaos.Slice]chaos.Outcome{}, Sums: r.sums}
	begun := map[string]bool{}
	for _, a := range r.acks {
		begun[a.Instance] = begun[a.Instance] || a.Begin <= cut
	}
	for _, st := range r.studies {
		for k := range st.Slices {
			key := chaos.Slice{Study: st.Index, Slice: k}
			if h.Outcomes[key] = chaos.Unknown; begun[st.Instance(k)] {
				h.Outcomes[key] = chaos.OK
			}
		}
	}
	return h
}

// startOn starts the real service on what is left and ends it in order.
func startOn(t *testing.T, data string) {
	t.Helper()
	config := filepath.Join(filepath.Dir(data), "neckfrac.yaml")
	writeCutConfig(t, config, data, 200*time.Millisecond)
	p, err := chaos.Start(t.Context(), chaos.Command{Args: []string{os.Args[0], "serve", "--config", config}, Env: []string{roleEnv + "=" + rolePlain}})
	if err != nil {
		t.Fatalf("after a cut: %v", err)
	}
	defer p.Kill()
	if err := p.Stop(2 * shutdownTime); err != nil {
		t.Fatal(err)
	}
}

// writeCutConfig has no pack: what a study ends in does not matter here, that the ledger
// goes on writing does.
func writeCutConfig(t *testing.T, path, data string, quiet time.Duration) {
	t.Helper()
	text := fmt.Sprintf("dicom: {addr: '127.0.0.1:0'}\nhttp: {addr: '127.0.0.1:0'}\nadmin: {addr: '127.0.0.1:0'}\n"+
		"models: {pack: none}\nstudy: {quiet: %s}\ndata: {dir: %s}\n", quiet, data)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
