package dicomweb

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

// ClientConfig of a Client.
type ClientConfig struct {
	// Origins that requests may go to, as "https://pacs.example.org" with a port if it is
	// not the scheme's; a path is refused. Required.
	Origins []string
	// AllowPlainHTTP admits http origins beyond loopback.
	AllowPlainHTTP bool
	// HTTP brings TLS settings and connections. Its redirect policy, cookies and proxy are
	// not used. Defaults to a client of its own.
	HTTP *http.Client
	// AllowAddr is asked for the address that is about to be dialled, whatever the name
	// resolved to. Nil allows all. It needs HTTP's Transport to be nil or *http.Transport.
	AllowAddr func(netip.Addr) bool
	// Token returns the bearer token for an origin, "" for none. Nil sends none.
	Token  func(ctx context.Context, origin string) (string, error)
	Limits ClientLimits
}

// ClientLimits bound what a server can cost. A zero field takes its default.
type ClientLimits struct {
	// ResponseBytes of one retrieval, ObjectBytes of one object. Default to 8 GiB and
	// 1 GiB.
	ResponseBytes, ObjectBytes int64
	// Objects of one retrieval. Defaults to 20 000.
	Objects int
	// JSON bounds a search's or metadata's answer.
	JSON JSONLimits
	// IdleTime is how long a server may say nothing. Defaults to 30 s.
	IdleTime time.Duration
}

// Client asks DICOMweb services of configured origins. It is safe for concurrent use.
type Client struct {
	cfg     ClientConfig
	origins map[origin]bool
	http    *http.Client
}

// NewClient checks cfg.
func NewClient(cfg ClientConfig) (*Client, error) {
	c := &Client{cfg: cfg, origins: map[origin]bool{}}
	for _, raw := range cfg.Origins {
		u, o, err := parseOrigin(raw)
		if err != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" {
			return nil, fmt.Errorf("dicomweb: client: origin: %w", ErrInvalid)
		}
		if o.scheme == "http" && !o.loopback() && !cfg.AllowPlainHTTP {
			return nil, fmt.Errorf("dicomweb: client: plain http beyond loopback: %w", ErrInvalid)
		}
		c.origins[o] = true
	}
	if len(c.origins) == 0 {
		return nil, fmt.Errorf("dicomweb: client: no origin: %w", ErrInvalid)
	}
	l := &c.cfg.Limits
	positive(&l.ResponseBytes, 8<<30)
	positive(&l.ObjectBytes, 1<<30)
	positive(&l.Objects, 20_000)
	positive(&l.IdleTime, 30*time.Second)
	own := http.Client{}
	if cfg.HTTP != nil {
		own = *cfg.HTTP
	}
	own.Jar = nil
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	switch t := own.Transport.(type) {
	case nil:
		own.Transport = c.transport(&http.Transport{TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true})
	case *http.Transport:
		own.Transport = c.transport(t.Clone())
	default:
		if cfg.AllowAddr != nil {
			return nil, fmt.Errorf("dicomweb: client: transport can't check addresses: %w", ErrInvalid)
		}
	}
	c.http = &own
	return c, nil
}

// transport dials itself, so that the address is checked after the name was resolved and
// no proxy stands in between.
func (c *Client) transport(t *http.Transport) *http.Transport {
	t.Proxy = nil
	t.MaxResponseHeaderBytes = 64 << 10
	t.ResponseHeaderTimeout = c.cfg.Limits.IdleTime
	if c.cfg.AllowAddr == nil {
		return t
	}
	d := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil || !c.cfg.AllowAddr(ap.Addr().Unmap()) {
			return fmt.Errorf("dicomweb: address is not allowed: %w", ErrInvalid)
		}
		return nil
	}}
	t.DialContext, t.DialTLSContext = d.DialContext, nil
	//lint:ignore SA1019 a deprecated dialler that is set would be used for TLS, unchecked
	t.DialTLS = nil
	return t
}

