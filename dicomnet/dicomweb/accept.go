package dicomweb

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// mediaRange is one range of an Accept header (RFC 9110 §12.5.1, PS3.18 §8.7.4).
type mediaRange struct {
	// mediaType is lower case; for multipart/related inner is the type of its parts.
	mediaType, inner string
	// syntax is the transfer-syntax parameter, "" if there was none, "*" for any.
	syntax string
	q      float64
}

// multipart reports whether the answer is to come in parts.
func (m mediaRange) multipart() bool { return m.mediaType == "multipart/related" }

// content is the media type of the payload.
func (m mediaRange) content() string {
	if m.multipart() {
		return m.inner
	}
	return m.mediaType
}

// anything reports whether the range is */*, in parts or not.
func (m mediaRange) anything() bool { return m.content() == "*/*" }

// takes reports whether a stored transfer syntax is asked for. Without the parameter the
// default of PS3.18 §8.7.3.5.2 holds, Explicit VR Little Endian; Implicit is let through
// with it, as every reader of the one reads the other. An image type's default depends on
// the type, and the part says which it is.
func (m mediaRange) takes(syntax string) bool {
	switch m.syntax {
	case "*", syntax:
		return true
	case "":
		return m.anything() || strings.HasPrefix(m.content(), "image/") ||
			syntax == dataset.ExplicitVRLittleEndian || syntax == dataset.ImplicitVRLittleEndian
	}
	return false
}

// parseAccept reads the header, or the accept parameter of the query that stands in for
// it (PS3.18 §8.3.3.1), best range first; none at all accepts anything.
func parseAccept(r *http.Request, lim Limits) ([]mediaRange, error) {
	lines := r.Header.Values("Accept")
	if len(r.URL.RawQuery) > lim.QueryBytes {
		return nil, fmt.Errorf("dicomweb: query: %w", ErrLimit)
	}
	if q := r.URL.Query()["accept"]; len(q) > 0 {
		lines = q
	}
	header := strings.Join(lines, ",")
	if len(header) > lim.AcceptBytes {
		return nil, fmt.Errorf("dicomweb: accept: %w", ErrLimit)
	}
	if strings.TrimSpace(header) == "" {
		return []mediaRange{{mediaType: "*/*", q: 1}}, nil
	}
	var out []mediaRange
	for _, text := range splitQuoted(header) {
		if strings.TrimSpace(text) == "" {
			continue
		}
		if len(out) == lim.AcceptRanges {
			return nil, fmt.Errorf("dicomweb: accept: %w", ErrLimit)
		}
		m, err := parseRange(text)
		if err != nil {
			return nil, err
		}
		if m.q > 0 {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b mediaRange) int {
		switch {
		case a.q > b.q:
			return -1
		case a.q < b.q:
			return 1
		}
		return 0
	})
	return out, nil
}

func parseRange(text string) (mediaRange, error) {
	bad := fmt.Errorf("dicomweb: accept: %w", ErrInvalid)
	// Clients write transfer-syntax=* without the quotes that RFC 9110 wants for "*", which
	// mime takes all the same.
	t, params, err := mime.ParseMediaType(text)
	if err != nil || !strings.Contains(t, "/") {
		return mediaRange{}, bad
	}
	m := mediaRange{mediaType: t, syntax: params["transfer-syntax"], q: 1}
	if m.multipart() {
		m.inner = strings.ToLower(params["type"])
		if m.inner == "" {
			m.inner = "*/*"
		}
	}
	if q, ok := params["q"]; ok {
		if m.q, err = strconv.ParseFloat(q, 64); err != nil || !(m.q >= 0 && m.q <= 1) {
			return mediaRange{}, bad
		}
	}
	return m, nil
}

// splitQuoted splits at commas outside quoted strings.
func splitQuoted(s string) []string {
	var out []string
	quoted, start := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// accepts picks the first range whose payload is one of types.
func accepts(ranges []mediaRange, types ...string) (mediaRange, bool) {
	for _, m := range ranges {
		major, _, _ := strings.Cut(m.content(), "/")
		if m.anything() || slices.Contains(types, m.content()) ||
			m.content() == major+"/*" && slices.ContainsFunc(types, func(t string) bool { return strings.HasPrefix(t, major+"/") }) {
			return m, true
		}
	}
	return mediaRange{}, false
}
