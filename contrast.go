package neckfrac

// Contrast is the contrast state of the analysed series. The zero value is unknown,
// also for results without a series.
type Contrast string

const (
	// ContrastUnknown is said where no series was analysed.
	ContrastUnknown Contrast = ""
	// ContrastNone means that no agent is stated; the attribute is required where
	// contrast was given (PS3.3 §C.7.6.4).
	ContrastNone Contrast = "none"
	// ContrastGiven means that an agent is stated.
	ContrastGiven Contrast = "given"
)

// Code is the procedure code that fits the state.
func (c Contrast) Code() Code {
	switch c {
	case ContrastNone:
		return CodeCTCervicalSpineWithout
	case ContrastGiven:
		return CodeCTCervicalSpineWith
	}
	return CodeCTCervicalSpine
}

// Sentence says the state (W7), "" where it is unknown.
func (c Contrast) Sentence() string {
	switch c {
	case ContrastNone:
		return "CT without contrast."
	case ContrastGiven:
		return "CT with contrast."
	}
	return ""
}
