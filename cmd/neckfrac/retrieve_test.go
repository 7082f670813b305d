package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// withSource is a service that fetches from another one's DICOMweb.
func withSource(t *testing.T, url string) *running {
	t.Helper()
	return startService(t, func(c *Config, _ *Runtime) {
		c.DICOM.Sources = []SourceConfig{{AE: "PACS", TLS: "off", Method: methodWADO, URL: url + dicomWebPath}}
	})
}

// notify sends an instance availability notification of the study's first n slices.
func (s testStudy) notify(t *testing.T, addr, source, uid string, n int) dimse.Status {
	t.Helper()
	var refs []neckfrac.AnnouncedInstance
	for k := range n {
		refs = append(refs, neckfrac.AnnouncedInstance{Series: neckfrac.SeriesUID(s.uid + ".1"),
			InstanceRef: neckfrac.InstanceRef{SOPClassUID: dataset.CTImageStorage, UID: neckfrac.InstanceUID(s.instance(k))}})
	}
	cfg := clientConfig("NECKFRAC")
	cfg.Proposals = []dicomnet.Service{scp.AvailabilityService()}
	c, err := dicomnet.Dial(t.Context(), addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	err = c.Create(t.Context(), dicomnet.CreateRequest{SOPClassUID: dataset.InstanceAvailabilityNotification, SOPInstanceUID: uid,
		Attributes: scp.AvailabilityNotification(neckfrac.AETitle(source), neckfrac.StudyUID(s.uid), refs)})
	var status *dicomnet.StatusError
	if errors.As(err, &status) {
		return status.Status
	}
	if err != nil {
		t.Fatal(err)
	}
	return dimse.Success
}

func TestNotificationBecomesReport(t *testing.T) {
	t.Parallel()
	there := startService(t, nil)
	s := newStudy(1)
	s.send(t, there.DICOMAddr, 0, s.slices)
	here := withSource(t, "http://"+there.HTTPAddr)
	// A third has come by itself: it is not fetched again.
	s.send(t, here.DICOMAddr, 0, s.slices/3)
	if got := s.notify(t, here.DICOMAddr, "EVIL", "2.25.1", s.slices); got != dimse.NotAuthorized {
		t.Errorf("source that is not configured: %v", got)
	}
	for range 2 {
		if got := s.notify(t, here.DICOMAddr, "PACS", "2.25.2", s.slices); got != dimse.Success {
			t.Fatalf("notification: %v", got)
		}
	}
	var rec neckfrac.Record
	for revision := 1; rec.Latest == nil || rec.Latest.Slices < s.slices; revision++ {
		rec = here.await(t, s, revision)
	}
	if rec.Latest.Status != neckfrac.Analysed || rec.Latest.Slices != s.slices {
		t.Errorf("%s of %d slices", rec.Latest.Status, rec.Latest.Slices)
	}
	if report, levels := here.report(t, s); report.Status != "preliminary" || len(levels) != neckfrac.Levels {
		t.Errorf("report %s with %d levels", report.Status, len(levels))
	}
	rows, err := here.db.StudyRetrievals(t.Context(), neckfrac.StudyUID(s.uid))
	if err != nil || len(rows) != 1 || rows[0].State != neckfrac.RetrievalDone || rows[0].Expected != s.slices {
		t.Errorf("%d retrievals, %v: %+v", len(rows), err, rows)
	}
}

func TestNotificationsNeedSources(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	cfg := clientConfig("NECKFRAC")
	cfg.Proposals = append(cfg.Proposals, scp.AvailabilityService())
	c, err := dicomnet.Dial(t.Context(), r.DICOMAddr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	if got := c.Accepted(dataset.InstanceAvailabilityNotification); len(got) != 0 {
		t.Errorf("accepted in %v", got)
	}
}

// configOf writes the configuration that a command needs to find the service.
func configOf(t *testing.T, r *running, url string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "neckfrac.yaml")
	text := fmt.Sprintf("dicom: {addr: %q, sources: [{ae: PACS, tls: \"off\", method: wado-rs, url: %q}]}\nhttp: {addr: %q}\n", r.DICOMAddr, url+dicomWebPath, r.HTTPAddr)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRetrieveCommand(t *testing.T) {
	t.Parallel()
	there := startService(t, nil)
	s := newStudy(1)
	s.send(t, there.DICOMAddr, 0, s.slices)
	here := withSource(t, "http://"+there.HTTPAddr)
	file := configOf(t, here, "http://"+there.HTTPAddr)
	run := func(args ...string) (int, string) {
		var out bytes.Buffer
		rt := Runtime{Context: t.Context(), Stdout: &out, Stderr: &out}
		return Run(append([]string{"retrieve", "--config", file, "--from", "PACS", "--study"}, args...), rt), out.String()
	}
	if code, out := run(s.uid, "--dry-run"); code != exitOK || !strings.Contains(out, "24 × CT Image Storage, 0 held") {
		t.Fatalf("dry run: %d %s", code, out)
	}
	if _, ok := here.stored(t, s.instance(0)); ok {
		t.Fatal("the dry run fetched")
	}
	if code, out := run(s.uid); code != exitOK || !strings.Contains(out, "24 instances of PACS are here") {
		t.Fatalf("retrieve: %d %s", code, out)
	}
	if rec := here.await(t, s, 1); rec.Latest.Slices != s.slices {
		t.Errorf("%d slices", rec.Latest.Slices)
	}
	if code, out := run(s.uid, "--dry-run"); code != exitOK || !strings.Contains(out, "24 held") {
		t.Errorf("dry run after: %d %s", code, out)
	}
	if code, out := run("1.2.3.4"); code != exitFailed || !strings.Contains(out, "no such study") {
		t.Errorf("unknown study: %d %s", code, out)
	}
	if code, _ := run("../x"); code != exitUsage {
		t.Errorf("study that is no UID: exit %d", code)
	}
}

func TestSourcesThatMustNotStart(t *testing.T) {
	t.Parallel()
	get := SourceConfig{AE: "PACS", Addr: "192.0.2.1:104", TLS: "off", Method: methodGet}
	web := SourceConfig{AE: "PACS", TLS: "required", Method: methodWADO, URL: "https://pacs.example.org/dicom-web"}
	with := func(s SourceConfig, change func(*SourceConfig)) []SourceConfig { change(&s); return []SourceConfig{s} }
	for name, c := range map[string]struct {
		sources []SourceConfig
		says    string
	}{
		"good":                {[]SourceConfig{get}, ""},
		"good web":            {[]SourceConfig{web}, ""},
		"no title":            {with(get, func(s *SourceConfig) { s.AE = "" }), "sources.ae"},
		"title twice":         {[]SourceConfig{get, get}, "sources.ae"},
		"no word on TLS":      {with(get, func(s *SourceConfig) { s.TLS = "" }), "sources.tls"},
		"no method":           {with(get, func(s *SourceConfig) { s.Method = "" }), "sources.method"},
		"no address":          {with(get, func(s *SourceConfig) { s.Addr = "" }), "sources.addr"},
		"address without use": {with(web, func(s *SourceConfig) { s.Addr = "192.0.2.1:104" }), "sources.addr"},
		"URL without use":     {with(get, func(s *SourceConfig) { s.URL = web.URL }), "sources.url"},
		"plain URL":           {with(web, func(s *SourceConfig) { s.URL = "http://pacs.example.org" }), "sources.url"},
		"URL with a name":     {with(web, func(s *SourceConfig) { s.URL = "https://me:secret@pacs.example.org" }), "sources.url"},
		"mover is no peer":    {with(get, func(s *SourceConfig) { s.AE, s.Method = "VNA", methodMove }), "dicom.peers"},
	} {
		cfg := testConfig(t)
		cfg.DICOM.Peers = []PeerConfig{{AE: "PACS", CIDR: "192.0.2.1/32", TLS: "off"}}
		cfg.DICOM.Sources = c.sources
		err := cfg.Validate()
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// TestNotificationOutlivesTheService: what was answered with Success is fetched by the next
// process, when the source is there at last.
func TestNotificationOutlivesTheService(t *testing.T) {
	t.Parallel()
	addr, dir := freeAddr(t), filepath.Join(t.TempDir(), "data")
	keep := func(c *Config, _ *Runtime) {
		c.Data.Dir = dir
		c.DICOM.Sources = []SourceConfig{{AE: "PACS", TLS: "off", Method: methodWADO, URL: "http://" + addr + dicomWebPath}}
	}
	s := newStudy(1)
	t.Run("first process", func(t *testing.T) {
		r := startService(t, keep)
		if got := s.notify(t, r.DICOMAddr, "PACS", "2.25.2", s.slices); got != dimse.Success {
			t.Fatalf("notification: %v", got)
		}
	})
	there := startService(t, func(c *Config, _ *Runtime) { c.HTTP.Addr = addr })
	s.send(t, there.DICOMAddr, 0, s.slices)
	if rec := startService(t, keep).await(t, s, 1); rec.Latest.Slices != s.slices {
		t.Errorf("%d slices", rec.Latest.Slices)
	}
}

func TestDoctorAsksSources(t *testing.T) {
	t.Parallel()
	there := startService(t, nil)
	for addr, want := range map[string]string{there.HTTPAddr: "answers queries", freeAddr(t): "FAULT  source PACS"} {
		file := filepath.Join(t.TempDir(), "neckfrac.yaml")
		text := fmt.Sprintf("dicom: {addr: \"127.0.0.1:0\", sources: [{ae: PACS, tls: \"off\", method: wado-rs, url: \"http://%s%s\"}]}\n", addr, dicomWebPath)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		Run([]string{"doctor", "--config", file}, Runtime{Context: t.Context(), Stdout: &out, Stderr: &out, Environ: []string{"NECKFRAC_MODELS_PACK=none"}})
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s: want %q in\n%s", addr, want, out.String())
		}
	}
}

// TestKilledInTheMiddleOfAFetch: the next process fetches at once, whatever was leased.
func TestKilledInTheMiddleOfAFetch(t *testing.T) {
	t.Parallel()
	there := startService(t, nil)
	s := newStudy(1)
	s.send(t, there.DICOMAddr, 0, s.slices)
	url, asked := hangsOnce(t, there)
	sources := []SourceConfig{{AE: "PACS", TLS: "off", Method: methodWADO, URL: url + dicomWebPath}}
	dir := t.TempDir()
	config := filepath.Join(dir, "neckfrac.yaml")
	text := fmt.Sprintf("dicom: {addr: \"127.0.0.1:0\", sources: [{ae: PACS, tls: \"off\", method: wado-rs, url: %q}]}\nhttp: {addr: \"127.0.0.1:0\"}\nadmin: {addr: \"127.0.0.1:0\"}\ndata: {dir: %q}\n",
		sources[0].URL, filepath.Join(dir, "data")) + noPack
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := startChild(t, config)
	if got := s.notify(t, c.dicom, "PACS", "2.25.2", s.slices); got != dimse.Success {
		t.Fatalf("notification: %v", got)
	}
	select {
	case <-asked:
	case <-time.After(resultTime):
		t.Fatal("the source was not asked")
	}
	c.Kill()
	<-c.Ended()
	r := startService(t, func(cfg *Config, _ *Runtime) { cfg.Data.Dir, cfg.DICOM.Sources = filepath.Join(dir, "data"), sources })
	if rec := r.await(t, s, 1); rec.Latest.Slices != s.slices {
		t.Errorf("%d slices", rec.Latest.Slices)
	}
}

// hangsOnce stands before a service and never answers the first request; asked tells of it.
func hangsOnce(t *testing.T, there *running) (address string, asked <-chan struct{}) {
	t.Helper()
	target, err := url.Parse("http://" + there.HTTPAddr)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	first := make(chan struct{}, 1)
	var once sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hang := false
		once.Do(func() { hang = true })
		if !hang {
			forward.ServeHTTP(w, r)
			return
		}
		first <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	return server.URL, first
}
