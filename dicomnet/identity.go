package dicomnet

import (
	"context"
	"errors"

	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// UserIdentity tells a server who uses the client (PS3.7 Annex D.3.3.7). It
// prints and logs without its fields. Send one over TLS only.
type UserIdentity = pdu.UserIdentity

// UserIdentityType says what a user identity is made of.
type UserIdentityType = pdu.UserIdentityType

// User identity types.
const (
	UserIdentityUsername = pdu.UserIdentityUsername
	UserIdentityPasscode = pdu.UserIdentityPasscode
	UserIdentityKerberos = pdu.UserIdentityKerberos
	UserIdentitySAML     = pdu.UserIdentitySAML
	UserIdentityJWT      = pdu.UserIdentityJWT
)

// ErrNoPositiveResponse means that a peer accepted an association without the
// response to the user identity that was asked for: it does not look at
// identities.
var ErrNoPositiveResponse = errors.New("dicomnet: user identity not confirmed")

// identify asks Config.UserIdentity about the identity of a request, if there
// are both, and returns the response to send, if one was asked for.
func (c *served) identify(ctx context.Context, u *UserIdentity) (*pdu.UserIdentityResponse, error) {
	hook := c.srv.cfg.UserIdentity
	if u == nil || hook == nil {
		return nil, nil // PS3.7 Annex D.3.3.7: who does not support it ignores it
	}
	response, err := hook(ctx, *u)
	if err != nil {
		return nil, err
	}
	if !u.PositiveResponseRequested {
		return nil, nil
	}
	if u.Type == UserIdentityUsername || u.Type == UserIdentityPasscode {
		response = nil // has no content by the standard
	}
	return &pdu.UserIdentityResponse{Response: response}, nil
}

// identityRejection is why an association is rejected over its user identity.
func identityRejection(err error) *RejectError {
	var re *RejectError
	if errors.As(err, &re) {
		return re
	}
	return rejectNoReason // permanent: the same identity will not do later
}

// validIdentity reports whether the fields fit their type and item.
func validIdentity(u *UserIdentity) bool {
	if u == nil {
		return true
	}
	const room = 32 << 10 // of the 64 KiB that all user information has
	return u.Type >= UserIdentityUsername && u.Type <= UserIdentityJWT && len(u.Primary) > 0 &&
		len(u.Primary)+len(u.Secondary) <= room && (len(u.Secondary) > 0) == (u.Type == UserIdentityPasscode)
}
