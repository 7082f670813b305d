package api

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/neckfrac/neckfrac"
)

// AdminConfig is what the operator's handler needs.
type AdminConfig struct {
	// Ready tells whether the service can do its work; nil answers always ready. It is
	// asked with a deadline of ReadyTime.
	Ready func(ctx context.Context) error
	// Gatherer is the source of /metrics. Required.
	Gatherer prometheus.Gatherer
	// Profiling mounts /debug/pprof for requests that arrive on a loopback address.
	// Leave it off on a wider listener: a profile holds memory, and memory patients.
	Profiling bool
	// ReadyTime defaults to 2s.
	ReadyTime time.Duration
}

// maxScrapes at once; a scrape walks every metric.
const maxScrapes = 4

// NewAdmin returns the handler of /livez, /readyz, /metrics and, where wanted,
// /debug/pprof. It belongs on a listener of its own.
func NewAdmin(cfg AdminConfig) (http.Handler, error) {
	if cfg.Gatherer == nil {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "admin config", "a gatherer is required")
	}
	positive(&cfg.ReadyTime, 2*time.Second)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", cfg.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(cfg.Gatherer, promhttp.HandlerOpts{
		MaxRequestsInFlight: maxScrapes, Timeout: 10 * time.Second,
	}))
	if cfg.Profiling {
		profiles := http.NewServeMux()
		profiles.HandleFunc("GET /debug/pprof/", pprof.Index)
		profiles.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		profiles.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		profiles.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
		profiles.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.Handle("GET /debug/pprof/", onLoopback(profiles))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	}), nil
}

// readyz says no more than yes or no: the cause is for the log.
func (cfg AdminConfig) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), cfg.ReadyTime)
	defer cancel()
	if cfg.Ready != nil && cfg.Ready(ctx) != nil {
		plain(w, http.StatusServiceUnavailable, "not ready\n")
		return
	}
	plain(w, http.StatusOK, "ready\n")
}

// onLoopback hides h from requests that came in on another address or under another
// host name, which a foreign page could have pointed here.
func onLoopback(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		addr, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		if tcp, ok := addr.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() || !loopback(hostname(r.Host)) {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func plain(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text)
}
