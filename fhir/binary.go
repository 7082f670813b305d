package fhir

import (
	"github.com/neckfrac/neckfrac"

	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	bpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/binary_go_proto"
)

// Binary is an artefact's bytes as JSON. Who may read the study's report may read
// it, R4 Binary.securityContext.
func Binary(v View, a neckfrac.Artefact, data []byte) Resource {
	return newResource("Binary", &bpb.Binary{
		Id:              id(string(a.ID)),
		Meta:            &dpb.Meta{VersionId: id("1")},
		ContentType:     &bpb.Binary_ContentTypeCode{Value: a.ContentType},
		SecurityContext: reference(v.reportRef()),
		Data:            &dpb.Base64Binary{Value: data},
	})
}
