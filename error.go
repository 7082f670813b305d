package neckfrac

import (
	"errors"
	"fmt"
)

// Kind says what a caller can do about an error. The list is closed: adapters map
// it once to a DIMSE status, an HTTP status or a retry, and nobody reads texts.
type Kind uint8

const (
	// Internal is our own fault, and the kind of every foreign error.
	Internal Kind = iota
	// Invalid input breaks a rule of its format; the same input fails again.
	Invalid
	// NotFound means that the thing asked for is not in the ledger.
	NotFound
	// Conflict means that the state has moved on: a lost lease, a stale fence, an
	// object that exists with other content or under another patient.
	Conflict
	// Unsupported input is well formed, but of a class that is not handled.
	Unsupported
	// Refused means that a study can't be analysed for a stated Reason.
	Refused
	// Limit means that input exceeds a configured bound.
	Limit
	// Unauthorized means that the caller may not do this.
	Unauthorized
	// Unavailable means that a needed part is down or full; trying later may work.
	Unavailable
)

var kindNames = [...]string{"internal", "invalid", "not found", "conflict", "unsupported", "refused", "limit", "unauthorized", "unavailable"}

// String is the kind's name, also used as a metric label.
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return kindNames[Internal]
	}
	return kindNames[k]
}

// Error carries a Kind across package borders. Op names the operation ("assemble:
// slice 41: spacing"); Err is the cause. Neither holds patient data or text that a
// peer chose.
type Error struct {
	Kind Kind
	Op   string
	Err  error
}

// E wraps err with an operation, keeping err's kind. It returns nil for a nil err.
func E(op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: KindOf(err), Op: op, Err: err}
}

// Wrap gives err a kind and an operation. It returns nil for a nil err.
func Wrap(kind Kind, op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: kind, Op: op, Err: err}
}

// Errorf makes a new error of a kind; format must not carry patient data.
func Errorf(kind Kind, op, format string, args ...any) error {
	return &Error{Kind: kind, Op: op, Err: fmt.Errorf(format, args...)}
}

// Error gives the chain of operations and the cause, for the operator.
func (e *Error) Error() string { return e.Op + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost Error in err's chain, and Internal for
// a foreign error, so that a driver's text never decides what a user sees.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}
