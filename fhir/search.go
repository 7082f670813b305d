package fhir

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/neckfrac/neckfrac"
)

// query is a checked search.
type query struct {
	study neckfrac.StudyQuery
	// person is set where the studies are one person's: a study that two people
	// claim is then left out, since its subject is not that person.
	person bool
	// nobody means that no study can match.
	nobody       bool
	status, code codeSet
	count        int
	// offset is the first study to look at, skip its resources that an earlier page had.
	offset, skip int
	include      bool
}

// codeSet is a token filter; nil takes everything.
type codeSet map[string]bool

func (c codeSet) has(code string) bool { return c == nil || c[code] }

// badSearch is an answer 400 with a text of its own, so that a client can mend it.
type badSearch struct {
	issue Issue
	text  string
}

func (b *badSearch) Error() string { return b.text }

func asBadSearch(err error) (*badSearch, bool) {
	var b *badSearch
	ok := errors.As(err, &b)
	return b, ok
}

// serveSearch is GET [type]?…, R4 §3.1.1.
func (s *Server) serveSearch(t resourceType) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if len(r.URL.RawQuery) > s.cfg.Limits.MaxQueryBytes {
			WriteOutcome(w, http.StatusRequestURITooLong, IssueTooLong, "The query is too long.")
			return
		}
		values, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			WriteOutcome(w, http.StatusBadRequest, IssueInvalid, "The query string is malformed.")
			return
		}
		s.answerSearch(w, r, t, values)
	}
}

// serveSearchForm is POST [type]/_search, R4 §3.1.1.2.
func (s *Server) serveSearchForm(t resourceType) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", "POST")
			WriteOutcome(w, http.StatusMethodNotAllowed, IssueNotSupported, "Use POST for a search by form.")
			return
		}
		if m, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || m != "application/x-www-form-urlencoded" {
			WriteOutcome(w, http.StatusUnsupportedMediaType, IssueNotSupported, "A search form is application/x-www-form-urlencoded.")
			return
		}
		limit := s.cfg.Limits.MaxQueryBytes
		body, err := io.ReadAll(io.LimitReader(r.Body, int64(limit)+1))
		if err != nil {
			WriteOutcome(w, http.StatusBadRequest, IssueInvalid, "The form can't be read.")
			return
		}
		if len(body)+len(r.URL.RawQuery) > limit {
			WriteOutcome(w, http.StatusRequestEntityTooLarge, IssueTooLong, "The form is too long.")
			return
		}
		values, err := url.ParseQuery(string(body))
		more, err2 := url.ParseQuery(r.URL.RawQuery)
		if err != nil || err2 != nil {
			WriteOutcome(w, http.StatusBadRequest, IssueInvalid, "The form is malformed.")
			return
		}
		for k, v := range more {
			values[k] = append(values[k], v...)
		}
		s.answerSearch(w, r, t, values)
	}
}

func (s *Server) answerSearch(w http.ResponseWriter, r *http.Request, t resourceType, values url.Values) {
	if !acceptsJSON(r, values.Get("_format")) {
		notAcceptable(w)
		return
	}
	q, err := s.parseSearch(r.Context(), t, values)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	p, err := s.collect(r.Context(), t, q)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	p.page.Self = s.searchURL(t, values, cursor{q.offset, q.skip})
	if p.more {
		p.page.Next = s.searchURL(t, values, p.next)
	}
	s.write(w, r, SearchSet(s.cfg.Site, p.page))
}

// searchURL is the search as it was understood.
func (s *Server) searchURL(t resourceType, values url.Values, c cursor) string {
	v := url.Values{}
	for k, list := range values {
		if k != "_page" && k != "_format" {
			v[k] = list
		}
	}
	if c != (cursor{}) {
		v.Set("_page", c.String())
	}
	u := s.cfg.Site.BaseURL + "/" + t.name
	if len(v) > 0 {
		u += "?" + v.Encode()
	}
	return u
}

// cursor is the place where a page starts. Clients take it as opaque. New studies
// push the rest down, so that a page may repeat a resource but never leaves one out.
type cursor struct{ offset, skip int }

func (c cursor) String() string { return strconv.Itoa(c.offset) + "." + strconv.Itoa(c.skip) }

// maxOffset bounds a cursor, so that no sum of it can overflow.
const maxOffset = 1 << 30

func parseCursor(s string) (cursor, bool) {
	a, b, ok := strings.Cut(s, ".")
	offset, err := strconv.ParseUint(a, 10, 32)
	skip, err2 := strconv.ParseUint(b, 10, 32)
	if !ok || err != nil || err2 != nil || offset > maxOffset || skip > maxOffset {
		return cursor{}, false
	}
	return cursor{int(offset), int(skip)}, true
}
