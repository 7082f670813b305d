package main

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestWADOSourceIsShownNewCertificates: the files of dicom.tls are replaced while the
// service runs, and what is signed by others is not believed.
func TestWADOSourceIsShownNewCertificates(t *testing.T) {
	t.Parallel()
	files := newCertFiles(t)
	authorities := x509.NewCertPool()
	authorities.AddCert(files.ca)
	shown := make(chan int64, 1)
	pacs := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown <- r.TLS.PeerCertificates[0].SerialNumber.Int64()
		w.WriteHeader(http.StatusNoContent)
	}))
	own, err := tls.LoadX509KeyPair(files.path("ct1.pem"), files.path("ct1.key"))
	if err != nil {
		t.Fatal(err)
	}
	pacs.TLS = &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authorities}
	pacs.Config.SetKeepAlivesEnabled(false)
	pacs.StartTLS()
	t.Cleanup(pacs.Close)

	cfg := DefaultConfig()
	cfg.DICOM.TLS = files.config()
	cfg.DICOM.TLS.Reload = time.Nanosecond
	row := SourceConfig{AE: "PACS", Method: methodWADO, TLS: "required", URL: pacs.URL}
	source, err := cfg.source(row, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"at the start", "after new files"} {
		files.issue("neckfrac")
		if _, err := source.List(t.Context(), "1.2.3"); err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if got := <-shown; got != files.next {
			t.Errorf("%s: certificate %d shown, want %d", when, got, files.next)
		}
	}
	foreign := newCertFiles(t)
	cfg.DICOM.TLS.CA = foreign.path("ca.pem")
	if source, err = cfg.source(row, nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := source.List(t.Context(), "1.2.3"); err == nil {
		t.Error("a source of an unknown authority was believed")
	}
}
