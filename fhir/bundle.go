package fhir

import (
	cpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	bpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/binary_go_proto"
	bupb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/bundle_and_contained_resource_go_proto"
	cspb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/code_system_go_proto"
	dvpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/device_go_proto"
	drpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/diagnostic_report_go_proto"
	ispb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/imaging_study_go_proto"
	mpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/media_go_proto"
	opb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/observation_go_proto"
	orgpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/organization_go_proto"
)

// Page is the answer to a search.
type Page struct {
	Matches, Includes []Resource
	// Self and Next are absolute URLs; Next is "" on the last page.
	Self, Next string
	// Total is the number of matches on all pages, -1 if it is not known.
	Total int
}

// SearchSet is a Bundle of type searchset, R4 §3.1.1.5.
func SearchSet(s Site, p Page) Resource {
	b := &bupb.Bundle{Type: &bupb.Bundle_TypeCode{Value: cpb.BundleTypeCode_SEARCHSET}}
	if p.Total >= 0 {
		b.Total = count(p.Total)
	}
	b.Link = append(b.Link, &bupb.Bundle_Link{Relation: str("self"), Url: uri(p.Self)})
	if p.Next != "" {
		b.Link = append(b.Link, &bupb.Bundle_Link{Relation: str("next"), Url: uri(p.Next)})
	}
	add := func(list []Resource, mode cpb.SearchEntryModeCode_Value) {
		for _, r := range list {
			e := entry(s, r)
			e.Search = &bupb.Bundle_Entry_Search{Mode: &bupb.Bundle_Entry_Search_ModeCode{Value: mode}}
			b.Entry = append(b.Entry, e)
		}
	}
	add(p.Matches, cpb.SearchEntryModeCode_MATCH)
	add(p.Includes, cpb.SearchEntryModeCode_INCLUDE)
	return Resource{typ: "Bundle", msg: b}
}

// Bundle is a collection of everything that a study's resources refer to, in the
// order a reader wants them. The bytes of key images are not part of a View, so the
// caller adds their Binaries.
func Bundle(v View, binaries ...Resource) Resource {
	b := &bupb.Bundle{Type: &bupb.Bundle_TypeCode{Value: cpb.BundleTypeCode_COLLECTION}}
	list := []Resource{DiagnosticReport(v)}
	list = append(list, Observations(v)...)
	list = append(list, ImagingStudy(v))
	list = append(list, Media(v)...)
	if v.Assessment != nil {
		if d, ok := Device(v.Site, v.Assessment.Pack); ok {
			list = append(list, d)
		}
	}
	list = append(list, Organization(v.Site))
	for _, r := range append(list, binaries...) {
		b.Entry = append(b.Entry, entry(v.Site, r))
	}
	return Resource{typ: "Bundle", msg: b}
}

func entry(s Site, r Resource) *bupb.Bundle_Entry {
	return &bupb.Bundle_Entry{FullUrl: uri(s.BaseURL + "/" + r.Reference()), Resource: contain(r)}
}

// contain puts a resource into R4's any-resource message. A type that no builder
// makes is a broken invariant of this package.
func contain(r Resource) *bupb.ContainedResource {
	c := &bupb.ContainedResource{}
	switch m := r.msg.(type) {
	case *drpb.DiagnosticReport:
		c.OneofResource = &bupb.ContainedResource_DiagnosticReport{DiagnosticReport: m}
	case *opb.Observation:
		c.OneofResource = &bupb.ContainedResource_Observation{Observation: m}
	case *ispb.ImagingStudy:
		c.OneofResource = &bupb.ContainedResource_ImagingStudy{ImagingStudy: m}
	case *dvpb.Device:
		c.OneofResource = &bupb.ContainedResource_Device{Device: m}
	case *orgpb.Organization:
		c.OneofResource = &bupb.ContainedResource_Organization{Organization: m}
	case *mpb.Media:
		c.OneofResource = &bupb.ContainedResource_Media{Media: m}
	case *bpb.Binary:
		c.OneofResource = &bupb.ContainedResource_Binary{Binary: m}
	case *cspb.CodeSystem:
		c.OneofResource = &bupb.ContainedResource_CodeSystem{CodeSystem: m}
	default:
		panic("fhir: resource type " + r.typ + " in a Bundle")
	}
	return c
}
