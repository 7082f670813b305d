package pdu

import "fmt"

// AssociateRJ rejects an association (PS3.8 §9.3.4).
//
//	offset  bytes  field
//	0       1      03H
//	1       1      reserved
//	2       4      length, 4
//	6       1      reserved
//	7       1      result
//	8       1      source
//	9       1      reason, to be read with source
type AssociateRJ struct {
	Result RejectResult
	Source RejectSource
	Reason byte
}

// RejectResult tells whether a later attempt may succeed.
type RejectResult byte

// RejectSource tells which layer rejected.
type RejectSource byte

// Results and sources (PS3.8 Table 9-21).
const (
	RejectedPermanent RejectResult = 1
	RejectedTransient RejectResult = 2

	SourceUser                 RejectSource = 1
	SourceProviderACSE         RejectSource = 2
	SourceProviderPresentation RejectSource = 3
)

// Reasons, each under the source that may give it (PS3.8 Table 9-21).
const (
	UserNoReason                       = 1
	UserApplicationContextNotSupported = 2
	UserCallingAETitleNotRecognized    = 3
	UserCalledAETitleNotRecognized     = 7

	ACSENoReason                    = 1
	ACSEProtocolVersionNotSupported = 2

	PresentationTemporaryCongestion = 1
	PresentationLocalLimitExceeded  = 2
)

// Type implements PDU.
func (*AssociateRJ) Type() Type { return TypeAssociateRJ }

// String gives result, source and reason as the numbers of the standard.
func (p *AssociateRJ) String() string {
	return fmt.Sprintf("A-ASSOCIATE-RJ (%d,%d,%d)", p.Result, p.Source, p.Reason)
}

// AppendBinary implements PDU. It does not fail.
func (p *AssociateRJ) AppendBinary(dst []byte) ([]byte, error) {
	return append(dst, byte(TypeAssociateRJ), 0, 0, 0, 0, 4, 0, byte(p.Result), byte(p.Source), p.Reason), nil
}

func decodeAssociateRJ(b []byte) (*AssociateRJ, error) {
	if len(b) != 4 {
		return nil, invalid("A-ASSOCIATE-RJ: length")
	}
	return &AssociateRJ{Result: RejectResult(b[1]), Source: RejectSource(b[2]), Reason: b[3]}, nil
}
