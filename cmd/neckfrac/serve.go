package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/neckfrac/neckfrac"
)

// ServeCmd runs the service.
type ServeCmd struct {
	Config      string `help:"YAML file." type:"existingfile" placeholder:"FILE"`
	Data        string `help:"Data directory (data.dir)." placeholder:"DIR"`
	PrintConfig bool   `help:"Print the effective configuration and exit."`
}

// shutdownTime is how long associations and the job in hand may take to end.
const shutdownTime = 15 * time.Second

// Run serves until the context ends.
func (c ServeCmd) Run(rt *Runtime) error {
	cfg, err := c.load(rt)
	if err != nil {
		return err
	}
	if c.PrintConfig {
		return PrintConfig(rt.Stdout, cfg)
	}
	s, err := StartService(rt.Context, rt, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(rt.Stderr, "neckfrac: DICOM %s on %s · page http://%s/ · FHIR http://%s/fhir · metrics http://%s/metrics\n",
		cfg.DICOM.AET, s.DICOMAddr, s.HTTPAddr, s.HTTPAddr, s.AdminAddr)
	if s.tls != nil {
		fmt.Fprintf(rt.Stderr, "neckfrac: DICOM over TLS on %s, certificate until %s\n", s.DICOMTLSAddr, s.tls.NotAfter().UTC().Format(time.DateTime))
	}
	fmt.Fprintf(rt.Stderr, "neckfrac: profile %s. %s\n", cfg.Profile, neckfrac.ResearchUse)
	err = c.wait(rt, s)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(rt.Context), shutdownTime)
	defer cancel()
	if serr := s.Stop(ctx); err == nil {
		err = serr
	}
	return err
}

// load reads the configuration, with the flags over it.
func (c ServeCmd) load(rt *Runtime) (Config, error) {
	cfg, err := LoadConfig(c.Config, rt.Environ)
	if c.Data != "" {
		cfg.Data.Dir = c.Data
	}
	return cfg, err
}

// wait returns when the service is to end, with the error of a listener that ended. Each
// Reload on the way reads the configuration again.
func (c ServeCmd) wait(rt *Runtime, s *Service) error {
	var reload <-chan os.Signal
	if rt.Reload != nil {
		reload = rt.Reload()
	}
	for {
		select {
		case <-rt.Context.Done():
			return nil
		case err := <-s.Failed:
			return err
		case <-reload:
			cfg, err := c.load(rt)
			if err == nil {
				err = s.Reload(rt.Context, cfg)
			}
			if err != nil {
				s.log.Error("configuration not reloaded, the old one stays in use", "kind", neckfrac.KindOf(err), "err", err)
			}
		}
	}
}
