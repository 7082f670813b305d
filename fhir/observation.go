package fhir

import (
	"github.com/neckfrac/neckfrac"

	cpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	opb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/observation_go_proto"
)

// Observations are the patient's, then C1 to C7 where the profile lets levels out.
// A study in work has none.
func Observations(v View) []Resource {
	if v.Assessment == nil {
		return nil
	}
	spine := v.spineObservation()
	if !v.detailed() {
		return []Resource{newResource("Observation", spine)}
	}
	levels := make([]Resource, 0, neckfrac.Levels)
	for _, l := range neckfrac.Vertebrae() {
		levels = append(levels, newResource("Observation", v.levelObservation(l)))
		spine.HasMember = append(spine.HasMember, reference("Observation/"+levelID(v.Study.ID, l)))
	}
	return append([]Resource{newResource("Observation", spine)}, levels...)
}

// observation is the part that all Observations of a result share.
func (v View) observation(oid, keySuffix string) *opb.Observation {
	a, z := v.Assessment, v.Site.zone()
	o := &opb.Observation{
		Id:         id(oid),
		Meta:       v.meta(),
		Identifier: []*dpb.Identifier{identifier(neckfrac.AssessmentSystem, string(a.ID)+keySuffix)},
		PartOf:     []*dpb.Reference{reference(v.studyRef())},
		Status:     &opb.Observation_StatusCode{Value: cpb.ObservationStatusCode_PRELIMINARY},
		Category:   []*dpb.CodeableConcept{concept(codeImaging)},
		Code:       concept(neckfrac.CodeFractureFlag),
		Subject:    v.subject(),
		Issued:     instant(a.Created, z),
		Performer:  []*dpb.Reference{reference(organizationRef)},
	}
	if d := deviceID(a.Pack); d != "" {
		o.Device = reference("Device/" + d)
	}
	if t := dateTime(v.Study.Started, z); t != nil {
		o.Effective = &opb.Observation_EffectiveX{Choice: &opb.Observation_EffectiveX_DateTime{DateTime: t}}
	}
	switch a.Status {
	case neckfrac.Analysed:
	case neckfrac.Withdrawn:
		o.Status.Value = cpb.ObservationStatusCode_ENTERED_IN_ERROR
		o.DataAbsentReason = noValue(neckfrac.WithdrawnSentence, "")
	default:
		r := v.result()
		o.Status.Value = cpb.ObservationStatusCode_CANCELLED
		o.DataAbsentReason = noValue(neckfrac.RefusalSentence(r.Reason, r.ReasonLevel), r.Reason)
	}
	return o
}

func (v View) spineObservation() *opb.Observation {
	a := v.result()
	o := v.observation(spineID(v.Study.ID), "-spine")
	o.BodySite = concept(neckfrac.CodeCervicalSpine)
	if a.Status == neckfrac.Analysed {
		setValue(o, a.Presence)
		if v.detailed() {
			point, _ := a.Decision.Point(flagPoint(a.Decision))
			o.Component = components(a.Presence, a.Probability, a.Grade, point, point.Patient)
		}
	}
	o.Note = append(o.Note, notes(v.standing()...)...)
	return o
}

func (v View) levelObservation(l neckfrac.Vertebra) *opb.Observation {
	a := v.result()
	o := v.observation(levelID(v.Study.ID, l), levelID("", l))
	o.BodySite = concept(l.Code())
	if a.Status == neckfrac.Analysed {
		// A level that nobody reported is the zero Finding: indeterminate.
		f, _ := a.Finding(l)
		if f.Presence == neckfrac.NotImaged {
			o.DataAbsentReason = noValue(neckfrac.CoverageSentence(a, l), "")
		} else {
			setValue(o, f.Presence)
			point, _ := a.Decision.Point(flagPoint(a.Decision))
			o.Component = components(f.Presence, f.Probability, f.Grade, point, point.Level)
		}
	}
	o.Note = append(o.Note, notes(v.standing()...)...)
	return o
}

// setValue gives the state, and W2's sentence beside every state that is no flag.
func setValue(o *opb.Observation, p neckfrac.Presence) {
	c, ok := p.Code()
	if !ok {
		o.DataAbsentReason = noValue("", "")
		return
	}
	o.Value = &opb.Observation_ValueX{Choice: &opb.Observation_ValueX_CodeableConcept{CodeableConcept: concept(c)}}
	if p != neckfrac.Suspected {
		o.Note = notes(neckfrac.NotExcluded)
	}
}

// noValue is R4's reason for a missing value, with ours beside it.
func noValue(text string, r neckfrac.Reason) *dpb.CodeableConcept {
	codes := []neckfrac.Code{codeNotPerformed}
	if r.Valid() {
		codes = append(codes, r.Code())
	}
	return conceptText(text, codes...)
}
