package dataset

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// Meta is the file meta information (PS3.10 §7.1).
type Meta struct {
	TransferSyntaxUID         string
	SOPClassUID               string
	SOPInstanceUID            string
	ImplementationClassUID    string
	ImplementationVersionName string
	SourceAETitle             string
	// Elements holds group 0002 as read. Writers ignore it.
	Elements Dataset
	// Bare is true if the stream had no group 0002 at all; the transfer syntax
	// was then inferred. Writers ignore it.
	Bare bool
}

const preambleBytes = 128

// ReadPart10 reads the file meta information and returns a Reader that stands
// at the first element of the data set and whose offsets count from the start
// of r. A missing preamble is tolerated, and so is group 0002 missing or without
// a transfer syntax, which is then explicit or implicit VR little endian,
// whichever the first element looks like. The group length is not trusted.
func ReadPart10(r io.Reader, lim Limits) (Meta, *Reader, error) {
	br := bufio.NewReaderSize(r, 16<<10)
	base := int64(0)
	head, _ := br.Peek(preambleBytes + 4) // a short stream fails below
	switch {
	case len(head) == preambleBytes+4 && bytes.Equal(head[preambleBytes:], []byte("DICM")):
		base = preambleBytes + 4
	case bytes.HasPrefix(head, []byte("DICM")):
		base = 4
	}
	if _, err := br.Discard(int(base)); err != nil {
		return Meta{}, nil, fmt.Errorf("dataset: part 10: %w", truncated(err))
	}
	explicit, _ := LookupTransferSyntax(ExplicitVRLittleEndian)
	mr := &Reader{br: br, ts: explicit, lim: lim.withDefaults(), off: base}
	elements, err := mr.readMeta()
	if err != nil {
		return Meta{}, nil, fmt.Errorf("dataset: part 10: %w", err)
	}
	m := metaOf(elements)
	if len(elements) == 0 {
		if base > 0 {
			return Meta{}, nil, fmt.Errorf("dataset: part 10: no meta information: %w", ErrSyntax)
		}
		m.Bare = true
	}
	if m.TransferSyntaxUID == "" {
		if m.TransferSyntaxUID, err = guessSyntax(br); err != nil {
			return Meta{}, nil, fmt.Errorf("dataset: part 10: %w", err)
		}
	}
	ts, known := LookupTransferSyntax(m.TransferSyntaxUID)
	if !known {
		return m, nil, fmt.Errorf("dataset: part 10: %w", ErrUnsupported)
	}
	dr, err := NewReader(br, ts, lim)
	if err != nil {
		return m, nil, err
	}
	dr.off = mr.off
	return m, dr, nil
}

// readMeta reads elements while they are of group 0002.
func (r *Reader) readMeta() (Dataset, error) {
	var ds Dataset
	for {
		next, _ := r.br.Peek(2)
		if len(next) < 2 || r.uint16(next) != 0x0002 {
			return ds, nil
		}
		s := scope{end: -1, depth: 1}
		h, err := r.readHeader(s)
		if err != nil {
			return nil, truncated(err)
		}
		if h.vr == SQ || h.length == undefinedLength {
			return nil, r.syntax(h.tag, "sequence in meta information")
		}
		e, err := r.readValue(h, s)
		if err != nil {
			return nil, err
		}
		ds = append(ds, e)
	}
}

func metaOf(ds Dataset) Meta {
	m := Meta{Elements: ds}
	for _, f := range []struct {
		tag Tag
		to  *string
	}{
		{TagTransferSyntaxUID, &m.TransferSyntaxUID},
		{TagMediaStorageSOPClassUID, &m.SOPClassUID},
		{TagMediaStorageSOPInstanceUID, &m.SOPInstanceUID},
		{TagImplementationClassUID, &m.ImplementationClassUID},
		{TagImplementationVersionName, &m.ImplementationVersionName},
		{TagSourceApplicationEntityTitle, &m.SourceAETitle},
	} {
		*f.to, _ = ds.String(f.tag)
	}
	return m
}

// guessSyntax looks at the first element of a bare data set, which must be of
// a group that a data set can start with.
func guessSyntax(br *bufio.Reader) (string, error) {
	b, _ := br.Peek(8)
	if len(b) < 8 {
		return "", ErrTruncated
	}
	if group := int(b[0]) | int(b[1])<<8; group != 0x0008 && group != 0x0010 {
		return "", fmt.Errorf("neither meta information nor a data set: %w", ErrSyntax)
	}
	if wellFormedVR(b[4:6]) {
		return ExplicitVRLittleEndian, nil
	}
	return ImplicitVRLittleEndian, nil
}
