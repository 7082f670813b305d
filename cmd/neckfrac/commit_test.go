package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// freeAddr is a loopback address that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// committing opens storage commitment for one peer that listens at addr.
func committing(ae, addr string) func(*Config, *Runtime) {
	return func(c *Config, _ *Runtime) {
		c.DICOM.Peers = []PeerConfig{{AE: ae, CIDR: "127.0.0.0/8", Addr: addr, TLS: "off"}}
		c.DICOM.Commitment.SCP, c.Retention.CommittedDays = true, 30
	}
}

func TestSendCommitsOverTheWholeService(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	r := startService(t, committing("NECKFRAC_SEND", addr))
	s, dir := newStudy(1), t.TempDir()
	s.write(t, dir)
	code, out, errs := run(t, nil, "send", "--commit-listen", addr, r.DICOMAddr, dir)
	if code != exitOK || !strings.Contains(out, "24 of 24 objects committed") || !strings.Contains(out, "000.dcm: committed") {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	// A blob that rots is not committed to again, and the peer hears which.
	in, ok := r.stored(t, s.instance(5))
	if !ok {
		t.Fatal("slice 5 is not stored")
	}
	path := blobPath(t, r.cfg.Data.Dir, in.Blob.Digest)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := os.WriteFile(path, b, 0o640); err != nil {
		t.Fatal(err)
	}
	w := listening(t, addr, "NECKFRAC_SEND", "1.2.9.7")
	ask(t, r, "NECKFRAC_SEND", "1.2.9.7", ref(s.instance(4)), ref(s.instance(5)))
	if got := w.report(t); !slices.Equal(got.Reasons, []neckfrac.FailureReason{neckfrac.Committed, neckfrac.CommitProcessingFailure}) {
		t.Errorf("report %+v", got)
	}
}

// TestCommitOverTLS: images, request and report, each end with its own certificate.
func TestCommitOverTLS(t *testing.T) {
	t.Parallel()
	files, addr := newCertFiles(t), freeAddr(t)
	r := startService(t, func(c *Config, rt *Runtime) {
		committing("CT1", addr)(c, rt)
		c.DICOM.TLS, c.DICOM.Peers[0].TLS, c.DICOM.Peers[0].Certificate = files.config(), "required", []string{"dns:ct1"}
	})
	s, dir := newStudy(1), t.TempDir()
	s.write(t, dir)
	code, out, errs := run(t, nil, files.flags("ct1", "--aet", "CT1", "--commit-listen", addr, r.DICOMTLSAddr, dir)...)
	if code != exitOK || !strings.Contains(out, "24 of 24 objects committed") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	code, _, errs = run(t, nil, "send", "--tls", "--commit-listen", addr, r.DICOMTLSAddr, dir)
	if code != exitUsage || !strings.Contains(errs, "--tls-cert") {
		t.Errorf("listener without a certificate: exit %d: %s", code, errs)
	}
}

func ref(uid string) neckfrac.InstanceRef {
	return neckfrac.InstanceRef{SOPClassUID: dataset.CTImageStorage, UID: neckfrac.InstanceUID(uid)}
}

// ask requests a commitment over an association of its own.
func ask(t *testing.T, r *running, ae, transaction string, refs ...neckfrac.InstanceRef) {
	t.Helper()
	if err := tryAsk(t, r, ae, transaction, refs...); err != nil {
		t.Fatal(err)
	}
}

func tryAsk(t *testing.T, r *running, ae, transaction string, refs ...neckfrac.InstanceRef) error {
	t.Helper()
	cfg := clientConfig("NECKFRAC")
	cfg.CallingAETitle, cfg.Proposals = ae, []dicomnet.Service{scp.CommitmentService()}
	c, err := dicomnet.Dial(t.Context(), r.DICOMAddr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	err = c.Action(t.Context(), scp.CommitmentRequest(transaction, refs))
	if rerr := c.Release(t.Context()); rerr != nil {
		t.Fatal(rerr)
	}
	return err
}

// TestPeerThatAsksWithoutEnd: over its share it hears a resource limitation; what nobody
// fetched expires, is counted, and makes room.
func TestPeerThatAsksWithoutEnd(t *testing.T) {
	t.Parallel()
	r := startService(t, func(c *Config, rt *Runtime) {
		committing("TEST_CT", freeAddr(t))(c, rt)
		c.DICOM.Requests.OpenPerPeer = 2
	})
	for i, want := range []dimse.Status{dimse.Success, dimse.Success, dimse.ResourceLimitation} {
		err := tryAsk(t, r, "TEST_CT", fmt.Sprintf("1.2.9.%d", i), ref("1.2.3.4"))
		var status *dicomnet.StatusError
		if got := errors.As(err, &status); err != nil && !got || got != (want != dimse.Success) || got && status.Status != want {
			t.Fatalf("request %d: %v, want %v", i, err, want)
		}
	}
	// The leases of the attempts end within their minute; the round itself is the test's.
	k := &pipeline.Keeper{Ledger: r.db, Expiry: time.Millisecond, Now: func() time.Time { return time.Now().Add(time.Hour) }, Log: r.Service.log}
	if c, err := k.Round(t.Context()); err != nil || c.Undelivered != 2 {
		t.Fatalf("round: %+v, %v", c, err)
	}
	if err := tryAsk(t, r, "TEST_CT", "1.2.9.2", ref("1.2.3.4")); err != nil {
		t.Errorf("after the others ended: %v", err)
	}
}

// listening waits for the report of a transaction at addr.
func listening(t *testing.T, addr, ae, transaction string) *reportWaiter {
	t.Helper()
	w := &reportWaiter{transaction: transaction, reports: make(chan neckfrac.Commitment, 1)}
	stop, err := w.listen(addr, destination{aet: ae})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return w
}

func (w *reportWaiter) report(t *testing.T) neckfrac.Commitment {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), resultTime)
	defer cancel()
	select {
	case got := <-w.reports:
		return got
	case <-ctx.Done():
		t.Fatal("no report")
	}
	return neckfrac.Commitment{}
}

