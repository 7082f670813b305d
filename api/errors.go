package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/neckfrac/neckfrac"
)

// Problem is the body of an error answer (RFC 9457 §3.1). Every text in it is fixed.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Instance names the request for a question to the operator.
	Instance string `json:"instance,omitempty"`
}

func fixed(name, title string, status int, detail string) Problem {
	return Problem{Type: "urn:neckfrac:problem:" + name, Title: title, Status: status, Detail: detail}
}

// problems maps each kind to its answer, once for the whole API.
var problems = map[neckfrac.Kind]Problem{
	neckfrac.Internal:     fixed("internal", "Internal error", 500, "The request could not be answered. The operator's log names the cause."),
	neckfrac.Invalid:      fixed("invalid", "Invalid request", 400, "A parameter or the body breaks a rule of its format."),
	neckfrac.NotFound:     fixed("not-found", "Not found", 404, "There is nothing at this address."),
	neckfrac.Conflict:     fixed("conflict", "Conflict", 409, "The state has changed; read it again."),
	neckfrac.Unsupported:  fixed("unsupported", "Unsupported", 415, "The format or class is not handled here."),
	neckfrac.Refused:      fixed("refused", "Refused", 422, "The study can't be analysed."),
	neckfrac.Limit:        fixed("limit", "Too large", 413, "The request exceeds a limit."),
	neckfrac.Unauthorized: fixed("forbidden", "Not permitted", 403, "The profile of this result does not let it be shown."),
	neckfrac.Unavailable:  fixed("unavailable", "Unavailable", 503, "A needed part is down or full; try again later."),
}

// statusClientGone is logged and counted where nobody waited for the answer; it is
// never sent.
const statusClientGone = 499

// Answers that have a status of HTTP's own.
var (
	errBusy         = echo.NewHTTPError(http.StatusServiceUnavailable)
	errWrongHost    = echo.NewHTTPError(http.StatusMisdirectedRequest)
	errBodyTooLarge = echo.NewHTTPError(http.StatusRequestEntityTooLarge)
)

var statusProblems = map[int]Problem{
	http.StatusMethodNotAllowed:      fixed("method", "Method not allowed", 405, "The address does not take this method."),
	http.StatusMisdirectedRequest:    fixed("host", "Misdirected request", 421, "This host name is not configured here."),
	http.StatusRequestEntityTooLarge: problems[neckfrac.Limit],
	http.StatusServiceUnavailable:    problems[neckfrac.Unavailable],
	http.StatusNotFound:              problems[neckfrac.NotFound],
}

// problem is the one place where an error becomes an answer and, when it is our own
// fault, a log line.
func (s *Server) problem(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	if c.Request().Context().Err() != nil {
		c.Response().Status = statusClientGone
		return
	}
	p := problemOf(err)
	p.Instance = "urn:neckfrac:request:" + requestIDOf(c)
	if p.Status >= http.StatusInternalServerError && err != errBusy {
		s.cfg.Log.Error("request failed", "route", s.metrics.route(c.Path()), "kind", neckfrac.KindOf(err).String(), "err", err, "request", requestIDOf(c))
	}
	h := c.Response().Header()
	for _, stale := range []string{"Content-Disposition", "ETag", "Content-Range"} {
		h.Del(stale)
	}
	h.Set("Cache-Control", "no-store")
	if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "2")
	}
	body, _ := json.Marshal(p) // strings and a number: can't fail
	_ = c.Blob(p.Status, "application/problem+json", body)
}

func problemOf(err error) Problem {
	var he *echo.HTTPError
	if errors.As(err, &he) {
		if p, ok := statusProblems[he.Code]; ok {
			return p
		}
		if he.Code >= 400 && he.Code < 500 {
			return problems[neckfrac.Invalid]
		}
		return problems[neckfrac.Internal]
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return problems[neckfrac.Unavailable]
	}
	p, ok := problems[neckfrac.KindOf(err)]
	if !ok {
		return problems[neckfrac.Internal]
	}
	return p
}
