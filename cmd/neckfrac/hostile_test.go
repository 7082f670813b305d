package main

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

var (
	malformedCount = flag.Int("malformed", 1000, "malformed associations of TestHostileAssociations")
	heldCount      = flag.Int("held", 50, "held associations of TestHostileAssociations")
)

// The hostile peers come from loopback too, and are other hosts to the receiver than the
// honest one.
const (
	holdingAddress   = "127.0.0.2"
	malformedAddress = "127.0.0.3"
)

// malformedRate is how many malformed associations a second are sent: on the receiver's own
// two cores a flood without a pause would measure the flood's share of them.
const malformedRate = 500

// minBaseline keeps the bound on the honest sender's p99 above what a scheduler does.
const minBaseline = 10 * time.Millisecond

// TestHostileAssociations sends malformed associations while others are held open, and
// wants an honest sender to notice little of it (U7, U8, U12 of the attack table), and
// descriptors, goroutines and memory to come back.
func TestHostileAssociations(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute of connections")
	}
	c := startChild(t, configFile(t, noPack+"study:\n  quiet: 1h\n"))
	h := &honest{t: t, addr: c.dicom}
	h.send(60) // warm: buffers, prepared statements, pages of the ledger
	before := measure(t, c)
	baseline := h.send(200)

	held := hold(t, c.dicom, *heldCount)
	answered := make(chan int, 1)
	go func() { answered <- malform(t, c.dicom, *malformedCount) }()
	var during []time.Duration
	got := -1
	for got < 0 {
		during = append(during, h.send(20)...)
		select {
		case got = <-answered:
		default:
		}
	}
	if got < *malformedCount/2 {
		t.Errorf("%d of %d malformed associations were answered", got, *malformedCount)
	}
	for _, conn := range held {
		conn.Close()
	}
	// Before and after, so that a disk that changes its mood in between decides nothing.
	base, hit := max(p99(baseline), p99(h.send(200))), p99(during)
	t.Logf("honest sender: p99 %s before, %s beside %d malformed and %d held associations", base, hit, *malformedCount, len(held))
	if hit > 2*max(base, minBaseline) {
		t.Errorf("p99 %s beside hostile peers, want at most twice %s", hit, base)
	}
	after := settled(t, c, before)
	t.Logf("before %+v, after %+v", before, after)
}

// usage is what connections could leak.
type usage struct{ fds, goroutines, rssKB int }

var metricsAddr = regexp.MustCompile(`metrics http://([^/]+)/`)

func measure(t *testing.T, c *child) (u usage) {
	t.Helper()
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.PID()))
	if err != nil {
		t.Skipf("no /proc: %v", err)
	}
	u.fds = len(fds)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.PID()))
	if err != nil {
		t.Fatal(err)
	}
	if _, rest, ok := strings.Cut(string(status), "VmRSS:"); ok {
		u.rssKB, _ = strconv.Atoi(strings.Fields(rest)[0])
	}
	// The collection that gc=1 asks for makes memory comparable.
	for _, url := range []string{"heap?gc=1&debug=1", "goroutine?debug=1"} {
		rsp, err := http.Get("http://" + metricsAddr.FindStringSubmatch(c.Log())[1] + "/debug/pprof/" + url)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(rsp.Body)
		rsp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Sscanf(string(text), "goroutine profile: total %d", &u.goroutines)
	}
	http.DefaultClient.CloseIdleConnections()
	return u
}

// settled waits until nothing is left of the hostile peers.
func settled(t *testing.T, c *child, before usage) usage {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(resultTime)
	for {
		u := measure(t, c)
		// A tenth and 16 MiB of memory are the allocator's.
		if u.fds <= before.fds+5 && u.goroutines <= before.goroutines+5 && u.rssKB <= before.rssKB*11/10+16<<10 {
			return u
		}
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("usage %+v does not come back to %+v", u, before)
		}
	}
}

// honest is a sender that does everything right.
type honest struct {
	t     *testing.T
	addr  string
	study int
}

// send stores n instances, ten an association, and returns how long each took.
func (h *honest) send(n int) []time.Duration {
	h.t.Helper()
	const share = 10
	var out []time.Duration
	for range n / share {
		h.study++
		s := newStudy(h.study)
		client, err := dicomnet.Dial(h.t.Context(), h.addr, clientConfig("NECKFRAC"))
		if err != nil {
			h.t.Fatalf("honest association: %v", err)
		}
		for k := range share {
			start := time.Now()
			status, err := s.store(h.t.Context(), client, k)
			if err != nil || status != dimse.Success {
				h.t.Fatalf("honest store: %v, %v", status, err)
			}
			out = append(out, time.Since(start))
		}
		if err := client.Release(h.t.Context()); err != nil {
			h.t.Fatalf("honest release: %v", err)
		}
	}
	return out
}

func p99(d []time.Duration) time.Duration {
	d = slices.Clone(d)
	slices.Sort(d)
	return d[len(d)*99/100]
}

func dialFrom(ctx context.Context, from, addr string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	return d.DialContext(ctx, "tcp", addr)
}

// hold opens connections of every kind that waits: nothing sent, a PDU begun, a request
// cut in its length. Those over the peer's share are closed by the receiver.
func hold(t *testing.T, addr string, n int) []net.Conn {
	t.Helper()
	starts := [][]byte{nil, {1}, {1, 0, 0, 0, 4, 0}, {1, 0, 0, 0, 0, 100, 0, 1, 0, 0, 'N'}}
	var out []net.Conn
	for i := range n {
		conn, err := dialFrom(t.Context(), holdingAddress, addr)
		if err != nil {
			t.Fatalf("hold: %v", err)
		}
		conn.Write(starts[i%len(starts)]) // may be closed already: it is over its share
		out = append(out, conn)
	}
	return out
}

// malform makes n associations that break the protocol, in turn in each way, and returns
// how many got an answer.
func malform(t *testing.T, addr string, n int) (answered int) {
	tick := time.NewTicker(time.Second / malformedRate)
	defer tick.Stop()
	pdu := func(kind byte, length uint32, body string) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{kind, 0}, length), body...)
	}
	request := "\x00\x01\x00\x00NECKFRAC        HOSTILE         " + strings.Repeat("\x00", 32)
	breaks := [][]byte{
		pdu(1, 0xFFFFFFFF, ""), pdu(1, 1<<20+1, request), pdu(0xFF, 4, "abcd"), pdu(4, 12, "\x00\x00\x00\x08\x01\x03abcdef"),
		pdu(1, 68, request), pdu(1, 72, request+"\x10\x00\xFF\xFF"), pdu(1, 4, "\x00\x01\x00\x00"), []byte("GET / HTTP/1.1\r\n\r\n"),
		pdu(7, 4, "\x00\x00\x00\x00"), pdu(5, 4, "\x00\x00\x00\x00"), pdu(4, 0, ""), pdu(1, 74, request+"\x20\x00\x00\x02\x01\x00"),
	}
	buf := make([]byte, 64)
	for i := range n {
		<-tick.C
		conn, err := dialFrom(t.Context(), malformedAddress, addr)
		if err != nil {
			t.Errorf("malformed association: %v", err)
			return answered
		}
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		conn.Write(breaks[i%len(breaks)])
		if k, _ := conn.Read(buf); k > 0 {
			answered++
		}
		conn.(*net.TCPConn).SetLinger(0) // no TIME_WAIT: 10,000 of them would use the ports up
		conn.Close()
	}
	return answered
}
