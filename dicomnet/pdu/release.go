package pdu

// ReleaseRQ asks to end an association in order (PS3.8 §9.3.6).
//
//	offset  bytes  field
//	0       1      05H
//	1       1      reserved
//	2       4      length, 4
//	6       4      reserved
type ReleaseRQ struct{}

// ReleaseRP agrees to the end of an association (PS3.8 §9.3.7): the layout of
// [ReleaseRQ] with type 06H.
type ReleaseRP struct{}

// Type implements PDU.
func (*ReleaseRQ) Type() Type { return TypeReleaseRQ }

// Type implements PDU.
func (*ReleaseRP) Type() Type { return TypeReleaseRP }

// AppendBinary implements PDU. It does not fail.
func (*ReleaseRQ) AppendBinary(dst []byte) ([]byte, error) {
	return append(dst, byte(TypeReleaseRQ), 0, 0, 0, 0, 4, 0, 0, 0, 0), nil
}

// AppendBinary implements PDU. It does not fail.
func (*ReleaseRP) AppendBinary(dst []byte) ([]byte, error) {
	return append(dst, byte(TypeReleaseRP), 0, 0, 0, 0, 4, 0, 0, 0, 0), nil
}

func decodeRelease(b []byte, p PDU) (PDU, error) {
	if len(b) != 4 {
		return nil, invalid(p.Type().String() + ": length")
	}
	return p, nil
}
