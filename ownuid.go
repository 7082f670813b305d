package neckfrac

import (
	"crypto/sha256"
	"math/big"
	"strings"
)

// ownUIDTag is the first six octets of every UUID that OwnUID made: "NECKFR".
var ownUIDTag = [6]byte{'N', 'E', 'C', 'K', 'F', 'R'}

// MakeUID derives the UID of an object that this program writes from the parts that name
// it, such as the assessment and the kind of document: one input, one UID, so that an
// object that is sent again is the same object. It lies under 2.25 (PS3.5 §B.2) and is a
// UUID of version 8 (RFC 9562 §5.8) whose first six octets are ours: 68 bits of the hash
// tell objects apart.
func MakeUID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	u := append(ownUIDTag[:len(ownUIDTag):len(ownUIDTag)], sum[:10]...)
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return "2.25." + new(big.Int).SetBytes(u).String()
}

// OwnUID reports whether MakeUID made uid. A random UUID of another program passes with
// a probability of 2^-48 and less.
func OwnUID(uid string) bool {
	rest, ok := strings.CutPrefix(uid, "2.25.")
	if !ok || len(uid) > maxUID || rest == "" || rest[0] == '0' {
		return false
	}
	for i := range len(rest) {
		if rest[i] < '0' || rest[i] > '9' {
			return false
		}
	}
	n, ok := new(big.Int).SetString(rest, 10)
	if !ok || n.BitLen() > 128 {
		return false
	}
	var u [16]byte
	n.FillBytes(u[:])
	return [6]byte(u[:6]) == ownUIDTag && u[6]&0xf0 == 0x80 && u[8]&0xc0 == 0x80
}
