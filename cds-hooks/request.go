package cdshooks

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/fhir"
)

// Bounds of a request.
const (
	// MaxBodyBytes bounds a call; a prefetched Patient is a few kB.
	MaxBodyBytes = 1 << 20
	// MaxDepth bounds its nesting.
	MaxDepth = 32
	// maxReference bounds a user reference and a server address.
	maxReference = 512
)

// request is a checked call of a hook with a patient in its context.
type request struct {
	hookInstance string
	// fhirServer is as the caller gave it, "" if it did not.
	fhirServer string
	patientID  string
	// patient is the raw prefetched resource, nil where it is missing or null.
	patient json.RawMessage
}

// parse reads a call of the named hook. Errors are Limit or Invalid and carry nothing
// of the input.
func parse(b []byte, hook string) (request, error) {
	const op = "parse call"
	invalid := func(what string) (request, error) {
		return request{}, neckfrac.Errorf(neckfrac.Invalid, op, "%s", what)
	}
	if len(b) > MaxBodyBytes {
		return request{}, neckfrac.Errorf(neckfrac.Limit, op, "more than %d bytes", MaxBodyBytes)
	}
	if err := fhir.CheckJSON(b, MaxDepth); err != nil {
		return request{}, neckfrac.E(op, err)
	}
	call, err := object(b)
	if err != nil {
		return invalid("not an object")
	}
	context, err := object(call["context"])
	if err != nil {
		return invalid("no context")
	}
	prefetch, err := object(call["prefetch"])
	if err != nil && !null(call["prefetch"]) {
		return invalid("prefetch is no object")
	}
	r := request{hookInstance: text(call["hookInstance"]), fhirServer: text(call["fhirServer"]), patientID: text(context["patientId"])}
	switch {
	case text(call["hook"]) != hook:
		return invalid("another hook")
	case !validUUID(r.hookInstance):
		return invalid("hookInstance is no UUID")
	case !validUser(text(context["userId"])):
		return invalid("context.userId is no reference")
	case !fhir.ValidID(r.patientID):
		return invalid("context.patientId is no id")
	case !null(context["encounterId"]) && !fhir.ValidID(text(context["encounterId"])):
		return invalid("context.encounterId is no id")
	case !null(call["fhirServer"]) && !validServer(r.fhirServer):
		return invalid("fhirServer is no address")
	case !null(call["fhirAuthorization"]) && null(call["fhirServer"]):
		return invalid("fhirAuthorization without fhirServer")
	}
	if p := prefetch["patient"]; !null(p) {
		r.patient = p
	}
	return r, nil
}

// object decodes by exact names. encoding/json matches struct fields without regard
// to case, so that "PatientId" after "patientId" would win unseen.
func object(b json.RawMessage) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, err
	}
	if m == nil {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "decode object", "null")
	}
	return m, nil
}

// text is a string's value; "" for every other type, which no field here accepts.
func text(b json.RawMessage) string {
	var s string
	if json.Unmarshal(b, &s) != nil {
		return ""
	}
	return s
}

func null(m json.RawMessage) bool { return len(m) == 0 || string(m) == "null" }

// validUUID is RFC 9562 §4's text form, any version.
func validUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'):
			return false
		}
	}
	return true
}

// validUser is patient-view's userId: a reference to one of four types.
func validUser(s string) bool {
	if len(s) > maxReference {
		return false
	}
	typ, id, _ := strings.Cut(s, "/")
	switch typ {
	case "Practitioner", "PractitionerRole", "Patient", "RelatedPerson":
		return fhir.ValidID(id)
	}
	return false
}

func validServer(s string) bool {
	if len(s) > maxReference {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}
