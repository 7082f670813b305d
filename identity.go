package neckfrac

// IdentityRow maps one assigning authority between the worlds that name it.
type IdentityRow struct {
	// Issuer is the DICOM issuer of PatientKey.
	Issuer string
	// FHIRSystem is the identifier.system of the same authority.
	FHIRSystem string
	// HL7Authority is its CX-4 in HL7 v2.
	HL7Authority string
	// FHIRServer is the base URL of the server whose patients carry it.
	FHIRServer string
}

// IdentityMap is the site's configured table. A system or issuer that no row names
// selects nobody.
type IdentityMap []IdentityRow

// FHIRIdentifier is an identifier of a Patient resource.
type FHIRIdentifier struct{ System, Value string }

// Keys maps a Patient's identifiers to persons; identifiers of unknown systems are
// dropped, since a number without a known authority names nobody (W16).
func (m IdentityMap) Keys(server string, ids []FHIRIdentifier) []PatientKey {
	var out []PatientKey
	for _, id := range ids {
		for _, row := range m {
			if id.System == "" || id.Value == "" || row.FHIRSystem != id.System {
				continue
			}
			if row.FHIRServer != "" && server != "" && row.FHIRServer != server {
				continue
			}
			out = append(out, PatientKey{Issuer: row.Issuer, ID: id.Value})
		}
	}
	return out
}

// System is the FHIR identifier system of an issuer, "" if unmapped.
func (m IdentityMap) System(issuer string) string {
	for _, row := range m {
		if row.Issuer == issuer && issuer != "" {
			return row.FHIRSystem
		}
	}
	return ""
}
