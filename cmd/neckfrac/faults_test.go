package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac/chaos"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

var faultCells = flag.Bool("faults", false, "run TestFaults, which needs strace (make faults)")

// fault is a system call that fails while one instance is received.
type fault struct {
	step string // of the way to a Success
	call string
	errs string // names of errors, one cell each
	// on are the exact paths whose calls fail, below the data directory; none is all.
	// "names" stands for the 256 directories of blobs.
	on string
	// nth counts the call in each thread, from 1; 0 is every call.
	nth int
	// hit has to match the line of the call that failed: the fault is where it is meant.
	hit string
	// closes wants the store closed for writing until the service is started again.
	closes bool
	// leaves wants a temporary file to be left until then.
	leaves bool
}

const tmpFile = `/blobs/tmp/`

// faults are the cells: a step that can fail, and how. What a full disk took back passes
// with it; after a failed sync nothing is known about the file, so nothing is promised on
// it any more.
var faults = []fault{
	{step: "free space", call: "fstatfs", errs: "EIO", hit: `/blobs(/tmp)?>`},
	{step: "create", call: "openat", errs: "ENOSPC EDQUOT EMFILE EROFS EIO EACCES", on: "blobs/tmp", hit: `O_CREAT`},
	{step: "write 1", call: "write", errs: "ENOSPC EIO EDQUOT EFBIG", nth: 1, hit: tmpFile},
	{step: "write 2", call: "write", errs: "ENOSPC EIO", nth: 2, hit: tmpFile},
	{step: "write 3", call: "write", errs: "ENOSPC EIO", nth: 3, hit: tmpFile},
	{step: "sync file", call: "fsync", errs: "ENOSPC EDQUOT", hit: tmpFile},
	{step: "sync file", call: "fsync", errs: "EIO EROFS", hit: tmpFile, closes: true},
	{step: "rename", call: "renameat", errs: "ENOSPC EDQUOT EIO EROFS", hit: `/blobs/tmp>`},
	{step: "rename and clean up", call: "renameat,unlinkat", errs: "EIO", hit: `renameat.*/blobs/tmp>`, leaves: true},
	{step: "sync name", call: "fsync", errs: "ENOSPC EDQUOT", on: "names", hit: `/blobs/[0-9a-f]{2}>`},
	{step: "sync name", call: "fsync", errs: "EIO", on: "names", hit: `/blobs/[0-9a-f]{2}>`, closes: true},
	{step: "log write 1", call: "pwrite64", errs: "ENOSPC", on: "ledger.db-wal", nth: 1, hit: `-wal>`},
	{step: "log write 3", call: "pwrite64", errs: "ENOSPC", on: "ledger.db-wal", nth: 3, hit: `-wal>`},
	{step: "log write 1", call: "pwrite64", errs: "EIO EDQUOT", on: "ledger.db-wal", nth: 1, hit: `-wal>`, closes: true},
	{step: "log write 3", call: "pwrite64", errs: "EIO", on: "ledger.db-wal", nth: 3, hit: `-wal>`, closes: true},
	{step: "sync log", call: "fsync", errs: "EIO ENOSPC EDQUOT", on: "ledger.db-wal", hit: `-wal>`, closes: true},
}

// faultTries bounds how often a cell is tried until its fault hits where it is meant: a
// tracer counts calls by thread, and which thread makes them is Go's choice.
const faultTries = 25

// TestFaults lets each step between a data set and its Success fail, by a tracer that
// answers in the kernel's place, and wants: no Success, out of resources where an answer
// can be given, no temporary file, and a service that goes on once the fault has passed,
// or takes nothing more where a sync failed.
func TestFaults(t *testing.T) {
	if !*faultCells {
		t.Skip("needs strace; run make faults")
	}
	var cells, told atomic.Int32
	t.Run("cells", func(t *testing.T) {
		for _, f := range faults {
			for _, errno := range strings.Fields(f.errs) {
				t.Run(strings.ReplaceAll(f.step, " ", "-")+"-"+errno, func(t *testing.T) {
					t.Parallel()
					cells.Add(1)
					if f.run(t, errno) {
						told.Add(1)
					}
				})
			}
		}
	})
	if cells.Load() < 30 {
		t.Errorf("%d cells, want at least 30", cells.Load())
	}
	fmt.Printf("%d faults, no Success, %d answered with A700, 0 lost, 0 temporary files left\n", cells.Load(), told.Load())
}

