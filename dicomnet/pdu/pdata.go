package pdu

import (
	"encoding/binary"
	"fmt"
	"math"
)

// PDataTF carries fragments of DIMSE messages (PS3.8 §9.3.5).
//
//	offset  bytes  field
//	0       1      04H
//	1       1      reserved
//	2       4      length of what follows
//	6       …      one or more presentation data values
type PDataTF struct {
	PDVs []PDV
}

// PDV is a presentation data value: one fragment (PS3.8 §9.3.5.1, Annex E.2).
//
//	offset  bytes  field
//	0       4      length of what follows, at least 2
//	4       1      presentation context id
//	5       1      message control header: bit 0 command, bit 1 last fragment
//	6       …      fragment, even length
type PDV struct {
	ContextID byte
	// Command is true for a fragment of a command set, false for one of a
	// data set.
	Command bool
	// Last is true for the last fragment of its command set or data set.
	Last bool
	// Data aliases the buffer of the Reader that made it.
	Data []byte
}

// PDVOverhead is what one PDV adds to its fragment within a P-DATA-TF.
const PDVOverhead = 6

// MaxPDVs caps the fragments of one P-DATA-TF. Senders put one or two into
// each; without a cap, 128 KiB of empty fragments would cost 850 KiB.
const MaxPDVs = 1024

// Type implements PDU.
func (*PDataTF) Type() Type { return TypePDataTF }

// AppendBinary implements PDU. It fails if a length does not fit.
func (p *PDataTF) AppendBinary(dst []byte) ([]byte, error) {
	return appendUnit(dst, TypePDataTF, func(b []byte) ([]byte, error) {
		for _, v := range p.PDVs {
			if uint64(len(v.Data)) > math.MaxUint32-2 {
				return nil, fmt.Errorf("pdu: P-DATA-TF: fragment of %d bytes does not fit", len(v.Data))
			}
			b = binary.BigEndian.AppendUint32(b, uint32(len(v.Data)+2))
			b = append(b, v.ContextID, flag(v.Command)|flag(v.Last)<<1)
			b = append(b, v.Data...)
		}
		return b, nil
	})
}

// decode takes over the fragments in b; the memory for their list is reused.
func (p *PDataTF) decode(b []byte) error {
	const op = "P-DATA-TF"
	if len(b) == 0 {
		return invalid(op + ": no PDV")
	}
	p.PDVs = p.PDVs[:0]
	for len(b) > 0 {
		if len(p.PDVs) == MaxPDVs {
			return invalid(op + ": number of PDVs")
		}
		if len(b) < PDVOverhead {
			return invalid(op + ": PDV header")
		}
		n := binary.BigEndian.Uint32(b)
		if n < 2 || n&1 != 0 || uint64(n) > uint64(len(b)-4) {
			return invalid(op + ": PDV length")
		}
		p.PDVs = append(p.PDVs, PDV{ContextID: b[4], Command: b[5]&1 != 0, Last: b[5]&2 != 0, Data: b[6 : 4+n]})
		b = b[4+n:]
	}
	return nil
}
