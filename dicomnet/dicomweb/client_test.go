package dicomweb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

var all = dicomweb.Target{StudyInstanceUID: study}

func client(t testing.TB, cfg dicomweb.ClientConfig) *dicomweb.Client {
	t.Helper()
	c, err := dicomweb.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClientReadsOurServer(t *testing.T) {
	t.Parallel()
	f, objects := archive(t)
	var tokens []string
	h := serve(t, f, dicomweb.Limits{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens = append(tokens, r.Header.Get("Authorization"))
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	c := client(t, dicomweb.ClientConfig{Origins: []string{s.URL}, Token: func(_ context.Context, o string) (string, error) {
		if o != s.URL {
			t.Errorf("token for %s", o)
		}
		return "secret", nil
	}})
	base := s.URL + "/dicom-web"
	var got [][]byte
	err := c.Retrieve(t.Context(), base, all, func(r io.Reader) error {
		b, err := io.ReadAll(r)
		got = append(got, b)
		return err
	})
	if err != nil || len(got) != len(objects) || !bytes.Equal(got[1], objects[1]) {
		t.Fatalf("%d objects, %v", len(got), err)
	}
	n := 0
	err = c.Retrieve(t.Context(), base, all, func(io.Reader) error { n++; return nil }) // reads nothing
	if err != nil || n != 3 {
		t.Errorf("skipped %d, %v", n, err)
	}
	count := func(o dicomweb.Object) error { n++; return nil }
	n = 0
	if err := c.Metadata(t.Context(), base+"/", all, count); err != nil || n != 3 {
		t.Errorf("metadata of %d, %v", n, err)
	}
	n = 0
	keys := url.Values{"PatientID": {"NF-TEST-1"}, "limit": {"2"}}
	if err := c.Search(t.Context(), base, dicomweb.LevelInstance, all, keys, count); err != nil || n != 2 || f.query.PatientID != "NF-TEST-1" {
		t.Errorf("found %d, %v", n, err)
	}
	if err := c.Search(t.Context(), base, dicomweb.LevelSeries, dicomweb.Target{StudyInstanceUID: "9.9"}, nil, count); err != nil {
		t.Errorf("no match: %v", err)
	}
	if err := c.Retrieve(t.Context(), base, dicomweb.Target{StudyInstanceUID: "9.9"}, nil); !errors.Is(err, dicomweb.ErrNotFound) {
		t.Errorf("unknown study: %v", err)
	}
	stop := errors.New("stop")
	if err := c.Retrieve(t.Context(), base, all, func(io.Reader) error { return stop }); err != stop {
		t.Errorf("callback's error: %v", err)
	}
	if slices.Contains(tokens, "") || tokens[0] != "Bearer secret" {
		t.Errorf("tokens %q", tokens)
	}
}

// TestClientAgainstBadServers: nothing that a server sends goes beyond a limit, and
// nothing that is cut looks whole.
func TestClientAgainstBadServers(t *testing.T) {
	t.Parallel()
	object := part10(t, dataset.ExplicitVRLittleEndian, ct("1.2.3.1.1"))
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request went elsewhere") }))
	t.Cleanup(elsewhere.Close)
	for _, c := range []struct {
		name   string
		answer func(http.ResponseWriter)
		lim    dicomweb.ClientLimits
		want   error
	}{
		{"redirect", func(w http.ResponseWriter) { w.Header().Set("Location", elsewhere.URL); w.WriteHeader(302) }, dicomweb.ClientLimits{}, new(dicomweb.StatusError)},
		{"busy", func(w http.ResponseWriter) { w.Header().Set("Retry-After", "7"); w.WriteHeader(503) }, dicomweb.ClientLimits{}, dicomweb.ErrUnavailable},
		{"too many", func(w http.ResponseWriter) { w.WriteHeader(429) }, dicomweb.ClientLimits{}, dicomweb.ErrTooMany},
		{"page", func(w http.ResponseWriter) { io.WriteString(w, "<html>") }, dicomweb.ClientLimits{}, dicomweb.ErrUnsupported},
		{"inflating", func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", relatedType)
		}, dicomweb.ClientLimits{}, dicomweb.ErrUnsupported},
		{"boundary", func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "multipart/related; boundary="+strings.Repeat("x", 129))
		}, dicomweb.ClientLimits{}, dicomweb.ErrInvalid},
		{"cut", func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", relatedType)
			io.WriteString(w, related(object)[:300])
		}, dicomweb.ClientLimits{}, io.ErrUnexpectedEOF},
		{"object too large", func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", relatedType)
			io.WriteString(w, related(object))
		}, dicomweb.ClientLimits{ObjectBytes: int64(len(object)) - 1}, dicomweb.ErrLimit},
		{"answer too large", func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", relatedType)
			io.WriteString(w, related(object, object))
		}, dicomweb.ClientLimits{ResponseBytes: int64(len(object))}, dicomweb.ErrLimit},
		{"too many objects", func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", relatedType)
			io.WriteString(w, related(object, object))
		}, dicomweb.ClientLimits{Objects: 1}, dicomweb.ErrLimit},
		{"one object bare", func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/dicom")
			w.Write(object)
		}, dicomweb.ClientLimits{}, nil},
		{"one object bare, too large", func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/dicom")
			w.Write(object)
		}, dicomweb.ClientLimits{ObjectBytes: int64(len(object)) - 1}, dicomweb.ErrLimit},
		{"silent", nil, dicomweb.ClientLimits{IdleTime: 50 * time.Millisecond}, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, release := context.WithCancel(context.Background())
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c.answer == nil {
					w.Header().Set("Content-Type", relatedType)
					w.(http.Flusher).Flush()
					<-ctx.Done()
					return
				}
				c.answer(w)
			}))
			t.Cleanup(func() { release(); s.Close() })
			err := client(t, dicomweb.ClientConfig{Origins: []string{s.URL}, Limits: c.lim}).Retrieve(t.Context(), s.URL, all, func(r io.Reader) error {
				_, err := io.Copy(io.Discard, r)
				return err
			})
			var status *dicomweb.StatusError
			if _, any := c.want.(*dicomweb.StatusError); any && errors.As(err, &status) && status.Code == 302 {
				return
			}
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if c.name == "busy" && (!errors.As(err, &status) || status.RetryAfter != 7*time.Second) {
				t.Errorf("got %v, want 7s to wait", err)
			}
		})
	}
}

