package api_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/api"
)

func failing(err error) *ledger {
	return &ledger{find: func(context.Context) ([]neckfrac.Record, error) { return nil, err }}
}

func TestKindBecomesStatus(t *testing.T) {
	t.Parallel()
	for kind, want := range map[neckfrac.Kind]int{
		neckfrac.Internal: 500, neckfrac.Invalid: 400, neckfrac.NotFound: 404, neckfrac.Conflict: 409, neckfrac.Unsupported: 415,
		neckfrac.Refused: 422, neckfrac.Limit: 413, neckfrac.Unauthorized: 403, neckfrac.Unavailable: 503,
	} {
		w := get(serve(t, config(t, failing(neckfrac.Errorf(kind, "op", "SECRET cause")))), "/api/v1/studies")
		if w.Code != want || w.Header().Get("Content-Type") != "application/problem+json" || strings.Contains(w.Body.String(), "SECRET") {
			t.Errorf("%s: got %d %s, want %d", kind, w.Code, w.Body, want)
		}
	}
	for err, want := range map[error]int{errors.New("foreign"): 500, context.DeadlineExceeded: 503, neckfrac.E("find", context.DeadlineExceeded): 503} {
		if w := get(serve(t, config(t, failing(err))), "/api/v1/studies"); w.Code != want {
			t.Errorf("%v: got %d, want %d", err, w.Code, want)
		}
	}
}

