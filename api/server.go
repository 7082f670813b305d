package api

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"
)

// Server answers the routes of the package comment. It is safe for concurrent use
// and holds no state but its limits and metrics.
type Server struct {
	cfg     Config
	echo    *echo.Echo
	metrics *metrics
	slots   chan struct{}
}

// New checks cfg, registers the metrics and builds the routes. A metric that is
// registered already is an error: two servers need two registries.
func New(cfg Config) (*Server, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	cfg.Hosts = slices.Clone(cfg.Hosts)
	m, err := newMetrics(cfg.Registerer)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, echo: echo.New(), metrics: m, slots: make(chan struct{}, cfg.Limits.InFlight)}
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.HTTPErrorHandler = s.problem
	s.echo.Use(s.requestID, s.observe, headers, s.recover, s.inFlight, s.host)
	if err := s.routes(); err != nil {
		return nil, err
	}
	for _, r := range s.echo.Routes() {
		s.metrics.routes[r.Path] = true
	}
	return s, nil
}

// Handler is the whole of it, for an http.Server made by NewHTTPServer.
func (s *Server) Handler() http.Handler { return s.echo }

// Route is one method and path template, as openapi.json writes it.
type Route struct{ Method, Path string }

// Routes lists what the API documents: its own routes without page and mounts.
func (s *Server) Routes() []Route {
	var out []Route
	for _, r := range apiRoutes(s) {
		out = append(out, Route{r.method, apiRoot + r.template()})
	}
	return out
}

func (s *Server) routes() error {
	for _, r := range apiRoutes(s) {
		// Not a group: echo would answer 404 for its unknown methods, not 405.
		s.echo.Add(r.method, apiRoot+r.path, r.handle, s.bounded)
	}
	for prefix, h := range s.cfg.Mounts {
		s.echo.Any(prefix, echo.WrapHandler(h))
		s.echo.Any(prefix+"/*", echo.WrapHandler(h))
	}
	if s.cfg.Page == nil {
		return nil
	}
	p, err := loadPage(s.cfg.Page, s.cfg.Limits.PageFileBytes)
	if err != nil {
		return err
	}
	s.echo.GET("/", p.index)
	s.echo.GET("/studies/:study", p.index)
	s.echo.GET("/ui/:file", p.file)
	return nil
}
