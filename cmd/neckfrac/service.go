package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/blob/fsblob"
	"github.com/neckfrac/neckfrac/pipeline/ledger/sqlite"
	"github.com/neckfrac/neckfrac/pipeline/queue/inproc"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// minFree is kept for the ledger: the receiver refuses before the disk is full.
const minFree = 256 << 20

// Service is the running program. StartService makes it, Stop ends it in reverse order:
// receiver, worker and settler, HTTP, runner, ledger.
type Service struct {
	DICOMAddr, HTTPAddr, AdminAddr string
	// DICOMTLSAddr is "" without dicom.tls.
	DICOMTLSAddr string
	// Failed yields when a listener ends by itself.
	Failed <-chan error

	cfg      Config
	rt       *Runtime
	log      *slog.Logger
	metrics  *prometheus.Registry
	lock     *os.File
	db       *sqlite.DB
	blobs    *fsblob.Store
	queue    *inproc.Queue
	runner   *pipeline.ProcessRunner
	pack     packInfo
	dicom    *dicomnet.Server
	received *scp.Backend         // storage makes it
	tls      *dicomnet.TLSProfile // nil without dicom.tls
	peers    atomic.Pointer[peerTable]
	http     *http.Server
	admin    *http.Server
	failed   chan error
	loops    sync.WaitGroup
	stopWork context.CancelFunc
}

// packInfo is what the worker and the outputs need of the pack.
type packInfo struct {
	id       neckfrac.PackID
	decision neckfrac.Decision
}

// StartService opens everything and returns when all listeners are bound. On an error
// what was opened is closed again, and the error is one sentence for the operator.
func StartService(ctx context.Context, rt *Runtime, cfg Config) (_ *Service, err error) {
	log, err := logger(rt.Stderr, cfg.Log.Level)
	if err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, rt: rt, log: log, metrics: prometheus.NewRegistry(), queue: inproc.New(0), failed: make(chan error, 4)}
	s.Failed = s.failed
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err := s.openStores(ctx); err != nil {
		return nil, err
	}
	if err := s.openTLS(); err != nil {
		return nil, err
	}
	if err := s.usePeers(cfg); err != nil {
		return nil, err
	}
	if err := s.openPack(); err != nil {
		return nil, err
	}
	if err := s.audit(ctx); err != nil {
		return nil, err
	}
	listeners, err := s.listen()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			for _, l := range listeners {
				l.Close()
			}
		}
	}()
	if err := s.wireHTTP(listeners[1].Addr()); err != nil {
		return nil, err
	}
	if err := s.wireDICOM(); err != nil {
		return nil, err
	}
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.stopWork = cancel
	if err := s.startLoops(work); err != nil {
		return nil, err
	}
	s.serve(listeners)
	return s, nil
}

func (s *Service) openStores(ctx context.Context) error {
	dir := s.cfg.Data.Dir
	if err := makeData(dir); err != nil {
		return neckfrac.Errorf(neckfrac.Unavailable, "data.dir", "%v", err)
	}
	var err error
	if s.lock, err = lockData(dir); err != nil {
		return err
	}
	// PHI lies in it, also when the operator made the folder with a wider mode.
	if err := os.Chmod(dir, 0o700); err != nil {
		return neckfrac.Errorf(neckfrac.Unavailable, "data.dir", "%v", err)
	}
	// What a killed worker left is nobody's.
	if err := clearDir(filepath.Join(dir, "scratch")); err != nil {
		return neckfrac.Errorf(neckfrac.Unavailable, "data.dir", "%v", err)
	}
	if s.blobs, err = fsblob.Open(filepath.Join(dir, "blobs"), fsblob.Options{MinFree: minFree}); err != nil {
		return err
	}
	if s.db, err = sqlite.Open(ctx, filepath.Join(dir, "ledger.db"), sqlite.Options{OpenPerPeer: s.cfg.DICOM.Requests.OpenPerPeer}); err != nil {
		return err
	}
	swept, err := pipeline.Sweep(ctx, s.blobs, s.db, time.Now())
	if err != nil {
		return err
	}
	s.log.Info("stores open", "clean", swept.Clean, "removed", swept.Removed, "kept", swept.Kept)
	if swept.Suspicious() {
		s.log.Error("more objects without a row than a crash leaves: is the ledger an older copy? they are kept, see neckfrac verify-store", "objects", swept.New)
	}
	return nil
}

// openPack verifies the pack here and has the runner load it: a service that could not
// analyse must not start as if it could.
func (s *Service) openPack() (err error) {
	if s.rt.pack != nil {
		s.pack = *s.rt.pack
		s.runner, _, err = s.rt.startRunner(ModelsConfig{Threads: 1}, s.log)
		return err
	}
	path, err := s.cfg.packPath()
	if err != nil || path == "" {
		return err
	}
	p, err := openPack(path, s.cfg.Models.TrustedKeys)
	if err != nil {
		return err
	}
	defer p.Close()
	s.pack = packInfo{id: p.ID(), decision: p.Manifest().Decision}
	m := s.cfg.Models
	m.Pack = path
	s.runner, _, err = s.rt.startRunner(m, s.log)
	return err
}

