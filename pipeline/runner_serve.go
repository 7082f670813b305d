package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/artefact"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// ServeRunner is the runner process: it reads jobs from in, takes their files from
// the socket, and writes one answer a job to out, until in ends. It returns nil at a
// clean end. A panic ends the process: the worker counts it and starts a new one.
func ServeRunner(ctx context.Context, in io.Reader, out io.Writer, files *net.UnixConn, p neckfrac.Predictor, log *slog.Logger) error {
	dec := json.NewDecoder(in)
	enc := json.NewEncoder(out)
	if err := enc.Encode(RunnerHello{Pack: p.Pack(), Syntaxes: volume.Syntaxes()}); err != nil {
		return fmt.Errorf("runner: write hello: %w", err)
	}
	for {
		var job RunnerJob
		switch err := dec.Decode(&job); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("runner: read job: %w", err)
		}
		open, err := receiveFiles(files, len(job.Inputs))
		if err != nil {
			return fmt.Errorf("runner: receive files: %w", err)
		}
		answer := runJob(ctx, job, open, p, log)
		for _, f := range open {
			f.Close()
		}
		if err := enc.Encode(answer); err != nil {
			return fmt.Errorf("runner: write answer: %w", err)
		}
		// The volume of this job must not lie beside that of the next.
		debug.FreeOSMemory()
	}
}

// runJob is the whole analysis: files → volume → prediction → artefacts.
func runJob(ctx context.Context, job RunnerJob, files []*os.File, p neckfrac.Predictor, log *slog.Logger) RunnerAnswer {
	in := make([]volume.Input, len(files))
	for i, f := range files {
		in[i] = volume.Input{Series: job.Inputs[i].Series, Instance: job.Inputs[i].Instance, File: f, Size: job.Inputs[i].Size}
	}
	stages := map[string]int64{}
	start := time.Now()
	lap := func(stage string) {
		stages[stage] = time.Since(start).Milliseconds()
		start = time.Now()
	}
	as, err := volume.Assemble(ctx, in, volume.Limits{})
	lap("volume")
	if err != nil {
		return refusedOrFault(err, "volume", stages, nil, log)
	}
	pred, err := p.Predict(ctx, as.Volume)
	lap("predict")
	if err != nil {
		return refusedOrFault(err, "predict", stages, as.Candidates, log)
	}
	judge(as, &pred)
	arts, err := artefact.Write(ctx, job.Dir, as.Volume, pred)
	lap("artefact")
	if err != nil {
		return refusedOrFault(err, "artefact", stages, as.Candidates, log)
	}
	answer := RunnerAnswer{
		Prediction: &pred, Series: as.Volume.Series, Slices: as.Volume.Dims[2],
		ShearDegrees: as.ShearDegrees, Contrast: as.Contrast, Limits: as.Limits, Candidates: as.Candidates, Stages: stages,
	}
	for _, a := range arts {
		answer.Artefacts = append(answer.Artefacts, RunnerArtefact{Artefact: a, File: a.File})
	}
	return answer
}

// judge adds what only the volume knows to a prediction: where a scan that leans cuts a
// level, what metal does to the vertebrae, and which frame of which instance a key slice is.
func judge(as volume.Assembled, p *neckfrac.Prediction) {
	as.Cover(p)
	p.Reasons = append(p.Reasons, volume.Metal(as.Volume, *p)...)
	for i := range p.Levels {
		if l := &p.Levels[i]; l.KeySlice != "" {
			l.KeySlice, l.KeyFrame = as.Volume.Cite(l.KeyIndex)
		}
	}
}

// RefuseRunner is what a runner says instead of ServeRunner when it has no predictor;
// the sentence names what to mend and reaches the operator.
func RefuseRunner(out io.Writer, why error) error {
	return json.NewEncoder(out).Encode(RunnerHello{Error: why.Error()})
}

// refusedOrFault keeps a refusal's reason and reduces every other error to its kind:
// what hostile pixels make a library say stays in this process's log.
func refusedOrFault(err error, stage string, stages map[string]int64, c []neckfrac.Candidate, log *slog.Logger) RunnerAnswer {
	if r, ok := neckfrac.AsRefused(err); ok {
		out := *r
		if out.Candidates == nil {
			out.Candidates = c
		}
		return RunnerAnswer{Refused: &out, Stages: stages}
	}
	log.Error("runner stage failed", "stage", stage, "kind", neckfrac.KindOf(err), "err", err)
	return RunnerAnswer{Fault: neckfrac.KindOf(err).String(), Stages: stages}
}
