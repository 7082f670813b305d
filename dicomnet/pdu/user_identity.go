package pdu

import (
	"bytes"
	"fmt"
	"log/slog"
)

// UserIdentityType says what a user identity is made of (PS3.7 Annex D.3.3.7).
type UserIdentityType byte

// User identity types.
const (
	UserIdentityUsername UserIdentityType = 1
	UserIdentityPasscode UserIdentityType = 2 // username and passcode
	UserIdentityKerberos UserIdentityType = 3 // service ticket
	UserIdentitySAML     UserIdentityType = 4 // assertion
	UserIdentityJWT      UserIdentityType = 5 // JSON web token
)

// String returns the type's name.
func (t UserIdentityType) String() string {
	switch t {
	case UserIdentityUsername:
		return "username"
	case UserIdentityPasscode:
		return "username and passcode"
	case UserIdentityKerberos:
		return "Kerberos service ticket"
	case UserIdentitySAML:
		return "SAML assertion"
	case UserIdentityJWT:
		return "JSON web token"
	}
	return fmt.Sprintf("user identity type %d", byte(t))
}

// UserIdentity tells who uses the application that asks for an association
// (PS3.7 Annex D.3.3.7.1). Whatever prints or logs it shows the type only.
//
//	offset  bytes  field
//	0       1      58H
//	1       1      reserved
//	2       2      length of what follows
//	4       1      type
//	5       1      1: a response is asked for
//	6       2, n   length and primary field
//	…       2, n   length and secondary field, the passcode of type 2
type UserIdentity struct {
	Type                      UserIdentityType
	PositiveResponseRequested bool
	// Primary is the username, in UTF-8, the ticket, the assertion or the token.
	Primary []byte
	// Secondary is the passcode of UserIdentityPasscode.
	Secondary []byte
}

// Format implements fmt.Formatter, for every verb, without the fields.
func (u UserIdentity) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, u.redacted()) }

// LogValue implements slog.LogValuer without the fields.
func (u UserIdentity) LogValue() slog.Value { return slog.StringValue(u.redacted()) }

// MarshalText implements encoding.TextMarshaler, JSON's too, without the fields.
func (u UserIdentity) MarshalText() ([]byte, error) { return []byte(u.redacted()), nil }

// String returns the type only.
func (u UserIdentity) String() string { return u.redacted() }

func (u UserIdentity) redacted() string { return u.Type.String() + " (redacted)" }

func (u UserIdentity) append(dst []byte) ([]byte, error) {
	return appendItem(dst, itemUserIdentity, func(b []byte) ([]byte, error) {
		b = append(b, byte(u.Type), flag(u.PositiveResponseRequested))
		return appendField(appendField(b, string(u.Primary)), string(u.Secondary)), nil
	})
}

func decodeUserIdentity(v []byte) (*UserIdentity, error) {
	const op = "user identity"
	if len(v) < 2 {
		return nil, invalid(op + ": length")
	}
	u := &UserIdentity{Type: UserIdentityType(v[0]), PositiveResponseRequested: v[1] == 1}
	primary, rest, err := field(op, v[2:])
	if err != nil {
		return nil, err
	}
	secondary, rest, err := field(op, rest)
	if err != nil {
		return nil, err
	}
	if len(rest) != 0 {
		return nil, invalid(op + ": length")
	}
	u.Primary, u.Secondary = bytes.Clone(primary), bytes.Clone(secondary)
	return u, nil
}

// UserIdentityResponse says that the user was recognized (PS3.7 Annex
// D.3.3.7.2). It is sent only if it was asked for. What it holds is as secret
// as the identity.
//
//	offset  bytes  field
//	0       1      59H
//	1       1      reserved
//	2       2      length of what follows
//	4       2, n   length and response; empty for a username or passcode
type UserIdentityResponse struct {
	Response []byte
}

// Format implements fmt.Formatter, for every verb, without the response.
func (r UserIdentityResponse) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, r.String()) }

// LogValue implements slog.LogValuer without the response.
func (r UserIdentityResponse) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText implements encoding.TextMarshaler without the response.
func (r UserIdentityResponse) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// String returns a fixed text.
func (r UserIdentityResponse) String() string { return "user identity response (redacted)" }

func (r UserIdentityResponse) append(dst []byte) ([]byte, error) {
	return appendItem(dst, itemUserIdentityResponse, func(b []byte) ([]byte, error) {
		return appendField(b, string(r.Response)), nil
	})
}

func decodeUserIdentityResponse(v []byte) (*UserIdentityResponse, error) {
	const op = "user identity response"
	response, rest, err := field(op, v)
	if err == nil && len(rest) != 0 {
		err = invalid(op + ": length")
	}
	if err != nil {
		return nil, err
	}
	return &UserIdentityResponse{Response: bytes.Clone(response)}, nil
}
