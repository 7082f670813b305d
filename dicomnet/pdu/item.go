package pdu

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// Item types (PS3.8 §9.3.2, PS3.7 Annex D.3.3).
//
//	offset  bytes  field
//	0       1      item type
//	1       1      reserved, 00H
//	2       2      length of what follows, big endian
//	4       …      item
const (
	itemApplicationContext    = 0x10
	itemPresentationContext   = 0x20
	itemPresentationResult    = 0x21
	itemAbstractSyntax        = 0x30
	itemTransferSyntax        = 0x40
	itemUserInformation       = 0x50
	itemMaximumLength         = 0x51
	itemImplementationClass   = 0x52
	itemAsyncOperations       = 0x53
	itemRoleSelection         = 0x54
	itemImplementationVersion = 0x55
	itemExtended              = 0x56
	itemCommonExtended        = 0x57
	itemUserIdentity          = 0x58
	itemUserIdentityResponse  = 0x59
)

// maxUIDBytes is the longest UID that an item may hold (PS3.5 §9.1).
const maxUIDBytes = 64

// eachItem walks items in b. The slices given to f alias b.
func eachItem(op string, b []byte, f func(typ byte, v []byte) error) error {
	for len(b) > 0 {
		if len(b) < 4 {
			return invalid(op + ": item header")
		}
		n := int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b)-4 {
			return invalid(op + ": item length")
		}
		if err := f(b[0], b[4:4+n]); err != nil {
			return err
		}
		b = b[4+n:]
	}
	return nil
}

// appendItem appends an item whose value is written by f.
func appendItem(dst []byte, typ byte, f func([]byte) ([]byte, error)) ([]byte, error) {
	at := len(dst)
	dst, err := f(append(dst, typ, 0, 0, 0))
	if err != nil {
		return nil, err
	}
	n := len(dst) - at - 4
	if n > math.MaxUint16 {
		return nil, fmt.Errorf("pdu: item %02XH: %d bytes do not fit", typ, n)
	}
	binary.BigEndian.PutUint16(dst[at+2:], uint16(n))
	return dst, nil
}

func appendText(dst []byte, typ byte, s string) ([]byte, error) {
	return appendItem(dst, typ, func(b []byte) ([]byte, error) { return append(b, s...), nil })
}

// appendUnit appends a PDU whose variable part is written by f.
func appendUnit(dst []byte, t Type, f func([]byte) ([]byte, error)) ([]byte, error) {
	at := len(dst)
	dst, err := f(append(dst, byte(t), 0, 0, 0, 0, 0))
	if err != nil {
		return nil, err
	}
	n := len(dst) - at - headerLen
	if uint64(n) > math.MaxUint32 {
		return nil, fmt.Errorf("pdu: %v: %d bytes do not fit", t, n)
	}
	binary.BigEndian.PutUint32(dst[at+2:], uint32(n))
	return dst, nil
}

// uid takes a UID out of an item. Trailing padding is not in the standard but
// in the field.
func uid(op string, v []byte) (string, error) {
	s := strings.TrimRight(string(v[:min(len(v), maxUIDBytes+1)]), "\x00 ")
	if len(v) > maxUIDBytes+1 || len(s) > maxUIDBytes {
		return "", invalid(op + ": UID length")
	}
	return s, nil
}
