package pdu

import "fmt"

// Abort ends an association at once (PS3.8 §9.3.8).
//
//	offset  bytes  field
//	0       1      07H
//	1       1      reserved
//	2       4      length, 4
//	6       2      reserved
//	8       1      source
//	9       1      reason, of meaning only from the provider
type Abort struct {
	Source AbortSource
	Reason AbortReason
}

// AbortSource tells who aborted.
type AbortSource byte

// Sources (PS3.8 Table 9-26).
const (
	AbortByUser     AbortSource = 0
	AbortByProvider AbortSource = 2
)

// AbortReason tells why the provider aborted.
type AbortReason byte

// Reasons (PS3.8 Table 9-26). 3 is reserved.
const (
	ReasonNotSpecified          AbortReason = 0
	ReasonUnrecognizedPDU       AbortReason = 1
	ReasonUnexpectedPDU         AbortReason = 2
	ReasonUnrecognizedParameter AbortReason = 4
	ReasonUnexpectedParameter   AbortReason = 5
	ReasonInvalidParameterValue AbortReason = 6
)

// String returns the standard's words.
func (r AbortReason) String() string {
	switch r {
	case ReasonNotSpecified:
		return "reason not specified"
	case ReasonUnrecognizedPDU:
		return "unrecognized PDU"
	case ReasonUnexpectedPDU:
		return "unexpected PDU"
	case ReasonUnrecognizedParameter:
		return "unrecognized PDU parameter"
	case ReasonUnexpectedParameter:
		return "unexpected PDU parameter"
	case ReasonInvalidParameterValue:
		return "invalid PDU parameter value"
	}
	return fmt.Sprintf("reason %d", byte(r))
}

// Type implements PDU.
func (*Abort) Type() Type { return TypeAbort }

// String gives source and reason as the numbers of the standard.
func (p *Abort) String() string { return fmt.Sprintf("A-ABORT (%d,%d)", p.Source, p.Reason) }

// AppendBinary implements PDU. It does not fail.
func (p *Abort) AppendBinary(dst []byte) ([]byte, error) {
	return append(dst, byte(TypeAbort), 0, 0, 0, 0, 4, 0, 0, byte(p.Source), byte(p.Reason)), nil
}

func decodeAbort(b []byte) (*Abort, error) {
	if len(b) != 4 {
		return nil, invalid("A-ABORT: length")
	}
	return &Abort{Source: AbortSource(b[2]), Reason: AbortReason(b[3])}, nil
}
