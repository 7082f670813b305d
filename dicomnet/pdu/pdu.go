package pdu

import "fmt"

// Type is the first byte of a PDU.
type Type byte

// PDU types (PS3.8 §9.3.2 to §9.3.8).
const (
	TypeAssociateRQ Type = 0x01
	TypeAssociateAC Type = 0x02
	TypeAssociateRJ Type = 0x03
	TypePDataTF     Type = 0x04
	TypeReleaseRQ   Type = 0x05
	TypeReleaseRP   Type = 0x06
	TypeAbort       Type = 0x07
)

var typeNames = [...]string{"", "A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "A-ASSOCIATE-RJ", "P-DATA-TF", "A-RELEASE-RQ", "A-RELEASE-RP", "A-ABORT"}

// String returns the standard's name of the PDU.
func (t Type) String() string {
	if t >= 1 && int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("PDU type %02XH", byte(t))
}

// PDU is one protocol data unit. The seven types of this package implement it.
type PDU interface {
	// Type returns the type byte.
	Type() Type
	// AppendBinary appends the encoded unit, header included, to dst.
	AppendBinary(dst []byte) ([]byte, error)
}

// headerLen is type, a reserved byte and the 32-bit length.
const headerLen = 6
