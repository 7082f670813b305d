package fhir

import (
	"github.com/google/fhir/go/fhirversion"
	"github.com/google/fhir/go/jsonformat"

	"github.com/neckfrac/neckfrac"

	cpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	ppb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/patient_go_proto"
)

// Bounds of a Patient resource. A photo may stand in it as base64, nothing else is
// large; R4's own elements nest to eight.
const (
	MaxPatientBytes       = 1 << 20
	MaxPatientDepth       = 32
	MaxPatientIdentifiers = 64
)

// Patient is what the resolver needs of a Patient resource. Names and dates are left
// where they are: they select nobody.
type Patient struct {
	ID          string
	Identifiers []neckfrac.FHIRIdentifier
	// Replaced is set for a record that another one replaces or that is not active:
	// its identifiers may belong to somebody else by now.
	Replaced bool
}

// ReadPatient reads an R4 Patient of another server. More than the Max constants is
// Limit, another resource type Unsupported, anything that is not R4 Invalid.
// Identifiers with use "old" are dropped.
func ReadPatient(b []byte) (Patient, error) {
	const op = "read patient"
	if len(b) > MaxPatientBytes {
		return Patient{}, neckfrac.Errorf(neckfrac.Limit, op, "more than %d bytes", MaxPatientBytes)
	}
	if err := CheckJSON(b, MaxPatientDepth); err != nil {
		return Patient{}, neckfrac.E(op, err)
	}
	u, err := jsonformat.NewUnmarshaller("UTC", fhirversion.R4)
	if err != nil {
		return Patient{}, neckfrac.E(op, err)
	}
	// The unmarshaller's error quotes the input, so it is not passed on.
	c, err := u.UnmarshalR4(b)
	if err != nil {
		return Patient{}, neckfrac.Errorf(neckfrac.Invalid, op, "not an R4 resource")
	}
	m := c.GetPatient()
	if m == nil {
		return Patient{}, neckfrac.Errorf(neckfrac.Unsupported, op, "another resource type")
	}
	if len(m.GetIdentifier()) > MaxPatientIdentifiers {
		return Patient{}, neckfrac.Errorf(neckfrac.Limit, op, "more than %d identifiers", MaxPatientIdentifiers)
	}
	p := Patient{ID: m.GetId().GetValue(), Replaced: replaced(m)}
	for _, i := range m.GetIdentifier() {
		if i.GetUse().GetValue() == cpb.IdentifierUseCode_OLD {
			continue
		}
		p.Identifiers = append(p.Identifiers, neckfrac.FHIRIdentifier{
			System: i.GetSystem().GetValue(), Value: i.GetValue().GetValue(),
		})
	}
	return p, nil
}

func replaced(m *ppb.Patient) bool {
	if m.GetActive() != nil && !m.GetActive().GetValue() {
		return true
	}
	for _, l := range m.GetLink() {
		if l.GetType().GetValue() == cpb.LinkTypeCode_REPLACED_BY {
			return true
		}
	}
	return false
}