func TestUnknownPlacesAreProblems(t *testing.T) {
	t.Parallel()
	h := serve(t, config(t, many()))
	for _, p := range []string{"/nowhere", "/api/v1/nothing", "/ui/none.js", "/ui/embed.go", "/ui/../api", "/api/v1/studies/a/b"} {
		if w := get(h, p); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "no") && strings.Contains(w.Body.String(), "nowhere") {
			t.Errorf("%s: got %d %s", p, w.Code, w.Body)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "http://localhost/api/v1/studies", strings.NewReader("{}"))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") == "" {
		t.Errorf("POST: got %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}

func TestLogAndMetricsKnowTemplatesOnly(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	reg := prometheus.NewRegistry()
	cfg := config(t, many())
	cfg.Registerer, cfg.Log = reg, slog.New(slog.NewJSONHandler(&log, nil))
	h := serve(t, cfg)
	for _, p := range []string{"/api/v1/studies/CANARY1?x=CANARY2", "/api/v1/studies?accession=CANARY3", "/CANARY4", "/studies/1.2.CANARY5", "/ui/CANARY6"} {
		get(h, p, "X-Request-Id", "CANARY7 with space", "User-Agent", "CANARY8", "Referer", "http://CANARY9/")
	}
	r := httptest.NewRequest("CANARY", "http://localhost/", nil)
	h.ServeHTTP(httptest.NewRecorder(), r)
	admin, err := api.NewAdmin(api.AdminConfig{Gatherer: reg})
	if err != nil {
		t.Fatal(err)
	}
	metrics := get(admin, "/metrics").Body.String()
	for name, text := range map[string]string{"log": log.String(), "metrics": metrics} {
		if strings.Contains(text, "CANARY") {
			t.Errorf("%s holds input: %s", name, text)
		}
	}
	for _, want := range []string{
		`neckfrac_http_requests_total{code="200",method="GET",route="/api/v1/studies"} 1`,
		`neckfrac_http_requests_total{code="404",method="GET",route="unmatched"} 1`,
		`method="other"`, `neckfrac_http_request_duration_seconds_count{route="/studies/:study"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s in\n%s", want, metrics)
		}
	}
	if !strings.Contains(log.String(), `"route":"/api/v1/studies/:id"`) {
		t.Errorf("no access line: %s", log.String())
	}
}

func TestPanicCostsOneRequest(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	reg := prometheus.NewRegistry()
	l := &ledger{find: func(context.Context) ([]neckfrac.Record, error) { panic("CANARY") }}
	cfg := config(t, l)
	cfg.Registerer, cfg.Log, cfg.Limits.InFlight = reg, slog.New(slog.NewTextHandler(&log, nil)), 1
	h := serve(t, cfg)
	for range 2 {
		w := get(h, "/api/v1/studies")
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "CANARY") || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Fatalf("got %d %s", w.Code, w.Body)
		}
	}
	if w := get(h, "/api/v1/openapi.json"); w.Code != http.StatusOK {
		t.Errorf("after the panic: got %d, want 200", w.Code)
	}
	if s := log.String(); !strings.Contains(s, "request panicked") || !strings.Contains(s, "server_test.go") || strings.Contains(s, "CANARY") {
		t.Errorf("got log %s", s)
	}
	admin, _ := api.NewAdmin(api.AdminConfig{Gatherer: reg})
	if m := get(admin, "/metrics").Body.String(); !strings.Contains(m, "neckfrac_http_panics_total 2") || !strings.Contains(m, "neckfrac_http_in_flight_requests 0") {
		t.Errorf("got metrics %s", m)
	}
}

func TestPanicAfterTheAnswerBeganCutsIt(t *testing.T) {
	t.Parallel()
	cfg := config(t, many())
	cfg.Mounts = map[string]http.Handler{"/fhir": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		panic("late")
	})}
	srv := httptest.NewServer(serve(t, cfg))
	t.Cleanup(srv.Close)
	resp, err := srv.Client().Get(srv.URL + "/fhir/metadata")
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("a half answer looks whole")
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	cfg := config(t, many())
	cfg.NewRequestID = func() string { return "OWN-1234" }
	h := serve(t, cfg)
	for in, want := range map[string]string{
		"abcdefgh": "abcdefgh", strings.Repeat("a", 64): strings.Repeat("a", 64), strings.Repeat("a", 65): "OWN-1234", "short": "OWN-1234", "": "OWN-1234",
		"abcdefgh\r\nSet-Cookie: x": "OWN-1234", "<script>alert(1)": "OWN-1234", "-abcdefgh": "OWN-1234", "abcdefgh\n": "OWN-1234",
	} {
		w := get(h, "/nowhere", "X-Request-Id", in)
		if got := w.Header().Get("X-Request-Id"); got != want || !strings.Contains(w.Body.String(), "urn:neckfrac:request:"+want) {
			t.Errorf("%q: got %q, want %q, body %s", in, got, want, w.Body)
		}
	}
}

func TestInFlightCap(t *testing.T) {
	t.Parallel()
	inside, leave := make(chan struct{}), make(chan struct{})
	l := &ledger{find: func(context.Context) ([]neckfrac.Record, error) {
		inside <- struct{}{}
		<-leave
		return nil, nil
	}}
	cfg := config(t, l)
	cfg.Limits.InFlight = 1
	h := serve(t, cfg)
	done := make(chan int)
	go func() { done <- get(h, "/api/v1/studies").Code }()
	<-inside
	if w := get(h, "/"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("beyond the cap: got %d, want 503 with Retry-After", w.Code)
	}
	close(leave)
	if code := <-done; code != http.StatusOK {
		t.Errorf("at the cap: got %d, want 200", code)
	}
	if w := get(h, "/"); w.Code != http.StatusOK {
		t.Errorf("after: got %d, want 200", w.Code)
	}
}

func TestForeignHostIsMisdirected(t *testing.T) {
	t.Parallel()
	cfg := config(t, many())
	cfg.PublicURL, cfg.Hosts = "https://neck.example.org:8443/", []string{"neck.svc"}
	h := serve(t, cfg)
	for host, want := range map[string]int{
		"127.0.0.1:8080": 200, "localhost": 200, "[::1]:80": 200, "[::1]": 200, "neck.example.org": 200, "NECK.example.org:1": 200, "neck.svc": 200,
		"evil.example": 421, "127.0.0.1.evil.example": 421, "neck.example.org.evil": 421, "10.0.0.1": 421, "": 421,
	} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: got %d, want %d", host, w.Code, want)
		}
	}
}

func TestBodyCap(t *testing.T) {
	t.Parallel()
	cfg := config(t, many())
	cfg.Limits.BodyBytes = 8
	h := serve(t, cfg)
	for body, want := range map[string]int{"12345678": 200, "123456789": 413} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost/api/v1/studies", strings.NewReader(body))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%d bytes: got %d, want %d", len(body), w.Code, want)
		}
	}
}

func TestEveryAnswerIsHardened(t *testing.T) {
	t.Parallel()
	cfg := config(t, many())
	cfg.Mounts = map[string]http.Handler{"/fhir": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) })}
	h := serve(t, cfg)
	for _, p := range []string{"/", "/ui/app.js", "/studies/1.2.3", "/api/v1/studies", "/api/v1/studies/none", "/nowhere", "/fhir", "/fhir/metadata"} {
		w := get(h, p)
		for k, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"} {
			if got := w.Header().Get(k); got != want {
				t.Errorf("%s: %s is %q, want %q", p, k, got, want)
			}
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", p, csp)
		}
	}
	if got := get(h, "/fhir/metadata").Body.String(); got != "/fhir/metadata" {
		t.Errorf("the mount saw %q, want the whole path", got)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	h := serve(t, config(t, many()))
	w := get(h, "/")
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || get(h, "/studies/1.2.3").Body.String() != w.Body.String() {
		t.Errorf("got %d %q", w.Code, w.Header().Get("Content-Type"))
	}
	js := get(h, "/ui/app.js")
	if js.Header().Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("got %q", js.Header().Get("Content-Type"))
	}
	if again := get(h, "/ui/app.js", "If-None-Match", js.Header().Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("got %d, want 304", again.Code)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	any := http.NotFoundHandler()
	for name, mend := range map[string]func(*api.Config){
		"no records": func(c *api.Config) { c.Records = nil }, "no log": func(c *api.Config) { c.Log = nil }, "no profile": func(c *api.Config) { c.Profile = "" },
		"own prefix": func(c *api.Config) { c.Mounts = map[string]http.Handler{"/api": any} }, "root": func(c *api.Config) { c.Mounts = map[string]http.Handler{"/": any} },
		"pattern": func(c *api.Config) { c.Mounts = map[string]http.Handler{"/a*": any} }, "nil mount": func(c *api.Config) { c.Mounts = map[string]http.Handler{"/fhir": nil} },
		"bad url": func(c *api.Config) { c.PublicURL = "neck.example.org" }, "big page": func(c *api.Config) { c.Limits.PageFileBytes = 8 },
	} {
		cfg := config(t, many())
		mend(&cfg)
		if _, err := api.New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	cfg := config(t, many())
	cfg.Registerer = prometheus.NewRegistry()
	if _, err := api.New(cfg); err != nil {
		t.Fatal(err)
	}
	if _, err := api.New(cfg); neckfrac.KindOf(err) != neckfrac.Invalid || err == nil {
		t.Errorf("second server on one registry: got %v", err)
	}
}

func TestHTTPServerHasDeadlines(t *testing.T) {
	t.Parallel()
	s := api.NewHTTPServer(http.NotFoundHandler())
	if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 || s.MaxHeaderBytes > 64<<10 {
		t.Errorf("a limit is missing: %+v", s)
	}
}
