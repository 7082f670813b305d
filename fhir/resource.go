package fhir

import (
	"fmt"

	"github.com/google/fhir/go/fhirversion"
	"github.com/google/fhir/go/jsonformat"
	"google.golang.org/protobuf/proto"

	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
)

// Resource is one R4 resource, ready to be written as JSON. It is immutable and
// safe for concurrent use; the zero value is no resource and does not marshal.
type Resource struct {
	typ, id, version string
	msg              proto.Message
}

// Type is the resource type, "Observation".
func (r Resource) Type() string { return r.typ }

// ID is the logical id, "" for Bundles and OperationOutcomes.
func (r Resource) ID() string { return r.id }

// Version is meta.versionId, "" where the resource has none.
func (r Resource) Version() string { return r.version }

// Reference is the relative reference, "Observation/x-c5".
func (r Resource) Reference() string { return r.typ + "/" + r.id }

// MarshalJSON writes the resource in the FHIR JSON format, keys sorted. An error
// means that a builder made something that R4 has no form for.
func (r Resource) MarshalJSON() ([]byte, error) {
	if r.msg == nil {
		return nil, fmt.Errorf("marshal resource: zero Resource")
	}
	m, err := jsonformat.NewMarshaller(false, "", "", fhirversion.R4)
	if err != nil {
		return nil, fmt.Errorf("marshal %s: %w", r.typ, err)
	}
	b, err := m.MarshalResource(r.msg)
	if err != nil {
		return nil, fmt.Errorf("marshal %s: %w", r.typ, err)
	}
	return b, nil
}

// identified is what every generated resource with an id and meta has.
type identified interface {
	proto.Message
	GetId() *dpb.Id
	GetMeta() *dpb.Meta
}

func newResource(typ string, m identified) Resource {
	return Resource{typ: typ, id: m.GetId().GetValue(), version: m.GetMeta().GetVersionId().GetValue(), msg: m}
}
