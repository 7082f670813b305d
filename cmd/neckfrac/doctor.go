package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/neckfrac/neckfrac/models/onnx"
	"github.com/neckfrac/neckfrac/pipeline/pixel/openjpeg"
)

// DoctorCmd checks what the service needs.
type DoctorCmd struct {
	Config string `help:"YAML file." type:"existingfile" placeholder:"FILE"`
}

// finding is one line of the doctor: what was looked at, what was seen, what to do.
type finding struct {
	what, seen, next string
	bad              bool
}

// Run prints a line per check and fails when one is bad.
func (c DoctorCmd) Run(rt *Runtime) error {
	cfg, err := LoadConfig(c.Config, rt.Environ)
	if err != nil {
		fmt.Fprintf(rt.Stdout, "FAULT  configuration   %v\n", err)
		return &exitError{exitUsage, "the configuration must be mended first"}
	}
	checks := []func(*Runtime, Config) finding{checkLibrary, checkJPEG2000, checkPack, checkDisk, checkIdentity}
	bad := 0
	for _, check := range checks {
		bad += report(rt, check(rt, cfg))
	}
	for _, p := range []struct{ key, addr string }{{"dicom.addr", cfg.DICOM.Addr}, {"http.addr", cfg.HTTP.Addr}, {"admin.addr", cfg.Admin.Addr}} {
		bad += report(rt, checkPort(rt.Context, p.key, p.addr, cfg.Admin.Addr))
	}
	for _, row := range cfg.DICOM.Sources {
		bad += report(rt, checkSource(rt.Context, cfg, row))
	}
	if bad > 0 {
		return &exitError{exitFailed, fmt.Sprintf("%d checks failed", bad)}
	}
	return nil
}

func report(rt *Runtime, f finding) int {
	word, n := "ok    ", 0
	if f.bad {
		word, n = "FAULT ", 1
	}
	fmt.Fprintf(rt.Stdout, "%s %-15s %s\n", word, f.what, f.seen)
	if f.bad && f.next != "" {
		fmt.Fprintf(rt.Stdout, "       %-15s → %s\n", "", f.next)
	}
	return n
}

func checkLibrary(rt *Runtime, _ Config) finding {
	f := finding{what: "onnx runtime", next: "make setup, or set NECKFRAC_ORT to a libonnxruntime of version 1.24 or newer"}
	path, err := onnx.FindLibrary(rt.ORTLib)
	if err != nil {
		f.seen, f.bad = err.Error(), true
		return f
	}
	version, err := onnx.Load(path)
	if err != nil {
		f.seen, f.bad = err.Error(), true
		return f
	}
	f.seen = version + " in " + path
	return f
}

// checkJPEG2000 is no fault where the library is missing: such images are then not
// accepted, and all else is.
func checkJPEG2000(*Runtime, Config) finding {
	f := finding{what: "jpeg 2000"}
	version, err := openjpeg.Available()
	if err != nil {
		f.seen = "not decoded, so not accepted: " + err.Error() + "; on Debian apt-get install libopenjp2-7"
		return f
	}
	f.seen = "OpenJPEG " + version
	if openjpeg.HighThroughput() {
		f.seen += ", HTJ2K too"
	}
	return f
}

// checkPack loads the pack as the runner will, which runs its self-test.
func checkPack(rt *Runtime, cfg Config) finding {
	f := finding{what: "model pack", next: "check models.pack and models.trusted_keys, or get the pack again"}
	path, err := cfg.packPath()
	if err == nil && path == "" {
		f.seen = "none: every study will end as not analysed (no-pack)"
		return f
	}
	if err != nil {
		f.seen, f.bad = err.Error(), true
		return f
	}
	p, err := openPack(path, cfg.Models.TrustedKeys)
	if err != nil {
		f.seen, f.bad = err.Error(), true
		return f
	}
	defer p.Close()
	id := p.ID()
	f.seen = fmt.Sprintf("%s %s, domain %s, signature good, in %s", id.ID, id.Version, id.Domain, path)
	o, err := onnx.Open(p, onnx.Options{Library: rt.ORTLib, Threads: cfg.Models.Threads, Device: onnx.Device(cfg.Models.Device)})
	if err != nil {
		f.seen, f.bad, f.next = f.seen+"; "+err.Error(), true, "see the line of onnx runtime, models.device, and the pack's card"
		return f
	}
	defer o.Close()
	f.seen += fmt.Sprintf("; runs on %s", o.Device())
	if p.Manifest().SelfTest == nil {
		f.seen += ", has no self-test"
	} else {
		f.seen += ", self-test passed"
	}
	return f
}

// checkDisk looks at the folder that is or would be the data directory.
func checkDisk(_ *Runtime, cfg Config) finding {
	f := finding{what: "data directory", next: "free disk space, or set data.dir to a folder that this user may write"}
	dir, err := filepath.Abs(cfg.Data.Dir)
	if err != nil {
		f.seen, f.bad = err.Error(), true
		return f
	}
	at := dir
	for {
		if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
			break
		}
		at = filepath.Dir(at)
	}
	var st syscall.Statfs_t
	if err := syscall.Statfs(at, &st); err != nil {
		f.seen, f.bad = err.Error(), true
		return f
	}
	free := st.Bavail * uint64(st.Bsize)
	f.seen = fmt.Sprintf("%s, %d GB free", dir, free>>30)
	if free < 2*minFree {
		f.bad = true
	}
	probe, err := os.CreateTemp(at, ".neckfrac-doctor-")
	if err != nil {
		f.seen, f.bad = err.Error(), true
		return f
	}
	probe.Close()
	os.Remove(probe.Name())
	return f
}

// checkIdentity says whether cards can name anybody.
func checkIdentity(_ *Runtime, cfg Config) finding {
	f := finding{what: "identity table"}
	if len(cfg.Identity) == 0 {
		f.seen = "empty: no CDS card is shown and reports carry no patient identifier; add identity rows to change that"
		return f
	}
	f.seen = fmt.Sprintf("%d issuers, %d CDS clients", len(cfg.Identity), len(cfg.CDS.Clients))
	return f
}

// checkPort accepts a taken port where the service itself answers on the admin address.
func checkPort(ctx context.Context, key, addr, admin string) finding {
	f := finding{what: key, seen: addr + " is free", next: "stop what listens there, or set " + key}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		if alive(ctx, admin) {
			f.seen = addr + " is in use by the running service"
			return f
		}
		f.seen, f.bad = addr+" is taken", true
		return f
	}
	l.Close()
	return f
}

// alive asks the admin listener whether a neckfrac serves there.
func alive(ctx context.Context, admin string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	rq, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/livez", nil)
	if err != nil {
		return false
	}
	rs, err := http.DefaultClient.Do(rq)
	if err != nil {
		return false
	}
	rs.Body.Close()
	return rs.StatusCode == http.StatusOK
}
