package neckfrac

import "strings"

// Pattern is a text to match with the wildcards of PS3.4 §C.2.2.2.4: "*" stands for
// any run of characters, none included, "?" for one. Values come from ParsePattern.
type Pattern string

const (
	// maxPattern is the longest pattern in bytes, a person name of one group.
	maxPattern = 64
	// maxStars bounds what matching one value can cost.
	maxStars = 8
)

// ParsePattern bounds a pattern and joins adjacent stars. The pattern "*" and the empty
// one match all and become "".
func ParsePattern(s string) (Pattern, error) {
	const op = "parse pattern"
	if len(s) > maxPattern {
		return "", Errorf(Limit, op, "more than %d bytes", maxPattern)
	}
	for strings.Contains(s, "**") {
		s = strings.ReplaceAll(s, "**", "*")
	}
	if strings.Count(s, "*") > maxStars {
		return "", Errorf(Limit, op, "more than %d stars", maxStars)
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f || s[i] == '\\' {
			return "", Errorf(Invalid, op, "control character")
		}
	}
	if s == "*" {
		return "", nil
	}
	return Pattern(s), nil
}

// Wild reports whether the pattern holds a wildcard.
func (p Pattern) Wild() bool { return strings.ContainsAny(string(p), "*?") }

// Match reports whether s, compared byte by byte but for "?", fits the pattern. The
// empty pattern fits everything.
func (p Pattern) Match(s string) bool {
	if p == "" {
		return true
	}
	pat, text := []rune(string(p)), []rune(s)
	i, j := 0, 0
	star, mark := -1, 0 // the last star and where its run ends
	for j < len(text) {
		switch {
		case i < len(pat) && pat[i] == '*':
			star, mark = i, j
			i++
		case i < len(pat) && (pat[i] == '?' || pat[i] == text[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(pat) && pat[i] == '*' {
		i++
	}
	return i == len(pat)
}

// MatchFold is Match without regard to the case of ASCII letters, as person names are
// compared (PS3.4 §C.2.2.2.1).
func (p Pattern) MatchFold(s string) bool { return Pattern(lowerASCII(string(p))).Match(lowerASCII(s)) }

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
