package pdu

import (
	"encoding/binary"
	"strings"
)

// UserInformation is the item 50H of A-ASSOCIATE-RQ and -AC: what the DICOM
// applications tell each other (PS3.8 §9.3.2.3, PS3.7 Annex D.3.3).
//
//	offset  bytes  field
//	0       1      50H
//	1       1      reserved
//	2       2      length of what follows
//	4       …      sub-items: 51H maximum length, 52H implementation class UID,
//	               54H role selection, 55H implementation version name, others
type UserInformation struct {
	// MaximumLength is the longest variable part of a P-DATA-TF that the
	// sender of this item is ready to receive. 0 means no limit.
	MaximumLength             uint32
	ImplementationClassUID    string
	ImplementationVersionName string
	RoleSelections            []RoleSelection
	// Opaque holds the other sub-items in the order in which they came:
	// asynchronous operations window, extended negotiation, user identity.
	Opaque []SubItem
}

// RoleSelection proposes or accepts who is SCU and who SCP for a SOP class
// (PS3.7 Annex D.3.3.4).
type RoleSelection struct {
	SOPClassUID string
	SCU, SCP    bool
}

// SubItem is a sub-item that this package does not interpret.
type SubItem struct {
	Type  byte
	Value []byte
}

// maxSubItems caps role selections and opaque sub-items together.
const maxSubItems = 512

func (u UserInformation) append(dst []byte) ([]byte, error) {
	return appendItem(dst, itemUserInformation, func(b []byte) ([]byte, error) {
		b = append(b, itemMaximumLength, 0, 0, 4)
		b = binary.BigEndian.AppendUint32(b, u.MaximumLength)
		b, err := appendText(b, itemImplementationClass, u.ImplementationClassUID)
		if err != nil {
			return nil, err
		}
		for _, r := range u.RoleSelections {
			if b, err = r.append(b); err != nil {
				return nil, err
			}
		}
		if u.ImplementationVersionName != "" {
			if b, err = appendText(b, itemImplementationVersion, u.ImplementationVersionName); err != nil {
				return nil, err
			}
		}
		for _, s := range u.Opaque {
			if b, err = appendText(b, s.Type, string(s.Value)); err != nil {
				return nil, err
			}
		}
		return b, nil
	})
}

func (r RoleSelection) append(dst []byte) ([]byte, error) {
	return appendItem(dst, itemRoleSelection, func(b []byte) ([]byte, error) {
		b = binary.BigEndian.AppendUint16(b, uint16(len(r.SOPClassUID)))
		return append(append(b, r.SOPClassUID...), flag(r.SCU), flag(r.SCP)), nil
	})
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func decodeUserInformation(v []byte) (UserInformation, error) {
	const op = "user information"
	var u UserInformation
	err := eachItem(op, v, func(typ byte, v []byte) (err error) {
		switch typ {
		case itemMaximumLength:
			if len(v) != 4 {
				return invalid(op + ": maximum length")
			}
			u.MaximumLength = binary.BigEndian.Uint32(v)
		case itemImplementationClass:
			u.ImplementationClassUID, err = uid(op, v)
		case itemImplementationVersion:
			// 1 to 16 characters (PS3.7 Annex D.3.3.2.3); longer ones are cut.
			u.ImplementationVersionName = strings.Trim(string(v[:min(len(v), 16)]), " \x00")
		case itemRoleSelection:
			err = u.addRole(v)
		default:
			u.Opaque = append(u.Opaque, SubItem{Type: typ, Value: v})
		}
		if err == nil && len(u.RoleSelections)+len(u.Opaque) > maxSubItems {
			err = invalid(op + ": number of sub-items")
		}
		return err
	})
	return u, err
}

func (u *UserInformation) addRole(v []byte) error {
	const op = "role selection"
	if len(v) < 4 {
		return invalid(op + ": length")
	}
	n := int(binary.BigEndian.Uint16(v))
	if n != len(v)-4 {
		return invalid(op + ": UID length")
	}
	s, err := uid(op, v[2:2+n])
	if err != nil {
		return err
	}
	u.RoleSelections = append(u.RoleSelections, RoleSelection{SOPClassUID: s, SCU: v[2+n] == 1, SCP: v[3+n] == 1})
	return nil
}