// blobPath finds a stored blob by its digest.
func blobPath(t *testing.T, dir, digest string) string {
	t.Helper()
	var found string
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && filepath.Base(p) == digest {
			found = p
		}
		return err
	})
	if err != nil || found == "" {
		t.Fatalf("no blob: %v", err)
	}
	return found
}

// TestCommitmentOutlivesTheService: a transaction that was answered with Success is
// reported by the next process, when the peer is there at last.
func TestCommitmentOutlivesTheService(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	dir := filepath.Join(t.TempDir(), "data")
	keep := func(c *Config, rt *Runtime) {
		committing("TEST_CT", addr)(c, rt)
		c.Data.Dir = dir
	}
	s := newStudy(1)
	refs := []neckfrac.InstanceRef{ref(s.instance(0)), ref("1.2.3.4")}
	t.Run("first process", func(t *testing.T) {
		r := startService(t, keep)
		s.send(t, r.DICOMAddr, 0, 1)
		ask(t, r, "TEST_CT", "1.2.9.1", refs...)
	})
	w := listening(t, addr, "TEST_CT", "1.2.9.1")
	startService(t, keep)
	got := w.report(t)
	if want := []neckfrac.FailureReason{neckfrac.Committed, neckfrac.CommitNoSuchInstance}; !slices.Equal(got.Instances, refs) || !slices.Equal(got.Reasons, want) {
		t.Errorf("report %+v", got)
	}
}

func TestCommitmentIsOffByDefault(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	cfg := clientConfig("NECKFRAC")
	cfg.Proposals = append(cfg.Proposals, scp.CommitmentService())
	c, err := dicomnet.Dial(t.Context(), r.DICOMAddr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	if got := c.Accepted(dataset.StorageCommitmentPushModel); len(got) != 0 {
		t.Errorf("accepted in %v", got)
	}
	dir := t.TempDir()
	newStudy(1).write(t, dir)
	code, out, errs := run(t, nil, "send", "--commit", r.DICOMAddr, dir)
	if code != exitFailed || !strings.Contains(errs, "does not take the request") || strings.Contains(out, "committed") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}

// TestCommitWithoutAReport: a peer that reports elsewhere leaves the sender without an
// answer, which is no success.
func TestCommitWithoutAReport(t *testing.T) {
	t.Parallel()
	r := startService(t, committing("NECKFRAC_SEND", freeAddr(t)))
	dir := t.TempDir()
	newStudy(1).write(t, dir)
	for _, args := range [][]string{{"--commit"}, {"--commit-listen", freeAddr(t)}} {
		code, out, errs := run(t, nil, slices.Concat([]string{"send", "--commit-wait", "300ms"}, args, []string{r.DICOMAddr, dir})...)
		if code != exitFailed || !strings.Contains(errs, "no report in 300ms") || strings.Contains(out, "committed") {
			t.Errorf("%v: exit %d: %s%s", args, code, out, errs)
		}
	}
}

func TestPrintedCommitment(t *testing.T) {
	t.Parallel()
	refs := []neckfrac.InstanceRef{ref("1.1"), ref("1.2"), ref("1.3"), ref("1.4")}
	files := []dicomFile{{path: "a"}, {path: "b"}, {path: "c"}, {path: "d"}}
	var out strings.Builder
	err := printCommitment(&out, neckfrac.Commitment{
		// Told of b twice, once as a failure: that counts.
		Instances: []neckfrac.InstanceRef{refs[0], refs[1], refs[1], ref("9.9"), refs[3]},
		Reasons:   []neckfrac.FailureReason{0, 0x0213, 0, 0, 0xFFFE},
	}, refs, files)
	want := "a: committed\nb: not committed: 0213H resource limitation\nc: not committed: the report does not name it\nd: not committed: FFFEH\n1 of 4 objects committed\n"
	if out.String() != want || err == nil {
		t.Errorf("got %v:\n%s", err, out.String())
	}
}
