package api

import (
	"errors"
	"net/http"
	"runtime/debug"

	"github.com/labstack/echo/v4"

	"github.com/neckfrac/neckfrac"
)

// errPanicked is what the client of a panicked request is told about: an internal
// error. The value of the panic may quote input and is not logged; the stack names
// the place.
var errPanicked = neckfrac.Wrap(neckfrac.Internal, "serve request", errors.New("panic"))

// recover ends a panicking request alone. When the answer has begun, the connection
// is cut instead, so that no half answer looks whole.
func (s *Server) recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(v)
			}
			s.metrics.panics.Inc()
			s.cfg.Log.Error("request panicked", "route", s.metrics.route(c.Path()), "request", requestIDOf(c), "stack", string(debug.Stack()))
			if c.Response().Committed {
				panic(http.ErrAbortHandler)
			}
			err = errPanicked
		}()
		return next(c)
	}
}
