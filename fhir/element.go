package fhir

import (
	"math"
	"strconv"
	"time"

	"github.com/neckfrac/neckfrac"

	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
)

// Systems of published codes and identifiers that only FHIR uses; the concepts of
// the house are in the module root.
const (
	systemDICOMUID            = "urn:dicom:uid"
	systemPack                = "urn:neckfrac:pack"
	systemProfile             = "urn:neckfrac:profile"
	systemSection             = "http://terminology.hl7.org/CodeSystem/v2-0074"
	systemIdentifierType      = "http://terminology.hl7.org/CodeSystem/v2-0203"
	systemObservationCategory = "http://terminology.hl7.org/CodeSystem/observation-category"
	systemNoValue             = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
	systemMediaType           = "http://terminology.hl7.org/CodeSystem/media-type"
	systemActReason           = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	systemObservationValue    = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
)

// Published codes with the systems' own displays.
var (
	codeSectionCT    = neckfrac.Code{System: systemSection, Value: "CT", Display: "CAT Scan"}
	codeImaging      = neckfrac.Code{System: systemObservationCategory, Value: "imaging", Display: "Imaging"}
	codeNotPerformed = neckfrac.Code{System: systemNoValue, Value: "not-performed", Display: "Not Performed"}
	codeAccession    = neckfrac.Code{System: systemIdentifierType, Value: "ACSN", Display: "Accession ID"}
	codeImage        = neckfrac.Code{System: systemMediaType, Value: "image", Display: "Image"}
	codeTestData     = neckfrac.Code{System: systemActReason, Value: "HTEST", Display: "test health data"}
	codeAIAsserted   = neckfrac.Code{System: systemObservationValue, Value: "AIAST", Display: "Artificial Intelligence asserted"}
)

func str(s string) *dpb.String {
	if s == "" {
		return nil
	}
	return &dpb.String{Value: s}
}

func uri(s string) *dpb.Uri { return &dpb.Uri{Value: s} }

func id(s string) *dpb.Id { return &dpb.Id{Value: s} }

func markdown(s string) *dpb.Markdown { return &dpb.Markdown{Value: s} }

func count(n int) *dpb.UnsignedInt {
	return &dpb.UnsignedInt{Value: uint32(min(max(n, 0), math.MaxInt32))}
}

// offset is the zone's offset at t as R4 dateTime writes it.
func offset(t time.Time) string { return t.Format("-07:00") }

func instant(t time.Time, zone *time.Location) *dpb.Instant {
	if t.IsZero() {
		return nil
	}
	return &dpb.Instant{ValueUs: t.UnixMicro(), Timezone: offset(t.In(zone)), Precision: dpb.Instant_SECOND}
}

func dateTime(t time.Time, zone *time.Location) *dpb.DateTime {
	if t.IsZero() {
		return nil
	}
	return &dpb.DateTime{ValueUs: t.UnixMicro(), Timezone: offset(t.In(zone)), Precision: dpb.DateTime_SECOND}
}

func coding(c neckfrac.Code) *dpb.Coding {
	return &dpb.Coding{System: uri(c.System), Code: &dpb.Code{Value: c.Value}, Display: str(c.Display)}
}

// concept takes its text from the first code.
func concept(codes ...neckfrac.Code) *dpb.CodeableConcept {
	cc := &dpb.CodeableConcept{Text: str(codes[0].Text)}
	for _, c := range codes {
		cc.Coding = append(cc.Coding, coding(c))
	}
	return cc
}

func conceptText(text string, codes ...neckfrac.Code) *dpb.CodeableConcept {
	cc := &dpb.CodeableConcept{Text: str(text)}
	for _, c := range codes {
		cc.Coding = append(cc.Coding, coding(c))
	}
	return cc
}

func identifier(system, value string) *dpb.Identifier {
	x := &dpb.Identifier{Value: str(value)}
	if system != "" {
		x.System = uri(system)
	}
	return x
}

func reference(s string) *dpb.Reference {
	return &dpb.Reference{Reference: &dpb.Reference_Uri{Uri: str(s)}}
}

func notes(texts ...string) []*dpb.Annotation {
	var out []*dpb.Annotation
	for _, t := range texts {
		if t != "" {
			out = append(out, &dpb.Annotation{Text: markdown(t)})
		}
	}
	return out
}

// decimal writes four places, so that a reader sees how fine a calibrated
// probability is; false for what is no probability.
func decimal(p float64) (*dpb.Decimal, bool) {
	if math.IsNaN(p) || p < 0 || p > 1 {
		return nil, false
	}
	return &dpb.Decimal{Value: strconv.FormatFloat(p, 'f', 4, 64)}, true
}
