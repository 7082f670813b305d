package pdu

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Limits bounds what one PDU may cost. A zero field takes its default.
type Limits struct {
	// MaxAssociateBytes caps the variable part of an A-ASSOCIATE-RQ or -AC.
	// Defaults to 1 MiB, DCMTK's figure; 128 contexts need a few KiB.
	MaxAssociateBytes uint32
	// MaxPDataBytes caps the variable part of a P-DATA-TF: the maximum length
	// that was told to the peer. Defaults to 128 KiB. A Reader keeps one
	// buffer of this size.
	MaxPDataBytes uint32
}

func (l Limits) withDefaults() Limits {
	if l.MaxAssociateBytes == 0 {
		l.MaxAssociateBytes = 1 << 20
	}
	if l.MaxPDataBytes == 0 {
		l.MaxPDataBytes = 128 << 10
	}
	return l
}

// Reader reads units from a stream. It reads no further than the unit it
// returns, so wrap a connection in a buffer. It serves one goroutine.
type Reader struct {
	r   io.Reader
	lim Limits
	buf []byte // of the last P-DATA-TF
	// data is the last P-DATA-TF: one for all, since most of what arrives is
	// fragments, and a value for each would be garbage at once.
	data PDataTF
	head [headerLen]byte
}

// NewReader returns a Reader of r.
func NewReader(r io.Reader, lim Limits) *Reader {
	return &Reader{r: r, lim: lim.withDefaults()}
}

// Next reads the next unit. A *PDataTF is valid, with its fragments, until the
// next call. The error is io.EOF if the stream ended between two units,
// io.ErrUnexpectedEOF if inside one, *Error if the unit is not acceptable, and
// else that of the underlying reader; no further call makes sense after any.
func (r *Reader) Next() (PDU, error) {
	h := &r.head
	if _, err := io.ReadFull(r.r, h[:]); err != nil {
		return nil, err
	}
	t, n := Type(h[0]), binary.BigEndian.Uint32(h[2:])
	limit, err := r.limit(t)
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, invalid(t.String() + ": length")
	}
	if t == TypePDataTF {
		if r.buf, err = r.take(r.buf, n); err != nil {
			return nil, fmt.Errorf("pdu: %v: %w", t, err)
		}
		if err := r.data.decode(r.buf); err != nil {
			return nil, err
		}
		return &r.data, nil
	}
	b, err := r.take(nil, n)
	if err != nil {
		return nil, fmt.Errorf("pdu: %v: %w", t, err)
	}
	return decode(t, b)
}

func (r *Reader) limit(t Type) (uint32, error) {
	switch t {
	case TypeAssociateRQ, TypeAssociateAC:
		return r.lim.MaxAssociateBytes, nil
	case TypePDataTF:
		return r.lim.MaxPDataBytes, nil
	case TypeAssociateRJ, TypeReleaseRQ, TypeReleaseRP, TypeAbort:
		return 4, nil
	}
	return 0, &Error{Reason: ReasonUnrecognizedPDU, Op: "type"}
}

func decode(t Type, b []byte) (PDU, error) {
	switch t {
	case TypeAssociateRQ:
		return decodeAssociateRQ(b)
	case TypeAssociateAC:
		return decodeAssociateAC(b)
	case TypeAssociateRJ:
		return decodeAssociateRJ(b)
	case TypeReleaseRQ:
		return decodeRelease(b, &ReleaseRQ{})
	case TypeReleaseRP:
		return decodeRelease(b, &ReleaseRP{})
	default:
		return decodeAbort(b)
	}
}

// takeStep is how much take allocates ahead of the bytes that arrive.
const takeStep = 16 << 10

// take reads n bytes into buf, grown as the bytes arrive.
func (r *Reader) take(buf []byte, n uint32) ([]byte, error) {
	have := 0
	for {
		want := min(int(n), max(cap(buf), takeStep, 4*have))
		if cap(buf) < want {
			grown := make([]byte, want)
			copy(grown, buf[:have])
			buf = grown
		}
		buf = buf[:want]
		m, err := io.ReadFull(r.r, buf[have:])
		have += m
		if err == io.EOF {
			err = io.ErrUnexpectedEOF // the header was there
		}
		if err != nil || have == int(n) {
			return buf, err
		}
	}
}
