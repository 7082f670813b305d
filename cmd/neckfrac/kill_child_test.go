package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// child is a service in a process of its own.
type child struct {
	cmd         *exec.Cmd
	dicom, http string
	log         *syncBuffer
	// ended is closed when the process is gone and its log read.
	ended chan struct{}

	mu     sync.Mutex
	strike string // message that brings a kill
}

var readyLine = regexp.MustCompile(`^neckfrac: DICOM \S+ on (\S+) · page http://([^/]+)/`)

// startChild starts the service and waits until its ports are open.
func startChild(t *testing.T, config string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0], "serve", "--config", config), log: &syncBuffer{}, ended: make(chan struct{})}
	c.cmd.Env = []string{roleEnv + "=" + roleService, "NECKFRAC_LOG_LEVEL=info"} // kill points are info lines
	pipe, err := c.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan []string, 1)
	go func() {
		defer close(c.ended)
		defer c.cmd.Wait() // how it ended is read from ProcessState
		c.read(pipe, ready)
	}()
	t.Cleanup(c.kill)
	select {
	case m := <-ready:
		c.dicom, c.http = m[1], m[2]
	case <-c.ended:
		t.Fatalf("the service did not start:\n%s", c.log)
	case <-time.After(resultTime):
		t.Fatalf("the service is not ready after %s:\n%s", resultTime, c.log)
	}
	return c
}

func (c *child) read(pipe io.Reader, ready chan<- []string) {
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		line := lines.Text()
		io.WriteString(c.log, line+"\n")
		if m := readyLine.FindStringSubmatch(line); m != nil {
			ready <- m
		}
		var entry struct {
			Msg string `json:"msg"`
		}
		if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &entry) != nil {
			continue
		}
		c.mu.Lock()
		hit := c.strike != "" && entry.Msg == c.strike
		c.mu.Unlock()
		if hit {
			c.kill()
		}
	}
}

// killOn lets the first log line with this message bring the kill.
func (c *child) killOn(message string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.strike = message
}

// kill sends SIGKILL; ended tells when it is over.
func (c *child) kill() {
	c.cmd.Process.Signal(syscall.SIGKILL) // an error means that it is gone already
}

// stop ends the service in order and wants exit code 0.
func (c *child) stop(t *testing.T) {
	t.Helper()
	c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(2 * shutdownTime):
		t.Fatalf("the service did not stop:\n%s", c.log)
	}
	if !c.cmd.ProcessState.Success() {
		t.Fatalf("the service ended with %v:\n%s", c.cmd.ProcessState, c.log)
	}
}

// nemesis is a connection that kills the service at a byte: after it has written
// writeAt bytes, or on the first byte of the response that comes after arm.
type nemesis struct {
	net.Conn
	strike  func()
	writeAt int64 // 0 is never

	mu      sync.Mutex
	written int64
	armed   bool
}

// Write passes the bytes on up to the fatal one, strikes and goes on.
func (n *nemesis) Write(p []byte) (int, error) {
	n.mu.Lock()
	before := n.written
	n.written += int64(len(p))
	n.mu.Unlock()
	cut := n.writeAt - before
	if n.writeAt == 0 || cut <= 0 || cut > int64(len(p)) {
		return n.Conn.Write(p)
	}
	if done, err := n.Conn.Write(p[:cut]); err != nil {
		return done, err
	}
	n.strike()
	done, err := n.Conn.Write(p[cut:])
	return int(cut) + done, err
}

// arm lets the next byte that is read strike.
func (n *nemesis) arm() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.armed = true
}

func (n *nemesis) Read(p []byte) (int, error) {
	n.mu.Lock()
	armed := n.armed
	n.armed = false
	n.mu.Unlock()
	if !armed || len(p) == 0 {
		return n.Conn.Read(p)
	}
	done, err := n.Conn.Read(p[:1])
	if done > 0 {
		n.strike()
	}
	return done, err
}
