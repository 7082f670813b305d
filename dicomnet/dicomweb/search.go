package dicomweb

import (
	"fmt"
	"net/http"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// search answers QIDO-RS (PS3.18 §10.6).
func (h *handler) search(w http.ResponseWriter, r *http.Request, res resource) {
	contentType, err := h.jsonType(r)
	if err != nil {
		h.fail(w, "search", err)
		return
	}
	q, err := parseQuery(r.URL.RawQuery, res, h.cfg.Limits)
	if err != nil {
		h.fail(w, "search", err)
		return
	}
	var matches []dataset.Dataset
	if q.Limit > 0 {
		if matches, err = h.backend.Search(r.Context(), q.Query); err != nil {
			h.fail(w, "search", err)
			return
		}
	}
	if len(matches) > q.Limit {
		matches = matches[:q.Limit]
		w.Header().Add("Warning", warning(h.cfg.BaseURL, "There are additional results that can be requested"))
	}
	if q.fuzzy {
		w.Header().Add("Warning", warning(h.cfg.BaseURL, "The fuzzymatching parameter is not supported. Only literal matching has been performed."))
	}
	if len(matches) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", contentType)
	out := []byte{'['}
	for i, ds := range matches {
		if i > 0 {
			out = append(out, ',')
		}
		out = AppendJSON(out, h.addressed(ds, q.Level), JSONOptions{InlineBytes: h.cfg.Limits.InlineBytes})
	}
	w.Write(append(out, ']'))
}

// warning is the header's value for code 299 (PS3.18 §8.3.4).
func warning(service, text string) string { return fmt.Sprintf("299 %s %q", service, text) }

// addressed adds the Retrieve URL of a match.
func (h *handler) addressed(ds dataset.Dataset, level Level) dataset.Dataset {
	url := h.cfg.BaseURL
	for _, part := range []struct {
		level Level
		name  string
		tag   dataset.Tag
	}{{LevelStudy, "/studies/", dataset.TagStudyInstanceUID}, {LevelSeries, "/series/", dataset.TagSeriesInstanceUID}, {LevelInstance, "/instances/", dataset.TagSOPInstanceUID}} {
		uid, ok := ds.UID(part.tag)
		if !ok || part.level > level {
			break
		}
		url += part.name + uid
	}
	return ds.Put(dataset.NewText(dataset.TagRetrieveURL, url))
}

// jsonType is the media type of an answer in DICOM JSON.
func (h *handler) jsonType(r *http.Request) (string, error) {
	ranges, err := parseAccept(r, h.cfg.Limits)
	if err != nil {
		return "", err
	}
	m, ok := accepts(ranges, typeJSON, "application/json")
	if !ok || m.multipart() {
		return "", fmt.Errorf("dicomweb: %w", ErrNotAcceptable)
	}
	if m.mediaType == "application/json" {
		return m.mediaType, nil
	}
	return typeJSON, nil
}
