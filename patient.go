package neckfrac

// PatientKey is a person: an assigning authority and its identifier. Neither alone
// names anybody (W16), since two hospitals hand out the same number. An unknown
// issuer is the empty string and never equals a known one.
type PatientKey struct {
	// Issuer is (0010,0021), else its qualifiers, else the sending AE's configured
	// issuer, else "".
	Issuer string `json:"issuer"`
	// ID is (0010,0020), surrounding spaces removed.
	ID string `json:"id"`
}

// Certain reports whether both halves are known, the condition for any output that
// is addressed to a person.
func (k PatientKey) Certain() bool { return k.Issuer != "" && k.ID != "" }

// Patient is what the images say about the person. It is PHI: it stays in the
// ledger and goes out only in results that are addressed to that person.
type Patient struct {
	Key PatientKey `json:"key"`
	// Name is (0010,0010) as received, decoded to UTF-8.
	Name string `json:"name,omitempty"`
	// BirthDate is YYYYMMDD or "".
	BirthDate string `json:"birthDate,omitempty"`
	// Sex is M, F, O or "".
	Sex string `json:"sex,omitempty"`
	// AgeYears is from (0010,1010), else from birth and study date; -1 is unknown.
	AgeYears int `json:"ageYears"`
}