// audit writes who left the research profile and why, at each start (W12).
func (s *Service) audit(ctx context.Context) error {
	if s.cfg.Profile == string(neckfrac.Research) {
		return nil
	}
	return s.db.Append(ctx, neckfrac.AuditEvent{At: time.Now().UTC(), Actor: s.cfg.ProfileChange.By,
		Action: "profile", Object: s.cfg.Profile, Detail: s.cfg.ProfileChange.Reason})
}

func (s *Service) startLoops(ctx context.Context) error {
	var runner pipeline.Runner
	if s.runner != nil {
		runner = s.runner
	}
	w, err := pipeline.NewWorker(pipeline.WorkerConfig{
		Name: "embedded-" + newID(), Jobs: s.db, Records: s.db, Blobs: s.blobs, Queue: s.queue, Runner: runner,
		Pack: s.pack.id, Decision: s.pack.decision, Site: neckfrac.Profile(s.cfg.Profile),
		ScratchDir: filepath.Join(s.cfg.Data.Dir, "scratch"), NewID: newID, Log: s.log,
	})
	if err != nil {
		return err
	}
	settler := &pipeline.Settler{Intake: s.db, Queue: s.queue, Log: s.log, Quiet: s.cfg.Study.Quiet, Ready: s.cfg.Study.Ready}
	drain := &pipeline.Drain{Outbox: s.db, Records: s.db, Now: time.Now, Log: s.log}
	runs := []func(context.Context){w.Run, settler.Run, drain.Run, s.keeper().Run}
	if s.cfg.DICOM.Commitment.SCP {
		committer, err := s.committer()
		if err != nil {
			return err
		}
		runs = append(runs, committer.Run)
	}
	if len(s.cfg.DICOM.Sources) > 0 {
		retriever, err := s.retriever(ctx)
		if err != nil {
			return err
		}
		runs = append(runs, retriever.Run)
	}
	for _, run := range runs {
		s.loops.Go(func() { run(ctx) })
	}
	return nil
}

// listen binds DICOM, HTTP, admin and, if there is one, DICOM over TLS, in this order.
func (s *Service) listen() ([]net.Listener, error) {
	var out []net.Listener
	addrs := []struct{ key, addr string }{
		{"dicom.addr", s.cfg.DICOM.Addr}, {"http.addr", s.cfg.HTTP.Addr}, {"admin.addr", s.cfg.Admin.Addr},
		{"dicom.tls.addr", s.cfg.DICOM.TLS.Addr},
	}
	if s.tls == nil {
		addrs = addrs[:3]
	}
	for _, a := range addrs {
		l, err := net.Listen("tcp", a.addr)
		if err != nil {
			for _, o := range out {
				o.Close()
			}
			return nil, neckfrac.Errorf(neckfrac.Unavailable, a.key, "%s can't be opened: another program has it, or the address is not ours; set %s to a free one (port 0 picks)", a.addr, a.key)
		}
		out = append(out, l)
	}
	s.DICOMAddr, s.HTTPAddr, s.AdminAddr = out[0].Addr().String(), out[1].Addr().String(), out[2].Addr().String()
	if s.tls != nil {
		s.DICOMTLSAddr = out[3].Addr().String()
		out[3] = tls.NewListener(out[3], s.tls.Config())
	}
	return out, nil
}

func (s *Service) serve(l []net.Listener) {
	run := func(serve func() error) {
		s.loops.Go(func() {
			if err := serve(); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, dicomnet.ErrServerClosed) {
				s.failed <- neckfrac.Wrap(neckfrac.Unavailable, "listener", err)
			}
		})
	}
	run(func() error { return s.dicom.Serve(l[0]) })
	run(func() error { return s.http.Serve(l[1]) })
	run(func() error { return s.admin.Serve(l[2]) })
	if s.tls != nil {
		run(func() error { return s.dicom.Serve(l[3]) })
	}
}

// Stop ends the service; what was acknowledged is on disk whatever happens here.
func (s *Service) Stop(ctx context.Context) error {
	errs := []error{s.dicom.Shutdown(ctx)}
	s.stopWork()
	errs = append(errs, s.http.Shutdown(ctx), s.admin.Shutdown(ctx))
	s.loops.Wait()
	if errors.Join(errs...) == nil { // nothing is received any more
		// A store that is closed for writing takes no mark: the next start then removes nothing.
		if err := pipeline.MarkStop(context.WithoutCancel(ctx), s.blobs, s.db, newID()); err != nil {
			s.log.Warn("stop not marked, the next start keeps objects without a row", "err", err)
		}
	}
	s.close()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
	return nil
}

func (s *Service) close() {
	if s.stopWork != nil {
		s.stopWork()
	}
	s.loops.Wait()
	if s.runner != nil {
		s.runner.Close()
	}
	if s.db != nil {
		s.db.Close()
	}
	if s.blobs != nil {
		s.blobs.Close()
	}
	if s.lock != nil {
		s.lock.Close()
	}
}

func clearDir(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if rerr := os.RemoveAll(filepath.Join(dir, e.Name())); rerr != nil {
			err = rerr
		}
	}
	return err
}
