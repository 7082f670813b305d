package cdshooks

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/fhir"
)

// Client is an EHR that may call.
type Client struct {
	// Name is the operator's word for it.
	Name string
	// Loopback marks the one client that is taken to call while calls carry no JWT.
	Loopback bool
	// FHIRServer is its FHIR base URL; a call that names another is refused.
	FHIRServer string
	// Issuers are the assigning authorities whose numbers it may ask by.
	Issuers []string
}

// Config configures a Server.
type Config struct {
	// PublicURL is the reading page's absolute base, for links and the card's source.
	PublicURL string
	// Clients with exactly one marked Loopback, or none: then no service is listed and
	// every call is refused.
	Clients    []Client
	Identities neckfrac.IdentityMap
	// Zone is the site's zone. Defaults to UTC.
	Zone *time.Location
	// ReadStatus tells what is known of a study's radiologist report. Nil is never.
	ReadStatus func(neckfrac.Study) neckfrac.ReadStatus
	// MaxStudyAge is W14's bound. Defaults to 24h, its highest value.
	MaxStudyAge time.Duration
	// MaxStudies bounds how many of a person's studies are looked at. Defaults to 20.
	MaxStudies int
	// Count is told how each call ended. Nil counts nothing.
	Count func(Event)
	// Now defaults to time.Now.
	Now func() time.Time
	// Log gets one line per call that failed for a fault of ours. Defaults to none.
	Log *slog.Logger
}

// Event is how a call ended, a closed list and a metric label.
type Event string

const (
	EventCards         Event = "cards"
	EventNoCard        Event = "no-card"
	EventNoPerson      Event = "no-person"
	EventSeveral       Event = "several-persons"
	EventUnknownIssuer Event = "unknown-issuer"
	EventReplaced      Event = "patient-replaced"
	EventMismatch      Event = "patient-mismatch"
	EventNoPrefetch    Event = "no-prefetch"
	EventRefused       Event = "client-refused"
	EventInvalid       Event = "invalid"
	EventFailed        Event = "failed"
)

// Server is the http.Handler of /cds-services, safe for concurrent use.
type Server struct {
	cfg     Config
	client  *Client
	records neckfrac.Records
	ids     neckfrac.Identities
	// resolver knows only the client's own issuers.
	resolver fhir.Resolver
	mux      *http.ServeMux
}

// New checks cfg and makes a Server.
func New(cfg Config, records neckfrac.Records, ids neckfrac.Identities) (*Server, error) {
	const op = "cds hooks"
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	if u, err := url.Parse(cfg.PublicURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, neckfrac.Errorf(neckfrac.Invalid, op, "public URL must be absolute http(s)")
	}
	if cfg.MaxStudies <= 0 {
		cfg.MaxStudies = 20
	}
	if cfg.Count == nil {
		cfg.Count = func(Event) {}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.ReadStatus == nil {
		cfg.ReadStatus = func(neckfrac.Study) neckfrac.ReadStatus { return neckfrac.ReadStatus{} }
	}
	s := &Server{cfg: cfg, records: records, ids: ids}
	for _, c := range cfg.Clients {
		if !c.Loopback {
			continue
		}
		if s.client != nil {
			return nil, neckfrac.Errorf(neckfrac.Invalid, op, "more than one client is marked loopback")
		}
		if !validServer(c.FHIRServer) {
			return nil, neckfrac.Errorf(neckfrac.Invalid, op, "the loopback client needs its FHIR base URL")
		}
		s.client = &c
		s.resolver = fhir.Resolver{Map: clientMap(cfg.Identities, c), Identities: ids}
	}
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("/", notFound)
	s.mux.HandleFunc("/cds-services", s.discover)
	s.mux.HandleFunc("/cds-services/{id}", s.call)
	return s, nil
}

// clientMap is the part of the site's table that the client may ask by.
func clientMap(m neckfrac.IdentityMap, c Client) neckfrac.IdentityMap {
	var out neckfrac.IdentityMap
	for _, row := range m {
		for _, issuer := range c.Issuers {
			if row.Issuer == issuer {
				out = append(out, row)
			}
		}
	}
	return out
}

// ServeHTTP answers one request. A path that is not clean is not found here: the mux
// would redirect with a page that repeats it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path.Clean(r.URL.Path) != r.URL.Path {
		notFound(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	fhir.WriteOutcome(w, http.StatusNotFound, fhir.IssueNotFound, "No such service.")
}

// call is POST /cds-services/{id}: decode, find the person, read, encode.
func (s *Server) call(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("id") != patientView.ID {
		notFound(w, r)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		fhir.WriteOutcome(w, http.StatusMethodNotAllowed, fhir.IssueNotSupported, "A service is called by POST.")
		return
	}
	if m, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || m != "application/json" {
		fhir.WriteOutcome(w, http.StatusUnsupportedMediaType, fhir.IssueNotSupported, "A call is application/json.")
		return
	}
	if !fhir.AcceptsJSON(r.Header) {
		fhir.WriteOutcome(w, http.StatusNotAcceptable, fhir.IssueNotSupported, "Only JSON is served.")
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBodyBytes+1))
	if err != nil {
		s.end(r.Context(), w, EventInvalid, neckfrac.Wrap(neckfrac.Invalid, "read call", err))
		return
	}
	cards, event, err := s.answer(r.Context(), body)
	if err != nil {
		s.end(r.Context(), w, event, err)
		return
	}
	s.cfg.Count(event)
	if cards == nil {
		cards = []Card{}
	}
	writeJSON(w, Response{Cards: cards})
}

