package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/evaluate"
	"github.com/neckfrac/neckfrac/models/onnx"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// EvaluateCmd runs networks over studies with known truth, from their DICOM files on.
type EvaluateCmd struct {
	In         []string `required:"" help:"Folders of studies as neckfrac phantom writes them." placeholder:"DIR"`
	Graphs     string   `help:"Folder of exported graphs without a fit; needs --dump-scores." type:"existingdir" placeholder:"DIR"`
	DumpScores string   `help:"Write the score table that the fit stage of training reads." placeholder:"FILE"`
	Workers    int      `default:"2" help:"Studies in work at once, each on one thread."`
}

// calibration is the split that the fit stage takes its rows from.
const calibration = "calib"

// Run evaluates.
func (c EvaluateCmd) Run(rt *Runtime) error {
	if c.Graphs == "" || c.DumpScores == "" {
		return neckfrac.Errorf(neckfrac.Invalid, "evaluate", "give --graphs DIR with --dump-scores FILE")
	}
	return c.dump(rt)
}

// dump writes the score table of unfitted graphs.
func (c EvaluateCmd) dump(rt *Runtime) error {
	g, err := models.OpenGraphs(c.Graphs)
	if err != nil {
		return err
	}
	if g.RandomWeights() {
		fmt.Fprintln(rt.Stderr, "neckfrac: these graphs have random weights; their scores mean nothing")
	}
	e, err := onnx.OpenGraphs(g, onnx.Options{Library: rt.ORTLib, Threads: 1, Parallel: c.Workers})
	if err != nil {
		return err
	}
	defer e.Close()
	cases, err := c.collect(rt, evaluate.Options{Examine: examineWith(e)})
	if err != nil {
		return err
	}
	if err := writeScores(c.DumpScores, cases); err != nil {
		return err
	}
	refused := map[neckfrac.Reason]int{}
	for _, s := range cases {
		refused[s.Refused]++
	}
	fmt.Fprintf(rt.Stdout, "%d of %d studies in %s", refused[""], len(cases), c.DumpScores)
	for _, r := range neckfrac.Reasons() {
		if refused[r] > 0 {
			fmt.Fprintf(rt.Stdout, ", %d refused (%s)", refused[r], r)
		}
	}
	fmt.Fprintln(rt.Stdout)
	return nil
}

// collect runs the studies and shows how far it is.
func (c EvaluateCmd) collect(rt *Runtime, o evaluate.Options) ([]evaluate.Case, error) {
	p := newProgress(rt, 1, "evaluate")
	defer p.end()
	o.Inputs, o.Workers, o.Volume, o.Progress = c.In, max(c.Workers, 1), readLimited, p.set
	return evaluate.Collect(rt.Context, o)
}

// readLimited reads a volume with the reasons that limit it.
func readLimited(ctx context.Context, dir string) (*neckfrac.Volume, []neckfrac.Reason, error) {
	a, err := assemble(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	return a.Volume, slices.Clone(a.Limits), nil
}

// assemble makes the volume below a folder, in this process: the folder is the user's
// own data set, not a stranger's upload.
func assemble(ctx context.Context, dir string) (volume.Assembled, error) {
	inputs, files, err := openInputs([]string{dir})
	defer closeAll(files)
	if err != nil {
		return volume.Assembled{}, err
	}
	return volume.Assemble(ctx, inputs, volume.Limits{})
}

// examiner is what runs networks: a pack's predictor or bare graphs.
type examiner interface {
	Examine(ctx context.Context, v *neckfrac.Volume) (*onnx.Examination, error)
}

func examineWith(e examiner) func(context.Context, *neckfrac.Volume) (evaluate.Outcome, error) {
	return func(ctx context.Context, v *neckfrac.Volume) (evaluate.Outcome, error) {
		x, err := e.Examine(ctx, v)
		if err != nil {
			return evaluate.Outcome{}, err
		}
		return evaluate.Outcome{Grid: x.Grid, Found: x.Found, Scores: x.Scores, Blind: x.Blind, Features: x.Features}, nil
	}
}

// writeScores writes the table by rename, so that it exists whole or not at all.
func writeScores(path string, cases []evaluate.Case) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "evaluate", err)
	}
	f, err := os.Create(path + ".tmp")
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "evaluate", err)
	}
	w := bufio.NewWriter(f)
	err = evaluate.WriteScores(w, calibration, cases)
	if ferr := w.Flush(); err == nil {
		err = ferr
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(path+".tmp", path)
	}
	return neckfrac.E("evaluate: write scores", err)
}
