package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// run runs a command line and returns its exit code and what it wrote.
func run(t *testing.T, environ []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	// A service that should have refused is stopped by the deadline.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code = Run(args, Runtime{Context: ctx, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Environ: environ})
	return code, out.String(), errs.String()
}

// oneLine wants a failure that is told in one line which has the words.
func oneLine(t *testing.T, code, want int, stderr string, words ...string) {
	t.Helper()
	if code != want {
		t.Errorf("exit code %d, want %d: %s", code, want, stderr)
	}
	if strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "neckfrac: ") {
		t.Errorf("want one line: %q", stderr)
	}
	for _, w := range words {
		if !strings.Contains(stderr, w) {
			t.Errorf("%q does not say %q", stderr, w)
		}
	}
}

// configFile writes a configuration with free ports and data below a scratch folder.
func configFile(t *testing.T, more string) string {
	t.Helper()
	dir := t.TempDir()
	text := "dicom:\n  addr: 127.0.0.1:0\nhttp:\n  addr: 127.0.0.1:0\nadmin:\n  addr: 127.0.0.1:0\nlog:\n  level: error\ndata:\n  dir: " + filepath.Join(dir, "data") + "\n" + more
	file := filepath.Join(dir, "neckfrac.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const noPack = "models:\n  pack: none\n"

func TestSecondServiceOnTheSameDataIsRefused(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	file := configFile(t, noPack)
	code, _, stderr := run(t, nil, "serve", "--config", file, "--data", r.cfg.Data.Dir)
	oneLine(t, code, exitFailed, stderr, "in use by another neckfrac", r.cfg.Data.Dir)
	get(t, "http://"+r.AdminAddr+"/livez")
}

func TestTakenPortIsNamed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, key := range []string{"dicom.addr", "http.addr", "admin.addr"} {
		env := "NECKFRAC_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_")) + "=" + l.Addr().String()
		code, _, stderr := run(t, []string{env}, "serve", "--config", configFile(t, noPack))
		oneLine(t, code, exitFailed, stderr, key, l.Addr().String())
	}
}

func TestDataFolderThatCanNotBeMade(t *testing.T) {
	t.Parallel()
	file := configFile(t, noPack)
	code, _, stderr := run(t, nil, "serve", "--config", file, "--data", filepath.Join(file, "data"))
	oneLine(t, code, exitFailed, stderr, "data.dir")
}

// damagedPacks are folders that are no pack, by what is wrong with them.
func damagedPacks(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	make := func(name string, files map[string]string) string {
		p := filepath.Join(dir, name)
		if err := os.Mkdir(p, 0o700); err != nil {
			t.Fatal(err)
		}
		for f, text := range files {
			if err := os.WriteFile(filepath.Join(p, f), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return p
	}
	manifest := `{"schema":1,"id":"x","version":"1"}`
	return map[string]string{
		"missing":       filepath.Join(dir, "nowhere"),
		"empty":         make("empty", nil),
		"no signature":  make("unsigned", map[string]string{"manifest.json": manifest}),
		"bad signature": make("badly-signed", map[string]string{"manifest.json": manifest, "manifest.json.sig": strings.Repeat("A", ed25519.SignatureSize)}),
		"garbage":       make("garbage", map[string]string{"manifest.json": "\x00\x01garbage"}),
	}
}

func TestDamagedPackIsRefusedInOneLine(t *testing.T) {
	t.Parallel()
	study := t.TempDir()
	newStudy(1).write(t, study)
	for name, pack := range damagedPacks(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := []string{"NECKFRAC_MODELS_PACK=" + pack}
			for _, args := range [][]string{{"serve", "--config", configFile(t, "")}, {"analyze", study, "--pack", pack}, {"pack", "verify", pack}} {
				code, _, stderr := run(t, env, args...)
				if code == exitOK {
					t.Errorf("%v: accepted", args)
				}
				oneLine(t, code, code, stderr, "pack")
			}
		})
	}
}

