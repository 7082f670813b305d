package api

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"
)

// observe writes one line and the metrics per request, after its answer. It is where
// errors stop, so that the status it reports is the one that was sent.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := s.cfg.Now()
		aborted := true
		defer func() {
			code := c.Response().Status
			if aborted {
				code = 0
			}
			d := s.cfg.Now().Sub(start)
			route, method := s.metrics.route(c.Path()), methodLabel(c.Request().Method)
			s.metrics.requests.WithLabelValues(route, method, codeLabel(code)).Inc()
			s.metrics.seconds.WithLabelValues(route).Observe(d.Seconds())
			s.cfg.Log.Info("request", "route", route, "method", method, "code", code,
				"bytes", c.Response().Size, "dur_ms", d.Milliseconds(), "request", requestIDOf(c))
		}()
		if err := next(c); err != nil {
			c.Error(err)
		}
		aborted = false
		return nil
	}
}

// methodLabel keeps invented methods out of the metrics and the log.
func methodLabel(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

func codeLabel(code int) string {
	if code == 0 {
		return "aborted"
	}
	if code < 100 || code > 599 {
		return "other"
	}
	return strconv.Itoa(code)
}
