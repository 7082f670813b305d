package api

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// inFlight refuses requests beyond the cap instead of queueing them: a queue of
// requests whose clients have given up is how a listener dies.
func (s *Server) inFlight(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		select {
		case s.slots <- struct{}{}:
			s.metrics.inFlight.Inc()
			defer func() { <-s.slots; s.metrics.inFlight.Dec() }()
			return next(c)
		default:
			return errBusy
		}
	}
}

// host refuses names that are not ours (DNS rebinding).
func (s *Server) host(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		name := hostname(c.Request().Host)
		if !loopback(name) && !slices.ContainsFunc(s.cfg.Hosts, func(h string) bool { return strings.EqualFold(h, name) }) {
			return errWrongHost
		}
		return next(c)
	}
}

// bounded gives an /api request its deadline and its body cap.
func (s *Server) bounded(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.ContentLength > s.cfg.Limits.BodyBytes {
			return errBodyTooLarge
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.cfg.Limits.RequestTime)
		defer cancel()
		bounded := r.WithContext(ctx)
		bounded.Body = http.MaxBytesReader(c.Response(), r.Body, s.cfg.Limits.BodyBytes)
		c.SetRequest(bounded)
		// The error mapper asks the client's context whether anybody still waits.
		defer c.SetRequest(r)
		return next(c)
	}
}

// hostname is the Host header without port and brackets.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.Trim(host, "[]")
}

// loopback reports whether a host name can only mean this machine.
func loopback(name string) bool {
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}
