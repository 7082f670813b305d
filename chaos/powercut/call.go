package powercut

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// maxLine bounds one line of a trace: a write of 64 KiB takes at most four bytes each.
const maxLine = 1 << 20

// Strace returns the arguments of strace that Parse needs, up to the traced command.
func Strace(output string) []string {
	return []string{"strace", "-f", "-yy", "-s", "131072", "-e", "trace=" + strings.Join(traced, ","), "-e", "signal=none", "-o", output}
}

// traced are the calls that make, change, name or sync a file, and those that carry a
// response; "?" lets an architecture lack one.
var traced = []string{
	"?open", "openat", "?creat", "write", "pwrite64", "writev", "pwritev", "?pwritev2", "ftruncate", "truncate", "fallocate",
	"copy_file_range", "sendfile", "splice", "?rename", "renameat", "?renameat2", "?link", "linkat", "?symlink", "symlinkat",
	"?unlink", "unlinkat", "?mkdir", "mkdirat", "?rmdir", "fsync", "fdatasync", "msync", "sendto", "sendmsg",
}

// Call is one system call that returned.
type Call struct {
	// Begin and End are the lines of the trace at which it was entered and had returned.
	Begin, End int
	Name       string
	Args       []Arg
	// Result is what it returned; negative is an error.
	Result int
}

// Arg is one argument: a string, a descriptor with its path, or anything else as text.
type Arg struct {
	Text string
	// Data are the bytes of a string argument.
	Data []byte
	// FD and Path belong to a descriptor; FD is -1 for all others and -100 for AT_FDCWD.
	FD   int
	Path string
}

// atFDCWD stands for the working directory in an openat.
const atFDCWD = -100

var (
	lineRE    = regexp.MustCompile(`^(\d+) +(.*)$`)
	resumedRE = regexp.MustCompile(`^<\.\.\. (\w+) resumed>(.*)$`)
	resultRE  = regexp.MustCompile(`\) += (-?\d+|\?|0x[0-9a-f]+)(<.*>)?( .*)?$`)
)

// Parse reads a trace made with Strace's arguments. from is the number of its first
// line, so that traces of one directory can follow each other. Calls that did not return
// are left out.
func Parse(r io.Reader, from int) (calls []Call, next int, err error) {
	type begun struct {
		line int
		text string
	}
	open := map[string]begun{}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	n := from
	for ; lines.Scan(); n++ {
		m := lineRE.FindStringSubmatch(lines.Text())
		if m == nil {
			return nil, n, fmt.Errorf("powercut: line %d is no strace line", n)
		}
		pid, text, begin := m[1], m[2], n
		if head, ok := strings.CutSuffix(text, "<unfinished ...>"); ok {
			open[pid] = begun{n, strings.TrimRight(head, " ")}
			continue
		}
		if r := resumedRE.FindStringSubmatch(text); r != nil {
			b, ok := open[pid]
			if !ok {
				continue
			}
			delete(open, pid)
			begin, text = b.line, b.text+r[2]
		}
		c, ok, err := parseCall(text)
		if err != nil {
			return nil, n, fmt.Errorf("powercut: line %d: %w", n, err)
		}
		if ok {
			c.Begin, c.End = begin, n
			calls = append(calls, c)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, n, fmt.Errorf("powercut: line %d: %w", n, err)
	}
	return calls, n, nil
}

// parseCall takes a whole call apart; false is a line that is none, such as an exit.
func parseCall(text string) (c Call, ok bool, err error) {
	at := strings.IndexByte(text, '(')
	end := resultRE.FindStringSubmatchIndex(text)
	if at <= 0 || end == nil || strings.HasPrefix(text, "+++") || strings.HasPrefix(text, "---") {
		return c, false, nil
	}
	c.Name = text[:at]
	result := text[end[2]:end[3]]
	if c.Result, err = strconv.Atoi(result); err != nil {
		return c, false, nil // "?": the process ended within it
	}
	c.Args, err = parseArgs(text[at+1 : end[0]])
	return c, true, err
}

// parseArgs splits at commas outside strings, descriptors' paths and brackets.
func parseArgs(text string) ([]Arg, error) {
	var out []Arg
	depth, from := 0, 0
	flush := func(to int) error {
		a, err := parseArg(strings.TrimSpace(text[from:to]))
		out = append(out, a)
		return err
	}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case ',':
			if depth == 0 {
				if err := flush(i); err != nil {
					return nil, err
				}
				from = i + 1
			}
		}
	}
	if strings.TrimSpace(text[from:]) == "" && len(out) == 0 {
		return nil, nil
	}
	err := flush(len(text))
	return out, err
}

var fdRE = regexp.MustCompile(`^(\d+|AT_FDCWD)<(.*)>$`)

func parseArg(text string) (Arg, error) {
	a := Arg{Text: text, FD: -1}
	if strings.HasPrefix(text, `"`) {
		if strings.HasSuffix(text, `"...`) {
			return a, fmt.Errorf("a string is cut")
		}
		data, err := unescape(strings.TrimSuffix(text[1:], `"`))
		a.Data = data
		return a, err
	}
	if m := fdRE.FindStringSubmatch(text); m != nil {
		a.Path = strings.TrimSuffix(m[2], " (deleted)")
		if m[1] == "AT_FDCWD" {
			a.FD = atFDCWD
			return a, nil
		}
		n, err := strconv.Atoi(m[1])
		a.FD = n
		return a, err
	}
	if text == "AT_FDCWD" {
		a.FD = atFDCWD
	}
	return a, nil
}

// vectorRE finds the strings of an iovec.
var vectorRE = regexp.MustCompile(`iov_base="((?:[^"\\]|\\.)*)"(\.\.\.)?`)

// vector joins the buffers of a writev.
func vector(text string) ([]byte, error) {
	var out []byte
	for _, m := range vectorRE.FindAllStringSubmatch(text, -1) {
		if m[2] != "" {
			return nil, fmt.Errorf("a string is cut")
		}
		data, err := unescape(m[1])
		if err != nil {
			return nil, err
		}
		out = append(out, data...)
	}
	return out, nil
}

// escapes are those of C that strace writes.
var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', 'v': '\v', 'f': '\f', '"': '"', '\\': '\\'}

// unescape undoes strace's quoting: C escapes and octal digits.
func unescape(s string) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			return nil, fmt.Errorf("a string ends in an escape")
		}
		if c, ok := escapes[s[i]]; ok {
			b.WriteByte(c)
			continue
		}
		v, digits := 0, 0
		for ; digits < 3 && i < len(s) && s[i] >= '0' && s[i] <= '7'; i, digits = i+1, digits+1 {
			v = 8*v + int(s[i]-'0')
		}
		if digits == 0 || v > 255 {
			return nil, fmt.Errorf("escape %q", s[i])
		}
		b.WriteByte(byte(v))
		i--
	}
	return b.Bytes(), nil
}
