package main

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
)

func peer(ae string) PeerConfig { return PeerConfig{AE: ae, CIDR: "127.0.0.0/8", TLS: "off"} }

// associate is nil where the service admits the AE title.
func associate(t *testing.T, addr, ae string) (*dicomnet.Client, error) {
	t.Helper()
	cfg := clientConfig("NECKFRAC")
	cfg.CallingAETitle = ae
	c, err := dicomnet.Dial(t.Context(), addr, cfg)
	if err == nil {
		t.Cleanup(func() { c.Abort() })
	}
	return c, err
}

func wantAdmitted(t *testing.T, addr, ae string, want bool) {
	t.Helper()
	_, err := associate(t, addr, ae)
	var reject *dicomnet.RejectError
	if (err == nil) != want || err != nil && (!errors.As(err, &reject) || *reject != *dicomnet.RejectCallingAE) {
		t.Errorf("%s: %v, want admitted %v", ae, err, want)
	}
}

// TestPeersAreReloaded: who may associate from now on; who has associated goes on.
func TestPeersAreReloaded(t *testing.T) {
	t.Parallel()
	r := startService(t, func(c *Config, _ *Runtime) { c.DICOM.Peers = []PeerConfig{peer("CT1")} })
	open, err := associate(t, r.DICOMAddr, "CT1")
	if err != nil {
		t.Fatal(err)
	}
	wantAdmitted(t, r.DICOMAddr, "CT2", false)
	next := r.cfg
	next.DICOM.Peers = []PeerConfig{peer("CT2")}
	if err := r.Reload(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	wantAdmitted(t, r.DICOMAddr, "CT1", false)
	wantAdmitted(t, r.DICOMAddr, "CT2", true)
	if err := open.Echo(t.Context()); err != nil {
		t.Errorf("the association of before: %v", err)
	}
	// What may not start may not be reloaded either, nor rows that need what is not in use.
	files := newCertFiles(t)
	secure := peer("CT3")
	secure.TLS, secure.Certificate = "required", []string{"dns:ct1"}
	for name, change := range map[string]func(*Config){
		"no range":                  func(c *Config) { c.DICOM.Peers = []PeerConfig{{AE: "CT3", TLS: "off"}} },
		"another key is wrong":      func(c *Config) { c.DICOM.Peers, c.Profile = []PeerConfig{peer("CT3")}, "clinical" },
		"TLS that is not listening": func(c *Config) { c.DICOM.Peers, c.DICOM.TLS = []PeerConfig{secure}, files.config() },
	} {
		bad := r.cfg
		change(&bad)
		if err := r.Reload(t.Context(), bad); neckfrac.KindOf(err) != neckfrac.Invalid {
			t.Errorf("%s: %v", name, err)
		}
		wantAdmitted(t, r.DICOMAddr, "CT2", true)
		wantAdmitted(t, r.DICOMAddr, "CT3", false)
	}
	// A change beside the peers is told, and the peers are taken.
	other := r.cfg
	other.DICOM.Peers, other.Site.Name = []PeerConfig{peer("CT1"), peer("CT2")}, "another"
	if err := r.Reload(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	wantAdmitted(t, r.DICOMAddr, "CT1", true)
	if !strings.Contains(r.log.String(), "the rest waits for a restart") {
		t.Error("nobody is told that the rest waits for a restart")
	}
	// Without rows it is loopback's own again, as at a start.
	other.DICOM.Peers = nil
	if err := r.Reload(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	wantAdmitted(t, r.DICOMAddr, "ANYBODY", true)
}

// TestHangupReloadsPeers sends SIGHUP to a service of its own process.
func TestHangupReloadsPeers(t *testing.T) {
	t.Parallel()
	config := configFile(t, noPack)
	b, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	b = []byte(strings.Replace(string(b), "dicom:\n", "dicom:\n  peers: [{ae: CT1, cidr: 127.0.0.0/8, tls: \"off\"}]\n", 1))
	if err := os.WriteFile(config, b, 0o600); err != nil {
		t.Fatal(err)
	}
	c := startChild(t, config)
	wantAdmitted(t, c.dicom, "CT1", true)
	wantAdmitted(t, c.dicom, "CT2", false)
	hangup := func(text, says string) {
		t.Helper()
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(c.PID(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for end := time.Now().Add(resultTime); !strings.Contains(c.Log(), says); <-tick.C {
			if time.Now().After(end) {
				t.Fatalf("%q is not in the log:\n%s", says, c.Log())
			}
		}
	}
	hangup(strings.Replace(string(b), "CT1", "CT2", 1), "peers reloaded")
	wantAdmitted(t, c.dicom, "CT2", true)
	wantAdmitted(t, c.dicom, "CT1", false)
	hangup("dicom: {peers: [", "configuration not reloaded")
	wantAdmitted(t, c.dicom, "CT2", true)
	c.stop(t)
}
