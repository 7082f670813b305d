package fhir

import (
	"github.com/neckfrac/neckfrac"

	cpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	cspb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/code_system_go_proto"
)

// codeSystemVersion changes when a concept of neckfrac.OwnCodes does.
const codeSystemVersion = "1"

// CodeSystem is our own list of flags, grades and reasons, CodeSystem/ai-flag.
func CodeSystem() Resource {
	r := &cspb.CodeSystem{
		Id:            id("ai-flag"),
		Meta:          &dpb.Meta{VersionId: id(codeSystemVersion)},
		Url:           uri(neckfrac.OwnSystem),
		Version:       str(codeSystemVersion),
		Name:          str("NeckFracAIFlag"),
		Title:         str("NeckFrac AI flags, grades and reasons"),
		Status:        &cspb.CodeSystem_StatusCode{Value: cpb.PublicationStatusCode_ACTIVE},
		Experimental:  &dpb.Boolean{Value: true},
		Publisher:     str("NeckFrac"),
		Description:   markdown("What an algorithm flags on CT of the cervical spine, its probability band, and why a study was not analysed or is limited. A flag is a suspicion and no finding. " + neckfrac.ResearchUse),
		CaseSensitive: &dpb.Boolean{Value: true},
		Content:       &cspb.CodeSystem_ContentCode{Value: cpb.CodeSystemContentModeCode_COMPLETE},
	}
	for _, c := range neckfrac.OwnCodes() {
		r.Concept = append(r.Concept, &cspb.CodeSystem_ConceptDefinition{
			Code: &dpb.Code{Value: c.Value}, Display: str(c.Display), Definition: str(c.Text),
		})
	}
	r.Count = count(len(r.Concept))
	return newResource("CodeSystem", r)
}
