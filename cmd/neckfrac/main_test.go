package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
)

// roleEnv says what a re-executed test binary is. The fake runner exists in test
// binaries only: nothing that the released binary reads can choose it.
const (
	roleEnv     = "NF_TEST_ROLE"
	roleRunner  = "runner"  // the fake predictor behind the real runner protocol
	roleService = "service" // the real command line, with the fake runner
	rolePlain   = "plain"   // the real command line
)

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleEnv); {
	case role == roleRunner:
		os.Exit(fakeRunner())
	case role == roleService || role == rolePlain:
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		rt := &Runtime{Context: ctx, Reload: onHangup, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ()}
		if role == roleService {
			withFakePack(rt)
		}
		code := Run(os.Args[1:], *rt)
		stop()
		os.Exit(code)
	case len(os.Args) > 1 && os.Args[1] == "run-job":
		// The service takes its own executable for the runner, which is this one.
		os.Exit(Run(os.Args[1:], Runtime{Context: context.Background(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ()}))
	}
	os.Exit(m.Run())
}

// fakeRunner serves jobs with a predictor that flags C5 with probability 0.9 in any
// volume; files, geometry gate and artefacts are the real ones.
func fakeRunner() int {
	conn, err := net.FileConn(os.NewFile(runnerSocket, "files"))
	if err != nil {
		return exitUsage
	}
	p := pipelinetest.NewPredictor()
	box := neckfrac.Box{Min: neckfrac.Vec3{-10, -10, 8}, Max: neckfrac.Vec3{10, 10, 16}}
	p.Level(neckfrac.LevelPrediction{Vertebra: neckfrac.C5, Coverage: neckfrac.CoverageFull, Probability: 0.9, Extent: box, Lesion: box, KeyIndex: 12})
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := pipeline.ServeRunner(context.Background(), os.Stdin, os.Stdout, conn.(*net.UnixConn), p, log); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFailed
	}
	return exitOK
}

// withFakePack lets a service start the fake runner, with the pack that it stands for.
func withFakePack(rt *Runtime) {
	p := pipelinetest.NewPredictor()
	rt.RunnerCommand, rt.RunnerEnv = []string{os.Args[0]}, []string{roleEnv + "=" + roleRunner}
	rt.pack = &packInfo{id: p.Pack(), decision: p.Decision()}
}