// answer is a call without HTTP.
func (s *Server) answer(ctx context.Context, body []byte) ([]Card, Event, error) {
	req, err := parse(body, patientView.Hook)
	if err != nil {
		return nil, EventInvalid, err
	}
	if s.client == nil || req.fhirServer != "" && !sameServer(req.fhirServer, s.client.FHIRServer) {
		return nil, EventRefused, neckfrac.Errorf(neckfrac.Unauthorized, "call", "not a registered client's server")
	}
	if req.patient == nil {
		return nil, EventNoPrefetch, errNoPrefetch
	}
	p, err := fhir.ReadPatient(req.patient)
	if err != nil {
		return nil, EventNoPrefetch, errNoPrefetch
	}
	if p.ID != req.patientID {
		return nil, EventMismatch, neckfrac.Errorf(neckfrac.Invalid, "call", "prefetched Patient is another than the context's")
	}
	key, outcome, err := s.resolver.ResolvePatient(ctx, s.client.FHIRServer, p)
	if err != nil {
		return nil, EventFailed, err
	}
	if outcome != fhir.Match {
		return nil, outcomeEvents[outcome], nil
	}
	// What a call teaches is a gain for reports; a card does not hang on it.
	if err := s.ids.Learn(ctx, key, s.client.FHIRServer, p.ID); err != nil {
		s.cfg.Log.WarnContext(ctx, "patient reference not learnt", "kind", neckfrac.KindOf(err).String())
	}
	cards, err := s.cards(ctx, key, req)
	if err != nil {
		return nil, EventFailed, err
	}
	if len(cards) == 0 {
		return nil, EventNoCard, nil
	}
	return cards, EventCards, nil
}

var outcomeEvents = map[fhir.Outcome]Event{
	fhir.None: EventNoPerson, fhir.Several: EventSeveral, fhir.UnknownIssuer: EventUnknownIssuer, fhir.Replaced: EventReplaced,
}

func (s *Server) cards(ctx context.Context, key neckfrac.PatientKey, req request) ([]Card, error) {
	records, err := s.records.Find(ctx, neckfrac.StudyQuery{Patients: []neckfrac.PatientKey{key}, Limit: s.cfg.MaxStudies})
	if err != nil {
		return nil, neckfrac.E("find studies", err)
	}
	var cards []Card
	now := s.cfg.Now()
	for _, rec := range records {
		cards = append(cards, Cards(rec, now, CardConfig{
			PublicURL: s.cfg.PublicURL, Zone: s.cfg.Zone, ReadStatus: s.cfg.ReadStatus(rec.Study),
			Service: patientView.ID, HookInstance: req.hookInstance, MaxStudyAge: s.cfg.MaxStudyAge,
		})...)
	}
	return cards, nil
}

func sameServer(a, b string) bool { return strings.TrimRight(a, "/") == strings.TrimRight(b, "/") }

func writeJSON(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		fhir.WriteOutcome(w, http.StatusInternalServerError, fhir.IssueException, "The server failed.")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b) // a peer that left is nobody's error
}
