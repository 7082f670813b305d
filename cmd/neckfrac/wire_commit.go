package main

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// reportTime bounds one association to a peer that we report to.
const reportTime = 30 * time.Second

// committer answers storage commitment requests.
func (s *Service) committer() (*pipeline.Committer, error) {
	classes, err := scp.StorageClasses(s.cfg.DICOM.StorageClasses)
	if err != nil {
		return nil, err
	}
	return &pipeline.Committer{
		Ledger: s.db, Blobs: s.blobs, Now: time.Now, Log: s.log, Reporter: &scp.Reporter{Dial: s.reportDialer(), Timeout: reportTime},
		Keep: time.Duration(s.cfg.Retention.CommittedDays) * 24 * time.Hour,
		Supported: func(class string) bool {
			return slices.ContainsFunc(classes, func(c scp.Class) bool { return c.UID == class })
		},
	}, nil
}

// keeper ends requests that nobody can answer any more, and counts them.
func (s *Service) keeper() *pipeline.Keeper {
	count := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		s.metrics.MustRegister(c)
		return c
	}
	undelivered := count("neckfrac_commitments_undelivered_total", "Storage commitment transactions whose report no peer confirmed.")
	expired := count("neckfrac_retrievals_expired_total", "Retrievals that were ended by their age.")
	pruned := count("neckfrac_requests_pruned_total", "Ended transactions and retrievals that were forgotten.")
	return &pipeline.Keeper{
		Ledger: s.db, Expiry: s.cfg.DICOM.Requests.Expiry, Keep: s.cfg.DICOM.Requests.Keep, Now: time.Now, Log: s.log,
		Count: func(c pipeline.UpkeepCounts) {
			undelivered.Add(float64(c.Undelivered))
			expired.Add(float64(c.ExpiredRetrievals))
			pruned.Add(float64(c.Pruned))
		},
	}
}

// reportDialer associates with a peer's own address, over TLS where its row requires it:
// the report names instances, and goes to nobody else.
func (s *Service) reportDialer() func(context.Context, neckfrac.AETitle, []dicomnet.Service) (*dicomnet.Client, error) {
	return func(ctx context.Context, peer neckfrac.AETitle, proposals []dicomnet.Service) (*dicomnet.Client, error) {
		table := s.peers.Load()
		i := slices.IndexFunc(table.rows, func(p PeerConfig) bool { return p.AE == string(peer) && p.Addr != "" })
		if i < 0 {
			return nil, neckfrac.Errorf(neckfrac.Unavailable, "report", "no address is configured any more")
		}
		row := table.rows[i]
		cfg := dicomnet.ClientConfig{
			CallingAETitle: s.cfg.DICOM.AET, CalledAETitle: row.AE, Proposals: proposals,
			ImplementationClassUID: scp.ImplementationClassUID, ImplementationVersionName: scp.ImplementationVersionName,
		}
		if row.TLS == "required" {
			cfg.TLS = table.reports.Config()
		}
		return dicomnet.Dial(ctx, row.Addr, cfg)
	}
}