// faultRun is one cell: a service, a study, and what the sender was told.
type faultRun struct {
	fault
	errno  string
	data   string
	config string
	study  chaos.Study
	next   int // slice
	ops    []chaos.Op
}

// run reports whether the fault was answered, and not only without a Success.
func (f fault) run(t *testing.T, errno string) (told bool) {
	root := t.TempDir()
	r := &faultRun{fault: f, errno: errno, data: filepath.Join(root, "data"), config: filepath.Join(root, "neckfrac.yaml"),
		study: chaos.Study{Seed: 1, Index: 1, Slices: 2*faultTries + 4, Side: 400}} // 320 KB are three writes
	writeCutConfig(t, r.config, r.data, time.Hour) // nothing else writes
	p := r.start(t)
	r.wantSuccess(t, p, "before the fault")
	p, told = r.strike(t, p)
	left, err := os.ReadDir(filepath.Join(r.data, "blobs", "tmp"))
	if err != nil || (len(left) > 0) != f.leaves {
		t.Errorf("%d temporary files, %v", len(left), err)
	}
	if f.closes {
		r.wantClosed(t, p)
	}
	if f.closes || f.leaves {
		if err := p.Stop(2 * shutdownTime); err != nil {
			t.Fatal(err)
		}
		p = r.start(t)
	}
	r.next-- // what was refused is sent again
	r.wantSuccess(t, p, "after the fault")
	if err := p.Stop(2 * shutdownTime); err != nil {
		t.Fatal(err)
	}
	h, err := chaos.Replay(r.ops)
	if err != nil {
		t.Fatal(err)
	}
	report, err := chaos.Check(t.Context(), r.data, []chaos.Study{r.study}, h, chaos.Ending{Orderly: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range report.Problems {
		t.Error(problem)
	}
	return told
}

// statusNoResources is what PS3.4 Table B.2-1 has for a full store.
const statusNoResources = dimse.Status(0xA700)

func (r *faultRun) start(t *testing.T) *chaos.Process {
	t.Helper()
	p, err := chaos.Start(t.Context(), chaos.Command{Args: []string{os.Args[0], "serve", "--config", r.config}, Env: []string{roleEnv + "=" + rolePlain}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		<-p.Ended()
	})
	return p
}

func (r *faultRun) wantSuccess(t *testing.T, p *chaos.Process, when string) {
	t.Helper()
	if status, err := r.store(t, p, r.next); err != nil || status != dimse.Success {
		t.Fatalf("%s: status %v, %v\n%s", when, status, err, p.Log())
	}
	r.next++
}

// wantClosed wants a service that takes nothing: associations are rejected for want of
// resources, or each instance is.
func (r *faultRun) wantClosed(t *testing.T, p *chaos.Process) {
	t.Helper()
	c, err := dicomnet.Dial(t.Context(), p.DICOM, clientConfig("NECKFRAC"))
	if err != nil {
		if want := "rejected (2,3,1)"; !strings.Contains(err.Error(), want) {
			t.Errorf("after a failed sync: %v, want %s", err, want)
		}
		return
	}
	defer c.Abort()
	if status, err := r.storeOn(t, c, r.next); err != nil || status != statusNoResources {
		t.Errorf("after a failed sync: status %v, %v, want A700", status, err)
	}
}

// store sends slice k over an association of its own.
func (r *faultRun) store(t *testing.T, p *chaos.Process, k int) (dimse.Status, error) {
	t.Helper()
	c, err := dicomnet.Dial(t.Context(), p.DICOM, clientConfig("NECKFRAC"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	return r.storeOn(t, c, k)
}

func (r *faultRun) storeOn(t *testing.T, c *dicomnet.Client, k int) (dimse.Status, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), resultTime)
	defer cancel()
	body := r.study.Bytes(k)
	status, err := c.Store(ctx, dicomnet.StoreRequest{SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: r.study.Instance(k),
		TransferSyntaxUID: dataset.ExplicitVRLittleEndian}, bytes.NewReader(body))
	op := chaos.Op{Outcome: chaos.Fail, Study: r.study.Index, Slice: k, Status: uint16(status)}
	switch {
	case err != nil:
		op.Outcome, op.Status = chaos.Unknown, 0
	case status == dimse.Success:
		op.Outcome = chaos.OK
	}
	r.ops = append(r.ops, chaos.Op{Outcome: chaos.Invoke, Study: r.study.Index, Slice: k, SHA256: fmt.Sprintf("%x", sha256.Sum256(body))}, op)
	return status, err
}

// strike sends slices until the fault hits where it is meant; the slice after the hit one
// is next. Other hits, and tries without one, must keep the promise too: Go's runtime ends
// a process whose own write fails, and the service that is started again is returned.
func (r *faultRun) strike(t *testing.T, p *chaos.Process) (_ *chaos.Process, told bool) {
	t.Helper()
	last := ""
	for range faultTries {
		c, err := dicomnet.Dial(t.Context(), p.DICOM, clientConfig("NECKFRAC"))
		if err != nil {
			t.Fatal(err)
		}
		detach := r.attach(t, p)
		status, err := r.storeOn(t, c, r.next)
		trace := detach()
		last = trace
		c.Abort()
		r.next++
		hit := r.hitIn(trace)
		if hit && err == nil && status == dimse.Success {
			t.Fatalf("answered with Success:\n%s", trace)
		}
		if err == nil && status != dimse.Success && status != statusNoResources {
			t.Fatalf("status %v, want A700:\n%s", status, p.Log())
		}
		select {
		case <-p.Ended():
			p = r.start(t)
			continue
		default:
		}
		if hit {
			if err != nil { // the answer itself failed: its handler may still clean up
				r.awaitQuiet(t)
			}
			return p, err == nil
		}
	}
	t.Fatalf("the fault did not hit in %d tries; the last:\n%s", faultTries, last)
	return p, false
}

// hitIn reports whether a call that is meant was answered with the fault.
func (r *faultRun) hitIn(trace string) bool {
	injected := regexp.MustCompile(`(?m)^.*` + r.hit + `.*` + r.errno + ` .*\(INJECTED\)$`)
	return injected.MatchString(trace)
}

// awaitQuiet waits until no temporary file is left, or long enough.
func (r *faultRun) awaitQuiet(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if left, err := os.ReadDir(filepath.Join(r.data, "blobs", "tmp")); err == nil && len(left) == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// detachTime is how long a tracer may take to let go.
const detachTime = 10 * time.Second

// attach lets a tracer answer the fault's calls from now on; detach ends it and returns
// what it saw.
func (r *faultRun) attach(t *testing.T, p *chaos.Process) (detach func() string) {
	t.Helper()
	output := filepath.Join(t.TempDir(), "trace")
	args := []string{"-f", "-yy", "-s", "64", "-e", "trace=" + r.call, "-e", "signal=none", "-o", output, "-p", fmt.Sprint(p.PID())}
	for _, call := range strings.Split(r.call, ",") {
		inject := "inject=" + call + ":error=" + r.errno
		if r.nth > 0 {
			inject += fmt.Sprintf(":when=%d", r.nth)
		}
		args = append(args, "-e", inject)
	}
	for _, path := range r.paths() {
		args = append(args, "-P", path)
	}
	cmd := exec.CommandContext(t.Context(), "strace", args...)
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, lines := "", bufio.NewScanner(pipe)
	for !strings.Contains(said, " attached") {
		if !lines.Scan() {
			t.Fatalf("strace did not attach: %s", said)
		}
		if line := lines.Text(); !strings.Contains(line, "Requested path") {
			said += line + "\n"
		}
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		io.Copy(io.Discard, pipe) // threads that come and go
	}()
	return func() string {
		cmd.Process.Signal(syscall.SIGINT)
		// strace waits for ever for a process that died while it let go of it.
		end := time.AfterFunc(detachTime, func() { cmd.Process.Kill() })
		defer end.Stop()
		<-drained
		cmd.Wait() // it ends with the signal's code
		b, err := os.ReadFile(output)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
}

func (r *faultRun) paths() []string {
	switch r.on {
	case "":
		return nil
	case "names":
		var out []string
		for i := range 256 {
			out = append(out, filepath.Join(r.data, "blobs", fmt.Sprintf("%02x", i)))
		}
		return out
	}
	return []string{filepath.Join(r.data, r.on)}
}
