package pdu

import (
	"bytes"
	"encoding/binary"
)

// RoleSelection proposes or accepts who is SCU and who SCP for a SOP class
// (PS3.7 Annex D.3.3.4), the roles being those of the association's requestor.
//
//	offset  bytes  field
//	0       1      54H
//	1       1      reserved
//	2       2      length of what follows
//	4       2      length n of the UID
//	6       n      SOP class UID
//	6+n     1      1: SCU
//	7+n     1      1: SCP
type RoleSelection struct {
	SOPClassUID string
	SCU, SCP    bool
}

// AsyncOperationsWindow proposes or accepts how many operations may wait for
// their responses at one time, 0 meaning any number (PS3.7 Annex D.3.3.3).
// Without the item both are 1.
//
//	offset  bytes  field
//	0       1      53H
//	1       1      reserved
//	2       2      length of what follows, 4
//	4       2      invoked by the sender of the item
//	6       2      performed by the sender of the item
type AsyncOperationsWindow struct {
	Invoked, Performed uint16
}

// ExtendedNegotiation carries what a service class has to say about a SOP class
// (PS3.7 Annex D.3.3.5). This package does not interpret it.
//
//	offset  bytes  field
//	0       1      56H
//	1       1      reserved
//	2       2      length of what follows
//	4       2      length n of the UID
//	6       n      SOP class UID
//	6+n     …      service class application information
type ExtendedNegotiation struct {
	SOPClassUID string
	Information []byte
}

// CommonExtendedNegotiation relates a SOP class to a service class and to more
// general SOP classes (PS3.7 Annex D.3.3.6). It is proposed, never answered.
//
//	offset  bytes  field
//	0       1      57H
//	1       1      version, 0
//	2       2      length of what follows
//	4       2, n   length and SOP class UID
//	…       2, n   length and service class UID
//	…       2      length of the list that follows
//	…       2, n   length and related general SOP class UID, repeated
//	…       …      reserved
type CommonExtendedNegotiation struct {
	SOPClassUID               string
	ServiceClassUID           string
	RelatedGeneralSOPClassUID []string
}

// maxRelatedClasses caps one list of related general SOP classes.
const maxRelatedClasses = 256

func (r RoleSelection) append(dst []byte) ([]byte, error) {
	return appendItem(dst, itemRoleSelection, func(b []byte) ([]byte, error) {
		return append(appendField(b, r.SOPClassUID), flag(r.SCU), flag(r.SCP)), nil
	})
}

func (w AsyncOperationsWindow) append(dst []byte) ([]byte, error) {
	return appendItem(dst, itemAsyncOperations, func(b []byte) ([]byte, error) {
		b = binary.BigEndian.AppendUint16(b, w.Invoked)
		return binary.BigEndian.AppendUint16(b, w.Performed), nil
	})
}

func (e ExtendedNegotiation) append(dst []byte) ([]byte, error) {
	return appendItem(dst, itemExtended, func(b []byte) ([]byte, error) {
		return append(appendField(b, e.SOPClassUID), e.Information...), nil
	})
}

func (e CommonExtendedNegotiation) append(dst []byte) ([]byte, error) {
	return appendItem(dst, itemCommonExtended, func(b []byte) ([]byte, error) {
		b = appendField(appendField(b, e.SOPClassUID), e.ServiceClassUID)
		var list []byte
		for _, uid := range e.RelatedGeneralSOPClassUID {
			list = appendField(list, uid)
		}
		return appendField(b, string(list)), nil
	})
}

// appendField appends a value with its length in front. One that is too long
// for its length makes the item too long too, which appendItem finds.
func appendField(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

// field takes a value with its length in front from v.
func field(op string, v []byte) (value, rest []byte, err error) {
	if len(v) < 2 {
		return nil, nil, invalid(op + ": length")
	}
	n := int(binary.BigEndian.Uint16(v))
	if n > len(v)-2 {
		return nil, nil, invalid(op + ": length")
	}
	return v[2 : 2+n], v[2+n:], nil
}

// uidField is field for a UID.
func uidField(op string, v []byte) (s string, rest []byte, err error) {
	value, rest, err := field(op, v)
	if err != nil {
		return "", nil, err
	}
	s, err = uid(op, value)
	return s, rest, err
}

func decodeRoleSelection(v []byte) (r RoleSelection, err error) {
	const op = "role selection"
	var rest []byte
	if r.SOPClassUID, rest, err = uidField(op, v); err != nil {
		return r, err
	}
	if len(rest) != 2 {
		return r, invalid(op + ": length")
	}
	r.SCU, r.SCP = rest[0] == 1, rest[1] == 1
	return r, nil
}

func decodeAsyncOperationsWindow(v []byte) (AsyncOperationsWindow, error) {
	if len(v) != 4 {
		return AsyncOperationsWindow{}, invalid("asynchronous operations window: length")
	}
	return AsyncOperationsWindow{Invoked: binary.BigEndian.Uint16(v), Performed: binary.BigEndian.Uint16(v[2:])}, nil
}

func decodeExtendedNegotiation(v []byte) (e ExtendedNegotiation, err error) {
	e.SOPClassUID, v, err = uidField("extended negotiation", v)
	e.Information = bytes.Clone(v)
	return e, err
}

func decodeCommonExtendedNegotiation(v []byte) (e CommonExtendedNegotiation, err error) {
	const op = "common extended negotiation"
	if e.SOPClassUID, v, err = uidField(op, v); err != nil {
		return e, err
	}
	if e.ServiceClassUID, v, err = uidField(op, v); err != nil {
		return e, err
	}
	list, _, err := field(op, v)
	for err == nil && len(list) > 0 {
		if len(e.RelatedGeneralSOPClassUID) == maxRelatedClasses {
			return e, invalid(op + ": number of related classes")
		}
		var s string
		s, list, err = uidField(op, list)
		e.RelatedGeneralSOPClassUID = append(e.RelatedGeneralSOPClassUID, s)
	}
	return e, err
}
