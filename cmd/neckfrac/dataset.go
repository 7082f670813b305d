package main

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/dataset"
	"github.com/neckfrac/neckfrac/models/input"
	"github.com/neckfrac/neckfrac/models/nifti"
	"github.com/neckfrac/neckfrac/models/onnx"
)

// DatasetCmd groups the data set commands.
type DatasetCmd struct {
	Prepare DatasetPrepareCmd `cmd:"" help:"Cut training tensors with the service's own code. Example: neckfrac dataset prepare --in phantoms --out tensors"`
	Realism DatasetRealismCmd `cmd:"" help:"Compare synthetic CT with real CT on one grid. Example: neckfrac dataset realism --real openkbp --synthetic phantoms --out report"`
}

// DatasetPrepareCmd writes tensors for models/training.
type DatasetPrepareCmd struct {
	Layout    string   `enum:"phantom" default:"phantom" help:"Layout of the input."`
	In        []string `required:"" help:"Folder of studies, or SPLIT=FOLDER with split train, calib or test. Repeatable." placeholder:"DIR"`
	Out       string   `required:"" help:"Folder to write to." placeholder:"DIR"`
	Parts     string   `enum:"segment,crops,all" default:"segment" help:"segment needs no network; crops and all cut around what --segmenter finds."`
	Segmenter string   `help:"ONNX graph of the segmenter." type:"existingfile" placeholder:"FILE"`
	Workers   int      `help:"Studies in work at once; 0 takes the processors."`
}

// Run prepares the set; a set that was cut off goes on where it stopped.
func (c DatasetPrepareCmd) Run(rt *Runtime) error {
	opt := dataset.Options{
		Out: c.Out, Parts: dataset.Parts(c.Parts), Workers: c.Workers, Specs: input.FirstForm(),
		Readers: dataset.Readers{Volume: readVolume, Labels: readLabels},
		Log:     slog.New(slog.NewTextHandler(rt.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	for _, in := range c.In {
		split, dir, ok := strings.Cut(in, "=")
		if !ok {
			split, dir = "", in
		}
		opt.Inputs = append(opt.Inputs, dataset.Input{Dir: dir, Split: split})
	}
	if c.Segmenter != "" {
		s, err := onnx.OpenSegmenter(opt.Specs.Segment, onnx.Options{Library: rt.ORTLib, Threads: 1, Parallel: max(c.Workers, 2)}, c.Segmenter)
		if err != nil {
			return err
		}
		defer s.Close()
		opt.Segmenter, opt.SegmenterID = s.Label, s.ID()
	}
	p := newProgress(rt, 1, "prepare")
	opt.Progress = p.set
	meta, err := dataset.Prepare(rt.Context, opt)
	p.end()
	if err != nil {
		return err
	}
	fmt.Fprintf(rt.Stdout, "%d studies in %s, digest %.16s\n", len(meta.Studies), c.Out, meta.Digest)
	return nil
}

// readLabels reads a label volume written as NIfTI.
func readLabels(path string) (*neckfrac.Labels, error) {
	m, err := nifti.ReadFile(path, nifti.Limits{})
	if err != nil {
		return nil, err
	}
	l, err := m.Labels()
	return &l, err
}
