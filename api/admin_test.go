package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/neckfrac/neckfrac/api"
)

func TestAdminProbes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		ready func(context.Context) error
		want  int
	}{
		{"nothing to ask", nil, 200},
		{"ready", func(context.Context) error { return nil }, 200},
		{"not ready", func(context.Context) error { return errors.New("ledger: SECRET") }, 503},
		{"asked with a deadline", func(ctx context.Context) error {
			if _, ok := ctx.Deadline(); ok {
				return nil
			}
			return errors.New("no deadline")
		}, 200},
	} {
		h, err := api.NewAdmin(api.AdminConfig{Ready: tc.ready, Gatherer: prometheus.NewRegistry()})
		if err != nil {
			t.Fatal(err)
		}
		if w := get(h, "/readyz"); w.Code != tc.want || strings.Contains(w.Body.String(), "SECRET") {
			t.Errorf("%s: got %d %q, want %d", tc.name, w.Code, w.Body, tc.want)
		}
		if w := get(h, "/livez"); w.Code != 200 {
			t.Errorf("%s: livez got %d", tc.name, w.Code)
		}
	}
	if _, err := api.NewAdmin(api.AdminConfig{}); err == nil {
		t.Error("no gatherer: no error")
	}
}

func TestProfilesOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	status := func(profiling bool, host string) int {
		h, err := api.NewAdmin(api.AdminConfig{Gatherer: prometheus.NewRegistry(), Profiling: profiling})
		if err != nil {
			t.Fatal(err)
		}
		srv := httptest.NewServer(h)
		defer srv.Close()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/debug/pprof/cmdline", nil)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			r.Host = host
		}
		resp, err := srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := status(true, ""); got != 200 {
		t.Errorf("on loopback: got %d, want 200", got)
	}
	if got := status(false, ""); got != 404 {
		t.Errorf("switched off: got %d, want 404", got)
	}
	if got := status(true, "evil.example"); got != 404 {
		t.Errorf("foreign host name: got %d, want 404", got)
	}
	h, _ := api.NewAdmin(api.AdminConfig{Gatherer: prometheus.NewRegistry(), Profiling: true})
	if w := get(h, "/debug/pprof/cmdline"); w.Code != 404 {
		t.Errorf("without a known local address: got %d, want 404", w.Code)
	}
}