func TestClientChecksAddressAtDial(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a connection was made") }))
	t.Cleanup(s.Close)
	var asked []netip.Addr
	c := client(t, dicomweb.ClientConfig{Origins: []string{s.URL}, HTTP: s.Client(), AllowAddr: func(a netip.Addr) bool {
		asked = append(asked, a)
		return !a.IsLoopback()
	}})
	if err := c.Metadata(t.Context(), s.URL, all, nil); !errors.Is(err, dicomweb.ErrUnavailable) || len(asked) == 0 {
		t.Errorf("got %v after %v", err, asked)
	}
}

func TestClientConfigRefusals(t *testing.T) {
	t.Parallel()
	for _, origins := range [][]string{nil, {"pacs.example"}, {"ftp://pacs.example"}, {"https://pacs.example/dicom-web"}, {"https://u@pacs.example"},
		{"http://pacs.example"}, {"https://"}, {"https://pacs.example?x"}, {"https://2130706433"}, {"https://[::1%25eth0]"}} {
		if _, err := dicomweb.NewClient(dicomweb.ClientConfig{Origins: origins}); !errors.Is(err, dicomweb.ErrInvalid) {
			t.Errorf("%v: %v", origins, err)
		}
	}
	client(t, dicomweb.ClientConfig{Origins: []string{"http://127.0.0.1:1", "http://localhost", "https://PACS.example:8443/"}})
	client(t, dicomweb.ClientConfig{Origins: []string{"http://pacs.example"}, AllowPlainHTTP: true})
}

