package fhir

import (
	"time"

	cpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	capb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/capability_statement_go_proto"
	vpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/valuesets_go_proto"

	"github.com/neckfrac/neckfrac"
)

// capabilityDate is when what the server can do last changed, R4
// CapabilityStatement.date.
var capabilityDate = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// CapabilityStatement says what this server does, made from the table that its
// routes are made from.
func (s *Server) CapabilityStatement() Resource {
	rest := &capb.CapabilityStatement_Rest{
		Mode:          &capb.CapabilityStatement_Rest_ModeCode{Value: cpb.RestfulCapabilityModeCode_SERVER},
		Documentation: markdown("Read-only. An unknown search parameter is an error. Searches may be sent by POST to `_search`."),
	}
	for _, t := range s.types {
		rest.Resource = append(rest.Resource, capabilityOf(t))
	}
	m := &capb.CapabilityStatement{
		Id:           id("neckfrac"),
		Meta:         &dpb.Meta{VersionId: id("1")},
		Name:         str("NeckFrac"),
		Title:        str("NeckFrac FHIR server"),
		Status:       &capb.CapabilityStatement_StatusCode{Value: cpb.PublicationStatusCode_ACTIVE},
		Experimental: &dpb.Boolean{Value: true},
		Date:         &dpb.DateTime{ValueUs: capabilityDate.UnixMicro(), Timezone: "Z", Precision: dpb.DateTime_DAY},
		Publisher:    str(s.cfg.Site.Organization),
		Description:  markdown("Results of an algorithm on CT of the cervical spine. " + neckfrac.LimitsText + " " + neckfrac.ResearchUse),
		Kind:         &capb.CapabilityStatement_KindCode{Value: cpb.CapabilityStatementKindCode_INSTANCE},
		Software:     &capb.CapabilityStatement_Software{Name: str("NeckFrac"), Version: str(s.cfg.Site.Software)},
		Implementation: &capb.CapabilityStatement_Implementation{
			Description: str("NeckFrac at " + s.cfg.Site.Organization), Url: &dpb.Url{Value: s.cfg.Site.BaseURL},
		},
		FhirVersion: &capb.CapabilityStatement_FhirVersionCode{Value: cpb.FHIRVersionCode_V_4_0_1},
		Format:      []*capb.CapabilityStatement_FormatCode{{Value: ContentType}, {Value: "json"}},
		Rest:        []*capb.CapabilityStatement_Rest{rest},
	}
	return newResource("CapabilityStatement", m)
}

func capabilityOf(t resourceType) *capb.CapabilityStatement_Rest_Resource {
	interaction := func(v vpb.TypeRestfulInteractionValueSet_Value) *capb.CapabilityStatement_Rest_Resource_ResourceInteraction {
		return &capb.CapabilityStatement_Rest_Resource_ResourceInteraction{
			Code: &capb.CapabilityStatement_Rest_Resource_ResourceInteraction_CodeType{Value: v},
		}
	}
	r := &capb.CapabilityStatement_Rest_Resource{
		Type:        &capb.CapabilityStatement_Rest_Resource_TypeCode{Value: resourceTypeCode(t.name)},
		Interaction: []*capb.CapabilityStatement_Rest_Resource_ResourceInteraction{interaction(vpb.TypeRestfulInteractionValueSet_READ)},
		Versioning: &capb.CapabilityStatement_Rest_Resource_VersioningCode{
			Value: cpb.ResourceVersionPolicyCode_VERSIONED,
		},
		ReadHistory: &dpb.Boolean{Value: false},
	}
	if t.matches != nil {
		r.Interaction = append(r.Interaction, interaction(vpb.TypeRestfulInteractionValueSet_SEARCH_TYPE))
	}
	for _, i := range t.include {
		r.SearchInclude = append(r.SearchInclude, str(i))
	}
	for _, p := range t.params {
		r.SearchParam = append(r.SearchParam, &capb.CapabilityStatement_Rest_Resource_SearchParam{
			Name:          str(p.name),
			Definition:    &dpb.Canonical{Value: p.definition},
			Type:          &capb.CapabilityStatement_Rest_Resource_SearchParam_TypeCode{Value: searchType(p.typ)},
			Documentation: markdown(p.doc),
		})
	}
	return r
}

func searchType(s string) cpb.SearchParamTypeCode_Value {
	if s == "reference" {
		return cpb.SearchParamTypeCode_REFERENCE
	}
	return cpb.SearchParamTypeCode_TOKEN
}

// resourceTypeCode finds the proto's code of a type; a type of the table without one
// is a broken invariant.
func resourceTypeCode(name string) cpb.ResourceTypeCode_Value {
	codes := map[string]cpb.ResourceTypeCode_Value{
		"DiagnosticReport": cpb.ResourceTypeCode_DIAGNOSTIC_REPORT,
		"Observation":      cpb.ResourceTypeCode_OBSERVATION,
		"ImagingStudy":     cpb.ResourceTypeCode_IMAGING_STUDY,
		"Media":            cpb.ResourceTypeCode_MEDIA,
		"Binary":           cpb.ResourceTypeCode_BINARY,
		"Device":           cpb.ResourceTypeCode_DEVICE,
		"Organization":     cpb.ResourceTypeCode_ORGANIZATION,
		"CodeSystem":       cpb.ResourceTypeCode_CODE_SYSTEM,
	}
	c, ok := codes[name]
	if !ok {
		panic("fhir: no resource type code for " + name)
	}
	return c
}
