package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// SendCommit are the flags of storage commitment.
type SendCommit struct {
	Commit       bool          `help:"Ask the peer to commit to what was stored, and wait for its report."`
	CommitListen string        `help:"HOST:PORT where the peer sends its report, for one that opens an association of its own." placeholder:"HOST:PORT"`
	CommitWait   time.Duration `default:"1m" help:"How long to wait for the report."`
}

// enabled reports whether any flag asks for a commitment.
func (f SendCommit) enabled() bool { return f.Commit || f.CommitListen != "" }

// commit asks for the commitment of files over their association and prints the outcome
// of each. It fails unless the peer committed to all of them.
func (f SendCommit) commit(ctx context.Context, rt *Runtime, to destination, client *dicomnet.Client, files []dicomFile) error {
	if len(files) == 0 {
		return nil
	}
	w := &reportWaiter{transaction: newTransactionUID(), reports: make(chan neckfrac.Commitment, 1)}
	if f.CommitListen != "" {
		stop, err := w.listen(f.CommitListen, to)
		if err != nil {
			return err
		}
		defer stop()
	}
	refs := make([]neckfrac.InstanceRef, len(files))
	for i, file := range files {
		refs[i] = neckfrac.InstanceRef{SOPClassUID: file.meta.SOPClassUID, UID: neckfrac.InstanceUID(file.meta.SOPInstanceUID)}
	}
	if err := client.Action(ctx, scp.CommitmentRequest(w.transaction, refs)); err != nil {
		return neckfrac.Errorf(neckfrac.Unavailable, "commit", "%s does not take the request: %v", to.addr, err)
	}
	report, err := w.wait(ctx, client, f.CommitListen != "", f.CommitWait)
	if err != nil {
		return err
	}
	return printCommitment(rt.Stdout, report, refs, files)
}

// newTransactionUID is a random UID under 2.25 (PS3.5 §B.2).
func newTransactionUID() string {
	var u [16]byte
	rand.Read(u[:]) // never fails on the platforms Go supports; it aborts the process instead
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return "2.25." + new(big.Int).SetBytes(u[:]).String()
}

// reportWaiter waits for the report of one transaction on whichever association it comes.
type reportWaiter struct {
	transaction string
	reports     chan neckfrac.Commitment
}

// take keeps the report of our transaction and refuses any other.
func (w *reportWaiter) take(ev *dicomnet.EventReport) error {
	c, err := scp.ReadCommitmentReport(ev)
	if err != nil {
		return &dicomnet.StatusError{Status: dimse.ProcessingFailure, Comment: "report can not be read", Err: err}
	}
	if c.TransactionUID != w.transaction {
		return &dicomnet.StatusError{Status: dimse.NoSuchSOPInstance, Comment: "another transaction"}
	}
	select {
	case w.reports <- c:
	default: // told twice
	}
	return nil
}

// wait waits on our own association, or where there is one on the listener: then the
// association is released first, since that is what such a peer waits for.
func (w *reportWaiter) wait(ctx context.Context, client *dicomnet.Client, listening bool, d time.Duration) (neckfrac.Commitment, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	if listening {
		if err := client.Release(ctx); err != nil {
			return neckfrac.Commitment{}, neckfrac.Wrap(neckfrac.Unavailable, "commit: release", err)
		}
		select {
		case c := <-w.reports:
			return c, nil
		case <-ctx.Done():
			return neckfrac.Commitment{}, neckfrac.Errorf(neckfrac.Unavailable, "commit", "no report in %v; does the peer know our address?", d)
		}
	}
	for {
		err := client.WaitEventReport(ctx, w.take)
		select {
		case c := <-w.reports:
			return c, nil
		default:
		}
		var refused *dicomnet.StatusError
		switch {
		case ctx.Err() != nil:
			return neckfrac.Commitment{}, neckfrac.Errorf(neckfrac.Unavailable, "commit", "no report in %v", d)
		case err != nil && !errors.As(err, &refused): // what we refused was another report
			return neckfrac.Commitment{}, neckfrac.Errorf(neckfrac.Unavailable, "commit", "the association ended before the report; a peer that opens its own needs --commit-listen")
		}
	}
}

// listen takes the report on an association that the peer opens.
func (w *reportWaiter) listen(addr string, to destination) (stop func(), err error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, neckfrac.Errorf(neckfrac.Unavailable, "commit", "%s can't be opened for the report", addr)
	}
	if to.listener != nil {
		l = tls.NewListener(l, to.listener)
	}
	backend := dicomnet.BackendFunc(func(_ context.Context, info dicomnet.AssociationInfo) (dicomnet.Session, error) {
		if info.CalledAETitle != to.aet {
			return nil, dicomnet.RejectCalledAE
		}
		return reportSession{w}, nil
	})
	reports := scp.CommitmentService()
	reports.Role = dicomnet.RoleSCP
	server, err := dicomnet.NewServer(backend, dicomnet.Config{
		Services: []dicomnet.Service{reports, {SOPClassUIDs: []string{dataset.Verification}, TransferSyntaxUIDs: []string{dataset.ImplicitVRLittleEndian}}},
		Admit:    dicomnet.AnyPeer, Logger: slog.New(slog.DiscardHandler),
		ImplementationClassUID: scp.ImplementationClassUID, ImplementationVersionName: scp.ImplementationVersionName,
	})
	if err != nil {
		l.Close()
		return nil, neckfrac.Wrap(neckfrac.Internal, "commit", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends with Shutdown; a listener that broke shows as no report
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
		<-done
	}, nil
}

// reportSession is an association that the peer opened for its report.
type reportSession struct{ w *reportWaiter }

func (s reportSession) Echo(context.Context) error { return nil }

func (s reportSession) Store(context.Context, *dicomnet.StoreRequest, io.Reader) error {
	return &dicomnet.StatusError{Status: dimse.SOPClassNotSupported}
}

func (s reportSession) EventReport(_ context.Context, ev *dicomnet.EventReport) error {
	return s.w.take(ev)
}

func (s reportSession) Close() {}

// commitWords are the failure reasons of PS3.4 §J.3.3 for people.
var commitWords = map[neckfrac.FailureReason]string{
	neckfrac.CommitProcessingFailure: "processing failure", neckfrac.CommitNoSuchInstance: "no such instance",
	neckfrac.CommitClassConflict: "class and instance conflict", neckfrac.CommitClassNotSupported: "class not supported",
	0x0213: "resource limitation", 0x0131: "duplicate transaction",
}

// printCommitment tells each file's outcome. An instance that the report leaves out is
// not committed.
func printCommitment(out io.Writer, c neckfrac.Commitment, refs []neckfrac.InstanceRef, files []dicomFile) error {
	answers := map[neckfrac.InstanceRef]neckfrac.FailureReason{}
	for i, r := range c.Instances {
		answers[r] = max(answers[r], c.Reasons[i])
	}
	kept := 0
	for i, r := range refs {
		reason, told := answers[r]
		word := "committed"
		switch {
		case !told:
			word = "not committed: the report does not name it"
		case reason != neckfrac.Committed:
			word = fmt.Sprintf("not committed: %04XH", uint16(reason))
			if w, ok := commitWords[reason]; ok {
				word += " " + w
			}
		default:
			kept++
		}
		fmt.Fprintf(out, "%s: %s\n", files[i].path, word)
	}
	fmt.Fprintf(out, "%d of %d objects committed\n", kept, len(refs))
	if kept < len(refs) {
		return errNotCommitted
	}
	return nil
}

// errNotCommitted was told file by file.
var errNotCommitted = errors.New("the peer did not commit to every object")
