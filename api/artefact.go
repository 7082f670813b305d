package api

import (
	"net/http"
	"regexp"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/neckfrac/neckfrac"
)

// artefactCache: the bytes of an artefact never change, and only the one browser
// that was let in may keep them.
const artefactCache = "private, max-age=31536000, immutable"

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// artefact streams the bytes of one artefact, with ranges. The profile of the
// revision that made it decides; an artefact that no revision refers to is NotFound.
func (s *Server) artefact(c echo.Context) error {
	const op = "artefact"
	ctx := c.Request().Context()
	id := neckfrac.ArtefactID(c.Param("id"))
	if !opaqueID.MatchString(string(id)) {
		return neckfrac.Errorf(neckfrac.NotFound, op, "not an id")
	}
	art, study, err := s.cfg.Records.Artefact(ctx, id)
	if err != nil {
		return neckfrac.E(op, err)
	}
	revisions, err := s.cfg.Records.Revisions(ctx, study)
	if err != nil {
		return neckfrac.E(op, err)
	}
	profile, ok := profileOf(revisions, id)
	if !ok {
		return neckfrac.Errorf(neckfrac.NotFound, op, "no revision refers to it")
	}
	if !revealOf(profile).artefact(art) {
		return neckfrac.Errorf(neckfrac.Unauthorized, op, "hidden by the result's profile")
	}
	if !sha256Hex.MatchString(art.Blob.Digest) {
		return neckfrac.Errorf(neckfrac.Internal, op, "digest is not a SHA-256")
	}
	f, err := s.cfg.Blobs.Open(ctx, art.Blob)
	if err != nil {
		return neckfrac.E(op, err)
	}
	defer f.Close()
	h := c.Response().Header()
	h.Set("Content-Type", contentType(art.ContentType))
	h.Set("Cache-Control", artefactCache)
	h.Set("ETag", `"`+art.Blob.Digest+`"`)
	if contentType(art.ContentType) != "image/png" {
		h.Set("Content-Disposition", "attachment")
	}
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, f)
	return nil
}

func profileOf(revisions []neckfrac.Assessment, id neckfrac.ArtefactID) (neckfrac.Profile, bool) {
	for _, a := range revisions {
		for _, art := range a.Artefacts {
			if art.ID == id {
				return a.Profile, true
			}
		}
	}
	return "", false
}

// contentType lets out the types that the runner makes; a browser gets anything else
// as bytes, never as a document.
func contentType(t string) string {
	switch t {
	case "image/png", "application/gzip", "application/octet-stream":
		return t
	}
	return "application/octet-stream"
}
