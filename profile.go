package neckfrac

// Profile limits what a result may do outside (W12).
type Profile string

const (
	// Research computes and stores; nothing leaves by itself and no card is shown.
	Research Profile = "research"
	// Triage says that there is a flag, and nothing about where or how sure.
	Triage Profile = "triage"
	// Reading shows levels, marks and grade.
	Reading Profile = "reading"
)

// ParseProfile reads one of the three words.
func ParseProfile(s string) (Profile, error) {
	switch p := Profile(s); p {
	case Research, Triage, Reading:
		return p, nil
	}
	return "", Errorf(Invalid, "parse profile", "want research, triage or reading")
}

// The generator's own patient issuer and id prefix: the only studies for which a
// synthetic pack acts beyond research (W13).
const (
	PhantomIssuer   = "NECKFRAC-PHANTOM"
	PhantomIDPrefix = "NF-TEST-"
)

// IsPhantom reports whether the person is the generator's. Both halves must say
// so: an issuer alone could be typed into a real patient's record.
func (k PatientKey) IsPhantom() bool {
	return k.Issuer == PhantomIssuer && len(k.ID) > len(PhantomIDPrefix) && k.ID[:len(PhantomIDPrefix)] == PhantomIDPrefix
}

// EffectiveProfile applies W13: whatever the site configures, a synthetic pack stays
// at research for everybody but the generator's own patients. A result without a
// pack keeps the site's profile, since a refusal must be told.
func EffectiveProfile(site Profile, domain Domain, k PatientKey) Profile {
	if domain == DomainSynthetic && !k.IsPhantom() {
		return Research
	}
	return site
}
