package dataset

import (
	"strings"
	"unicode/utf8"
)

// Text returns the first value of a text element as valid UTF-8, converted
// from the data set's Specific Character Set (0008,0005): the default
// repertoire, ISO_IR 100 and ISO_IR 192. Bytes of any other character set that
// are not ASCII become U+FFFD, one for one, rather than a wrong letter; the
// same goes for invalid UTF-8. Items inherit the character set of the data set
// around them, so decode their text by [DecodeText].
func (d Dataset) Text(tag Tag) (string, bool) {
	raw, ok := d.String(tag)
	if !ok {
		return "", false
	}
	return DecodeText(d.CharacterSet(), raw), true
}

// CharacterSet returns the first value of Specific Character Set, "" if it is
// absent or if code extensions are in use, which this package does not decode.
func (d Dataset) CharacterSet() string {
	v, ok := d.Strings(TagSpecificCharacterSet)
	if !ok || len(v) != 1 {
		return ""
	}
	return v[0]
}

// DecodeText converts raw to UTF-8 as [Dataset.Text] does, for a character set
// given by its defined term.
func DecodeText(characterSet, raw string) string {
	var b strings.Builder
	b.Grow(len(raw))
	switch characterSet {
	case "ISO_IR 192":
		return strings.ToValidUTF8(raw, string(utf8.RuneError))
	case "ISO_IR 100":
		for i := 0; i < len(raw); i++ {
			b.WriteRune(rune(raw[i])) // Latin-1 is the start of Unicode
		}
	default:
		for i := 0; i < len(raw); i++ {
			if raw[i] < utf8.RuneSelf {
				b.WriteByte(raw[i])
			} else {
				b.WriteRune(utf8.RuneError)
			}
		}
	}
	return b.String()
}
