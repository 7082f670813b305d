package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
)

// TestStartTruthTable pins what may start: a wider bind, a profile or a peer list is
// refused unless all that it needs is stated (contract.md, Ports and config).
func TestStartTruthTable(t *testing.T) {
	t.Parallel()
	const (
		change = "profile_change: {by: A, reason: B}\n"
		peers  = "peers: [{ae: CT1, cidr: 192.0.2.1/32, tls: \"off\"}]"
		secure = "tls: {cert: a, key: b, ca: c}"
	)
	for _, c := range []struct {
		name, yaml string
		env        []string
		says       string // "" starts
	}{
		{name: "defaults"},
		{name: "loopback by name", yaml: "http: {addr: 'localhost:8080'}"},
		{name: "loopback of IPv6", yaml: "dicom: {addr: '[::1]:11112'}"},
		{name: "DICOM wider, no peers", yaml: "dicom: {addr: '0.0.0.0:11112'}", says: "peers:"},
		{name: "DICOM on every address by default", yaml: "dicom: {addr: ':11112'}", says: "peers:"},
		{name: "DICOM wider by environment", env: []string{"NECKFRAC_DICOM_ADDR=192.0.2.7:104"}, says: "peers:"},
		{name: "DICOM wider with peers", yaml: "dicom: {addr: '0.0.0.0:11112', " + peers + "}"},
		{name: "HTTP wider", yaml: "http: {addr: '0.0.0.0:8080'}", says: "login"},
		{name: "HTTP wider although DICOM has peers", yaml: "http: {addr: '0.0.0.0:8080'}\ndicom: {" + peers + "}", says: "http.addr"},
		{name: "admin wider", yaml: "admin: {addr: '0.0.0.0:9090'}", says: "admin.addr"},
		{name: "a name that is not ours", yaml: "http: {addr: 'example.org:80'}", says: "http.addr"},
		{name: "no port", yaml: "http: {addr: '127.0.0.1'}", says: "host:port"},
		{name: "peer without TLS word", yaml: "dicom: {peers: [{ae: CT1, cidr: 192.0.2.1/32}]}", says: "tls"},
		{name: "peer with TLS, no listener", yaml: "dicom: {peers: [{ae: CT1, cidr: 192.0.2.1/32, tls: required, certificate: 'dns:ct1'}]}", says: "set dicom.tls.cert"},
		{name: "peer with TLS", yaml: "dicom: {" + secure + ", peers: [{ae: CT1, cidr: 192.0.2.1/32, tls: required, certificate: 'dns:ct1'}]}"},
		{name: "peer with two certificates", yaml: "dicom: {" + secure + ", peers: [{ae: CT1, cidr: 192.0.2.1/32, tls: required, certificate: ['dns:ct1', 'cn:CT1']}]}"},
		{name: "peer with TLS, any certificate", yaml: "dicom: {" + secure + ", peers: [{ae: CT1, cidr: 192.0.2.1/32, tls: required}]}", says: "dicom.peers.certificate"},
		{name: "peer with a wildcard", yaml: "dicom: {" + secure + ", peers: [{ae: CT1, cidr: 192.0.2.1/32, tls: required, certificate: 'dns:*.example.org'}]}", says: "without wildcards"},
		{name: "certificate of a plain peer", yaml: "dicom: {" + secure + ", peers: [{ae: CT1, cidr: 192.0.2.1/32, tls: \"off\", certificate: 'dns:ct1'}]}", says: "dicom.peers.certificate"},
		{name: "peer with TLS if it likes", yaml: "dicom: {" + secure + ", peers: [{ae: CT1, cidr: 192.0.2.1/32, tls: optional}]}", says: "want required"},
		{name: "TLS on loopback, no peers", yaml: "dicom: {" + secure + "}"},
		{name: "TLS without key", yaml: "dicom: {tls: {cert: a, ca: c}}", says: "go together"},
		{name: "TLS without authorities", yaml: "dicom: {tls: {cert: a, key: b}}", says: "go together"},
		{name: "TLS 1.1", yaml: "dicom: {tls: {cert: a, key: b, ca: c, min_version: 1.1}}", says: "min_version"},
		{name: "TLS 1.3 as a number", yaml: "dicom: {tls: {cert: a, key: b, ca: c, min_version: 1.3}}"},
		{name: "TLS that never looks", yaml: "dicom: {tls: {cert: a, key: b, ca: c, reload: 0s}}", says: "dicom.tls.reload"},
		{name: "TLS without a port", yaml: "dicom: {tls: {cert: a, key: b, ca: c, addr: localhost}}", says: "dicom.tls.addr"},
		{name: "TLS wider, no peers", yaml: "dicom: {tls: {cert: a, key: b, ca: c, addr: '0.0.0.0:2762'}}", says: "tls: required"},
		{name: "TLS wider, no certificate", yaml: "dicom: {tls: {addr: '0.0.0.0:2762'}, " + peers + "}", says: "needs dicom.tls.cert"},
		{name: "TLS wider by environment", env: []string{"NECKFRAC_DICOM_TLS_ADDR=192.0.2.7:2762", "NECKFRAC_DICOM_TLS_CERT=a", "NECKFRAC_DICOM_TLS_KEY=b", "NECKFRAC_DICOM_TLS_CA=c"}, says: "peers:"},
		{name: "TLS wider with peers", yaml: "dicom: {tls: {cert: a, key: b, ca: c, addr: '0.0.0.0:2762'}, " + peers + "}"},
		{name: "peer without range", yaml: "dicom: {peers: [{ae: CT1, tls: \"off\"}]}", says: "cidr"},
		{name: "peer without title", yaml: "dicom: {peers: [{cidr: 192.0.2.1/32, tls: \"off\"}]}", says: "ae"},
		{name: "login of another version", yaml: "auth: {mode: oidc}", says: "auth.mode"},
		{name: "triage, nobody named", yaml: "profile: triage", says: "profile_change"},
		{name: "reading, no reason", yaml: "profile: reading\nprofile_change: {by: A}", says: "profile_change"},
		{name: "reading, named and reasoned", yaml: "profile: reading\n" + change},
		{name: "unknown profile", yaml: "profile: clinical\n" + change, says: "research, triage or reading"},
		{name: "two loopback EHRs", yaml: "cds: {clients: [{fhir_server: a, loopback: true}, {fhir_server: b, loopback: true}]}", says: "only one"},
		{name: "EHR without a server", yaml: "cds: {clients: [{iss: a}]}", says: "fhir_server"},
		{name: "AE title too long", yaml: "dicom: {aet: ABCDEFGHIJKLMNOPQ}", says: "dicom.aet"},
		{name: "no quiet time", yaml: "study: {quiet: 0s}", says: "study.quiet"},
		{name: "no ready time", yaml: "study: {ready: 0s}", says: "study.ready"},
		{name: "quiet time without a unit", yaml: "study: {quiet: soon}", says: "quiet"},
		{name: "unknown zone", yaml: "site: {timezone: Mars/Olympus}", says: "timezone"},
		{name: "unknown key", yaml: "dicom: {adr: '127.0.0.1:1'}", says: "adr"},
		{name: "unknown section", yaml: "dcom: {addr: '127.0.0.1:1'}", says: "dcom"},
		{name: "a class that is no UID", yaml: "dicom: {storage_classes: [MR]}", says: "dicom.storage_classes"},
		{name: "a class more", yaml: "dicom: {storage_classes: ['1.2.840.10008.5.1.4.1.1.4']}"},
		{name: "an unknown syntax", yaml: "dicom: {transfer_syntaxes: [jpeg]}", says: "dicom.transfer_syntaxes"},
		{name: "syntaxes", yaml: "dicom: {transfer_syntaxes: [all, jpeg-baseline]}"},
		{name: "requests", yaml: "dicom: {requests: {open_per_peer: 10, expiry: 24h, keep: 48h}}"},
		{name: "no open request", yaml: "dicom: {requests: {open_per_peer: 0}}", says: "dicom.requests.open_per_peer"},
		{name: "more open requests than all may have", yaml: "dicom: {requests: {open_per_peer: 10001}}", says: "1 to 10000"},
		{name: "requests that never end", yaml: "dicom: {requests: {expiry: 0s}}", says: "dicom.requests.expiry"},
		{name: "requests that are forgotten at once", yaml: "dicom: {requests: {keep: -1s}}", says: "dicom.requests.keep"},
		{name: "commitment without a promise", yaml: "dicom: {commitment: {scp: true}}", says: "committed_days: 3650"},
		{name: "commitment to nobody's address", yaml: "dicom: {commitment: {scp: true}, " + peers + "}\nretention: {committed_days: 30}", says: "addr: 192.0.2.10:104"},
		{name: "commitment", yaml: "dicom: {commitment: {scp: true}, peers: [{ae: CT1, cidr: 192.0.2.1/32, addr: '192.0.2.1:104', tls: \"off\"}]}\nretention: {committed_days: 30}"},
		{name: "commitment for no time", yaml: "retention: {committed_days: -1}", says: "retention.committed_days"},
		{name: "peer's address without a port", yaml: "dicom: {peers: [{ae: CT1, cidr: 192.0.2.1/32, addr: '192.0.2.1', tls: \"off\"}]}", says: "dicom.peers.addr"},
		{name: "key of another version", yaml: "retention: {images: 30d}", says: "retention"},
		{name: "unknown variable", env: []string{"NECKFRAC_DICOM_ADR=127.0.0.1:1"}, says: "NECKFRAC_DICOM_ADR"},
		{name: "reserved variables", env: []string{"NECKFRAC_ORT=/x", "NECKFRAC_REQUIRE_ORT=1", "NECKFRAC_SHARED=/y"}},
		{name: "a list by variable", env: []string{"NECKFRAC_DICOM_PEERS=x"}, says: "NECKFRAC_DICOM_PEERS"},
		{name: "a key twice", yaml: "study: {quiet: 5s}\nstudy: {quiet: 6s}", says: "already defined"},
		{name: "no YAML", yaml: "\t: :", says: "config"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "neckfrac.yaml")
			if err := os.WriteFile(file, []byte(c.yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			// The command line, up to the point where it would open anything.
			code, _, stderr := run(t, c.env, "serve", "--config", file, "--print-config")
			if c.says == "" {
				if code != exitOK {
					t.Fatalf("refused: %s", stderr)
				}
				return
			}
			if code != exitUsage || !strings.Contains(stderr, c.says) {
				t.Fatalf("exit %d, %q; want %d and %q", code, stderr, exitUsage, c.says)
			}
			// A refusal that prints lines to add may be longer; any other is one line.
			if !strings.Contains(stderr, "add:\n") {
				oneLine(t, code, exitUsage, stderr)
			}
		})
	}
}

func TestEnvironmentGoesOverTheFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "neckfrac.yaml")
	if err := os.WriteFile(file, []byte("study: {quiet: 5s}\nmodels: {threads: 1}\nsite: {name: Here}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := LoadConfig(file, []string{"NECKFRAC_STUDY_QUIET=7s", "NECKFRAC_MODELS_THREADS=2", "NECKFRAC_PROFILE=triage",
		"NECKFRAC_PROFILE_CHANGE_BY=A", "NECKFRAC_PROFILE_CHANGE_REASON=B", "PATH=/bin"})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Study.Quiet != 7*time.Second || cfg.Models.Threads != 2 || cfg.Profile != string(neckfrac.Triage) || cfg.Site.Name != "Here" || cfg.DICOM.AET != "NECKFRAC" {
		t.Errorf("got %+v", cfg)
	}
}

// TestDemoConfigMayStart keeps the demo's own profile change within the rules.
func TestDemoConfigMayStart(t *testing.T) {
	t.Parallel()
	if err := demoConfig(t.TempDir()).Validate(); err != nil {
		t.Error(err)
	}
}

// A service that is started from another folder must find the pack of its checkout: a
// path that goes through the program's own file name exists for nobody.
func TestShippedPackIsFoundFromAnyFolder(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	pack := filepath.Join(root, "models", "packs", "demo")
	for _, dir := range []string{pack, filepath.Join(root, "bin")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	exe := filepath.Join(root, "bin", "neckfrac")
	for _, f := range []string{exe, filepath.Join(pack, "manifest.json")} {
		if err := os.WriteFile(f, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(defaultPackDirs(exe)[0] + "/manifest.json"); err != nil {
		t.Errorf("the pack of the program's own checkout is not found: %v", err)
	}
}
