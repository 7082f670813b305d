package neckfrac

import "time"

// AssessmentID names one revision, random and opaque. It is the only key for
// conditional creates on other servers.
type AssessmentID string

// Status says whether there is an analysis.
type Status string

const (
	// Analysed carries findings.
	Analysed Status = "analysed"
	// NotAnalysed is a result as well: it carries a Reason and no finding.
	NotAnalysed Status = "not-analysed"
	// Withdrawn means that the source took every image back as a mistake: what was said
	// of the study before was said in error. It carries no Reason and no finding.
	Withdrawn Status = "withdrawn"
)

// Assessment is the result for a study. It is immutable: a rerun or later images
// make a new one with the next Revision, and readers render it without comparing
// a number.
type Assessment struct {
	ID       AssessmentID `json:"id"`
	StudyID  StudyID      `json:"studyID"`
	StudyUID StudyUID     `json:"studyUID"`
	// Revision counts from 1 per study.
	Revision int       `json:"revision"`
	Status   Status    `json:"status"`
	Created  time.Time `json:"created"`
	// T0 is server receipt of the last slice that the result rests on.
	T0 time.Time `json:"t0"`
	// Reason is why there is no analysis; empty when Analysed.
	Reason Reason `json:"reason,omitempty"`
	// ReasonLevel is the last level in field, for the sentence of a coverage refusal.
	ReasonLevel Vertebra `json:"reasonLevel,omitzero"`
	// Limits are the reasons that limit an analysis.
	Limits []Reason `json:"limits,omitempty"`
	// Presence of the whole spine: Suspected by the patient head or any level.
	Presence    Presence  `json:"presence"`
	Probability float64   `json:"probability"`
	Point       PointName `json:"point,omitempty"`
	// Grade is the highest of the flagged levels.
	Grade    Grade     `json:"grade,omitempty"`
	Findings []Finding `json:"findings,omitempty"`
	// Series is the one that was analysed, Slices its number of slices.
	Series SeriesUID `json:"series,omitempty"`
	Slices int       `json:"slices,omitempty"`
	// Basis is why the images were taken as complete.
	Basis Basis `json:"basis,omitempty"`
	// ShearDegrees is the gantry tilt that was undone in the analysed series, 0 where each
	// voxel is a pixel of a file.
	ShearDegrees float64 `json:"shearDegrees,omitempty"`
	// Contrast is the state of the analysed series.
	Contrast Contrast `json:"contrast,omitempty"`
	// Candidates explains the choice of series.
	Candidates []Candidate `json:"candidates,omitempty"`
	Pack       PackID      `json:"pack"`
	Decision   Decision    `json:"decision"`
	// Profile is what this result may do outside, after W13.
	Profile   Profile    `json:"profile"`
	Artefacts []Artefact `json:"artefacts,omitempty"`
}

// Candidate is a series or a part of one that could have been analysed.
type Candidate struct {
	Series      SeriesUID `json:"series"`
	Description string    `json:"description,omitempty"`
	Slices      int       `json:"slices"`
	// SpacingMM is the usual step between slices, ThicknessMM their largest stated
	// thickness, ExtentMM the way from the first to the last, FieldMM the shorter side
	// of the image; 0 where it is not known.
	SpacingMM   float64 `json:"spacingMM"`
	ThicknessMM float64 `json:"thicknessMM,omitempty"`
	ExtentMM    float64 `json:"extentMM,omitempty"`
	FieldMM     float64 `json:"fieldMM,omitempty"`
	// TiltDegrees is the angle between the slices' normal and the patient's long axis.
	TiltDegrees float64 `json:"tiltDegrees,omitempty"`
	Kernel      string  `json:"kernel,omitempty"`
	// Score is the sum of Rules, of 100.
	Score float64      `json:"score"`
	Rules []RulePoints `json:"rules,omitempty"`
	// Lost is why it was not taken, one fixed sentence; empty for the chosen one.
	Lost string `json:"lost,omitempty"`
	// Rule names the rule that it lost by, "gate" for the geometry gate.
	Rule string `json:"rule,omitempty"`
	// Reason is what the loss means for the study if no other series can be analysed;
	// empty for one that only scores lower.
	Reason Reason `json:"reason,omitempty"`
}

// RulePoints is what one scoring rule gave a candidate.
type RulePoints struct {
	Rule   string  `json:"rule"`
	Points float64 `json:"points"`
	Of     float64 `json:"of"`
}

// Flagged lists the findings that are Suspected, head to foot.
func (a Assessment) Flagged() []Finding {
	var out []Finding
	for _, f := range a.Findings {
		if f.Presence == Suspected {
			out = append(out, f)
		}
	}
	return out
}

// Finding returns the finding of a level.
func (a Assessment) Finding(v Vertebra) (Finding, bool) {
	for _, f := range a.Findings {
		if f.Vertebra == v {
			return f, true
		}
	}
	return Finding{}, false
}
