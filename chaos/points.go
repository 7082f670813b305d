package chaos

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Point is a named place in the service at which a build with failpoints can hold a
// goroutine: a gofail comment, which is nothing but a comment in any other build.
type Point struct {
	// Name is the comment's.
	Name string
	// File is where it stands, relative to the module.
	File string
	// When says when it is passed.
	When When
}

// When is the part of a service's life in which a point is passed.
type When string

// The parts.
const (
	// Starting is before the ports are open.
	Starting When = "starting"
	// Once an association or a group of arrivals, or once an instance.
	Once     When = "once"
	Instance When = "instance"
	// Settling is after the last Success of a study.
	Settling When = "settling"
)

// Points are all named points, in the order in which a service passes them.
var Points = []Point{
	{"orphansListed", "pipeline/sweep.go", Starting},
	{"runnerSpawned", "pipeline/runner_process.go", Starting},
	{"assocAccepted", "dicomnet/server_association.go", Once},
	{"commandParsed", "dicomnet/server_association.go", Instance},
	{"headerParsed", "pipeline/scp/store.go", Instance},
	{"blobCreated", "pipeline/blob/fsblob/put.go", Instance},
	{"blobWritten", "pipeline/blob/fsblob/put.go", Instance},
	{"blobSynced", "pipeline/blob/fsblob/put.go", Instance},
	{"blobRenamed", "pipeline/blob/fsblob/put.go", Instance},
	{"blobDirSynced", "pipeline/blob/fsblob/put.go", Instance},
	{"blobStored", "pipeline/receive.go", Instance},
	{"arrivalsBegun", "pipeline/ledger/sqlite/group.go", Once},
	{"arrivalsWritten", "pipeline/ledger/sqlite/group.go", Once},
	{"arrivalsCommitted", "pipeline/ledger/sqlite/group.go", Once},
	{"arrivalRecorded", "pipeline/receive.go", Instance},
	{"responseWritten", "dicomnet/server_association.go", Instance},
	{"studySettled", "pipeline/settle.go", Settling},
	{"jobLeased", "pipeline/worker.go", Settling},
	{"filesOpened", "pipeline/analyse.go", Settling},
	{"runnerAnswered", "pipeline/analyse.go", Settling},
	{"artefactsKept", "pipeline/analyse.go", Settling},
	{"resultReady", "pipeline/worker.go", Settling},
	{"resultStored", "pipeline/worker.go", Settling},
}

// LookupPoint finds a point by its name.
func LookupPoint(name string) (Point, bool) {
	for _, p := range Points {
		if p.Name == name {
			return p, true
		}
	}
	return Point{}, false
}

// Holder controls the failpoints of one service: gofail's runtime in it holds a
// goroutine at the point and counts over HTTP.
type Holder struct {
	addr   string
	strike Strike
}

// Hold prepares a strike at a point: Env goes into the service's environment.
func Hold(s Strike) (*Holder, error) {
	l, err := ownLoopback()
	if err != nil {
		return nil, fmt.Errorf("failpoint: %w", err)
	}
	defer l.Close() // the service takes the port a moment later
	return &Holder{addr: l.Addr().String(), strike: s}, nil
}

// ownLoopback listens on an address of 127.0.0.0/8 that nobody else draws: on 127.0.0.1 a
// connection of another test can get the port before the service does, which then ends
// at once. Where only 127.0.0.1 is there, it is that.
func ownLoopback() (net.Listener, error) {
	own := fmt.Sprintf("127.%d.%d.%d:0", 1+rand.N(254), rand.N(256), 1+rand.N(254))
	if l, err := net.Listen("tcp", own); err == nil {
		return l, nil
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

// Env holds the goroutine that passes the point after Hit others for longer than any
// test lasts.
func (h *Holder) Env() []string {
	term := "sleep(3600000)"
	if h.strike.Hit > 0 {
		term = fmt.Sprintf("%d*off->%s", h.strike.Hit, term)
	}
	return []string{"GOFAIL_HTTP=" + h.addr, "GOFAIL_FAILPOINTS=" + h.strike.Name + "=" + term}
}

// Wait returns when a goroutine is held, or ctx's error. A service that does not answer
// yet, or no more, is waited for.
func (h *Holder) Wait(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		n, err := h.count(ctx)
		if err != nil {
			return err
		}
		if n > h.strike.Hit {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (h *Holder) count(ctx context.Context) (int, error) {
	rq, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.addr+"/"+h.strike.Name+"/count", nil)
	if err != nil {
		return 0, fmt.Errorf("failpoint: %w", err)
	}
	rs, err := http.DefaultClient.Do(rq)
	if err != nil {
		return 0, ctx.Err()
	}
	defer rs.Body.Close()
	body, err := io.ReadAll(io.LimitReader(rs.Body, 1<<10))
	if err != nil || rs.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("failpoint %s: %s: %s, %v", h.strike.Name, rs.Status, strings.TrimSpace(string(body)), err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(body)))
	if err != nil {
		return 0, fmt.Errorf("failpoint: %w", err)
	}
	return n, nil
}
