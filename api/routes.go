package api

import (
	_ "embed"
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"
)

const apiRoot = "/api/v1"

type route struct {
	method, path string
	handle       echo.HandlerFunc
}

// apiRoutes is the table of /api/v1; openapi.json documents exactly these.
func apiRoutes(s *Server) []route {
	return []route{
		{http.MethodGet, "/studies", s.worklist},
		{http.MethodGet, "/studies/:id", s.study},
		{http.MethodGet, "/artefacts/:id", s.artefact},
		{http.MethodGet, "/openapi.json", s.openAPI},
	}
}

var pathParam = regexp.MustCompile(`:([a-z]+)`)

// template writes echo's ":id" as OpenAPI's "{id}".
func (r route) template() string { return pathParam.ReplaceAllString(r.path, "{$1}") }

//go:embed openapi.json
var openAPIDocument []byte

func (s *Server) openAPI(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-cache")
	return c.Blob(http.StatusOK, "application/json; charset=utf-8", openAPIDocument)
}
