package neckfrac

import (
	"regexp"
	"strings"
)

var (
	// testID are numbers that sites give to their test patients: a word that says so, alone
	// or before a separator or a number. A real number never starts with such a word.
	testID = regexp.MustCompile(`(?i)^(NF-TEST-|(Z{2,}[-_ ]?)?(TEST|PHANTOM|DUMMY)(PATIENT|PAT)?([-_ .^]|[0-9]|$)|Q[AC][-_ ])`)
	// testFamily are family names that nobody has.
	testFamily = regexp.MustCompile(`(?i)^(Z{2,}[-_ ]?TEST.*|TEST[-_ ]?(PATIENT|PAT|PERSON|SUBJECT)[-_ ]?[0-9A-Z]?|PHANTOM|CATPHAN.*|QA|QC|` +
		`(WATER|CT|ACR|QA|QC|DAILY|IMAGE)[-_ ](PHANTOM|QA|QC|TEST))$`)
	// testName are words that somebody could be called in one part, and nobody in all of
	// them; one of them is a testWord.
	testName = regexp.MustCompile(`(?i)^(TEST|TESTING|PATIENT|DUMMY|SYNTHETIC|QA|QC|CT|ONE|TWO|THREE|[A-Z]|[0-9]+)$`)
	testWord = regexp.MustCompile(`(?i)^(TEST|TESTING|DUMMY|SYNTHETIC)$`)
)

// IsTest reports whether the images are of a test patient, by number and name. The
// generator's own (W13) is one, and so is whoever has one half of its identity. A name
// that people have, such as Test, counts only where no other part of it is a name.
func (p Patient) IsTest() bool {
	if p.Key.Issuer == PhantomIssuer || testID.MatchString(p.Key.ID) {
		return true
	}
	// Of the alphabetic group alone, PS3.5 §6.2.1: the others are not Latin.
	name, _, _ := strings.Cut(p.Name, "=")
	family, _, _ := strings.Cut(name, "^")
	if testFamily.MatchString(strings.TrimSpace(family)) {
		return true
	}
	word := false
	for _, s := range strings.FieldsFunc(name, func(r rune) bool { return r == '^' || r == ' ' }) {
		if !testName.MatchString(s) {
			return false
		}
		word = word || testWord.MatchString(s)
	}
	return word
}
