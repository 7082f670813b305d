package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/neckfrac/neckfrac"
)

// Prepare writes the data set and returns what dataset.json says. It goes on where a
// stopped run ended. The first study that can't be read stops it, with the study's
// folder in the error; what was written before stays. Studies that the service would
// refuse, and in other layouts than LayoutPhantom those that can't be read, are left out
// and counted in Totals.Reasons.
func Prepare(ctx context.Context, opt Options) (Meta, error) {
	o, err := opt.filled()
	if err != nil {
		return Meta{}, err
	}
	jobs, source, err := o.jobs()
	if err != nil {
		return Meta{}, err
	}
	w, err := openWriter(o.Out, o.Parts, o.fingerprint(jobs, source))
	if err != nil {
		return Meta{}, err
	}
	if err := o.run(ctx, w, jobs); err != nil {
		w.close()
		return Meta{}, err
	}
	if err := w.close(); err != nil {
		return Meta{}, err
	}
	return o.finish(w, source)
}

// jobs lists the studies in order and hashes what is known of them.
func (o Options) jobs() ([]job, Source, error) {
	const op = "dataset: list studies"
	var out []job
	h := sha256.New()
	seen := map[string]bool{}
	for _, in := range o.Inputs {
		list := o.phantomJobs
		switch o.Layout {
		case LayoutRSNA:
			list = o.rsnaJobs
		case LayoutNIfTI:
			list = o.niftiJobs
		}
		jobs, err := list(in, h)
		if err != nil {
			return nil, Source{}, err
		}
		for _, j := range jobs {
			if seen[j.id] {
				return nil, Source{}, neckfrac.Errorf(neckfrac.Conflict, op, "study %s occurs twice", j.id)
			}
			seen[j.id] = true
		}
		out = append(out, jobs...)
	}
	if len(out) > maxStudies {
		return nil, Source{}, neckfrac.Errorf(neckfrac.Limit, op, "%d studies", len(out))
	}
	return out, Source{Layout: string(o.Layout), Digest: hex.EncodeToString(h.Sum(nil)), Segmenter: o.SegmenterID}, nil
}

// splitOf is the input's split, or that of the study's own.
func (in Input) splitOf(id string) string {
	if in.Split != "" {
		return in.Split
	}
	return SplitOf(id)
}

// SplitOf spreads studies by a hash of their id, so that a study keeps its split
// when others are added.
func SplitOf(id string) string {
	h := sha256.Sum256([]byte("split " + id))
	switch share := int(h[0])<<8 | int(h[1]); {
	case share < 70*65536/100:
		return SplitTrain
	case share < 85*65536/100:
		return SplitCalib
	default:
		return SplitTest
	}
}

func (o Options) fingerprint(jobs []job, s Source) string {
	h := sha256.New()
	spec, _ := json.Marshal(o.Specs) // numbers only, checked finite
	fmt.Fprintf(h, "%d %s %s %s %s %d", schema, o.Parts, spec, s.Digest, s.Segmenter, len(jobs))
	if o.Layout != LayoutPhantom {
		fmt.Fprintf(h, " %s", o.Layout)
	}
	return hex.EncodeToString(h.Sum(nil))
}

type result struct {
	piece *piece
	err   error
}

// run cuts the studies that are not yet written, several at once, and writes them in
// order. At most Workers studies are held in memory.
func (o Options) run(ctx context.Context, w *writer, jobs []job) error {
	first := len(w.done)
	if first > len(jobs) {
		return neckfrac.Errorf(neckfrac.Conflict, "dataset: resume", "the journal holds more studies than the inputs")
	}
	ctx, cancel := context.WithCancel(ctx)
	results := make(chan chan result, o.Workers)
	places := make(chan struct{}, o.Workers)
	stopped := make(chan struct{})
	defer func() { cancel(); <-stopped }()
	go func() {
		defer close(stopped)
		o.dispatch(ctx, jobs[first:], places, results)
	}()
	o.Progress(first, len(jobs))
	for i := first; i < len(jobs); i++ {
		var r result
		select {
		case c, ok := <-results:
			if !ok {
				return neckfrac.E("dataset: prepare", ctx.Err())
			}
			r = <-c
		case <-ctx.Done():
			return neckfrac.E("dataset: prepare", ctx.Err())
		}
		if r.err != nil {
			return neckfrac.E(jobs[i].name, r.err)
		}
		if err := w.add(r.piece); err != nil {
			return err
		}
		<-places
		o.Progress(i+1, len(jobs))
	}
	return nil
}

// dispatch starts a study whenever there is a place and returns when all that it
// started have ended.
func (o Options) dispatch(ctx context.Context, jobs []job, places chan struct{}, results chan<- chan result) {
	defer close(results)
	running := make(chan struct{}, o.Workers)
	defer func() {
		for range o.Workers { // every running study gives its token back
			running <- struct{}{}
		}
	}()
	for _, j := range jobs {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		c := make(chan result, 1)
		running <- struct{}{}
		go func() {
			defer func() { <-running }()
			p, err := o.cut(ctx, j)
			c <- result{p, err}
		}()
		select {
		case results <- c:
		case <-ctx.Done():
			return
		}
	}
}

// finish writes dataset.json.
func (o Options) finish(w *writer, source Source) (Meta, error) {
	m := Meta{Schema: schema, Spec: o.Specs, Source: source, Studies: []Study{}, Files: partFiles(o.Parts)}
	for _, s := range w.done {
		if s.Refused != "" {
			m.Totals.leave(s.Refused)
			continue
		}
		m.Totals.Boxes += s.Boxes
		m.Totals.Unplaced += s.Unplaced
		if s.LabelFault != "" {
			m.Totals.LabelFaults++
		}
		if s.Labels == LabelsNone {
			m.Totals.Unlabelled++
		}
		m.Studies = append(m.Studies, s)
		m.Totals.Studies++
		m.Totals.Positive += s.Label
		m.Totals.Occult += len(s.Occult)
		m.Totals.Misnamed += s.Misnamed
		m.Totals.Missed += s.Missed
		for _, l := range s.Levels {
			m.Totals.Fractured += l
		}
	}
	m.Totals.Crops, m.Totals.Slices = w.crops, w.slices
	var err error
	if m.Digest, err = digestFiles(o.Out, m.Files); err != nil {
		return Meta{}, err
	}
	return m, writeJSON(filepath.Join(o.Out, metaName), m)
}

// ReadMeta reads the dataset.json of a finished set.
func ReadMeta(dir string) (Meta, error) {
	b, err := os.ReadFile(filepath.Join(dir, metaName))
	if err != nil {
		return Meta{}, neckfrac.Wrap(neckfrac.NotFound, "dataset: read", err)
	}
	var m Meta
	if err := json.Unmarshal(b, &m); err != nil {
		return Meta{}, neckfrac.Wrap(neckfrac.Invalid, "dataset: read", err)
	}
	if m.Schema != schema {
		return Meta{}, neckfrac.Errorf(neckfrac.Unsupported, "dataset: read", "schema %d, want %d", m.Schema, schema)
	}
	return m, nil
}
