package dicomnet

import (
	"errors"
	"fmt"

	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// Why an association ended, for errors.Is.
var (
	// ErrPeerAbort means that the peer sent an A-ABORT.
	ErrPeerAbort = errors.New("dicomnet: aborted by the peer")
	// ErrConnection means that the connection broke or was closed out of turn.
	ErrConnection = errors.New("dicomnet: connection lost")
	// ErrProtocol means that the peer broke PS3.7 or PS3.8.
	ErrProtocol = errors.New("dicomnet: protocol error")
	// ErrTimeout means that the peer let ARTIM, the idle time, the lifetime or
	// the response time pass.
	ErrTimeout = errors.New("dicomnet: timeout")
	// ErrTooSlow means that a message arrived below Limits.MinRate.
	ErrTooSlow = errors.New("dicomnet: peer too slow")
	// ErrObjectTooLarge means that a data set exceeds Limits.MaxObjectBytes.
	ErrObjectTooLarge = errors.New("dicomnet: object too large")
	// ErrReleased means that the association was released.
	ErrReleased = errors.New("dicomnet: association released")
	// ErrClosed means that this side ended the association: shutdown, abort or
	// the end of a context.
	ErrClosed = errors.New("dicomnet: association closed")
	// ErrServerClosed is what Serve returns after Shutdown.
	ErrServerClosed = errors.New("dicomnet: server closed")
	// ErrNotAccepted means that the peer accepted no presentation context for
	// what a client was asked to do.
	ErrNotAccepted = errors.New("dicomnet: no accepted presentation context")
)

// StatusError makes a handler's failure the peer's DIMSE status.
type StatusError struct {
	Status dimse.Status
	// Comment is sent as Error Comment: at most 64 printable ASCII characters
	// of fixed text, since peers log it.
	Comment string
	// Err is the cause, for our own log; the peer never sees it. Optional.
	Err error
}

// Error implements error.
func (e *StatusError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("dicomnet: status %v: %v", e.Status, e.Err)
	}
	return fmt.Sprintf("dicomnet: status %v", e.Status)
}

// Unwrap returns the cause.
func (e *StatusError) Unwrap() error { return e.Err }

// RejectError says why an association is, or was, rejected. Config.Admit and
// Backend.NewSession return one to reject; Dial returns the peer's.
type RejectError struct {
	Result pdu.RejectResult
	Source pdu.RejectSource
	Reason byte
}

// Error implements error.
func (e *RejectError) Error() string {
	return fmt.Sprintf("dicomnet: association rejected (%d,%d,%d)", e.Result, e.Source, e.Reason)
}

// Rejections that servers have most use for (PS3.8 Table 9-21).
var (
	RejectCalledAE    = &RejectError{pdu.RejectedPermanent, pdu.SourceUser, pdu.UserCalledAETitleNotRecognized}
	RejectCallingAE   = &RejectError{pdu.RejectedPermanent, pdu.SourceUser, pdu.UserCallingAETitleNotRecognized}
	RejectTransient   = &RejectError{pdu.RejectedTransient, pdu.SourceUser, pdu.UserNoReason}
	rejectNoReason    = &RejectError{pdu.RejectedPermanent, pdu.SourceUser, pdu.UserNoReason}
	rejectContextName = &RejectError{pdu.RejectedPermanent, pdu.SourceUser, pdu.UserApplicationContextNotSupported}
	rejectVersion     = &RejectError{pdu.RejectedPermanent, pdu.SourceProviderACSE, pdu.ACSEProtocolVersionNotSupported}
	rejectLimit       = &RejectError{pdu.RejectedTransient, pdu.SourceProviderPresentation, pdu.PresentationLocalLimitExceeded}
)

func (e *RejectError) pdu() *pdu.AssociateRJ {
	return &pdu.AssociateRJ{Result: e.Result, Source: e.Source, Reason: e.Reason}
}

// statusOf turns what a handler returned into a response's status and comment.
// A pending status cannot end an operation, and no error is a success.
func statusOf(err error) (dimse.Status, string) {
	if err == nil {
		return dimse.Success, ""
	}
	var se *StatusError
	if errors.As(err, &se) && se.Status.Class() != dimse.ClassPending && se.Status != dimse.Success {
		return se.Status, se.Comment
	}
	return dimse.ProcessingFailure, ""
}
