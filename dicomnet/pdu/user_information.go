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
//	4       …      sub-items, by type below
type UserInformation struct {
	// MaximumLength (51H) is the longest variable part of a P-DATA-TF that the
	// sender of this item is ready to receive. 0 means no limit.
	MaximumLength uint32
	// ImplementationClassUID (52H).
	ImplementationClassUID string
	// AsyncOperationsWindow (53H) is nil if there is none.
	AsyncOperationsWindow *AsyncOperationsWindow
	// RoleSelections (54H).
	RoleSelections []RoleSelection
	// ImplementationVersionName (55H) is "" if there is none.
	ImplementationVersionName string
	// Extended (56H) and CommonExtended (57H) negotiation.
	Extended       []ExtendedNegotiation
	CommonExtended []CommonExtendedNegotiation
	// UserIdentity (58H) of a request, UserIdentityResponse (59H) of an
	// acceptance, nil if there is none.
	UserIdentity         *UserIdentity
	UserIdentityResponse *UserIdentityResponse
	// Opaque holds sub-items of other types in the order in which they came.
	Opaque []SubItem
}

// SubItem is a sub-item that this package does not interpret.
type SubItem struct {
	Type  byte
	Value []byte
}

// maxSubItems caps the sub-items that may be repeated, together. With at most
// 64 KiB of them, that bounds what the user information costs to about 200 KiB.
const maxSubItems = 512

func (u UserInformation) append(dst []byte) ([]byte, error) {
	return appendItem(dst, itemUserInformation, func(b []byte) ([]byte, error) {
		b = append(b, itemMaximumLength, 0, 0, 4)
		b = binary.BigEndian.AppendUint32(b, u.MaximumLength)
		b, err := appendText(b, itemImplementationClass, u.ImplementationClassUID)
		if err != nil {
			return nil, err
		}
		for _, item := range u.items() {
			if b, err = item.append(b); err != nil {
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

// subItem is a sub-item that can be written.
type subItem interface{ append([]byte) ([]byte, error) }

// versionName is the sub-item 55H.
type versionName string

func (v versionName) append(dst []byte) ([]byte, error) {
	return appendText(dst, itemImplementationVersion, string(v))
}

// items returns the sub-items 53H to 59H that are there, in their order.
func (u UserInformation) items() []subItem {
	var out []subItem
	if u.AsyncOperationsWindow != nil {
		out = append(out, u.AsyncOperationsWindow)
	}
	for _, r := range u.RoleSelections {
		out = append(out, r)
	}
	if u.ImplementationVersionName != "" {
		out = append(out, versionName(u.ImplementationVersionName))
	}
	for _, e := range u.Extended {
		out = append(out, e)
	}
	for _, e := range u.CommonExtended {
		out = append(out, e)
	}
	if u.UserIdentity != nil {
		out = append(out, u.UserIdentity)
	}
	if u.UserIdentityResponse != nil {
		out = append(out, u.UserIdentityResponse)
	}
	return out
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
	repeated := 0
	err := eachItem(op, v, func(typ byte, v []byte) error {
		switch typ {
		case itemMaximumLength, itemImplementationClass, itemImplementationVersion, itemAsyncOperations,
			itemUserIdentity, itemUserIdentityResponse:
			return u.single(typ, v)
		}
		if repeated++; repeated > maxSubItems {
			return invalid(op + ": number of sub-items")
		}
		return u.repeated(typ, v)
	})
	return u, err
}

// single takes a sub-item that there is one of; the last one counts.
func (u *UserInformation) single(typ byte, v []byte) (err error) {
	const op = "user information"
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
	case itemAsyncOperations:
		var w AsyncOperationsWindow
		w, err = decodeAsyncOperationsWindow(v)
		u.AsyncOperationsWindow = &w
	case itemUserIdentity:
		if u.UserIdentity != nil {
			return invalid(op + ": two user identities") // which one is meant?
		}
		u.UserIdentity, err = decodeUserIdentity(v)
	case itemUserIdentityResponse:
		u.UserIdentityResponse, err = decodeUserIdentityResponse(v)
	}
	return err
}

// repeated takes a sub-item that there may be many of.
func (u *UserInformation) repeated(typ byte, v []byte) error {
	switch typ {
	case itemRoleSelection:
		r, err := decodeRoleSelection(v)
		u.RoleSelections = append(u.RoleSelections, r)
		return err
	case itemExtended:
		e, err := decodeExtendedNegotiation(v)
		u.Extended = append(u.Extended, e)
		return err
	case itemCommonExtended:
		e, err := decodeCommonExtendedNegotiation(v)
		u.CommonExtended = append(u.CommonExtended, e)
		return err
	}
	u.Opaque = append(u.Opaque, SubItem{Type: typ, Value: v})
	return nil
}
