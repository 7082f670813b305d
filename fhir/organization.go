package fhir

import (
	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	orgpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/organization_go_proto"
)

// Organization is the house that operates this service, always Organization/site.
func Organization(s Site) Resource {
	return newResource("Organization", &orgpb.Organization{
		Id:     id("site"),
		Meta:   &dpb.Meta{VersionId: id("1")},
		Active: &dpb.Boolean{Value: true},
		Name:   str(s.Organization),
	})
}
