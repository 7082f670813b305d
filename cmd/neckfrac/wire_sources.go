package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// sourceDialTime bounds the association, or the connection, with a source.
const sourceDialTime = 30 * time.Second

// source is an archive that can also say what it has.
type source interface {
	pipeline.Archive
	scp.Lister
}

// retriever fetches what the sources announce, and first what a killed process was at.
func (s *Service) retriever(ctx context.Context) (*pipeline.Retriever, error) {
	if err := s.db.ReleaseRetrievals(ctx); err != nil {
		return nil, err
	}
	backend, err := s.storage()
	if err != nil {
		return nil, err
	}
	services, err := s.services()
	if err != nil {
		return nil, err
	}
	r := &pipeline.Retriever{Ledger: s.db, Archives: map[neckfrac.AETitle]pipeline.Archive{}, Now: time.Now, Log: s.log}
	for _, row := range s.cfg.DICOM.Sources {
		a, err := s.cfg.source(row, backend, services)
		if err != nil {
			return nil, err
		}
		r.Archives[neckfrac.AETitle(row.AE)] = a
	}
	return r, nil
}

// source makes the archive of one row. backend and services may be nil where it is only
// listed.
func (c Config) source(row SourceConfig, backend *scp.Backend, services []dicomnet.Service) (source, error) {
	var secure *dicomnet.TLSProfile
	if row.TLS == "required" {
		var err error
		t := c.DICOM.TLS
		secure, err = dicomnet.NewClientTLS(dicomnet.TLSConfig{CertFile: t.Cert, KeyFile: t.Key, CAFile: t.CA, MinVersion: tlsVersions[t.MinVersion], CheckEvery: t.Reload})
		if err != nil {
			return nil, neckfrac.Errorf(neckfrac.Invalid, "config: dicom.tls, for dicom.sources", "%v", err)
		}
	}
	from := scp.Source{AETitle: neckfrac.AETitle(row.AE), Issuer: row.Issuer}
	switch row.Method {
	case methodGet:
		return &scp.GetArchive{Backend: backend, Source: from, Dial: c.sourceDialer(row, secure), Services: services}, nil
	case methodMove:
		return &scp.MoveArchive{Dial: c.sourceDialer(row, secure), Destination: neckfrac.AETitle(c.DICOM.AET)}, nil
	}
	u, err := url.Parse(row.URL)
	if err != nil {
		return nil, configErr("dicom.sources.url", "want an address")
	}
	cfg := dicomweb.ClientConfig{Origins: []string{u.Scheme + "://" + u.Host}, AllowPlainHTTP: row.TLS == "off"}
	if secure != nil {
		cfg.HTTP = &http.Client{Transport: &http.Transport{DialTLSContext: dialTLS(secure), IdleConnTimeout: time.Minute}}
	}
	client, err := dicomweb.NewClient(cfg)
	if err != nil {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "config: dicom.sources.url", "%v", err)
	}
	return &scp.WebArchive{Backend: backend, Source: from, Client: client, BaseURL: row.URL, Services: services}, nil
}

// dialTLS takes the certificates of the moment for each connection.
func dialTLS(secure *dicomnet.TLSProfile) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, sourceDialTime)
		defer cancel()
		d := tls.Dialer{Config: secure.Config()}
		return d.DialContext(ctx, network, addr)
	}
}

func (c Config) sourceDialer(row SourceConfig, secure *dicomnet.TLSProfile) scp.Dialer {
	return func(ctx context.Context, proposals []dicomnet.Service) (*dicomnet.Client, error) {
		ctx, cancel := context.WithTimeout(ctx, sourceDialTime)
		defer cancel()
		cfg := dicomnet.ClientConfig{
			CallingAETitle: c.DICOM.AET, CalledAETitle: row.AE, Proposals: proposals,
			ImplementationClassUID: scp.ImplementationClassUID, ImplementationVersionName: scp.ImplementationVersionName,
		}
		if secure != nil {
			cfg.TLS = secure.Config()
		}
		return dicomnet.Dial(ctx, row.Addr, cfg)
	}
}

// supported reports which storage classes are accepted.
func (c Config) supported() (func(class string) bool, error) {
	classes, err := scp.StorageClasses(c.DICOM.StorageClasses)
	if err != nil {
		return nil, err
	}
	return func(class string) bool {
		return slices.ContainsFunc(classes, func(c scp.Class) bool { return c.UID == class })
	}, nil
}