func TestUnreadableInputIsOneLine(t *testing.T) {
	t.Parallel()
	empty, missing := t.TempDir(), filepath.Join(t.TempDir(), "missing")
	text := filepath.Join(empty, "readme.txt")
	if err := os.WriteFile(text, []byte("no DICOM here"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, says string }{
		"missing": {missing, "no such file"}, "no DICOM": {empty, "no DICOM"}, "a text": {text, "no DICOM"},
	} {
		for _, command := range [][]string{{"send", "127.0.0.1:1"}, {"analyze"}} {
			code, _, stderr := run(t, nil, append(command, c.path)...)
			t.Log(name, command)
			oneLine(t, code, exitFailed, stderr, c.says)
		}
	}
}

func TestSendToNobodyIsOneLine(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	newStudy(1).write(t, dir)
	code, _, stderr := run(t, nil, "send", addr, dir)
	oneLine(t, code, exitFailed, stderr, addr, "is it running")
}

func TestSendReachesTheService(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	s, dir := newStudy(1), t.TempDir()
	s.write(t, dir)
	code, stdout, stderr := run(t, nil, "send", r.DICOMAddr, dir)
	if code != exitOK || !strings.Contains(stdout, "24 of 24 objects stored") {
		t.Fatalf("exit %d: %s %s", code, stdout, stderr)
	}
	r.await(t, s, 1)
	code, _, stderr = run(t, nil, "send", "--called", "SOMEBODY", r.DICOMAddr, dir)
	oneLine(t, code, exitFailed, stderr, r.DICOMAddr)
}

// commands walks the command tree.
func commands(n *kong.Node, path []string, visit func(path []string)) {
	for _, c := range n.Children {
		if c.Hidden || c.Type != kong.CommandNode {
			continue
		}
		p := append(path[:len(path):len(path)], c.Name)
		visit(p)
		commands(c, p, visit)
	}
}

func TestHelpOfEveryCommandHasAnExample(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&CLI{}, kong.Name("neckfrac"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	commands(parser.Model.Node, nil, func(path []string) {
		seen++
		code, stdout, stderr := run(t, nil, append(path, "--help")...)
		if code != exitOK || stderr != "" {
			t.Errorf("%v: exit %d: %s", path, code, stderr)
		}
		if words := strings.Join(strings.Fields(stdout), " "); !strings.Contains(words, "Example: neckfrac "+strings.Join(path, " ")) {
			t.Errorf("%v --help has no example:\n%s", path, stdout)
		}
	})
	if seen < 12 {
		t.Errorf("only %d commands found", seen)
	}
	if code, stdout, _ := run(t, nil); code != exitOK || !strings.Contains(stdout, "serve") {
		t.Errorf("no command: exit %d: %s", code, stdout)
	}
}

func TestWrongUsageExitsWith2(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"sevre"}, {"serve", "--prot", "1"}, {"send", "x"}, {"serve", "--config", "/nonexistent.yaml"}} {
		code, _, stderr := run(t, nil, args...)
		oneLine(t, code, exitUsage, stderr)
	}
	// A runner takes its socket from the parent, so this one has to be a process.
	var stderr bytes.Buffer
	byHand := exec.CommandContext(t.Context(), os.Args[0], "run-job", "--pack", "x")
	byHand.Env, byHand.Stderr = []string{roleEnv + "=" + rolePlain}, &stderr
	if err := byHand.Run(); err == nil {
		t.Error("run-job by hand: accepted")
	}
	oneLine(t, byHand.ProcessState.ExitCode(), exitUsage, stderr.String(), "not by hand")
}

func TestPrintedConfigReadsBack(t *testing.T) {
	t.Parallel()
	full := DefaultConfig()
	full.Profile, full.ProfileChange = "triage", ProfileChangeConfig{By: `Dr. "Q" O'Neil`, Reason: "a: b # c"}
	full.DICOM.Addr, full.DICOM.Peers = "0.0.0.0:104", []PeerConfig{{AE: "SCANNER1", CIDR: "192.0.2.10/32", Addr: "192.0.2.10:104", TLS: "off", Issuer: "HOSPITAL"},
		{AE: "SCANNER2", CIDR: "2001:db8::/64", TLS: "required", Certificate: []string{"dns:scanner2.example.org", "cn:CT: 2"}}}
	full.DICOM.StorageClasses, full.DICOM.TransferSyntaxes = []string{"1.2.840.10008.5.1.4.1.1.4"}, []string{"all", "jpeg-baseline"}
	full.DICOM.Commitment.SCP, full.Retention.CommittedDays = true, 3650
	full.DICOM.TLS = DICOMTLSConfig{Addr: "0.0.0.0:2762", Cert: "/etc/n/cert.pem", Key: "/etc/n/key.pem", CA: "/etc/n/ca.pem", MinVersion: "1.3", Reload: time.Minute}
	full.Study.Quiet, full.Result.Overdue = 1500000000, 90000000000
	full.Models = ModelsConfig{Pack: "none", TrustedKeys: []string{"/etc/a.pub", "b c.pub"}, Threads: 3}
	full.Identity = []IdentityConfig{{"HOSPITAL", "urn:oid:1.2", "H", "https://ehr.example.org/fhir"}}
	full.CDS.Clients = []CDSClientConfig{{"ehr", "https://ehr.example.org/fhir", []string{"HOSPITAL", "CLINIC"}, true}}
	for name, want := range map[string]Config{"default": DefaultConfig(), "full": full} {
		var text bytes.Buffer
		if err := PrintConfig(&text, want); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		code, printed, stderr := run(t, nil, "serve", "--config", file, "--print-config")
		if code != exitOK || printed != text.String() {
			t.Fatalf("%s: exit %d %s\ngot\n%s\nwant\n%s", name, code, stderr, printed, text.String())
		}
		got, err := LoadConfig(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := asJSON(t, got), asJSON(t, want); a != b {
			t.Errorf("%s: read back %s, want %s", name, a, b)
		}
	}
}

// asJSON compares configurations in which nil and empty lists are the same.
func asJSON(t *testing.T, c Config) string {
	t.Helper()
	v := reflect.ValueOf(&c).Elem()
	emptyLists(v)
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func emptyLists(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			emptyLists(v.Field(i))
		}
	case reflect.Slice:
		if v.Len() == 0 {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		for i := range v.Len() {
			emptyLists(v.Index(i))
		}
	}
}
