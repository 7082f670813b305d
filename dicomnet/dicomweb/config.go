package dicomweb

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// Config of a handler. New copies it.
type Config struct {
	// Prefix is the path under which the handler is mounted ("/dicom-web"), or "".
	Prefix string
	// BaseURL is the address that clients know it by, prefix included; it starts the
	// addresses of retrieval in answers. Required.
	BaseURL string
	// Log gets errors of the server's own. Defaults to none.
	Log    *slog.Logger
	Limits Limits
}

// Limits bound what one client can cost. A zero field takes its default.
type Limits struct {
	// BodyBytes of one store request. Defaults to 8 GiB: a trauma study of thin slices in
	// several kernels has 3.
	BodyBytes int64
	// Parts of one store request. Defaults to 20 000.
	Parts int
	// PartBytes of one object. Defaults to 1 GiB.
	PartBytes int64
	// PartHeaderBytes of one part's MIME header. Defaults to 4 KiB.
	PartHeaderBytes int
	// AcceptBytes of an Accept or Content-Type header, and AcceptRanges in it. Default to
	// 4 KiB and 32.
	AcceptBytes  int
	AcceptRanges int
	// QueryBytes of a query string; URIs seldom pass 8 KiB through proxies. Defaults to
	// 8 KiB.
	QueryBytes int
	// ListValues of one list: UIDs, included fields, modalities. Defaults to 100.
	ListValues int
	// Results is the most matches of one search and what a search without a limit gets.
	// Defaults to 200.
	Results int
	// Offset is the largest offset of a search. Defaults to 100 000.
	Offset int
	// Instances of one retrieval. Defaults to 20 000.
	Instances int
	// Frames of one request. Defaults to 1000.
	Frames int
	// Fragments of one object's encapsulated pixels. Defaults to 100 000.
	Fragments int
	// InlineBytes is the longest binary value inside metadata. Defaults to 1 KiB.
	InlineBytes int
	// Header bounds the reading of one stored object's header, Headers how many are held
	// at a time. Default to 64 MiB of values, which an Enhanced CT of a thousand frames can
	// have, and 8.
	Header  dataset.Limits
	Headers int
	// Stores and ClientStores are store requests at a time, of all and of one address;
	// beyond them 503 and 429. Default to 32 and 16.
	Stores, ClientStores int
	// Retrieves and ClientRetrieves are retrievals at a time, of all and of one address;
	// beyond them 503 and 429. Default to 64 and 32.
	Retrieves, ClientRetrieves int
	// IdleTime is how long a transfer may stand still, TransferTime how long it may take.
	// Default to 30 s and 30 min.
	IdleTime, TransferTime time.Duration
}

func (l Limits) withDefaults() Limits {
	positive(&l.BodyBytes, 8<<30)
	positive(&l.Parts, 20_000)
	positive(&l.PartBytes, 1<<30)
	positive(&l.PartHeaderBytes, 4<<10)
	positive(&l.AcceptBytes, 4<<10)
	positive(&l.AcceptRanges, 32)
	positive(&l.QueryBytes, 8<<10)
	positive(&l.ListValues, 100)
	positive(&l.Results, 200)
	positive(&l.Offset, 100_000)
	positive(&l.Instances, 20_000)
	positive(&l.Frames, 1000)
	positive(&l.Fragments, 100_000)
	positive(&l.InlineBytes, 1<<10)
	positive(&l.Header.MaxElementBytes, 16<<20)
	positive(&l.Header.MaxTotalBytes, 64<<20)
	positive(&l.Header.MaxElements, 400_000)
	positive(&l.Headers, 8)
	positive(&l.Stores, 32)
	positive(&l.ClientStores, 16)
	positive(&l.Retrieves, 64)
	positive(&l.ClientRetrieves, 32)
	positive(&l.IdleTime, 30*time.Second)
	positive(&l.TransferTime, 30*time.Minute)
	return l
}

func positive[T int | int64 | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// New checks cfg and returns the Studies service over b.
func New(b Backend, cfg Config) (http.Handler, error) {
	if b == nil {
		return nil, fmt.Errorf("dicomweb: no backend: %w", ErrInvalid)
	}
	u, err := url.Parse(cfg.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("dicomweb: base url: %w", ErrInvalid)
	}
	if cfg.Prefix != "" && (cfg.Prefix[0] != '/' || strings.HasSuffix(cfg.Prefix, "/")) {
		return nil, fmt.Errorf("dicomweb: prefix: %w", ErrInvalid)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.BaseURL = strings.TrimSuffix(cfg.BaseURL, "/")
	cfg.Limits = cfg.Limits.withDefaults()
	l := cfg.Limits
	return &handler{
		backend: b, cfg: cfg, stores: newClients(l.Stores, l.ClientStores), retrieves: newClients(l.Retrieves, l.ClientRetrieves),
		headers: make(chan struct{}, l.Headers),
	}, nil
}
