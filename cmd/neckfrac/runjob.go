package main

import (
	"log/slog"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/onnx"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/pixel/openjpeg"
)

// runnerSocket is the descriptor on which a runner is handed files.
const runnerSocket = 3

// RunJobCmd is the runner process: it loads a pack once and serves jobs on its pipes.
type RunJobCmd struct {
	Pack        string   `required:"" help:"Model pack."`
	TrustedKeys []string `help:"Public keys that may sign it."`
	Threads     int      `help:"Threads for inference; 0 takes the CPU quota."`
	Device      string   `help:"auto, cpu or cuda."`
}

// runnerGCPercent is low because a runner's heap is a few large arrays without
// pointers: the collector has next to nothing to mark, and what it leaves lying about
// is a share of a volume of 150 MB.
const runnerGCPercent = 20

// frugal keeps this process to its share of memory and processors.
func frugal() {
	debug.SetGCPercent(runnerGCPercent)
	if n := onnx.Processors(); n < runtime.GOMAXPROCS(0) {
		runtime.GOMAXPROCS(n)
	}
}

// Run answers one hello and then one line a job until standard input ends.
func (c RunJobCmd) Run(rt *Runtime) error {
	conn, err := net.FileConn(os.NewFile(runnerSocket, "files"))
	if err != nil {
		return &exitError{exitUsage, "run-job is started by the worker, not by hand"}
	}
	files, ok := conn.(*net.UnixConn)
	if !ok {
		return &exitError{exitUsage, "run-job is started by the worker, not by hand"}
	}
	defer files.Close()
	frugal()
	predictor, err := openPredictor(c.Pack, c.TrustedKeys, c.options(rt.ORTLib))
	if err != nil {
		return pipeline.RefuseRunner(rt.Stdout, err)
	}
	defer predictor.Close()
	log := slog.New(slog.NewJSONHandler(rt.Stderr, nil))
	// C code that reads a stranger's bytes is loaded in this process alone.
	if _, err := openjpeg.Register(); err != nil {
		log.Info("jpeg 2000 is not decoded", "err", err)
	}
	return pipeline.ServeRunner(rt.Context, rt.Stdin, rt.Stdout, files, predictor, log)
}

func (c RunJobCmd) options(lib string) onnx.Options {
	return onnx.Options{Library: lib, Threads: c.Threads, Device: onnx.Device(c.Device)}
}

// openPredictor opens a verified pack on ONNX Runtime.
func openPredictor(path string, trusted []string, o onnx.Options) (*onnx.Predictor, error) {
	pack, err := openPack(path, trusted)
	if err != nil {
		return nil, err
	}
	p, err := onnx.Open(pack, o)
	if err != nil {
		pack.Close()
		return nil, err
	}
	return p, nil
}

// runnerCommand is how this binary starts its runner. The child inherits nothing of our
// environment but where to find ONNX Runtime.
func (rt *Runtime) runnerCommand(m ModelsConfig) (command, env []string, err error) {
	for _, kv := range rt.Environ {
		if len(kv) > 13 && kv[:13] == "NECKFRAC_ORT=" {
			env = append(env, kv)
		}
	}
	if rt.RunnerCommand != nil {
		return rt.RunnerCommand, append(env, rt.RunnerEnv...), nil
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, nil, neckfrac.Wrap(neckfrac.Internal, "runner", err)
	}
	command = []string{exe}
	if rt.ORTLib != "" {
		command = append(command, "--onnxruntime-lib", rt.ORTLib)
	}
	command = append(command, "run-job", "--pack", m.Pack, "--threads", strconv.Itoa(m.Threads), "--device", m.Device)
	for _, k := range m.TrustedKeys {
		command = append(command, "--trusted-keys", k)
	}
	return command, env, nil
}

// startRunner makes a warm runner for the pack at m.Pack, which is a path here. Its
// error is one sentence.
func (rt *Runtime) startRunner(m ModelsConfig, log *slog.Logger) (*pipeline.ProcessRunner, neckfrac.PackID, error) {
	command, env, err := rt.runnerCommand(m)
	if err != nil {
		return nil, neckfrac.PackID{}, err
	}
	r := &pipeline.ProcessRunner{Command: command, Env: env, Log: log}
	id, err := r.Warm()
	if err != nil {
		return nil, neckfrac.PackID{}, err
	}
	return r, id, nil
}
