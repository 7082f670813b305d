package fhir

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/neckfrac/neckfrac"
)

// Limits bound what one request may cost. Zero fields take the defaults.
type Limits struct {
	// DefaultCount and MaxCount are entries per page. Default to 20 and 100; a
	// DiagnosticReport is about 3 kB.
	DefaultCount, MaxCount int
	// MaxVisited is how many studies one page of a filtered search looks at.
	// Defaults to 500; the next link goes on from there.
	MaxVisited int
	// MaxQueryBytes bounds a query string or form. Defaults to 8 KiB.
	MaxQueryBytes int
	// MaxBinaryBytes bounds an artefact held in memory. Defaults to 16 MiB.
	MaxBinaryBytes int64
	// MaxPacks bounds how many model packs are remembered. Defaults to 256.
	MaxPacks int
}

// Config configures a Server.
type Config struct {
	// Site is required with BaseURL and Organization. Requests are expected under
	// BaseURL's path; nothing strips it before.
	Site Site
	// ReadStatus tells what is known of a study's radiologist report. Nil is never.
	ReadStatus func(neckfrac.Study) neckfrac.ReadStatus
	// Packs are the installed model packs, so that their Devices can be read before
	// the first report.
	Packs []neckfrac.PackID
	// OverdueAfter is how long after its last image a study without a result is called
	// overdue (W3). Defaults to 10 minutes.
	OverdueAfter time.Duration
	// Now defaults to time.Now.
	Now    func() time.Time
	Limits Limits
	// Log gets one line per request that failed for a fault of ours. Defaults to none.
	Log *slog.Logger
}

// Server serves the resources read-only. It is an http.Handler, safe for concurrent
// use, and trusts its caller to have authenticated the request.
type Server struct {
	cfg      Config
	prefix   string
	records  neckfrac.Records
	blobs    neckfrac.Blobs
	ids      neckfrac.Identities
	resolver Resolver
	types    []resourceType
	mux      *http.ServeMux

	mu    sync.Mutex
	packs map[string]neckfrac.PackID // by Device id
}

// New checks cfg and makes a Server.
func New(cfg Config, records neckfrac.Records, blobs neckfrac.Blobs, ids neckfrac.Identities) (*Server, error) {
	const op = "fhir server"
	cfg.Site.BaseURL = strings.TrimRight(cfg.Site.BaseURL, "/")
	u, err := url.Parse(cfg.Site.BaseURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, neckfrac.Errorf(neckfrac.Invalid, op, "base URL must be absolute http(s) without query")
	}
	if cfg.Site.Organization == "" {
		return nil, neckfrac.Errorf(neckfrac.Invalid, op, "the operating organisation needs a name")
	}
	cfg.Limits = cfg.Limits.filled()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.ReadStatus == nil {
		cfg.ReadStatus = func(neckfrac.Study) neckfrac.ReadStatus { return neckfrac.ReadStatus{} }
	}
	if cfg.OverdueAfter <= 0 {
		cfg.OverdueAfter = 10 * time.Minute
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{
		cfg: cfg, prefix: u.Path, records: records, blobs: blobs, ids: ids,
		resolver: Resolver{Map: cfg.Site.Identities, Identities: ids},
		packs:    map[string]neckfrac.PackID{},
	}
	for _, p := range cfg.Packs {
		s.remember(p)
	}
	s.types = s.resourceTypes()
	s.mux = s.routes()
	return s, nil
}

func (l Limits) filled() Limits {
	fill := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	fill(&l.DefaultCount, 20)
	fill(&l.MaxCount, 100)
	fill(&l.MaxVisited, 500)
	fill(&l.MaxQueryBytes, 8<<10)
	fill(&l.MaxPacks, 256)
	l.DefaultCount = min(l.DefaultCount, l.MaxCount)
	if l.MaxBinaryBytes <= 0 {
		l.MaxBinaryBytes = 16 << 20
	}
	return l
}

// ServeHTTP answers one request. A path that is not clean is not found here: the mux
// would redirect with a page that repeats it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path.Clean(r.URL.Path) != r.URL.Path {
		unknownPath(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// view reads what a study's resources are made of. refs remembers the people of one
// request, since a page often holds several studies of one.
func (s *Server) view(ctx context.Context, rec neckfrac.Record, refs map[neckfrac.PatientKey]string) (View, error) {
	v := View{Site: s.cfg.Site, Study: rec.Study, Assessment: rec.Latest, ReadStatus: s.cfg.ReadStatus(rec.Study)}
	v.Overdue = rec.Latest == nil && s.cfg.Now().Sub(rec.Study.LastReceived) > s.cfg.OverdueAfter
	if rec.Latest != nil {
		s.remember(rec.Latest.Pack)
	}
	k := rec.Study.Patient.Key
	if !k.Certain() || rec.Study.Conflict {
		return v, nil
	}
	ref, ok := refs[k]
	if !ok {
		var err error
		if ref, err = s.patientReference(ctx, k); err != nil {
			return View{}, err
		}
		refs[k] = ref
	}
	v.PatientReference = ref
	return v, nil
}

// patientReference is the person's Patient on the first mapped server that is known
// to have one.
func (s *Server) patientReference(ctx context.Context, k neckfrac.PatientKey) (string, error) {
	for _, row := range s.cfg.Site.Identities {
		if row.Issuer != k.Issuer || row.FHIRServer == "" {
			continue
		}
		id, err := s.ids.Reference(ctx, k, row.FHIRServer)
		switch {
		case err == nil && ValidID(id):
			return strings.TrimRight(row.FHIRServer, "/") + "/Patient/" + id, nil
		case err != nil && neckfrac.KindOf(err) != neckfrac.NotFound:
			return "", neckfrac.E("patient reference", err)
		}
	}
	return "", nil
}

// remember keeps a pack, so that each Device reference that was served can be read.
func (s *Server) remember(p neckfrac.PackID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id := deviceID(p); ValidID(id) && len(s.packs) < s.cfg.Limits.MaxPacks {
		s.packs[id] = p
	}
}

// ValidID reports whether s has R4's grammar of a logical id.
func ValidID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.') {
			return false
		}
	}
	return true
}
