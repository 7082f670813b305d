package fhir

import (
	"strconv"

	"github.com/neckfrac/neckfrac"

	cpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	ispb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/imaging_study_go_proto"
)

// ImagingStudy describes what was received. Descriptions from the scanner stay out:
// they are free text of others and may hold words that no output of ours may carry.
func ImagingStudy(v View) Resource {
	s, z := v.Study, v.Site.zone()
	r := &ispb.ImagingStudy{
		Id:             id(string(s.ID)),
		Identifier:     v.studyIdentifiers(),
		Status:         &ispb.ImagingStudy_StatusCode{Value: cpb.ImagingStudyStatusCode_AVAILABLE},
		Subject:        v.subject(),
		Started:        dateTime(s.Started, z),
		NumberOfSeries: count(len(s.Series)),
	}
	var total int
	seen := map[string]bool{}
	for _, series := range s.Series {
		m := modality(series.Modality)
		total += series.Count
		if !seen[m.Value] {
			seen[m.Value] = true
			r.Modality = append(r.Modality, coding(m))
		}
		r.Series = append(r.Series, &ispb.ImagingStudy_Series{
			Uid:               id(string(series.UID)),
			Number:            count(series.Number),
			Modality:          coding(m),
			NumberOfInstances: count(series.Count),
		})
	}
	r.NumberOfInstances = count(total)
	// Instances are never taken back, so their number orders the versions.
	r.Meta = &dpb.Meta{VersionId: id(strconv.Itoa(total)), LastUpdated: instant(s.LastReceived, z)}
	if v.test() {
		r.Meta.Security = []*dpb.Coding{coding(codeTestData)}
	}
	return newResource("ImagingStudy", r)
}

// studyIdentifiers are the Study Instance UID in R4's form for DICOM and the
// accession number, which is unique only within its issuer and so has no system.
func (v View) studyIdentifiers() []*dpb.Identifier {
	out := []*dpb.Identifier{identifier(systemDICOMUID, oid(v.Study.UID))}
	if v.Study.Accession != "" {
		x := identifier("", string(v.Study.Accession))
		x.Type = concept(codeAccession)
		out = append(out, x)
	}
	return out
}

func oid(u neckfrac.StudyUID) string { return "urn:oid:" + string(u) }

// modality is the DICOM modality (PS3.3 §C.7.3.1.1.1), "OT" for what is no code
// string. Only CT needs a display.
func modality(s string) neckfrac.Code {
	if s == neckfrac.CodeCT.Value {
		return neckfrac.CodeCT
	}
	ok := s != "" && len(s) <= 16
	for i := range len(s) {
		c := s[i]
		ok = ok && (c >= 'A' && c <= 'Z' || c >= '0' && c <= '9')
	}
	if !ok {
		s = "OT"
	}
	return neckfrac.Code{System: neckfrac.DCM, Value: s}
}
