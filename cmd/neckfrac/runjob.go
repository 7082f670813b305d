package main

import (
	"log/slog"
	"net"
	"os"
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
	predictor, err := openPredictor(c.Pack, c.TrustedKeys, c.Threads, rt.ORTLib)
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

// openPredictor opens a verified pack on ONNX Runtime.
func openPredictor(path string, trusted []string, threads int, lib string) (*onnx.Predictor, error) {
	pack, err := openPack(path, trusted)
	if err != nil {
		return nil, err
	}
	p, err := onnx.Open(pack, onnx.Options{Library: lib, Threads: threads})
	if err != nil {
		pack.Close()
		return nil, err
	}
	return p, nil
}

// runnerCommand is how this binary starts its runner. The child inherits nothing of our
// environment but where to find ONNX Runtime.
func (rt *Runtime) runnerCommand(pack string, trusted []string, threads int) (command, env []string, err error) {
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
	command = append(command, "run-job", "--pack", pack, "--threads", strconv.Itoa(threads))
	for _, k := range trusted {
		command = append(command, "--trusted-keys", k)
	}
	return command, env, nil
}

// startRunner makes a warm runner for a pack. Its error is one sentence.
func (rt *Runtime) startRunner(pack string, trusted []string, threads int, log *slog.Logger) (*pipeline.ProcessRunner, neckfrac.PackID, error) {
	command, env, err := rt.runnerCommand(pack, trusted, threads)
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
