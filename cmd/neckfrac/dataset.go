package main

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/dataset"
	"github.com/neckfrac/neckfrac/models/input"
	"github.com/neckfrac/neckfrac/models/onnx"
)

// DatasetCmd groups the data set commands.
type DatasetCmd struct {
	Prepare DatasetPrepareCmd `cmd:"" help:"Cut training tensors with the service's own code. Example: neckfrac dataset prepare --in phantoms --out tensors"`
	Realism DatasetRealismCmd `cmd:"" help:"Compare synthetic CT with real CT on one grid. Example: neckfrac dataset realism --real openkbp --synthetic phantoms --out report"`
}

// DatasetPrepareCmd writes tensors for models/training.
type DatasetPrepareCmd struct {
	Layout    string   `enum:"rsna,phantom,nifti" default:"phantom" help:"Layout of the input: phantom; rsna, the RSNA 2022 fracture data (train.csv, train_images, segmentations, train_bounding_boxes.csv); nifti, ID/ct.nii.gz or ID_ct.nii.gz with labels beside it, for the segment part alone."`
	In        []string `required:"" help:"Folder of studies, or SPLIT=FOLDER with split train, calib or test. Repeatable." placeholder:"DIR"`
	Out       string   `required:"" help:"Folder to write to: 5 to 30 MB a study for segment, 11 MB for crops." placeholder:"DIR"`
	Parts     string   `enum:"segment,crops,all" default:"segment" help:"segment needs no network; crops and all cut around what --segmenter finds."`
	Segmenter string   `help:"ONNX graph of the segmenter." type:"existingfile" placeholder:"FILE"`
	Workers   int      `help:"Studies in work at once; 0 takes the processors."`
}

// Run prepares the set; a set that was cut off goes on where it stopped.
func (c DatasetPrepareCmd) Run(rt *Runtime) error {
	opt := dataset.Options{
		Out: c.Out, Parts: dataset.Parts(c.Parts), Workers: c.Workers, Specs: input.FirstForm(),
		Layout:  dataset.Layout(c.Layout),
		Readers: dataset.Readers{Volume: readVolume, Scan: readScan},
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
	return c.tell(rt, meta)
}

// tell says what is in the set and what is not. A set without a study is an error: every
// one was left out, and the reasons say what is wrong with the folder.
func (c DatasetPrepareCmd) tell(rt *Runtime, meta dataset.Meta) error {
	t, left := meta.Totals, ""
	for _, r := range slices.Sorted(maps.Keys(t.Reasons)) {
		left += fmt.Sprintf(", %d left out (%s)", t.Reasons[r], r)
	}
	if t.Studies == 0 {
		return neckfrac.Errorf(neckfrac.Invalid, "dataset prepare", "no study can be used%s", left)
	}
	size := int64(0)
	for _, name := range meta.Files {
		if st, err := os.Stat(filepath.Join(c.Out, name)); err == nil {
			size += st.Size()
		}
	}
	fmt.Fprintf(rt.Stdout, "%d studies in %s, %d MB, digest %.16s%s\n", t.Studies, c.Out, (size+999_999)/1_000_000, meta.Digest, left)
	if t.Unlabelled > 0 {
		fmt.Fprintf(rt.Stdout, "%d without labels, %d of them with a file of labels that can't be used\n", t.Unlabelled, t.LabelFaults)
	}
	if t.Boxes+t.Unplaced > 0 {
		fmt.Fprintf(rt.Stdout, "%d fracture boxes mark maps, %d lie on no broken level\n", t.Boxes, t.Unplaced)
	}
	return nil
}

// readLabels reads a label volume written as NIfTI.
func readLabels(path string) (*neckfrac.Labels, error) { return dataset.ReadLabels(path) }
