package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/fhir"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/assess"
	"github.com/neckfrac/neckfrac/pipeline/scp"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// AnalyzeCmd is the whole analysis without a server.
type AnalyzeCmd struct {
	Paths       []string `arg:"" help:"DICOM files or folders of one study." type:"path"`
	Format      string   `enum:"text,json,fhir,png" default:"text" help:"text, json (the assessment), fhir (a Bundle) or png (key images; needs --out)."`
	Out         string   `help:"Folder for the result and the key images." placeholder:"DIR"`
	Pack        string   `help:"Model pack; the shipped one by default." placeholder:"DIR"`
	TrustedKeys []string `help:"Public keys that may sign packs." placeholder:"FILE"`
	Threads     int      `help:"Threads for inference; 0 takes the CPU quota."`
	Device      string   `enum:"auto,cpu,cuda" default:"auto" help:"Where networks run; auto takes CUDA where library and GPU are there."`
}

// Run prints the result; a refusal exits with 3.
func (c AnalyzeCmd) Run(rt *Runtime) error {
	if c.Format == "png" && c.Out == "" {
		return neckfrac.Errorf(neckfrac.Invalid, "--format png", "needs --out DIR")
	}
	inputs, files, err := openInputs(c.Paths)
	defer closeAll(files)
	if err != nil {
		return err
	}
	study, err := readStudy(files)
	if err != nil {
		return err
	}
	dir, err := c.folder()
	if err != nil {
		return err
	}
	if c.Out == "" {
		defer os.RemoveAll(dir)
	}
	a, err := c.analyse(rt, study, inputs, files, dir)
	if err != nil {
		return err
	}
	if err := c.write(rt.Stdout, study, a); err != nil {
		return err
	}
	if a.Status == neckfrac.NotAnalysed {
		return &exitError{exitNotAnalysed, ""}
	}
	return nil
}

func (c AnalyzeCmd) folder() (string, error) {
	if c.Out == "" {
		dir, err := os.MkdirTemp("", "neckfrac-")
		return dir, neckfrac.Wrap(neckfrac.Unavailable, "analyze", err)
	}
	return c.Out, neckfrac.Wrap(neckfrac.Unavailable, "analyze", os.MkdirAll(c.Out, 0o755))
}

func (c AnalyzeCmd) analyse(rt *Runtime, study neckfrac.Study, inputs []volume.Input, files []*os.File, dir string) (neckfrac.Assessment, error) {
	cfg := DefaultConfig()
	cfg.Models.Pack = c.Pack
	path, err := cfg.packPath()
	if err != nil {
		return neckfrac.Assessment{}, err
	}
	pack, err := openPack(path, c.TrustedKeys)
	if err != nil {
		return neckfrac.Assessment{}, err
	}
	defer pack.Close()
	log := slog.New(slog.NewTextHandler(rt.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	runner, _, err := rt.startRunner(ModelsConfig{Pack: path, TrustedKeys: c.TrustedKeys, Threads: c.Threads, Device: c.Device}, log)
	if err != nil {
		return neckfrac.Assessment{}, err
	}
	defer runner.Close()
	job := pipeline.RunnerJob{Dir: dir}
	for _, in := range inputs {
		job.Inputs = append(job.Inputs, pipeline.RunnerInput{Series: in.Series, Instance: in.Instance, Size: in.Size})
	}
	answer, err := runner.Run(rt.Context, job, files)
	if err == nil && answer.Fault != "" {
		err = neckfrac.Errorf(neckfrac.Internal, "analyze", "the runner failed (%s); see its log above", answer.Fault)
	}
	if err != nil {
		return neckfrac.Assessment{}, err
	}
	now := time.Now().UTC()
	in := assess.Input{ID: neckfrac.AssessmentID(newID()), Study: study, Decision: pack.Manifest().Decision, Profile: neckfrac.Research,
		Prediction: neckfrac.Prediction{Pack: pack.ID()}, Now: now, T0: now, Limits: answer.Limits, Series: answer.Series, Slices: answer.Slices, ShearDegrees: answer.ShearDegrees, Contrast: answer.Contrast, Candidates: answer.Candidates}
	if answer.Refused != nil {
		return revised(assess.NotAnalysed(in, answer.Refused)), nil
	}
	in.Prediction = *answer.Prediction
	for _, art := range answer.Artefacts {
		art.Artefact.ID = neckfrac.ArtefactID(newID())
		art.Artefact.File = art.File
		in.Artefacts = append(in.Artefacts, art.Artefact)
	}
	return revised(assess.Assess(in)), nil
}

// revised numbers a result that no ledger numbers.
func revised(a neckfrac.Assessment) neckfrac.Assessment {
	a.Revision = 1
	return a
}

func (c AnalyzeCmd) write(w io.Writer, study neckfrac.Study, a neckfrac.Assessment) error {
	switch c.Format {
	case "json":
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(a)
	case "fhir":
		site := fhir.Site{BaseURL: "http://127.0.0.1/fhir", Organization: DefaultConfig().Site.Name, Zone: time.UTC, Software: softwareVersion()}
		b, err := fhir.Bundle(fhir.View{Site: site, Study: study, Assessment: &a}).MarshalJSON()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s\n", b)
		return err
	case "png":
		for _, art := range a.Artefacts {
			if art.Kind == neckfrac.ArtefactKeyImage {
				fmt.Fprintln(w, filepath.Join(c.Out, filepath.Base(art.File)))
			}
		}
		if a.Status == neckfrac.Analysed {
			return nil
		}
	}
	return RenderText(w, a, time.UTC)
}

// readStudy takes the study's facts from its files, which must be one study.
func readStudy(files []*os.File) (neckfrac.Study, error) {
	var study neckfrac.Study
	counts := map[neckfrac.SeriesUID]int{}
	for i, f := range files {
		ds, err := readHeader(f)
		if err != nil {
			return study, neckfrac.Errorf(neckfrac.Invalid, "read", "%s: header can't be read", f.Name())
		}
		a, err := scp.ReadArrival(ds, "", scp.Peer{}, time.Now().UTC())
		if err != nil {
			return study, neckfrac.Errorf(neckfrac.Invalid, "read", "%s: %v", f.Name(), err)
		}
		if i == 0 {
			study = a.Study
		}
		if a.Study.UID != study.UID {
			return study, neckfrac.Errorf(neckfrac.Invalid, "read", "the files are of more than one study; name one study's folder")
		}
		if counts[a.Series.UID] == 0 {
			study.Series = append(study.Series, a.Series)
		}
		counts[a.Series.UID]++
	}
	if len(files) == 0 {
		return study, neckfrac.Errorf(neckfrac.NotFound, "read", "no CT images among the files")
	}
	for i := range study.Series {
		study.Series[i].Count = counts[study.Series[i].UID]
	}
	study.ID = neckfrac.StudyID(newID())
	return study, nil
}
