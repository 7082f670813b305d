package fhir

import (
	"strings"

	"github.com/neckfrac/neckfrac"

	cpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	drpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/diagnostic_report_go_proto"
)

// DiagnosticReport is the report of a study in its present state: registered while
// in work, preliminary when analysed, cancelled when not, entered-in-error when its
// source took the images back. It never gets further by
// itself, since the AI does not sign (W8).
func DiagnosticReport(v View) Resource {
	z := v.Site.zone()
	r := &drpb.DiagnosticReport{
		Id:           id(string(v.Study.ID)),
		Meta:         v.meta(),
		Identifier:   v.reportIdentifiers(),
		Status:       &drpb.DiagnosticReport_StatusCode{Value: v.reportStatus()},
		Category:     []*dpb.CodeableConcept{concept(neckfrac.CodeRadiology), concept(codeSectionCT)},
		Code:         conceptText(neckfrac.ReportTitle, v.procedure()),
		Subject:      v.subject(),
		Performer:    []*dpb.Reference{reference(organizationRef)},
		ImagingStudy: []*dpb.Reference{reference(v.studyRef())},
		Conclusion:   str(v.conclusion()),
	}
	r.Text = &dpb.Narrative{
		Status: &dpb.Narrative_StatusCode{Value: cpb.NarrativeStatusCode_GENERATED},
		Div:    &dpb.Xhtml{Value: narrative(neckfrac.ReportTitle, v.conclusion())},
	}
	if t := dateTime(v.Study.Started, z); t != nil {
		r.Effective = &drpb.DiagnosticReport_EffectiveX{Choice: &drpb.DiagnosticReport_EffectiveX_DateTime{DateTime: t}}
	}
	if v.Assessment == nil {
		if v.Overdue {
			r.ConclusionCode = []*dpb.CodeableConcept{concept(neckfrac.Overdue.Code())}
		}
		return newResource("DiagnosticReport", r)
	}
	r.Issued = instant(v.Assessment.Created, z)
	r.ConclusionCode = v.conclusionCodes()
	r.Result = []*dpb.Reference{reference("Observation/" + spineID(v.Study.ID))}
	for _, a := range v.keyImages() {
		r.Media = append(r.Media, &drpb.DiagnosticReport_Media{
			Comment: str(neckfrac.PreviewCaption), Link: reference("Media/" + string(a.ID)),
		})
	}
	return newResource("DiagnosticReport", r)
}

// procedure is the study's code by its contrast state.
func (v View) procedure() neckfrac.Code {
	if v.Assessment == nil {
		return neckfrac.CodeCTCervicalSpine
	}
	return v.Assessment.Contrast.Code()
}

func (v View) reportStatus() cpb.DiagnosticReportStatusCode_Value {
	switch {
	case v.Assessment == nil:
		return cpb.DiagnosticReportStatusCode_REGISTERED
	case v.Assessment.Status == neckfrac.Analysed:
		return cpb.DiagnosticReportStatusCode_PRELIMINARY
	case v.Assessment.Status == neckfrac.Withdrawn:
		return cpb.DiagnosticReportStatusCode_ENTERED_IN_ERROR
	}
	return cpb.DiagnosticReportStatusCode_CANCELLED
}

// reportIdentifiers puts the assessment first: it is the only key for conditional
// creates. The study's own follow, so that a client finds the report by them here.
func (v View) reportIdentifiers() []*dpb.Identifier {
	var out []*dpb.Identifier
	if v.Assessment != nil {
		out = append(out, identifier(neckfrac.AssessmentSystem, string(v.Assessment.ID)))
	}
	return append(out, v.studyIdentifiers()...)
}

// conclusionCodes are the state or the reason, then what limits it.
func (v View) conclusionCodes() []*dpb.CodeableConcept {
	a := v.result()
	if a.Status != neckfrac.Analysed {
		if !a.Reason.Valid() {
			return nil
		}
		return []*dpb.CodeableConcept{concept(a.Reason.Code())}
	}
	var out []*dpb.CodeableConcept
	if c, ok := a.Presence.Code(); ok {
		out = append(out, concept(c))
	}
	for _, r := range a.Limits {
		if r.Valid() {
			out = append(out, concept(r.Code()))
		}
	}
	return out
}

// reportStatusCode is the status as a search asks for it.
func (v View) reportStatusCode() string {
	return strings.ToLower(strings.ReplaceAll(v.reportStatus().String(), "_", "-"))
}
