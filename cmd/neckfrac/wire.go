package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/api"
	"github.com/neckfrac/neckfrac/api/ui"
	cdshooks "github.com/neckfrac/neckfrac/cds-hooks"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
	"github.com/neckfrac/neckfrac/fhir"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// wireHTTP makes the API's and the operator's handlers.
func (s *Service) wireHTTP(bound net.Addr) error {
	public := s.cfg.HTTP.PublicURL
	if public == "" {
		public = "http://" + bound.String()
	}
	zone, err := time.LoadLocation(s.cfg.Site.Timezone)
	if err != nil {
		return configErr("site.timezone", "want an IANA name such as Europe/Berlin")
	}
	identities := s.cfg.identities()
	resources, err := fhir.New(fhir.Config{
		Site: fhir.Site{BaseURL: public + "/fhir", Organization: s.cfg.Site.Name, Identities: identities, Zone: zone, Software: softwareVersion()},
		Log:  s.log, Packs: s.packs(), OverdueAfter: s.cfg.Result.Overdue,
	}, s.db, s.blobs, s.db)
	if err != nil {
		return err
	}
	hooks, err := cdshooks.New(cdshooks.Config{
		PublicURL: public, Clients: s.cfg.cdsClients(), Identities: identities, Zone: zone, Log: s.log, Count: s.countHooks(),
	}, s.db, s.db)
	if err != nil {
		return err
	}
	web, err := s.dicomWeb(public)
	if err != nil {
		return err
	}
	server, err := api.New(api.Config{
		Records: s.db, Blobs: s.blobs, Page: ui.Files(), Profile: neckfrac.Profile(s.cfg.Profile), Zone: zone, PublicURL: public,
		OverdueAfter: s.cfg.Result.Overdue, Log: s.log, Registerer: s.metrics,
		Mounts: map[string]http.Handler{"/fhir": resources, "/cds-services": hooks, dicomWebPath: web},
	})
	if err != nil {
		return err
	}
	admin, err := api.NewAdmin(api.AdminConfig{Gatherer: s.metrics, Profiling: true, Ready: s.ready})
	if err != nil {
		return err
	}
	s.http, s.admin = api.NewHTTPServer(server.Handler()), api.NewHTTPServer(admin)
	return nil
}

// ready asks the ledger: without it nothing can be acknowledged.
func (s *Service) ready(ctx context.Context) error {
	_, err := s.db.Find(ctx, neckfrac.StudyQuery{Limit: 1})
	return err
}

// packs lists the installed pack, so that its Device can be read before a report.
func (s *Service) packs() []neckfrac.PackID {
	if s.pack.id.Digest == "" {
		return nil
	}
	return []neckfrac.PackID{s.pack.id}
}

// countHooks counts how calls of the CDS services ended.
func (s *Service) countHooks() func(cdshooks.Event) {
	calls := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "neckfrac_cds_calls_total", Help: "CDS Hooks calls by how they ended."}, []string{"event"})
	s.metrics.MustRegister(calls)
	return func(e cdshooks.Event) { calls.WithLabelValues(string(e)).Inc() }
}

// wireDICOM makes the storage SCP.
func (s *Service) wireDICOM() error {
	services, err := s.services()
	if err != nil {
		return err
	}
	if s.cfg.DICOM.Commitment.SCP {
		services = append(services, scp.CommitmentService())
	}
	if len(s.cfg.DICOM.Sources) > 0 {
		services = append(services, scp.AvailabilityService())
	}
	backend, err := s.storage()
	if err != nil {
		return err
	}
	s.dicom, err = dicomnet.NewServer(backend, dicomnet.Config{
		Services: services, Admit: admitWithRoom(s.blobs.Room, s.admit), Logger: s.log,
		Limits:                 dicomnet.Limits{MaxAssociations: s.cfg.DICOM.MaxAssociations, MaxAssociationsPerPeer: s.cfg.DICOM.perPeer()},
		ImplementationClassUID: scp.ImplementationClassUID, ImplementationVersionName: scp.ImplementationVersionName,
	})
	return err
}

// storage is what receives: one for associations, the web and what is fetched, since what
// large headers may take of the memory is counted in it.
func (s *Service) storage() (_ *scp.Backend, err error) {
	if s.received != nil {
		return s.received, nil
	}
	zone, err := time.LoadLocation(s.cfg.Site.Timezone)
	if err != nil {
		return nil, configErr("site.timezone", "want an IANA name such as Europe/Berlin")
	}
	cfg := scp.Config{
		AETitle: neckfrac.AETitle(s.cfg.DICOM.AET), Rules: s.cfg.rules(), Zone: zone, Log: s.log,
		Receiver: &pipeline.Receiver{Blobs: s.blobs, Intake: s.db}, Room: s.blobs.Room,
	}
	if s.cfg.DICOM.Commitment.SCP {
		cfg.Commitments = s.db
	}
	if len(s.cfg.DICOM.Sources) > 0 {
		cfg.Retrievals, cfg.Sources = s.db, s.cfg.sourceTitles()
		if cfg.Supported, err = s.cfg.supported(); err != nil {
			return nil, err
		}
	}
	s.received, err = scp.New(cfg)
	return s.received, err
}

const dicomWebPath = "/dicom-web"

// dicomWeb is the Studies service over the same storage as the associations'.
func (s *Service) dicomWeb(public string) (http.Handler, error) {
	backend, err := s.storage()
	if err != nil {
		return nil, err
	}
	services, err := s.services()
	if err != nil {
		return nil, err
	}
	web, err := scp.NewWeb(scp.WebConfig{Backend: backend, Records: s.db, Blobs: s.blobs, Services: services})
	if err != nil {
		return nil, err
	}
	return dicomweb.New(web, dicomweb.Config{Prefix: dicomWebPath, BaseURL: public + dicomWebPath, Log: s.log})
}

// identities is the table of patient identity.
func (c Config) identities() neckfrac.IdentityMap {
	var out neckfrac.IdentityMap
	for _, i := range c.Identity {
		out = append(out, neckfrac.IdentityRow{Issuer: i.Issuer, FHIRSystem: i.FHIRSystem, HL7Authority: i.HL7Authority, FHIRServer: i.FHIRServer})
	}
	return out
}

// cdsClients are the EHRs that may call.
func (c Config) cdsClients() []cdshooks.Client {
	var out []cdshooks.Client
	for _, cl := range c.CDS.Clients {
		out = append(out, cdshooks.Client{Name: cl.Issuer, Loopback: cl.Loopback, FHIRServer: cl.FHIRServer, Issuers: cl.Issuers})
	}
	return out
}

// perPeer is one address's share of the associations: whoever holds all that it may
// leaves room for the others.
func (c DICOMConfig) perPeer() int { return (c.MaxAssociations + 1) / 2 }
