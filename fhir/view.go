package fhir

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/neckfrac/neckfrac"

	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
)

// Site is what the operating house says about itself on every resource.
type Site struct {
	// BaseURL is this server's absolute FHIR base without a trailing slash,
	// "https://neckfrac.example.org/fhir".
	BaseURL string
	// Organization is the operating organisation's name, the report's performer (W8).
	Organization string
	// Identities maps issuers to identifier systems. An issuer without a row leaves a
	// subject without an identifier.
	Identities neckfrac.IdentityMap
	// Zone is the site's zone for all times. Defaults to UTC.
	Zone *time.Location
	// AIAssertedLabel adds the AIAST security label. Off by default: R4's own copy of
	// the code system predates the code and older validators refuse it.
	AIAssertedLabel bool
	// Software is this program's version in the CapabilityStatement.
	Software string
}

func (s Site) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

// View is everything that the resources of one study are made of.
type View struct {
	Site  Site
	Study neckfrac.Study
	// Assessment is the latest result, nil while the study is in work.
	Assessment *neckfrac.Assessment
	// Overdue says that no result came in the expected time.
	Overdue bool
	// ReadStatus is what is known of the radiologist's report now.
	ReadStatus neckfrac.ReadStatus
	// PatientReference is the absolute URL of the person's Patient resource once an
	// EHR id is known, else "".
	PatientReference string
}

// detailed reports whether levels, numbers and grades may be shown (W12).
func (v View) detailed() bool {
	return v.Assessment != nil && v.Assessment.Profile != neckfrac.Triage
}

// result is the assessment as its profile lets it out. In triage the level in a
// refusal goes as well: a reader of the profile was promised no level words.
func (v View) result() neckfrac.Assessment {
	a := *v.Assessment
	if a.Profile == neckfrac.Triage {
		a.ReasonLevel = 0
	}
	return a
}

// test reports whether the study is of a test patient, the generator's own among them.
func (v View) test() bool {
	return v.Study.Patient.IsTest() || v.Assessment != nil && slices.Contains(v.Assessment.Limits, neckfrac.TestPatient)
}

// keyImages are the pictures that the profile lets out.
func (v View) keyImages() []neckfrac.Artefact {
	if !v.detailed() {
		return nil
	}
	var out []neckfrac.Artefact
	for _, a := range v.Assessment.Artefacts {
		if a.Kind == neckfrac.ArtefactKeyImage {
			out = append(out, a)
		}
	}
	return out
}

// Resource ids all derive from the study's, so that a client can build them.
func (v View) studyRef() string  { return "ImagingStudy/" + string(v.Study.ID) }
func (v View) reportRef() string { return "DiagnosticReport/" + string(v.Study.ID) }

func spineID(s neckfrac.StudyID) string { return string(s) + "-spine" }

func levelID(s neckfrac.StudyID, l neckfrac.Vertebra) string {
	return string(s) + "-" + strings.ToLower(l.String())
}

const organizationRef = "Organization/site"

// deviceID is the first 16 hex digits of the pack's digest, "" without a pack.
func deviceID(p neckfrac.PackID) string {
	if len(p.Digest) < 16 {
		return ""
	}
	return p.Digest[:16]
}

// subject names the person by identifier, and by reference once the EHR's id is
// known. A number without a known authority names nobody (W16), so it stays out.
func (v View) subject() *dpb.Reference {
	k := v.Study.Patient.Key
	system := v.Site.Identities.System(k.Issuer)
	r := &dpb.Reference{Type: uri("Patient")}
	if v.Study.Conflict || !k.Certain() || system == "" {
		r.Display = str(identityUnknown)
		return r
	}
	r.Identifier = identifier(system, k.ID)
	if v.PatientReference != "" {
		r.Reference = &dpb.Reference_Uri{Uri: str(v.PatientReference)}
	}
	return r
}

// meta is the version and the labels of what an assessment says.
func (v View) meta() *dpb.Meta {
	m := &dpb.Meta{VersionId: id("0"), LastUpdated: instant(v.Study.LastReceived, v.Site.zone())}
	if a := v.Assessment; a != nil {
		m.VersionId = id(strconv.Itoa(a.Revision))
		m.LastUpdated = instant(a.Created, v.Site.zone())
		m.Tag = []*dpb.Coding{{System: uri(systemProfile), Code: &dpb.Code{Value: string(a.Profile)}}}
		if v.Site.AIAssertedLabel {
			m.Security = append(m.Security, coding(codeAIAsserted))
		}
	}
	if v.test() {
		m.Security = append(m.Security, coding(codeTestData))
	}
	return m
}
