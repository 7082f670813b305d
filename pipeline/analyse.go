package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/assess"
)

// maxArtefactBytes bounds one artefact: a 1 mm spine crop of a tall neck is 20 MiB.
const maxArtefactBytes = 128 << 20

// analyse makes the job's assessment. An error is a fault of ours or of the runner;
// everything that is wrong with the study is a NotAnalysed assessment.
func (w *Worker) analyse(ctx context.Context, l neckfrac.Lease, log *slog.Logger) (neckfrac.Assessment, error) {
	rec, err := w.cfg.Records.Record(ctx, l.Job.StudyID)
	if err != nil {
		return neckfrac.Assessment{}, neckfrac.E("analyse: record", err)
	}
	in := assess.Input{
		Study: rec.Study, Decision: w.cfg.Decision, Profile: w.cfg.Site,
		Prediction: neckfrac.Prediction{Pack: w.cfg.Pack},
		Now:        w.cfg.Now(), ID: neckfrac.AssessmentID(w.cfg.NewID()), T0: l.Job.T0, Basis: l.Job.Basis,
	}
	series, err := w.cfg.Records.Instances(ctx, l.Job.StudyID)
	if err != nil {
		return neckfrac.Assessment{}, neckfrac.E("analyse: instances", err)
	}
	switch {
	case takenBack(series):
		return assess.Withdrawn(in), nil
	case rec.Study.Conflict:
		return assess.NotAnalysed(in, &neckfrac.RefusedError{Reason: neckfrac.IdentityConflict}), nil
	case l.Job.Crashes >= w.cfg.MaxCrashes:
		return assess.NotAnalysed(in, &neckfrac.RefusedError{Reason: neckfrac.WorkerFailed}), nil
	case w.cfg.Fault != "":
		return assess.NotAnalysed(in, &neckfrac.RefusedError{Reason: w.cfg.Fault}), nil
	case w.cfg.Runner == nil:
		return assess.NotAnalysed(in, &neckfrac.RefusedError{Reason: neckfrac.NoPack}), nil
	}
	answer, dir, err := w.run(ctx, ofJob(l.Job, series))
	if dir != "" {
		defer os.RemoveAll(dir)
	}
	if err != nil {
		return neckfrac.Assessment{}, err
	}
	// gofail: var runnerAnswered struct{}
	log.Info("runner answered", "refused", answer.Refused != nil, "stages", answer.Stages)
	if answer.Refused != nil {
		return assess.NotAnalysed(in, answer.Refused), nil
	}
	if answer.Prediction.Pack != w.cfg.Pack {
		return assess.NotAnalysed(in, &neckfrac.RefusedError{Reason: neckfrac.PackFault}), nil
	}
	in.Prediction, in.Limits = *answer.Prediction, answer.Limits
	in.Series, in.Slices, in.ShearDegrees = answer.Series, answer.Slices, answer.ShearDegrees
	in.Contrast, in.Candidates = answer.Contrast, answer.Candidates
	a := assess.Assess(in)
	if a.Status == neckfrac.Analysed {
		if a.Artefacts, err = w.keep(ctx, dir, answer.Artefacts); err != nil {
			return neckfrac.Assessment{}, err
		}
	}
	// gofail: var artefactsKept struct{}
	return a, nil
}

// takenBack reports whether no image is left and a mistake took one of them: then what
// was said of the study is void, while images whose retention expired were right.
func takenBack(series []neckfrac.Series) bool {
	mistaken := false
	for _, s := range series {
		for _, i := range s.Instances {
			if i.Analysable() {
				return false
			}
			mistaken = mistaken || i.Kind == neckfrac.ImageInstance && i.Withdrawn.Mistaken()
		}
	}
	return mistaken
}

// ofJob leaves of a study what its job is limited to.
func ofJob(j neckfrac.Job, series []neckfrac.Series) []neckfrac.Series {
	if j.Whole() {
		return series
	}
	var out []neckfrac.Series
	for _, s := range series {
		if !slices.Contains(j.Series, s.UID) {
			continue
		}
		s.Instances = slices.DeleteFunc(slices.Clone(s.Instances), func(i neckfrac.Instance) bool { return i.Received.After(j.Seen) })
		out = append(out, s)
	}
	return out
}

// run opens the study's CT files and hands them to the runner with a fresh private
// folder, whose path it returns also on error.
func (w *Worker) run(ctx context.Context, series []neckfrac.Series) (RunnerAnswer, string, error) {
	var job RunnerJob
	var files []*os.File
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	for _, s := range series {
		if s.Modality != "CT" {
			continue
		}
		for _, i := range s.Instances {
			if !i.Analysable() {
				continue
			}
			if len(files) == maxRunnerFiles {
				return RunnerAnswer{Refused: &neckfrac.RefusedError{Reason: neckfrac.Geometry, Detail: "more slices than one job holds"}}, "", nil
			}
			f, err := w.cfg.Blobs.Open(ctx, i.Blob)
			if err != nil {
				return RunnerAnswer{}, "", neckfrac.E("analyse: open", err)
			}
			files = append(files, f)
			job.Inputs = append(job.Inputs, RunnerInput{Series: s.UID, Instance: i.UID, Size: i.Blob.Size})
		}
	}
	if len(files) == 0 {
		return RunnerAnswer{Refused: &neckfrac.RefusedError{Reason: neckfrac.NoEligibleSeries}}, "", nil
	}
	// gofail: var filesOpened struct{}
	dir, err := os.MkdirTemp(w.cfg.ScratchDir, "run-")
	if err != nil {
		return RunnerAnswer{}, "", neckfrac.Wrap(neckfrac.Unavailable, "analyse: scratch", err)
	}
	job.Dir = dir
	answer, err := w.cfg.Runner.Run(ctx, job, files)
	switch {
	case err != nil:
		return RunnerAnswer{}, dir, errors.Join(errRunner, err)
	case answer.Fault != "":
		return RunnerAnswer{}, dir, errors.Join(errRunner, neckfrac.Errorf(neckfrac.Internal, "analyse", "runner fault: %s", answer.Fault))
	case answer.Refused != nil && !answer.Refused.Reason.Valid(), answer.Refused == nil && answer.Prediction == nil:
		return RunnerAnswer{}, dir, neckfrac.Errorf(neckfrac.Internal, "analyse", "runner answer is incomplete: %w", errRunner)
	}
	return answer, dir, nil
}

// keep moves the runner's files into the blob store. File names come from the runner
// and are opened below its folder only.
func (w *Worker) keep(ctx context.Context, dir string, arts []RunnerArtefact) ([]neckfrac.Artefact, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Internal, "analyse: artefacts", err)
	}
	defer root.Close()
	out := make([]neckfrac.Artefact, 0, len(arts))
	for _, ra := range arts {
		f, err := root.Open(filepath.Base(ra.File))
		if err != nil {
			return nil, neckfrac.Wrap(neckfrac.Internal, "analyse: artefact", err)
		}
		a := ra.Artefact
		a.ID = neckfrac.ArtefactID(w.cfg.NewID())
		a.Blob, err = w.cfg.Blobs.Put(ctx, f, maxArtefactBytes)
		f.Close()
		if err != nil {
			return nil, neckfrac.E("analyse: artefact", err)
		}
		out = append(out, a)
	}
	return out, nil
}
