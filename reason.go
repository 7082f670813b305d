package neckfrac

import "errors"

// Reason is why a study was not analysed, or what limits an analysis. The list is
// closed; it is an output contract.
type Reason string

const (
	NoEligibleSeries    Reason = "no-eligible-series"
	CoverageShort       Reason = "coverage"
	CoverageLimited     Reason = "coverage-partial"
	Gap                 Reason = "gap"
	Geometry            Reason = "geometry"
	SliceThickness      Reason = "slice-thickness"
	AgeUnder18          Reason = "age-under-18"
	AgeUnknown          Reason = "age-unknown"
	Hardware            Reason = "hardware"
	PostOp              Reason = "post-op"
	ContrastUnvalidated Reason = "contrast-unvalidated"
	IntrathecalContrast Reason = "intrathecal-contrast"
	IntraOperative      Reason = "intra-operative"
	Motion              Reason = "motion"
	Metal               Reason = "metal"
	Resolution          Reason = "resolution"
	LevelAmbiguous      Reason = "level-ambiguous"
	OutOfDomain         Reason = "out-of-domain"
	PixelUnreadable     Reason = "pixel-unreadable"
	IdentityConflict    Reason = "identity-conflict"
	PackFault           Reason = "pack-fault"
	NoPack              Reason = "no-pack"
	WorkerFailed        Reason = "worker-failed"
	OrderCancelled      Reason = "order-cancelled"
	TestPatient         Reason = "test-patient"
	Overdue             Reason = "overdue"
)

// reasonText holds one sentence for people per reason; %s is the last level in
// field where the sentence has one.
var reasonText = []struct {
	r    Reason
	text string
}{
	{NoEligibleSeries, "no CT series of the neck that can be analysed was received"},
	{CoverageShort, "fewer than three cervical vertebrae are wholly in the field of view"},
	{CoverageLimited, "the field of view holds only a part of the cervical spine"},
	{Gap, "slices are missing"},
	{Geometry, "the slices do not form a regular stack"},
	{SliceThickness, "the slices are thicker than 5 mm"},
	{AgeUnder18, "the patient is under 18"},
	{AgeUnknown, "the patient's age is not known; the analysis is made for adults"},
	{Hardware, "implants are in the field"},
	{PostOp, "the spine was operated on"},
	{ContrastUnvalidated, "the analysis is not validated for this contrast state"},
	{IntrathecalContrast, "the study has intrathecal contrast"},
	{IntraOperative, "the study was made during an operation"},
	{Motion, "the images show motion"},
	{Metal, "metal disturbs the images"},
	{Resolution, "the resolution is lower than the analysis is made for"},
	{LevelAmbiguous, "the levels can't be named with certainty"},
	{OutOfDomain, "the images differ from those the analysis was made for"},
	{PixelUnreadable, "the images can't be read"},
	{IdentityConflict, "the study carries more than one patient identity"},
	{PackFault, "the model pack failed its check"},
	{NoPack, "no model pack is installed"},
	{WorkerFailed, "the analysis failed repeatedly"},
	{OrderCancelled, "the order was cancelled"},
	{TestPatient, "the study belongs to a test patient"},
	{Overdue, "no result in the expected time"},
}

// Reasons lists the closed list in the contract's order.
func Reasons() []Reason {
	out := make([]Reason, len(reasonText))
	for i, r := range reasonText {
		out[i] = r.r
	}
	return out
}

// Valid reports whether r is in the closed list.
func (r Reason) Valid() bool { return r.clause() != "" }

// Text is the reason's sentence, "Slices are missing."
func (r Reason) Text() string {
	c := r.clause()
	if c == "" {
		return ""
	}
	return string(c[0]-'a'+'A') + c[1:] + "."
}

func (r Reason) clause() string {
	for _, t := range reasonText {
		if t.r == r {
			return t.text
		}
	}
	return ""
}

// RefusedError says that a study can't be analysed. It is an answer, not a fault:
// the worker turns it into a NotAnalysed Assessment.
type RefusedError struct {
	Reason Reason `json:"reason"`
	// Level is the last level wholly in field for CoverageShort, else none.
	Level Vertebra `json:"level,omitzero"`
	// Candidates explains the choice of series where it came to one.
	Candidates []Candidate `json:"candidates,omitempty"`
	// Detail tells the operator more; no patient data.
	Detail string `json:"detail,omitempty"`
}

// Error gives the reason code and the detail.
func (e *RefusedError) Error() string {
	if e.Detail == "" {
		return string(e.Reason)
	}
	return string(e.Reason) + ": " + e.Detail
}

// Refuse makes an error of kind Refused for a reason.
func Refuse(op string, r Reason, detail string) error {
	return &Error{Kind: Refused, Op: op, Err: &RefusedError{Reason: r, Detail: detail}}
}

// AsRefused returns the refusal in err's chain.
func AsRefused(err error) (*RefusedError, bool) {
	var r *RefusedError
	ok := errors.As(err, &r)
	return r, ok
}
