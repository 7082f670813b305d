package chaos

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startTime bounds how long a service may take to open its ports on a busy machine.
const startTime = time.Minute

// Command starts a service: Args[0] is the program, Env its whole environment.
type Command struct {
	Args []string
	Env  []string
	// Line is called for every message that the service logs in JSON. Optional.
	Line func(message string)
	// Wrapped says that Args[0] is a tracer, which starts the service as its one child
	// and ends with it: signals go to the child.
	Wrapped bool
}

// Process is a running service.
type Process struct {
	// DICOM and HTTP are the addresses that the service printed.
	DICOM, HTTP string
	// Took is the time from the start to the open ports.
	Took time.Duration

	cmd   *exec.Cmd
	pid   int // of the service
	log   lockedBuffer
	ended chan struct{}
	line  func(string)
}

var readyLine = regexp.MustCompile(`^neckfrac: DICOM \S+ on (\S+) · page http://([^/]+)/`)

// Start starts the service and returns when its ports are open. A service that ends
// before is an error with its log.
func Start(ctx context.Context, c Command) (*Process, error) {
	p := &Process{cmd: exec.Command(c.Args[0], c.Args[1:]...), ended: make(chan struct{}), line: c.Line}
	p.cmd.Env = c.Env
	p.cmd.Stdout = &p.log // gofail's runtime says there why it ends the process
	pipe, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("chaos: start: %w", err)
	}
	begun := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("chaos: start: %w", err)
	}
	p.pid = p.cmd.Process.Pid
	ready := make(chan []string, 1)
	go func() {
		defer close(p.ended)
		defer p.cmd.Wait() // how it ended is read from ProcessState
		p.read(pipe, ready)
	}()
	timeout := time.NewTimer(startTime)
	defer timeout.Stop()
	select {
	case m := <-ready:
		p.DICOM, p.HTTP, p.Took = m[1], m[2], time.Since(begun)
		if !c.Wrapped {
			return p, nil
		}
		if p.pid, err = onlyChild(p.pid); err == nil {
			return p, nil
		}
	case <-p.ended:
		err = errors.New("the service did not start")
	case <-timeout.C:
		err = fmt.Errorf("the service is not ready after %s", startTime)
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.Kill()
	<-p.ended
	return nil, fmt.Errorf("chaos: %w (%v):\n%s", err, p.cmd.ProcessState, p.Log())
}

func (p *Process) read(pipe io.Reader, ready chan<- []string) {
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		line := lines.Text()
		p.log.add(line)
		if m := readyLine.FindStringSubmatch(line); m != nil {
			select {
			case ready <- m:
			default:
			}
		}
		var entry struct {
			Msg string `json:"msg"`
		}
		if p.line != nil && strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &entry) == nil {
			p.line(entry.Msg)
		}
	}
}

// onlyChild is the one child of a process.
func onlyChild(pid int) (int, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return pid, err
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return pid, fmt.Errorf("children %q: %w", b, err)
	}
	return child, nil
}

// PID is the service's process number.
func (p *Process) PID() int { return p.pid }

// Kill sends SIGKILL; Ended tells when it is over. Killing again is no error.
func (p *Process) Kill() { p.signal(syscall.SIGKILL) }

// signal reaches nobody else: the number is the service's until its parent, this process
// or the tracer, has waited for it.
func (p *Process) signal(s syscall.Signal) {
	select {
	case <-p.ended:
	default:
		if p.pid == p.cmd.Process.Pid {
			p.cmd.Process.Signal(s)
		} else {
			syscall.Kill(p.pid, s)
		}
	}
}

// Ended is closed when the process is gone and its log was read.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Log is what the service wrote to standard error and standard output so far.
func (p *Process) Log() string { return p.log.String() }

// Stop ends the service in order within the given time; any other exit code than 0 is
// an error.
func (p *Process) Stop(within time.Duration) error {
	p.signal(syscall.SIGTERM)
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	select {
	case <-p.ended:
	case <-timeout.C:
		p.Kill()
		<-p.ended
		return fmt.Errorf("chaos: the service did not stop in %s:\n%s", within, p.Log())
	}
	if !p.cmd.ProcessState.Success() {
		return fmt.Errorf("chaos: the service ended with %v:\n%s", p.cmd.ProcessState, p.Log())
	}
	return nil
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.WriteString(line)
	l.b.WriteByte('\n')
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
