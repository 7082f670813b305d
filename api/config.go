package api

import (
	"context"
	"crypto/rand"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/neckfrac/neckfrac"
)

// DefaultOverdueAfter is when a study without a result becomes a visible overdue.
const DefaultOverdueAfter = 10 * time.Minute

// Config is what a Server needs. New copies it.
type Config struct {
	// Records and Blobs are read only. Required.
	Records neckfrac.Records
	Blobs   neckfrac.Blobs
	// Mounts are handlers by path prefix ("/fhir"). A mount gets the whole path, with
	// its prefix, answers its own errors and caps its own bodies; it may stretch the
	// listener's deadlines by http.ResponseController.
	Mounts map[string]http.Handler
	// Page holds index.html and its files; nil serves no page.
	Page fs.FS
	// Profile is the site's; every result carries its own, which rules its answers.
	// Required.
	Profile neckfrac.Profile
	// Zone is the site's, for the times that people read. Defaults to UTC.
	Zone *time.Location
	// Now defaults to time.Now.
	Now func() time.Time
	// PublicURL is the address that browsers use, scheme and host. Requests for
	// other hosts than this one, Hosts and loopback are refused: a page elsewhere
	// could otherwise point its own name at a loopback listener and read it.
	PublicURL string
	// Hosts are further host names without port ("neckfrac.clinic.svc").
	Hosts []string
	// OverdueAfter defaults to DefaultOverdueAfter.
	OverdueAfter time.Duration
	// ReadStatus tells what is known of the radiologist's report. Nil: nothing is.
	ReadStatus func(ctx context.Context, s neckfrac.Study) neckfrac.ReadStatus
	// Priority tells a study's priority, which the ledger's readers don't see. Nil
	// leaves it out of the worklist.
	Priority func(ctx context.Context, id neckfrac.StudyID) neckfrac.Priority
	// NewRequestID makes an id that matches the grammar of requestid.go. Defaults to
	// 128 random bits.
	NewRequestID func() string
	// Log is required; Registerer defaults to a registry of its own.
	Log        *slog.Logger
	Registerer prometheus.Registerer
	Limits     Limits
}

// Limits bound what one client can cost. A zero field takes its default.
type Limits struct {
	// BodyBytes of a request to /api. Defaults to 1 MiB.
	BodyBytes int64
	// InFlight requests over all routes; more are answered 503. Defaults to 256.
	InFlight int
	// RequestTime of an /api request. Defaults to 10s.
	RequestTime time.Duration
	// Worklist is how many of the newest studies are looked at and sorted; with their
	// results about 10 kB each while the answer is made. Defaults to 500.
	Worklist int
	// PageSize is the largest limit= of the worklist. Defaults to 200.
	PageSize int
	// Revisions shown of one study, the newest. Defaults to 50.
	Revisions int
	// PageFileBytes is the size of one file of Page. Defaults to 1 MiB.
	PageFileBytes int64
}

// defaultPage is the worklist's page size where the client states none.
const defaultPage = 50

func (c *Config) fill() error {
	const op = "api config"
	if c.Records == nil || c.Blobs == nil || c.Log == nil {
		return neckfrac.Errorf(neckfrac.Invalid, op, "records, blobs and log are required")
	}
	if _, err := neckfrac.ParseProfile(string(c.Profile)); err != nil {
		return neckfrac.E(op, err)
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
			return neckfrac.Errorf(neckfrac.Invalid, op, "public url: want http(s)://host")
		}
		c.Hosts = append([]string{u.Hostname()}, c.Hosts...)
	}
	for prefix, h := range c.Mounts {
		if len(prefix) < 2 || prefix[0] != '/' || strings.ContainsAny(prefix, ":*?#% ") || strings.HasSuffix(prefix, "/") || h == nil {
			return neckfrac.Errorf(neckfrac.Invalid, op, "mount: want /name and a handler")
		}
		for _, own := range []string{"/api", "/studies", "/ui"} {
			if prefix == own || strings.HasPrefix(prefix, own+"/") {
				return neckfrac.Errorf(neckfrac.Invalid, op, "mount: the prefix is the API's own")
			}
		}
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewRequestID == nil {
		c.NewRequestID = rand.Text
	}
	if c.Registerer == nil {
		c.Registerer = prometheus.NewRegistry()
	}
	if c.OverdueAfter <= 0 {
		c.OverdueAfter = DefaultOverdueAfter
	}
	c.Limits = c.Limits.filled()
	return nil
}

func (l Limits) filled() Limits {
	positive(&l.BodyBytes, 1<<20)
	positive(&l.InFlight, 256)
	positive(&l.RequestTime, 10*time.Second)
	positive(&l.Worklist, 500)
	positive(&l.PageSize, 200)
	positive(&l.Revisions, 50)
	positive(&l.PageFileBytes, 1<<20)
	return l
}

func positive[T int | int64 | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}