// Allowed reports whether a request to the address may be sent: an origin of Origins,
// compared exactly.
func (c *Client) Allowed(address string) bool {
	_, o, err := parseOrigin(address)
	return err == nil && c.origins[o]
}

// StatusError is an answer other than the one that was asked for.
type StatusError struct {
	// Code is the HTTP status.
	Code int
	// RetryAfter is what the server asked to wait, at most an hour; 0 if it did not.
	RetryAfter time.Duration
}

// Error names the status.
func (e *StatusError) Error() string { return "dicomweb: answer " + strconv.Itoa(e.Code) }

// Unwrap gives the kind that the status has in errors.go.
func (e *StatusError) Unwrap() error {
	for _, s := range statuses {
		if s.status == e.Code {
			return s.err
		}
	}
	if e.Code >= 500 {
		return ErrUnavailable
	}
	return nil
}

// get sends a request to an allowed address and hands over a body that is bounded in
// size and in silence; close ends it.
func (c *Client) get(ctx context.Context, address, accept string, size int64) (rs *http.Response, body io.Reader, done func(), err error) {
	u, o, err := parseOrigin(address)
	if err != nil {
		return nil, nil, nil, err
	}
	if !c.origins[o] {
		return nil, nil, nil, fmt.Errorf("dicomweb: origin is not configured: %w", ErrInvalid)
	}
	ctx, cancel := context.WithCancel(ctx)
	rq, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		cancel()
		return nil, nil, nil, fmt.Errorf("dicomweb: request: %w", ErrInvalid)
	}
	rq.Header.Set("Accept", accept)
	rq.Header.Set("Accept-Encoding", "identity") // what is inflated unasked has no bound
	if c.cfg.Token != nil {
		token, err := c.cfg.Token(ctx, o.scheme+"://"+net.JoinHostPort(o.host, o.port))
		if err != nil {
			cancel()
			return nil, nil, nil, fmt.Errorf("dicomweb: token: %w", err)
		}
		if token != "" {
			rq.Header.Set("Authorization", "Bearer "+token)
		}
	}
	rs, err = c.http.Do(rq)
	if err != nil {
		cancel()
		return nil, nil, nil, fmt.Errorf("dicomweb: request: %w: %w", ErrUnavailable, stripURL(err))
	}
	done = func() { cancel(); rs.Body.Close() }
	if rs.StatusCode != http.StatusOK && rs.StatusCode != http.StatusNoContent && rs.StatusCode != http.StatusPartialContent {
		done()
		return nil, nil, nil, &StatusError{Code: rs.StatusCode, RetryAfter: retryAfter(rs.Header.Get("Retry-After"))}
	}
	if enc := rs.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		done()
		return nil, nil, nil, fmt.Errorf("dicomweb: answer: content encoding: %w", ErrUnsupported)
	}
	return rs, &idleReader{r: &limitReader{r: rs.Body, left: size}, idle: c.cfg.Limits.IdleTime, cancel: cancel}, done, nil
}

func retryAfter(v string) time.Duration {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(min(n, 3600))*time.Second, time.Hour)
}

// stripURL takes the address, which may hold identifiers, out of an error.
func stripURL(err error) error {
	type urlError interface{ Unwrap() error }
	if u, ok := err.(urlError); ok {
		return u.Unwrap()
	}
	return err
}

// limitReader fails with ErrLimit where io.LimitReader would end.
type limitReader struct {
	r    io.Reader
	left int64
}

func (l *limitReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, fmt.Errorf("dicomweb: answer: %w", ErrLimit)
	}
	return n, err
}

// idleReader ends a request whose server has gone silent.
type idleReader struct {
	r      io.Reader
	idle   time.Duration
	cancel context.CancelFunc
}

func (i *idleReader) Read(p []byte) (int, error) {
	t := time.AfterFunc(i.idle, i.cancel)
	defer t.Stop()
	return i.r.Read(p)
}
