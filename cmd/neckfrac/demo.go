package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// DemoCmd walks two synthetic patients from C-STORE to report, card and page.
type DemoCmd struct {
	Seed uint64 `default:"4" help:"Chooses the two patients."`
	Keep bool   `help:"Leave the service running until interrupted."`
}

// demoFHIR is the identifier system and server that the demo's own EHR stands for.
const (
	demoSystem = "urn:neckfrac:demo:patient"
	demoEHR    = "http://127.0.0.1/demo-ehr"
	demoWait   = 3 * time.Minute
)

// Run starts the service in a scratch folder, sends, waits and prints.
func (c DemoCmd) Run(rt *Runtime) (err error) {
	dir, err := os.MkdirTemp("", "neckfrac-demo-")
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "demo", err)
	}
	defer func() {
		if err == nil {
			os.RemoveAll(dir)
			return
		}
		fmt.Fprintf(rt.Stderr, "neckfrac: the demo's service wrote %s\n", filepath.Join(dir, "service.log"))
	}()
	logFile, err := os.Create(filepath.Join(dir, "service.log"))
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "demo", err)
	}
	defer logFile.Close()
	service := *rt
	service.Stderr = logFile
	s, err := StartService(rt.Context, &service, demoConfig(dir))
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(rt.Context), shutdownTime)
		defer cancel()
		s.Stop(ctx)
	}()
	fmt.Fprintf(rt.Stdout, "%s\n%s\n\n", neckfrac.TestPatientMark, neckfrac.ResearchUse)
	fmt.Fprintf(rt.Stdout, "service: DICOM %s, page http://%s/\n", s.DICOMAddr, s.HTTPAddr)
	start := time.Now()
	studies := []struct {
		name string
		cfg  phantom.Config
	}{
		{"a patient with a fracture", phantom.Config{Seed: c.Seed, Mode: phantom.Forced, Fractures: demoFracture(c.Seed), Coverage: phantom.CoverageFull, Protocol: phantom.ProtocolDiagnostic}},
		{"a patient without one", phantom.Config{Seed: c.Seed + 1_000_000, Mode: phantom.Forced, Coverage: phantom.CoverageFull, Protocol: phantom.ProtocolDiagnostic}},
	}
	for i, st := range studies {
		if err := c.show(rt, s, st.name, st.cfg, filepath.Join(dir, fmt.Sprint(i))); err != nil {
			return err
		}
	}
	fmt.Fprintf(rt.Stdout, "both shown in %.0f s\n", time.Since(start).Seconds())
	if c.Keep {
		fmt.Fprintf(rt.Stdout, "page: http://%s/ (interrupt to stop)\n", s.HTTPAddr)
		<-rt.Context.Done()
	}
	return nil
}

// show makes, sends and follows one study.
func (c DemoCmd) show(rt *Runtime, s *Service, name string, cfg phantom.Config, dir string) error {
	p, err := phantom.Generate(cfg)
	if err != nil {
		return err
	}
	if err := p.WriteDICOM(dir, time.Now()); err != nil {
		return err
	}
	files, err := findDICOM([]string{dir})
	if err != nil {
		return err
	}
	fmt.Fprintf(rt.Stdout, "\n── %s (seed %d, truth: %s), %d slices by C-STORE\n", name, cfg.Seed, truthWords(p), len(files))
	quiet := *rt
	quiet.Stderr, quiet.Progress = io.Discard, false
	if _, err := sendFiles(rt.Context, &quiet, destination{addr: s.DICOMAddr, aet: "DEMO_CT", called: s.cfg.DICOM.AET}, files, nil); err != nil {
		return err
	}
	sent := time.Now()
	ctx, cancel := context.WithTimeout(rt.Context, demoWait)
	defer cancel()
	rec, err := s.await(ctx, files[0])
	if err != nil {
		return err
	}
	fmt.Fprintf(rt.Stdout, "   last slice acknowledged → result in %.1f s (study.quiet is %s)\n\n", time.Since(sent).Seconds(), s.cfg.Study.Quiet)
	if err := RenderText(rt.Stdout, *rec.Latest, time.UTC); err != nil {
		return err
	}
	return s.showOutputs(ctx, rt.Stdout, rec)
}

// truthWords says what the generator broke, for the person who reads the demo.
func truthWords(p *phantom.Study) string {
	for _, v := range neckfrac.Vertebrae() {
		if l := p.Truth.Levels[v]; l != nil && len(l.Fractures) > 0 {
			f := l.Fractures[0]
			return fmt.Sprintf("%v %s, gap %.1f mm, displaced %.1f mm", v, f.Type, f.WidthMM, f.DisplacementMM)
		}
	}
	return "unfractured"
}

// demoFracture picks a level and leaves the type to the generator's own shares.
func demoFracture(seed uint64) []phantom.FractureSpec {
	levels := neckfrac.Vertebrae()
	return []phantom.FractureSpec{{Level: levels[seed%neckfrac.Levels]}}
}

// demoConfig is the one profile change that needs no site: W13 keeps it to the
// generator's own patients.
func demoConfig(dir string) Config {
	cfg := DefaultConfig()
	cfg.DICOM.Addr, cfg.HTTP.Addr, cfg.Admin.Addr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Data.Dir = filepath.Join(dir, "data")
	cfg.Study.Quiet = 2 * time.Second
	cfg.Profile = string(neckfrac.Reading)
	cfg.ProfileChange = ProfileChangeConfig{By: "demo", Reason: "synthetic study"}
	cfg.Site.Name = "NeckFrac demonstration"
	cfg.Identity = []IdentityConfig{{Issuer: neckfrac.PhantomIssuer, FHIRSystem: demoSystem, FHIRServer: demoEHR}}
	cfg.CDS.Clients = []CDSClientConfig{{Issuer: "demo-ehr", FHIRServer: demoEHR, Issuers: []string{neckfrac.PhantomIssuer}, Loopback: true}}
	return cfg
}
