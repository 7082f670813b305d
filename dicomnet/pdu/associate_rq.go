package pdu

import "encoding/binary"

// AssociateRQ asks for an association (PS3.8 §9.3.2).
//
//	offset  bytes  field
//	0       1      01H
//	1       1      reserved
//	2       4      length of what follows
//	6       2      protocol version, bit 0 = version 1
//	8       2      reserved
//	10      16     called AE title, space padded
//	26      16     calling AE title, space padded
//	42      32     reserved
//	74      …      application context, presentation contexts, user information
type AssociateRQ struct {
	ProtocolVersion      uint16
	CalledAETitle        string
	CallingAETitle       string
	ApplicationContext   string
	PresentationContexts []PresentationContext
	UserInformation      UserInformation
}

// Type implements PDU.
func (*AssociateRQ) Type() Type { return TypeAssociateRQ }

// AppendBinary implements PDU. It fails if a title or an item is too long.
func (p *AssociateRQ) AppendBinary(dst []byte) ([]byte, error) {
	return appendUnit(dst, TypeAssociateRQ, func(b []byte) ([]byte, error) {
		b, err := appendAssociateFixed(b, p.ProtocolVersion, p.CalledAETitle, p.CallingAETitle)
		if err != nil {
			return nil, err
		}
		if b, err = appendText(b, itemApplicationContext, p.ApplicationContext); err != nil {
			return nil, err
		}
		for _, pc := range p.PresentationContexts {
			if b, err = pc.append(b); err != nil {
				return nil, err
			}
		}
		return p.UserInformation.append(b)
	})
}

func decodeAssociateRQ(b []byte) (*AssociateRQ, error) {
	const op = "A-ASSOCIATE-RQ"
	if len(b) < associateFixed {
		return nil, invalid(op + ": length")
	}
	p := &AssociateRQ{
		ProtocolVersion: binary.BigEndian.Uint16(b),
		CalledAETitle:   decodeAETitle(b[4:20]),
		CallingAETitle:  decodeAETitle(b[20:36]),
	}
	var ids contextIDs
	err := eachItem(op, b[associateFixed:], func(typ byte, v []byte) (err error) {
		switch typ {
		case itemApplicationContext:
			p.ApplicationContext, err = uid(op, v)
		case itemPresentationContext:
			var pc PresentationContext
			if pc, err = decodePresentationContext(v); err != nil {
				return err
			}
			p.PresentationContexts = append(p.PresentationContexts, pc)
			err = ids.add(op, pc.ID)
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
