package api

import (
	"regexp"

	"github.com/labstack/echo/v4"
)

// requestIDGrammar is what a client's X-Request-Id must match to be taken over:
// nothing that could break a header, a log line or a page.
var requestIDGrammar = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{7,63}$`)

const requestIDKey = "request"

// requestID names the request in its answer, its log line and its problem document.
func (s *Server) requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		if !requestIDGrammar.MatchString(id) {
			id = s.cfg.NewRequestID()
		}
		c.Set(requestIDKey, id)
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		return next(c)
	}
}

func requestIDOf(c echo.Context) string {
	id, _ := c.Get(requestIDKey).(string)
	return id
}
