package pdu

import "fmt"

// Error says that a unit is malformed or over a limit.
type Error struct {
	// Reason is what an A-ABORT sent for it should give.
	Reason AbortReason
	// Op names the unit and the field, never its value.
	Op string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("pdu: %s: %v", e.Op, e.Reason) }

func invalid(op string) error { return &Error{Reason: ReasonInvalidParameterValue, Op: op} }
