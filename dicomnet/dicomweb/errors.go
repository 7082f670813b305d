package dicomweb

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// The kinds of failure between a Handler and its Backend, and of the client. An error
// that wraps none of them is the server's own fault.
var (
	// ErrInvalid means that a request breaks a rule of its format.
	ErrInvalid = errors.New("dicomweb: invalid")
	// ErrNotFound means that nothing is stored at the address.
	ErrNotFound = errors.New("dicomweb: not found")
	// ErrNotAcceptable means that what is stored has no form that the client accepts.
	ErrNotAcceptable = errors.New("dicomweb: not acceptable")
	// ErrConflict means that what came contradicts what is stored.
	ErrConflict = errors.New("dicomweb: conflict")
	// ErrLimit means that a field of Limits would have been exceeded.
	ErrLimit = errors.New("dicomweb: limit exceeded")
	// ErrUnsupported means a media type or content coding that is not read here.
	ErrUnsupported = errors.New("dicomweb: unsupported media type")
	// ErrTooMany means that this client has too many requests under way.
	ErrTooMany = errors.New("dicomweb: too many requests")
	// ErrUnavailable means that a needed part is down or full; trying later may work.
	ErrUnavailable = errors.New("dicomweb: unavailable")
)

// FailureError is a Backend's answer for an object that it did not keep.
type FailureError struct {
	// Reason is the Failure Reason (0008,1197) of PS3.18 Table I.2-2, such as 0xA700.
	Reason uint16
	// Err is the cause, for the operator.
	Err error
}

// Error gives the reason in hexadecimal and the cause.
func (e *FailureError) Error() string {
	s := "dicomweb: not stored, reason " + strconv.FormatUint(uint64(e.Reason), 16)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *FailureError) Unwrap() error { return e.Err }

// Failure reasons that the handler gives itself or tells apart (PS3.18 Table I.2-2).
const (
	reasonProcessing     = 0x0110
	reasonOutOfResources = 0xA700
	reasonNotReadable    = 0xC000
)

// statuses maps each kind to its answer, once.
var statuses = []struct {
	err    error
	status int
}{
	{ErrInvalid, http.StatusBadRequest},
	{ErrNotFound, http.StatusNotFound},
	{ErrNotAcceptable, http.StatusNotAcceptable},
	{ErrConflict, http.StatusConflict},
	{ErrLimit, http.StatusRequestEntityTooLarge},
	{ErrUnsupported, http.StatusUnsupportedMediaType},
	{ErrTooMany, http.StatusTooManyRequests},
	{ErrUnavailable, http.StatusServiceUnavailable},
	{context.DeadlineExceeded, http.StatusServiceUnavailable},
	{context.Canceled, http.StatusServiceUnavailable},
	{dataset.ErrUnsupported, http.StatusNotAcceptable},
	{dataset.ErrLimit, http.StatusRequestEntityTooLarge},
}

func statusOf(err error) int {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status
		}
	}
	return http.StatusInternalServerError
}

// fail answers a request whose answer has not begun. An error of our own is logged, here
// and only here; the client's are not.
func (h *handler) fail(w http.ResponseWriter, op string, err error) {
	status := statusOf(err)
	if status == http.StatusInternalServerError {
		h.cfg.Log.Error("dicomweb request failed", "stage", op, "err", err)
	}
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "2")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(http.StatusText(status) + "\n")) // nobody to tell that the client is gone
}
