package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// RetrieveCmd has the running service fetch one study. It lists the study at the source
// and notifies the service, which fetches as it would for the source's own notification:
// once, durably, and with its own retries.
type RetrieveCmd struct {
	Config string        `help:"YAML file of the running service." type:"existingfile" placeholder:"FILE"`
	From   string        `required:"" help:"AE title of a row of dicom.sources." placeholder:"SOURCE"`
	Study  string        `required:"" help:"Study Instance UID." placeholder:"UID"`
	DryRun bool          `help:"List what would be fetched, and fetch nothing."`
	AET    string        `default:"NECKFRAC_SEND" help:"AE title under which the service is notified."`
	Wait   time.Duration `default:"2m" help:"How long no further instance may come before giving up waiting; the service goes on."`
}

// Run lists, notifies and follows.
func (c RetrieveCmd) Run(rt *Runtime) error {
	cfg, err := LoadConfig(c.Config, rt.Environ)
	if err != nil {
		return err
	}
	study, err := neckfrac.ParseStudyUID(c.Study)
	if err != nil {
		return neckfrac.Errorf(neckfrac.Invalid, "retrieve", "--study: not a UID")
	}
	i := slices.IndexFunc(cfg.DICOM.Sources, func(s SourceConfig) bool { return s.AE == c.From })
	if i < 0 {
		return neckfrac.Errorf(neckfrac.Invalid, "retrieve", "%s is not in dicom.sources", c.From)
	}
	archive, err := cfg.source(cfg.DICOM.Sources[i], nil, nil)
	if err != nil {
		return err
	}
	found, err := archive.List(rt.Context, study)
	if err != nil && neckfrac.KindOf(err) != neckfrac.NotFound {
		return err
	}
	if len(found) == 0 {
		return neckfrac.Errorf(neckfrac.NotFound, "retrieve", "%s has no such study", c.From)
	}
	supported, err := cfg.supported()
	if err != nil {
		return err
	}
	wanted := slices.DeleteFunc(slices.Clone(found), func(in neckfrac.AnnouncedInstance) bool { return !supported(in.SOPClassUID) })
	held, err := heldOf(rt.Context, cfg, study)
	if err != nil && !c.DryRun {
		return err
	}
	printFound(rt, c.From, found, supported, held)
	if c.DryRun || len(wanted) == 0 {
		return nil
	}
	if err := c.notify(rt.Context, cfg, study, wanted); err != nil {
		return err
	}
	return c.follow(rt, cfg, study, wanted)
}

// printFound writes a line a series and class.
func printFound(rt *Runtime, from string, found []neckfrac.AnnouncedInstance, supported func(string) bool, held map[neckfrac.InstanceUID]bool) {
	type line struct {
		series neckfrac.SeriesUID
		class  string
	}
	var order []line
	all, here := map[line]int{}, map[line]int{}
	for _, in := range found {
		l := line{in.Series, in.SOPClassUID}
		if all[l]++; all[l] == 1 {
			order = append(order, l)
		}
		if held[in.UID] {
			here[l]++
		}
	}
	for _, l := range order {
		remark := fmt.Sprintf("%d held", here[l])
		if !supported(l.class) {
			remark = "not accepted, stays there"
		}
		fmt.Fprintf(rt.Stdout, "%s: series %s, %d × %s, %s\n", from, l.series, all[l], className(l.class), remark)
	}
}

// notify sends the service an instance availability notification on the source's behalf.
func (c RetrieveCmd) notify(ctx context.Context, cfg Config, study neckfrac.StudyUID, wanted []neckfrac.AnnouncedInstance) error {
	client, err := dicomnet.Dial(ctx, cfg.DICOM.Addr, dicomnet.ClientConfig{
		CallingAETitle: c.AET, CalledAETitle: cfg.DICOM.AET, Proposals: []dicomnet.Service{scp.AvailabilityService()},
		ImplementationClassUID: scp.ImplementationClassUID, ImplementationVersionName: scp.ImplementationVersionName,
	})
	if err != nil {
		return neckfrac.Errorf(neckfrac.Unavailable, "retrieve", "the service at %s does not associate: %v; is it running with this configuration, and does dicom.peers know %s?", cfg.DICOM.Addr, err, c.AET)
	}
	defer client.Abort()
	rq := dicomnet.CreateRequest{SOPClassUID: dataset.InstanceAvailabilityNotification,
		SOPInstanceUID: neckfrac.MakeUID("notification", newID()), Attributes: scp.AvailabilityNotification(neckfrac.AETitle(c.From), study, wanted)}
	if err := client.Create(ctx, rq); err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "retrieve: notify", err)
	}
	_ = client.Release(ctx) // the service has answered
	return nil
}

// follow shows what has come until all did.
func (c RetrieveCmd) follow(rt *Runtime, cfg Config, study neckfrac.StudyUID, wanted []neckfrac.AnnouncedInstance) error {
	p := newProgress(rt, len(wanted), "retrieve")
	defer p.end()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	came, last := -1, time.Now()
	for {
		held, err := heldOf(rt.Context, cfg, study)
		if err != nil {
			return err
		}
		n := 0
		for _, in := range wanted {
			if held[in.UID] {
				n++
			}
		}
		if n > came {
			came, last = n, time.Now()
		}
		p.set(n, len(wanted))
		switch {
		case n == len(wanted):
			fmt.Fprintf(rt.Stdout, "%d instances of %s are here\n", n, c.From)
			return nil
		case time.Since(last) > c.Wait:
			return &exitError{exitFailed, fmt.Sprintf("%d of %d instances came, and none for %s; the service's log says why", n, len(wanted), c.Wait)}
		}
		select {
		case <-rt.Context.Done():
			return neckfrac.Wrap(neckfrac.Unavailable, "retrieve", rt.Context.Err())
		case <-tick.C:
		}
	}
}

// heldOf asks the running service what it has of a study.
func heldOf(ctx context.Context, cfg Config, study neckfrac.StudyUID) (map[neckfrac.InstanceUID]bool, error) {
	base := "http://" + cfg.HTTP.Addr
	client, err := dicomweb.NewClient(dicomweb.ClientConfig{Origins: []string{base}})
	if err != nil {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "retrieve: http.addr", "%v", err)
	}
	held := map[neckfrac.InstanceUID]bool{}
	for {
		before := len(held)
		page := url.Values{"offset": {strconv.Itoa(before)}}
		err := client.Search(ctx, base+dicomWebPath, dicomweb.LevelInstance, dicomweb.Target{StudyInstanceUID: string(study)}, page, func(o dicomweb.Object) error {
			if uid, ok := o.Dataset.UID(dataset.TagSOPInstanceUID); ok {
				held[neckfrac.InstanceUID(uid)] = true
			}
			return nil
		})
		if err != nil && !errors.Is(err, dicomweb.ErrNotFound) {
			return nil, neckfrac.Errorf(neckfrac.Unavailable, "retrieve", "the service at %s does not answer: %v; is it running with this configuration?", cfg.HTTP.Addr, err)
		}
		if len(held) == before {
			return held, nil
		}
	}
}
