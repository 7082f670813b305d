package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/evaluate"
	"github.com/neckfrac/neckfrac/models/onnx"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// EvaluateCmd runs networks over studies with known truth, from their DICOM files on.
type EvaluateCmd struct {
	In          []string `required:"" help:"Folders of studies as neckfrac phantom writes them." placeholder:"DIR"`
	Pack        string   `help:"Model pack to judge; the shipped one by default." placeholder:"DIR"`
	TrustedKeys []string `help:"Public keys that may sign packs." placeholder:"FILE"`
	Out         string   `help:"Folder for report.json and report.html." placeholder:"DIR"`
	Graphs      string   `help:"Exported graphs without a fit, instead of a pack; needs --dump-scores." type:"existingdir" placeholder:"DIR"`
	DumpScores  string   `help:"Write the score table that the fit stage of training reads." placeholder:"FILE"`
	Workers     int      `default:"2" help:"Studies in work at once, each on one thread."`

	MinLevelAUC   float64 `name:"min-level-auc" help:"Exit 1 if the AUC over all vertebrae is lower." placeholder:"X"`
	MinPatientAUC float64 `name:"min-patient-auc" help:"Exit 1 if the AUC of patients is lower." placeholder:"X"`
	MaxBlindAUC   float64 `name:"max-blind-auc" help:"Exit 1 if the AUC of vertebrae (within levels) or patients with the image zeroed is higher." placeholder:"X"`
}

// calibration is the split that the fit stage takes its rows from.
const calibration = "calib"

// Run evaluates. It exits with 1 where a figure misses its limit.
func (c EvaluateCmd) Run(rt *Runtime) error {
	if c.Graphs == "" {
		return c.judge(rt)
	}
	if c.DumpScores == "" || c.Pack != "" || c.Out != "" {
		return neckfrac.Errorf(neckfrac.Invalid, "--graphs", "has no probabilities to judge: give --dump-scores FILE, no --pack and no --out")
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
	return c.writeScores(rt, cases)
}

// judge measures a pack.
func (c EvaluateCmd) judge(rt *Runtime) error {
	cfg := DefaultConfig()
	cfg.Models.Pack = c.Pack
	path, err := cfg.packPath()
	if err != nil {
		return err
	}
	pack, err := openPack(path, c.TrustedKeys)
	if err != nil {
		return err
	}
	defer pack.Close()
	p, err := onnx.Open(pack, onnx.Options{Library: rt.ORTLib, Threads: 1, Parallel: c.Workers, Blind: true})
	if err != nil {
		return err
	}
	defer p.Close()
	m := pack.Manifest()
	cases, err := c.collect(rt, evaluate.Options{Examine: examineWith(p), Gate: m.Gate, Labels: readLabels})
	if err != nil {
		return err
	}
	if c.DumpScores != "" {
		if err := c.writeScores(rt, cases); err != nil {
			return err
		}
	}
	blind := evaluate.Calibrate(m.Ensemble, evaluate.Blinded(cases))
	r := evaluate.Judge(pack.ID(), m.Decision, evaluate.Calibrate(m.Ensemble, cases), blind)
	if err := c.writeReport(r); err != nil {
		return err
	}
	if err := r.WriteText(rt.Stdout); err != nil {
		return err
	}
	return c.gate(r)
}

// gate compares the report with the limits. A figure that the set can't give misses.
func (c EvaluateCmd) gate(r evaluate.Report) error {
	var missed []string
	least := func(what string, limit float64, e evaluate.Estimate) {
		if limit > 0 && !(float64(e.Value) >= limit) {
			missed = append(missed, fmt.Sprintf("%s is %s, want at least %.3f", what, e.Value, limit))
		}
	}
	most := func(what string, limit float64, e evaluate.Estimate) {
		if limit > 0 && !(float64(e.Value) <= limit) {
			missed = append(missed, fmt.Sprintf("%s is %s, want at most %.3f", what, e.Value, limit))
		}
	}
	least("vertebra AUC", c.MinLevelAUC, r.Vertebra.AUC)
	least("patient AUC", c.MinPatientAUC, r.Patient.AUC)
	most("vertebra AUC within levels with the image zeroed", c.MaxBlindAUC, r.Vertebra.BlindWithinAUC)
	most("patient AUC with the image zeroed", c.MaxBlindAUC, r.Patient.BlindAUC)
	if len(missed) > 0 {
		return &exitError{exitFailed, "evaluate: " + strings.Join(missed, "; ")}
	}
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

// writeScores writes the score table and says what is in it.
func (c EvaluateCmd) writeScores(rt *Runtime, cases []evaluate.Case) error {
	err := writeWhole(c.DumpScores, func(w io.Writer) error { return evaluate.WriteScores(w, calibration, cases) })
	if err != nil {
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

// writeReport writes report.json and report.html, where an --out is given.
func (c EvaluateCmd) writeReport(r evaluate.Report) error {
	if c.Out == "" {
		return nil
	}
	if err := writeWhole(filepath.Join(c.Out, "report.json"), r.WriteJSON); err != nil {
		return err
	}
	return writeWhole(filepath.Join(c.Out, "report.html"), r.WriteHTML)
}

// writeWhole writes a file by rename, so that it exists whole or not at all.
func writeWhole(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "write", err)
	}
	f, err := os.Create(path + ".tmp")
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "write", err)
	}
	w := bufio.NewWriter(f)
	err = write(w)
	if ferr := w.Flush(); err == nil {
		err = ferr
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(path+".tmp", path)
	}
	return neckfrac.Wrap(neckfrac.Unavailable, "write", err)
}
