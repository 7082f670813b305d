package pipeline

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/neckfrac/neckfrac"
)

// maxAnswerBytes bounds a runner's answer: seven levels, some thousand candidates.
const maxAnswerBytes = 8 << 20

// DefaultJobTimeout ends a runner that neither answers nor dies. The slowest honest
// study seen takes a minute on two cores.
const DefaultJobTimeout = 5 * time.Minute

// ProcessRunner runs jobs in a child process that is kept warm between them and
// replaced after any fault. One job runs at a time; further callers wait.
type ProcessRunner struct {
	// Command starts the child, os.Executable with the run-job command.
	Command []string
	// Env is the child's whole environment; it gets no credentials.
	Env []string
	// Timeout ends a job. Defaults to DefaultJobTimeout.
	Timeout time.Duration
	Log     *slog.Logger

	mu    sync.Mutex
	child *child
}

type child struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	files  *net.UnixConn
	stderr *tail
	hello  RunnerHello
}

// Run hands the job to the child and waits for its answer. It kills the child on a
// timeout, on ctx's end and on an answer it can't read.
func (p *ProcessRunner) Run(ctx context.Context, job RunnerJob, files []*os.File) (RunnerAnswer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return RunnerAnswer{}, neckfrac.Wrap(neckfrac.Unavailable, "runner", err)
	}
	if err := p.warm(); err != nil {
		return RunnerAnswer{}, err
	}
	timeout := p.Timeout
	if timeout <= 0 {
		timeout = DefaultJobTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	c := p.child
	stop := context.AfterFunc(ctx, func() { c.cmd.Process.Kill() })
	answer, err := c.ask(job, files)
	if stop() && err == nil {
		if answer.Fault != "" {
			p.Log.Error("runner fault", "kind", answer.Fault, "stderr", c.stderr.String())
		}
		return answer, nil
	}
	p.child = nil
	c.end()
	if err == nil {
		err = ctx.Err()
	}
	p.Log.Warn("runner ended", "stage", "run", "state", c.cmd.ProcessState.String(), "stderr", c.stderr.String())
	return RunnerAnswer{}, neckfrac.Wrap(neckfrac.Unavailable, "runner", err)
}

// Warm starts the child and returns the pack that it loaded. Its error is one sentence
// for the operator: a missing library, a pack that can't be read.
func (p *ProcessRunner) Warm() (neckfrac.PackID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.warm(); err != nil {
		return neckfrac.PackID{}, err
	}
	return p.child.hello.Pack, nil
}

// Syntaxes returns the transfer syntaxes that the child said it decodes, starting it if
// need be.
func (p *ProcessRunner) Syntaxes() ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.warm(); err != nil {
		return nil, err
	}
	return slices.Clone(p.child.hello.Syntaxes), nil
}

func (p *ProcessRunner) warm() error {
	if p.child != nil {
		return nil
	}
	c, err := p.start()
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "runner: start", err)
	}
	wait := time.AfterFunc(startTimeout, func() { c.cmd.Process.Kill() })
	line, err := readLine(c.out, maxAnswerBytes)
	if wait.Stop() && err == nil {
		if err = json.Unmarshal(line, &c.hello); err == nil && c.hello.Error == "" {
			p.child = c
			return nil
		}
	}
	c.end()
	if c.hello.Error != "" {
		return neckfrac.Errorf(neckfrac.Unavailable, "runner", "%s", c.hello.Error)
	}
	return neckfrac.Errorf(neckfrac.Unavailable, "runner", "did not start: %v: %s", err, c.stderr.String())
}

// startTimeout bounds loading a pack: the full-size graphs take some seconds.
const startTimeout = time.Minute

// Close ends the child.
func (p *ProcessRunner) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child != nil {
		p.child.end()
		p.child = nil
	}
	return nil
}

func (p *ProcessRunner) start() (*child, error) {
	ours, theirs, err := socketpair()
	if err != nil {
		return nil, err
	}
	defer ours.Close()
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	c := &child{cmd: exec.Command(p.Command[0], p.Command[1:]...), files: conn.(*net.UnixConn), stderr: &tail{}}
	c.cmd.Env = p.Env
	c.cmd.ExtraFiles = []*os.File{theirs}
	c.cmd.Stderr = c.stderr
	in, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		conn.Close()
		return nil, err
	}
	// gofail: var runnerSpawned struct{}
	c.in, c.out = in, bufio.NewReaderSize(out, 1<<16)
	return c, nil
}

func (c *child) ask(job RunnerJob, files []*os.File) (RunnerAnswer, error) {
	var answer RunnerAnswer
	if err := json.NewEncoder(c.in).Encode(job); err != nil {
		return answer, fmt.Errorf("send job: %w", err)
	}
	if err := sendFiles(c.files, files); err != nil {
		return answer, err
	}
	line, err := readLine(c.out, maxAnswerBytes)
	if err != nil {
		return answer, fmt.Errorf("read answer: %w", err)
	}
	if err := json.Unmarshal(line, &answer); err != nil {
		return answer, fmt.Errorf("decode answer: %w", err)
	}
	return answer, nil
}

func (c *child) end() {
	c.in.Close()
	c.files.Close()
	c.cmd.Process.Kill()
	c.cmd.Wait() // its error is the state that the caller logs
}

// readLine reads up to a newline and no more than limit bytes.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > limit {
			return nil, fmt.Errorf("longer than %d bytes", limit)
		}
		if err == nil || err != bufio.ErrBufferFull {
			return line, err
		}
	}
}

// tail keeps the last bytes of what a runner wrote to standard error.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailBytes = 4096

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if n := len(t.buf) - tailBytes; n > 0 {
		t.buf = append(t.buf[:0], t.buf[n:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
