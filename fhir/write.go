package fhir

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/neckfrac/neckfrac"
)

// ContentType is the media type of R4 JSON.
const ContentType = "application/fhir+json"

// WriteOutcome answers with an OperationOutcome. text is a fixed sentence. Package
// cdshooks answers with it too.
func WriteOutcome(w http.ResponseWriter, status int, issue Issue, text string) {
	b, err := json.Marshal(OperationOutcome(issue, text))
	if err != nil {
		http.Error(w, http.StatusText(status), status)
		return
	}
	writeBody(w, status, b)
}

func writeBody(w http.ResponseWriter, status int, b []byte) {
	h := w.Header()
	h.Set("Content-Type", ContentType+"; charset=utf-8")
	// Results are patient data: no cache on the way may keep them.
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // a peer that left is nobody's error
}

// write answers with a resource and its version.
func (s *Server) write(w http.ResponseWriter, r *http.Request, res Resource) {
	b, err := json.Marshal(res)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if v := res.Version(); v != "" {
		w.Header().Set("ETag", `W/"`+v+`"`)
	}
	writeBody(w, http.StatusOK, b)
}

// failures maps kinds to what a client sees: kind and a fixed text, never the chain.
var failures = map[neckfrac.Kind]struct {
	status int
	issue  Issue
	text   string
}{
	neckfrac.Invalid:      {http.StatusBadRequest, IssueInvalid, "The request is not valid."},
	neckfrac.NotFound:     {http.StatusNotFound, IssueNotFound, "No such resource."},
	neckfrac.Conflict:     {http.StatusConflict, IssueConflict, "The resource has changed."},
	neckfrac.Unsupported:  {http.StatusBadRequest, IssueNotSupported, "The request asks for something that this server does not do."},
	neckfrac.Limit:        {http.StatusRequestEntityTooLarge, IssueTooLong, "The request exceeds a limit of this server."},
	neckfrac.Unauthorized: {http.StatusForbidden, IssueForbidden, "Not allowed."},
	neckfrac.Unavailable:  {http.StatusServiceUnavailable, IssueTransient, "The service is not available now."},
}

// fail is the one error mapper. A fault of ours is logged here, once.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if bad, ok := asBadSearch(err); ok {
		WriteOutcome(w, http.StatusBadRequest, bad.issue, bad.text)
		return
	}
	f, ok := failures[neckfrac.KindOf(err)]
	if !ok {
		f.status, f.issue, f.text = http.StatusInternalServerError, IssueException, "The server failed."
	}
	if f.status >= http.StatusInternalServerError {
		s.cfg.Log.ErrorContext(r.Context(), "fhir request failed", "kind", neckfrac.KindOf(err).String(), "err", err)
	}
	WriteOutcome(w, f.status, f.issue, f.text)
}
