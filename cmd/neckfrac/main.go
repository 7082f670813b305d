package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/neckfrac/neckfrac"
)

// Exit codes of every command.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNotAnalysed = 3
)

// CLI is the command line.
type CLI struct {
	ONNXRuntimeLib string `name:"onnxruntime-lib" help:"ONNX Runtime library (else NECKFRAC_ORT, beside the binary, /usr/lib)." placeholder:"FILE"`

	Serve    ServeCmd       `cmd:"" help:"Run the service. Example: neckfrac serve --data ./data"`
	Analyze  AnalyzeCmd     `cmd:"" help:"Analyse DICOM files offline. Example: neckfrac analyze study/ --format text"`
	Send     SendCmd        `cmd:"" help:"Send DICOM files by C-STORE. Example: neckfrac send 127.0.0.1:11112 study/"`
	Retrieve RetrieveCmd    `cmd:"" help:"Fetch a study from a configured source. Example: neckfrac retrieve --config neckfrac.yaml --from PACS --study 1.2.3"`
	Phantom  PhantomCmd     `cmd:"" help:"Make synthetic CT with ground truth. Example: neckfrac phantom --out p --fracture C5:burst"`
	Dataset  DatasetCmd     `cmd:"" help:"Prepare training tensors. Example: neckfrac dataset prepare --in p --out tensors"`
	Bench    BenchCmd       `cmd:"" help:"Check and write frozen benchmarks. Example: neckfrac bench verify --out report"`
	Evaluate EvaluateCmd    `cmd:"" help:"Judge a pack on a data set. Example: neckfrac evaluate --pack models/packs/demo --in p --out report"`
	Pack     PackCmd        `cmd:"" help:"Verify, show, build and sign model packs. Example: neckfrac pack show models/packs/demo"`
	Doctor   DoctorCmd      `cmd:"" help:"Check library, pack, disk and ports. Example: neckfrac doctor"`
	Series   SeriesCmd      `cmd:"" help:"Explain which series of a study is analysed. Example: neckfrac series explain study/"`
	Verify   VerifyStoreCmd `cmd:"" name:"verify-store" help:"Compare every stored object with its digest. Example: neckfrac verify-store --data ./data --json"`
	Demo     DemoCmd        `cmd:"" help:"Show the whole way with two synthetic patients. Example: neckfrac demo --seed 4"`
	Version  VersionCmd     `cmd:"" help:"Print the version. Example: neckfrac version"`
	RunJob   RunJobCmd      `cmd:"" hidden:"" help:"Runner process of the worker."`
}

// Runtime is what commands see of the world.
type Runtime struct {
	Context context.Context
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Environ []string
	// ORTLib is the --onnxruntime-lib flag.
	ORTLib string
	// Progress says that Stderr is a terminal.
	Progress bool
	// Reload, called once, returns what yields when the configuration is to be read again.
	// Nil is never.
	Reload func() <-chan os.Signal
	// RunnerCommand and RunnerEnv override how a runner is started: tests re-execute
	// themselves. No flag or variable of the binary sets them.
	RunnerCommand, RunnerEnv []string
	// pack stands in for models.pack, for tests with a runner of their own.
	pack *packInfo
}

// exitError carries a command's exit code; text is printed as it is.
type exitError struct {
	code int
	text string
}

func (e *exitError) Error() string { return e.text }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	rt := Runtime{Context: ctx, Reload: onHangup, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ()}
	if st, err := os.Stderr.Stat(); err == nil {
		rt.Progress = st.Mode()&os.ModeCharDevice != 0
	}
	code := Run(os.Args[1:], rt)
	stop()
	os.Exit(code)
}

// onHangup takes SIGHUP, which else ends the process, as other commands want it to.
func onHangup() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c
}

// Run parses args, runs the command and returns the exit code. Errors are printed once,
// as one line.
func Run(args []string, rt Runtime) (code int) {
	var cli CLI
	parser, err := kong.New(&cli, kong.Name("neckfrac"), kong.Writers(rt.Stdout, rt.Stderr),
		kong.Description("Clinical decision support for cervical spine fractures on CT. "+neckfrac.ResearchUse),
		kong.Exit(func(c int) { panic(kongExit(c)) }))
	if err != nil {
		fmt.Fprintln(rt.Stderr, "neckfrac:", err)
		return exitUsage
	}
	defer func() {
		if c, ok := recover().(kongExit); ok {
			code = int(c)
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	kctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(rt.Stderr, "neckfrac: %v (see neckfrac --help)\n", err)
		return exitUsage
	}
	rt.ORTLib = cli.ONNXRuntimeLib
	err = kctx.Run(&rt)
	var ee *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &ee):
		if ee.text != "" {
			fmt.Fprintln(rt.Stderr, "neckfrac:", ee.text)
		}
		return ee.code
	case neckfrac.KindOf(err) == neckfrac.Invalid:
		fmt.Fprintln(rt.Stderr, "neckfrac:", err)
		return exitUsage
	}
	fmt.Fprintln(rt.Stderr, "neckfrac:", err)
	return exitFailed
}

// kongExit carries --help's exit out of the parser.
type kongExit int

// logger makes the service's log: JSON lines on standard error.
func logger(w io.Writer, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, configErr("log.level", "want debug, info, warn or error")
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l, ReplaceAttr: kindByName})), nil
}

// kindByName logs an error's kind as its word.
func kindByName(_ []string, a slog.Attr) slog.Attr {
	if k, ok := a.Value.Any().(neckfrac.Kind); ok {
		return slog.String(a.Key, k.String())
	}
	return a
}
