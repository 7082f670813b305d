package dicomweb

import (
	"context"
	"net/http"
	"strings"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

type handler struct {
	backend           Backend
	cfg               Config
	stores, retrieves *clients
	// headers holds a slot for each header that is held.
	headers chan struct{}
}

// ServeHTTP finds the resource of PS3.18 Table 10.1.1-1 and its method.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	path, ok := strings.CutPrefix(r.URL.Path, h.cfg.Prefix)
	res, found := parseResource(path)
	if !ok || !found {
		h.fail(w, "route", ErrNotFound)
		return
	}
	methods := "GET, HEAD"
	if res.stores() {
		methods = "GET, HEAD, POST"
	}
	switch {
	case (r.Method == http.MethodGet || r.Method == http.MethodHead):
	case r.Method == http.MethodPost && res.stores():
	default:
		w.Header().Set("Allow", methods)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.cfg.Limits.TransferTime)
	defer cancel()
	r = r.WithContext(ctx)
	switch {
	case r.Method == http.MethodPost:
		h.store(w, r, res)
	case res.search:
		h.search(w, r, res)
	default:
		h.retrieve(w, r, res)
	}
}

// resource is a parsed path.
type resource struct {
	Target
	// search: a collection of the given level.
	search bool
	level  Level
	// part is "", "metadata", "frames", "bulkdata" or "rendered", rest what follows it.
	part string
	rest []string
}

// stores reports whether the resource takes STOW-RS.
func (r resource) stores() bool {
	return r.search && r.level == LevelStudy || !r.search && r.part == "" && r.SeriesInstanceUID == ""
}

// maxSegments is studies, series, instances with their UIDs, bulkdata and sixteen levels
// of sequence and item.
const maxSegments = 7 + 2*16 + 1

func parseResource(path string) (resource, bool) {
	var res resource
	if path == "" || path[0] != '/' || len(path) > 2048 {
		return res, false
	}
	seg := strings.Split(strings.TrimSuffix(path[1:], "/"), "/")
	if len(seg) > maxSegments {
		return res, false
	}
	for _, level := range []struct {
		name  string
		level Level
		uid   *string
	}{{"studies", LevelStudy, &res.StudyInstanceUID}, {"series", LevelSeries, &res.SeriesInstanceUID}, {"instances", LevelInstance, &res.SOPInstanceUID}} {
		if len(seg) == 0 {
			break
		}
		if seg[0] != level.name {
			// QIDO-RS may skip levels: /series, /studies/{s}/instances.
			continue
		}
		if len(seg) == 1 {
			res.search, res.level = true, level.level
			return res, true
		}
		if !dataset.ValidUID(seg[1]) {
			return res, false
		}
		*level.uid, seg = seg[1], seg[2:]
	}
	complete := res.StudyInstanceUID != "" && (res.SOPInstanceUID == "" || res.SeriesInstanceUID != "")
	if !complete || len(seg) > 0 && !res.partOf(seg) {
		return res, false
	}
	return res, true
}

// partOf takes the segments behind the target.
func (r *resource) partOf(seg []string) bool {
	r.part, r.rest = seg[0], seg[1:]
	switch r.part {
	case "metadata", "rendered":
		return len(r.rest) == 0
	case "frames":
		return r.SOPInstanceUID != "" && len(r.rest) == 1
	case "bulkdata":
		return r.SOPInstanceUID != "" && len(r.rest)%2 == 1
	}
	return false
}
