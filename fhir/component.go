package fhir

import (
	"github.com/neckfrac/neckfrac"

	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	opb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/observation_go_proto"
)

// flagPoint is the operating point that made a flag.
func flagPoint(d neckfrac.Decision) neckfrac.PointName {
	if d.Flag == neckfrac.PointNone {
		return neckfrac.PointBalanced
	}
	return d.Flag
}

// components are the probability with its threshold and, for flagged results only,
// the grade (W5, W6). An indeterminate result has no number: no statement is made.
func components(p neckfrac.Presence, probability float64, g neckfrac.Grade, point neckfrac.OperatingPoint, t neckfrac.Threshold) []*opb.Observation_Component {
	if p != neckfrac.Suspected && p != neckfrac.NotFlagged {
		return nil
	}
	var out []*opb.Observation_Component
	if value, ok := decimal(probability); ok {
		c := &opb.Observation_Component{
			Code: concept(neckfrac.CodeProbability),
			Value: &opb.Observation_Component_ValueX{Choice: &opb.Observation_Component_ValueX_Quantity{
				Quantity: &dpb.Quantity{Value: value, Unit: str("1"), System: uri(neckfrac.UCUM), Code: &dpb.Code{Value: "1"}},
			}},
		}
		if limit, ok := decimal(t.Probability); ok && point.Name != neckfrac.PointNone {
			c.ReferenceRange = []*opb.Observation_ReferenceRange{thresholdRange(limit, point)}
		}
		out = append(out, c)
	}
	if grade, ok := g.Code(); ok && p == neckfrac.Suspected {
		out = append(out, &opb.Observation_Component{
			Code: concept(neckfrac.CodeSeverityGrade),
			Value: &opb.Observation_Component_ValueX{Choice: &opb.Observation_Component_ValueX_CodeableConcept{
				CodeableConcept: concept(grade),
			}},
		})
	}
	return out
}

// thresholdRange says what the number is measured against. R4 reads a range without
// a type as the healthy one, which this is not: the type says so.
func thresholdRange(limit *dpb.Decimal, point neckfrac.OperatingPoint) *opb.Observation_ReferenceRange {
	return &opb.Observation_ReferenceRange{
		High: &dpb.SimpleQuantity{Value: limit, Unit: str("1"), System: uri(neckfrac.UCUM), Code: &dpb.Code{Value: "1"}},
		Type: conceptText("AI flag threshold"),
		Text: str(pointSentence(point)),
	}
}
