package dataset

import "strings"

// MaxUIDLength is the longest UID in characters (PS3.5 §9.1).
const MaxUIDLength = 64

// ValidUID reports whether s obeys PS3.5 §9.1: 1 to 64 characters, components
// of decimal digits joined by single dots, none with a leading zero unless it
// is "0". A valid UID cannot be ".", "..", or hold a path separator.
func ValidUID(s string) bool {
	if len(s) == 0 || len(s) > MaxUIDLength {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || (part[0] == '0' && len(part) > 1) {
			return false
		}
		for i := 0; i < len(part); i++ {
			if part[i] < '0' || part[i] > '9' {
				return false
			}
		}
	}
	return true
}

// MaxAETitleLength is the longest application entity title in characters
// (PS3.5 §6.2, VR AE).
const MaxAETitleLength = 16

// ValidAETitle reports whether s may stand as an application entity title: 1
// to 16 characters of the default repertoire, no backslash, no control
// character, no leading or trailing space. It is no authentication.
func ValidAETitle(s string) bool {
	if len(s) == 0 || len(s) > MaxAETitleLength || strings.TrimSpace(s) != s {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7E || s[i] == '\\' {
			return false
		}
	}
	return true
}
