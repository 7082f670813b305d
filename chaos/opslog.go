package chaos

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
)

// Outcome says how far an operation came.
type Outcome string

// The outcomes of a C-STORE as its sender sees them.
const (
	// Invoke is written and synced before the first byte is sent.
	Invoke Outcome = "invoke"
	// OK is a Success.
	OK Outcome = "ok"
	// Fail is any other status: the peer says that it has not stored the instance.
	Fail Outcome = "fail"
	// Unknown is no answer: the instance may be there or not.
	Unknown Outcome = "unknown"
)

// Op is one line of the log of operations.
type Op struct {
	Outcome Outcome `json:"op"`
	Study   int     `json:"study"`
	Slice   int     `json:"slice"`
	// SHA256 is that of the data set, in hex; on Invoke alone.
	SHA256 string `json:"sha256,omitempty"`
	// Status is the peer's, for OK and Fail.
	Status uint16 `json:"status,omitempty"`
}

// Log is an append-only file of operations, one JSON object a line. It is safe for
// concurrent use.
type Log struct {
	mu sync.Mutex
	f  *os.File
}

// CreateLog makes the file, which must not exist.
func CreateLog(path string) (*Log, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("operations: %w", err)
	}
	return &Log{f: f}, nil
}

// Begin writes invocations and returns when they would survive a power cut.
func (l *Log) Begin(ops []Op) error {
	if err := l.write(ops); err != nil {
		return err
	}
	if err := l.f.Sync(); err != nil {
		return fmt.Errorf("operations: %w", err)
	}
	return nil
}

// End writes one outcome, without a sync: an outcome that is lost is Unknown, which is
// then the truth.
func (l *Log) End(op Op) error { return l.write([]Op{op}) }

func (l *Log) write(ops []Op) error {
	var b []byte
	for _, op := range ops {
		line, err := json.Marshal(op)
		if err != nil {
			return fmt.Errorf("operations: %w", err)
		}
		b = append(append(b, line...), '\n')
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.f.Write(b); err != nil {
		return fmt.Errorf("operations: %w", err)
	}
	return nil
}

// Close closes the file.
func (l *Log) Close() error { return l.f.Close() }

// ReadLog reads a log back. A last line that is cut is left out.
func ReadLog(path string) ([]Op, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("operations: %w", err)
	}
	defer f.Close()
	var ops []Op
	var broken error
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		if broken != nil {
			return nil, broken // a broken line that is not the last one
		}
		var op Op
		if err := json.Unmarshal(lines.Bytes(), &op); err != nil {
			broken = fmt.Errorf("operations: line %d: %w", n, err)
			continue
		}
		ops = append(ops, op)
	}
	return ops, errors.Join(lines.Err())
}
