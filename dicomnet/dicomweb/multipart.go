package dicomweb

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
)

// maxBoundary is more than RFC 2046 §5.1.1's 70 characters: Orthanc's client sends 73.
const maxBoundary = 128

// errFraming means that the body is not multipart: what follows can't be found.
var errFraming = errors.New("multipart framing")

// parts reads a multipart body (RFC 2046 §5.1) part by part, without holding any. It is
// our own since every number has to be bounded here, the header's too.
type parts struct {
	br        *bufio.Reader
	delimiter []byte // CRLF--boundary
	lim       Limits
	count     int
	open      bool  // a part's body is not at its end
	left      int64 // bytes that the part may still have
	ended     bool  // the closing delimiter was seen
}

// boundaryOf takes the boundary from the parameters of a multipart media type.
func boundaryOf(params map[string]string) (string, error) {
	b := params["boundary"]
	if b == "" || len(b) > maxBoundary || strings.HasSuffix(b, " ") {
		return "", fmt.Errorf("dicomweb: boundary: %w", ErrInvalid)
	}
	for i := range len(b) {
		if b[i] < 0x20 || b[i] > 0x7e {
			return "", fmt.Errorf("dicomweb: boundary: %w", ErrInvalid)
		}
	}
	return b, nil
}

func newParts(r io.Reader, boundary string, lim Limits) *parts {
	// A line feed in front lets the first delimiter look like all others.
	return &parts{
		br:        bufio.NewReaderSize(io.MultiReader(strings.NewReader("\r\n"), r), 64<<10),
		delimiter: []byte("\r\n--" + boundary), lim: lim,
	}
}

// next skips to the next part and returns its media type, "" if it states none; io.EOF
// follows the closing delimiter. The part's body is p itself until the next call.
func (p *parts) next() (mediaType string, params map[string]string, err error) {
	if p.ended {
		return "", nil, io.EOF
	}
	if p.count == 0 {
		p.open, p.left = true, int64(p.lim.PartHeaderBytes) // the preamble, which nobody needs
	} else {
		p.left = p.lim.BodyBytes // what a refused part has left is bounded with the body
	}
	if _, err = io.Copy(io.Discard, struct{ io.Reader }{p}); err != nil {
		return "", nil, err
	}
	if err := p.afterDelimiter(); err != nil {
		return "", nil, err
	}
	if p.count++; p.count > p.lim.Parts {
		return "", nil, fmt.Errorf("dicomweb: number of parts: %w", ErrLimit)
	}
	mediaType, params, err = p.header()
	p.open, p.left = true, p.lim.PartBytes
	return mediaType, params, err
}

// afterDelimiter reads what stands between a delimiter and the part's header.
func (p *parts) afterDelimiter() error {
	if _, err := p.br.Discard(len(p.delimiter)); err != nil {
		return noEOF(err)
	}
	if end, _ := p.br.Peek(2); bytes.Equal(end, []byte("--")) {
		p.ended = true
		return io.EOF
	}
	line, err := p.line()
	if err == nil && strings.Trim(line, " \t") != "" {
		err = errFraming
	}
	return err
}

// header reads the MIME header (RFC 2045 §3) and keeps the Content-Type alone.
func (p *parts) header() (mediaType string, params map[string]string, err error) {
	size := 0
	for {
		line, err := p.line()
		if err != nil {
			return "", nil, err
		}
		if line == "" {
			return mediaType, params, nil
		}
		if size += len(line) + 2; size > p.lim.PartHeaderBytes {
			return "", nil, fmt.Errorf("dicomweb: part header: %w", ErrLimit)
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return "", nil, errFraming
		}
		switch strings.ToLower(name) {
		case "content-type":
			if mediaType, params, err = mime.ParseMediaType(value); err != nil {
				mediaType, params = "invalid/invalid", nil // fails this part, not the others
			}
		case "content-transfer-encoding":
			if v := strings.ToLower(strings.TrimSpace(value)); v != "binary" && v != "8bit" && v != "7bit" {
				mediaType, params = "invalid/invalid", nil
			}
		}
	}
}

// line reads to CRLF, which it leaves out. A bare line feed is no end of line.
func (p *parts) line() (string, error) {
	var line []byte
	for {
		chunk, err := p.br.ReadSlice('\n')
		if len(line)+len(chunk) > p.lim.PartHeaderBytes+2 {
			return "", fmt.Errorf("dicomweb: part header: %w", ErrLimit)
		}
		line = append(line, chunk...)
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return "", noEOF(err)
		}
		break
	}
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok {
		return "", errFraming
	}
	return string(text), nil
}

// Read returns the body of the current part up to the delimiter, where it stays. A body
// without a delimiter behind it ends with io.ErrUnexpectedEOF.
func (p *parts) Read(b []byte) (int, error) {
	if !p.open {
		return 0, io.EOF
	}
	if len(b) == 0 {
		return 0, nil
	}
	buf, err := p.br.Peek(max(len(p.delimiter), p.br.Buffered()))
	at := bytes.Index(buf, p.delimiter)
	safe := at
	if at < 0 {
		// The tail may begin a delimiter.
		safe = len(buf) - len(p.delimiter) + 1
	}
	switch {
	case at == 0:
		p.open = false
		return 0, io.EOF
	case safe <= 0:
		return 0, noEOF(err)
	}
	n := copy(b, buf[:safe])
	if p.left -= int64(n); p.left < 0 {
		return 0, fmt.Errorf("dicomweb: part: %w", ErrLimit)
	}
	p.br.Discard(n) // buffered: can't fail
	return n, nil
}

// noEOF turns an end inside the body into an error.
func noEOF(err error) error {
	if err == io.EOF || err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

// newBoundary is random, so that stored bytes can't hold it by design of their sender.
func newBoundary() string { return "nf-" + rand.Text() }
