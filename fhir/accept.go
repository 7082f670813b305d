package fhir

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// accepts reports whether a client takes contentType, and whether it names it rather
// than a wildcard. No header takes everything. Parameters beside q are not compared,
// apart from an fhirVersion that is not R4's.
func accepts(h http.Header, contentType string) (ok, named bool) {
	values := h.Values("Accept")
	if len(values) == 0 {
		return true, false
	}
	major, _, _ := strings.Cut(contentType, "/")
	best := -1 // how specific the winning range is, RFC 9110 §12.5.1
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		t, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		rank := -1
		switch t {
		case contentType:
			rank = 2
		case major + "/*":
			rank = 1
		case "*/*":
			rank = 0
		}
		if v := params["fhirversion"]; v != "" && !strings.HasPrefix(v, "4.0") || rank < 0 || rank < best {
			continue
		}
		q := 1.0
		if s, given := params["q"]; given {
			if q, err = strconv.ParseFloat(s, 64); err != nil {
				continue
			}
		}
		best, ok, named = rank, q > 0, rank == 2 && q > 0
	}
	return ok, named
}

// acceptsJSON is the negotiation of R4 §3.1.0.1.11: JSON is all that is spoken here.
func acceptsJSON(r *http.Request, format string) bool {
	switch format {
	case "":
	case "json", "application/json", ContentType:
		return true
	default:
		return false
	}
	for _, t := range []string{ContentType, "application/json", "text/json"} {
		if ok, _ := accepts(r.Header, t); ok {
			return true
		}
	}
	return false
}

// AcceptsJSON reports whether a client takes plain JSON.
func AcceptsJSON(h http.Header) bool {
	ok, _ := accepts(h, "application/json")
	return ok
}

func notAcceptable(w http.ResponseWriter) {
	WriteOutcome(w, http.StatusNotAcceptable, IssueNotSupported, "Only JSON is served: application/fhir+json.")
}