var outbound = []string{"https://pacs.example.org", "https://pacs.example.org:8443", "http://127.0.0.1:8042"}

func TestAllowedIsExact(t *testing.T) {
	t.Parallel()
	c := client(t, dicomweb.ClientConfig{Origins: outbound})
	for address, want := range map[string]bool{
		"https://pacs.example.org":                       true,
		"https://pacs.example.org:443/dicom-web":         true,
		"https://PACS.EXAMPLE.ORG/x?y":                   true,
		"https://pacs.example.org:8443":                  true,
		"http://127.0.0.1:8042/":                         true,
		"http://pacs.example.org":                        false,
		"https://pacs.example.org:80":                    false,
		"https://pacs.example.org.evil.example":          false,
		"https://pacs.example.org@evil.example":          false,
		"https://evil.example#@pacs.example.org":         false,
		"https://pacs.example.org\\@evil.example":        false,
		"https://pacs.example.org.":                      false,
		"https://pacs.example.org:":                      false,
		"https://p\u0430cs.example.org":                  false, // a Cyrillic letter
		"https://pacs.example.org%2eevil.example":        false,
		"//pacs.example.org":                             false,
		"https:pacs.example.org":                         false,
		"file:///etc/passwd":                             false,
		"http://127.1:8042":                              false,
		"http://0x7f000001:8042":                         false,
		"http://2130706433:8042":                         false,
		"http://[::ffff:127.0.0.1]:8042":                 false,
		"http://169.254.169.254/":                        false,
		"https://pacs.example.org/\r\nX: y":              false,
		"https://pacs.example.org/" + long(2048):         false,
		"https://pacs.example.org:8443@evil.example:443": false,
	} {
		if got := c.Allowed(address); got != want {
			t.Errorf("%q: got %v, want %v", address, got, want)
		}
		if !want {
			if err := c.Metadata(t.Context(), address, all, nil); !errors.Is(err, dicomweb.ErrInvalid) {
				t.Errorf("%q: request ended in %v", address, err)
			}
		}
	}
}

// FuzzOutboundURL: what is allowed goes to a configured origin as net/url reads it.
func FuzzOutboundURL(f *testing.F) {
	for _, s := range []string{"https://pacs.example.org/x", "https://pacs.example.org@evil/", "http://127.0.0.1:8042", "https://pacs.example.org:8443:1", "HTTPS://PACS.example.org:0443"} {
		f.Add(s)
	}
	c := client(f, dicomweb.ClientConfig{Origins: outbound})
	f.Fuzz(func(t *testing.T, address string) {
		if !c.Allowed(address) {
			return
		}
		u, err := url.Parse(address)
		if err != nil || u.User != nil {
			t.Fatalf("allowed %q: %v", address, err)
		}
		host := strings.ToLower(u.Host)
		if u.Scheme == "https" {
			host = strings.TrimSuffix(host, ":443")
		}
		if !slices.Contains(outbound, u.Scheme+"://"+host) {
			t.Fatalf("allowed %q, which goes to %s://%s", address, u.Scheme, u.Host)
		}
	})
}

func ExampleClient_Retrieve() {
	f := newFake()
	h, _ := dicomweb.New(f, dicomweb.Config{BaseURL: "http://pacs.example"})
	s := httptest.NewServer(h)
	defer s.Close()
	c, err := dicomweb.NewClient(dicomweb.ClientConfig{Origins: []string{s.URL}})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = c.Retrieve(context.Background(), s.URL, dicomweb.Target{StudyInstanceUID: "1.2.3"}, func(body io.Reader) error {
		_, r, err := dataset.ReadPart10(body, dataset.Limits{})
		if err == nil {
			_, _, err = r.ReadHeader()
		}
		return err
	})
	fmt.Println(errors.Is(err, dicomweb.ErrNotFound))
	// Output: true
}
