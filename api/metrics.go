package api

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/neckfrac/neckfrac"
)

type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight prometheus.Gauge
	panics   prometheus.Counter
	// routes is the closed set of the label; it is filled before the first request.
	routes map[string]bool
}

// unmatched is the route label of everything that has no route.
const unmatched = "unmatched"

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "neckfrac_http_requests_total", Help: "Answered requests by route template, method and status.",
		}, []string{"route", "method", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "neckfrac_http_request_duration_seconds", Help: "Time from the header to the end of the answer.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10, 60},
		}, []string{"route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "neckfrac_http_in_flight_requests", Help: "Requests being answered now.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "neckfrac_http_panics_total", Help: "Requests that ended in a panic.",
		}),
		routes: map[string]bool{},
	}
	for _, c := range []prometheus.Collector{m.requests, m.seconds, m.inFlight, m.panics} {
		if err := reg.Register(c); err != nil {
			return nil, neckfrac.Wrap(neckfrac.Invalid, "register metrics", err)
		}
	}
	return m, nil
}

// route maps echo's path to the label: a template of the table, never a path.
func (m *metrics) route(path string) string {
	if m.routes[path] {
		return path
	}
	return unmatched
}
