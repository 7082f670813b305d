package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// SendCmd is the C-STORE SCU.
type SendCmd struct {
	SendTLS
	SendCommit
	AET    string   `default:"NECKFRAC_SEND" help:"Our AE title."`
	Called string   `default:"NECKFRAC" help:"The peer's AE title."`
	Addr   string   `arg:"" help:"HOST:PORT of the peer."`
	Paths  []string `arg:"" help:"Files or folders." type:"path"`
}

// dicomFile is a file that can be sent, with where its data set begins.
type dicomFile struct {
	path   string
	meta   dataset.Meta
	offset int64
}

// Run sends every DICOM file below the paths and fails when one was not stored.
func (c SendCmd) Run(rt *Runtime) error {
	files, err := findDICOM(c.Paths)
	if err != nil {
		return err
	}
	secure, err := c.SendTLS.config()
	if err != nil {
		return err
	}
	to := destination{addr: c.Addr, aet: c.AET, called: c.Called, secure: secure}
	var then func(context.Context, *dicomnet.Client, []dicomFile) error
	if c.CommitListen != "" {
		if to.listener, err = c.SendTLS.listener(); err != nil {
			return err
		}
	}
	if c.SendCommit.enabled() {
		to.more = []dicomnet.Service{scp.CommitmentService()}
		then = func(ctx context.Context, client *dicomnet.Client, stored []dicomFile) error {
			return c.SendCommit.commit(ctx, rt, to, client, stored)
		}
	}
	stored, err := sendFiles(rt.Context, rt, to, files, then)
	if err != nil && !errors.Is(err, errNotCommitted) {
		return err
	}
	fmt.Fprintf(rt.Stdout, "%d of %d objects stored by %s at %s\n", stored, len(files), c.Called, c.Addr)
	if stored < len(files) {
		return &exitError{exitFailed, fmt.Sprintf("%d objects were not stored", len(files)-stored)}
	}
	if err != nil {
		return &exitError{exitFailed, err.Error()}
	}
	return nil
}

// findDICOM lists the Part 10 files below paths, in name order. Other files are passed
// over; a path that can't be read, or no DICOM at all, is an error.
func findDICOM(paths []string) ([]dicomFile, error) {
	var out []dicomFile
	for _, root := range paths {
		err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			f, ok, err := readMeta(p)
			if ok {
				out = append(out, f)
			}
			return err
		})
		if err != nil {
			return nil, neckfrac.Errorf(neckfrac.NotFound, "read", "%s: %v", root, errors.Unwrap(err))
		}
	}
	if len(out) == 0 {
		return nil, neckfrac.Errorf(neckfrac.NotFound, "read", "no DICOM file below %v", paths)
	}
	return out, nil
}

// readMeta reads the file meta information; ok is false for a file that is no DICOM.
func readMeta(path string) (dicomFile, bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return dicomFile{}, false, err
	}
	defer f.Close()
	meta, r, err := dataset.ReadPart10(f, dataset.Limits{})
	if err != nil || meta.Bare || !dataset.ValidUID(meta.SOPInstanceUID) || !dataset.ValidUID(meta.SOPClassUID) {
		return dicomFile{}, false, nil
	}
	return dicomFile{path: path, meta: meta, offset: r.Offset()}, true, nil
}

// maxProposals is the presentation context limit of PS3.8 §9.3.2.2.
const maxProposals = 128

// destination is a peer that objects are sent to, in plain if secure is nil. more is
// proposed beside the objects' own classes.
type destination struct {
	addr, aet, called string
	secure            *tls.Config
	// listener is for an association that the peer opens to us.
	listener *tls.Config
	more     []dicomnet.Service
}

// sendFiles stores files over one association and returns how many the peer took. A
// refused object is reported and the rest goes on. then, if not nil, runs on the same
// association with what was taken.
func sendFiles(ctx context.Context, rt *Runtime, to destination, files []dicomFile, then func(context.Context, *dicomnet.Client, []dicomFile) error) (int, error) {
	proposals := slices.Clone(to.more)
	for _, f := range files {
		pair := dicomnet.Service{SOPClassUIDs: []string{f.meta.SOPClassUID}, TransferSyntaxUIDs: []string{f.meta.TransferSyntaxUID}}
		if !slices.ContainsFunc(proposals, func(p dicomnet.Service) bool {
			return p.SOPClassUIDs[0] == pair.SOPClassUIDs[0] && p.TransferSyntaxUIDs[0] == pair.TransferSyntaxUIDs[0]
		}) {
			proposals = append(proposals, pair)
		}
	}
	if len(proposals) > maxProposals {
		return 0, neckfrac.Errorf(neckfrac.Limit, "send", "more than %d kinds of object", maxProposals)
	}
	dial, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	client, err := dicomnet.Dial(dial, to.addr, dicomnet.ClientConfig{
		CallingAETitle: to.aet, CalledAETitle: to.called, Proposals: proposals, TLS: to.secure,
		ImplementationClassUID: scp.ImplementationClassUID, ImplementationVersionName: scp.ImplementationVersionName,
	})
	if err != nil {
		return 0, neckfrac.Errorf(neckfrac.Unavailable, "send", "%s does not associate: %v; is it running, and does it know AE title %s?", to.addr, err, to.aet)
	}
	defer client.Abort()
	p := newProgress(rt, len(files), "send")
	defer p.end()
	var stored []dicomFile
	for i, f := range files {
		status, err := sendOne(ctx, client, f)
		switch {
		case errors.Is(err, dicomnet.ErrNotAccepted):
			fmt.Fprintf(rt.Stderr, "%s: the peer does not take %s in this transfer syntax\n", f.path, className(f.meta.SOPClassUID))
		case err != nil:
			return len(stored), neckfrac.Wrap(neckfrac.Unavailable, "send: "+f.path, err)
		case status.Class() == dimse.ClassSuccess, status.Class() == dimse.ClassWarning:
			stored = append(stored, f)
		default:
			fmt.Fprintf(rt.Stderr, "%s: refused with status %v\n", f.path, status)
		}
		p.set(i+1, len(files))
	}
	p.end()
	if then != nil {
		if err := then(ctx, client, stored); err != nil {
			return len(stored), err
		}
	}
	return len(stored), neckfrac.Wrap(neckfrac.Unavailable, "send: release", client.Release(ctx))
}

func sendOne(ctx context.Context, client *dicomnet.Client, f dicomFile) (dimse.Status, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if _, err := file.Seek(f.offset, io.SeekStart); err != nil {
		return 0, err
	}
	return client.Store(ctx, dicomnet.StoreRequest{SOPClassUID: f.meta.SOPClassUID, SOPInstanceUID: f.meta.SOPInstanceUID,
		TransferSyntaxUID: f.meta.TransferSyntaxUID}, file)
}

func className(uid string) string {
	if n, ok := dataset.SOPClassName(uid); ok {
		return n
	}
	return uid
}
