package main

import (
	"context"
	"fmt"
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
	cfg, err := LoadConfig(c.Config, rt.Environ)
	if err != nil {
		return err
	}
	if c.Data != "" {
		cfg.Data.Dir = c.Data
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
	select {
	case <-rt.Context.Done():
	case err = <-s.Failed:
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(rt.Context), shutdownTime)
	defer cancel()
	if serr := s.Stop(ctx); err == nil {
		err = serr
	}
	return err
}
