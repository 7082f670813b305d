package pdu

import "encoding/binary"

// AssociateAC accepts an association (PS3.8 §9.3.3). Its layout is that of
// [AssociateRQ] with type 02H and presentation context results. The two AE
// titles are those of the request sent back; they shall not be tested when
// received.
type AssociateAC struct {
	ProtocolVersion     uint16
	CalledAETitle       string
	CallingAETitle      string
	ApplicationContext  string
	PresentationResults []PresentationResult
	UserInformation     UserInformation
}

// Type implements PDU.
func (*AssociateAC) Type() Type { return TypeAssociateAC }

// AppendBinary implements PDU. It fails if a title or an item is too long.
func (p *AssociateAC) AppendBinary(dst []byte) ([]byte, error) {
	return appendUnit(dst, TypeAssociateAC, func(b []byte) ([]byte, error) {
		b, err := appendAssociateFixed(b, p.ProtocolVersion, p.CalledAETitle, p.CallingAETitle)
		if err != nil {
			return nil, err
		}
		if b, err = appendText(b, itemApplicationContext, p.ApplicationContext); err != nil {
			return nil, err
		}
		for _, pr := range p.PresentationResults {
			if b, err = pr.append(b); err != nil {
				return nil, err
			}
		}
		return p.UserInformation.append(b)
	})
}

func decodeAssociateAC(b []byte) (*AssociateAC, error) {
	const op = "A-ASSOCIATE-AC"
	if len(b) < associateFixed {
		return nil, invalid(op + ": length")
	}
	p := &AssociateAC{
		ProtocolVersion: binary.BigEndian.Uint16(b),
		CalledAETitle:   decodeAETitle(b[4:20]),
		CallingAETitle:  decodeAETitle(b[20:36]),
	}
	var ids contextIDs
	err := eachItem(op, b[associateFixed:], func(typ byte, v []byte) (err error) {
		switch typ {
		case itemApplicationContext:
			p.ApplicationContext, err = uid(op, v)
		case itemPresentationResult:
			var pr PresentationResult
			if pr, err = decodePresentationResult(v); err != nil {
				return err
			}
			p.PresentationResults = append(p.PresentationResults, pr)
			err = ids.add(op, pr.ID)
		case itemUserInformation:
			p.UserInformation, err = decodeUserInformation(v)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}
