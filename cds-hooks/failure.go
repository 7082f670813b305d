package cdshooks

import (
	"context"
	"errors"
	"net/http"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/fhir"
)

// errNoPrefetch is CDS Hooks' 412: needed data is neither prefetched nor fetchable.
var errNoPrefetch = errors.New("no usable prefetched patient")

// end is the one error mapper: it counts, logs a fault of ours and answers with a
// fixed text.
func (s *Server) end(ctx context.Context, w http.ResponseWriter, e Event, err error) {
	s.cfg.Count(e)
	if errors.Is(err, errNoPrefetch) {
		fhir.WriteOutcome(w, http.StatusPreconditionFailed, fhir.IssueRequired, "A prefetched R4 Patient is required.")
		return
	}
	switch neckfrac.KindOf(err) {
	case neckfrac.Invalid:
		fhir.WriteOutcome(w, http.StatusBadRequest, fhir.IssueInvalid, "The call is not valid for this hook.")
	case neckfrac.Limit:
		fhir.WriteOutcome(w, http.StatusRequestEntityTooLarge, fhir.IssueTooLong, "The call exceeds a limit of this service.")
	case neckfrac.Unauthorized:
		fhir.WriteOutcome(w, http.StatusForbidden, fhir.IssueForbidden, "The caller or its FHIR server is not registered here.")
	case neckfrac.Unavailable:
		s.log(ctx, err)
		fhir.WriteOutcome(w, http.StatusServiceUnavailable, fhir.IssueTransient, "The service is not available now.")
	default:
		s.log(ctx, err)
		fhir.WriteOutcome(w, http.StatusInternalServerError, fhir.IssueException, "The server failed.")
	}
}

func (s *Server) log(ctx context.Context, err error) {
	s.cfg.Log.ErrorContext(ctx, "cds hooks call failed", "kind", neckfrac.KindOf(err).String(), "err", err)
}
