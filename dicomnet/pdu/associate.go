package pdu

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// associateFixed is the part of A-ASSOCIATE-RQ and -AC before the items.
const associateFixed = 68

// aeBytes is the width of an AE title field.
const aeBytes = 16

// MaxPresentationContexts is how many odd ids there are in a byte.
const MaxPresentationContexts = 128

// ProtocolVersion1 is the only version there is: bit 0 (PS3.8 §9.3.2).
const ProtocolVersion1 = 1

// decodeAETitle strips the padding: spaces by the standard, NULs in the field.
func decodeAETitle(b []byte) string { return strings.Trim(string(b), " \x00") }

func appendAETitle(dst []byte, op, s string) ([]byte, error) {
	if len(s) > aeBytes {
		return nil, fmt.Errorf("pdu: %s: longer than %d characters", op, aeBytes)
	}
	return append(append(dst, s...), strings.Repeat(" ", aeBytes-len(s))...), nil
}

// appendAssociateFixed writes the fields that request and acceptance share.
func appendAssociateFixed(dst []byte, version uint16, called, calling string) ([]byte, error) {
	dst = binary.BigEndian.AppendUint16(dst, version)
	dst = append(dst, 0, 0)
	dst, err := appendAETitle(dst, "called AE title", called)
	if err != nil {
		return nil, err
	}
	dst, err = appendAETitle(dst, "calling AE title", calling)
	if err != nil {
		return nil, err
	}
	return append(dst, make([]byte, 32)...), nil
}

// contextIDs checks presentation context ids: odd, each once.
type contextIDs [256]bool

func (seen *contextIDs) add(op string, id byte) error {
	if id&1 == 0 || seen[id] {
		return invalid(op + ": presentation context id")
	}
	seen[id] = true
	return nil
}
