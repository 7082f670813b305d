package neckfrac

// Contrast is the contrast state of the analysed series. The zero value is unknown.
type Contrast string

const (
	// ContrastUnknown: no series was analysed, or its images lack the attribute, as
	// those that were de-identified do.
	ContrastUnknown Contrast = ""
	// ContrastNone: (0018,0010) is there and names no agent.
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
