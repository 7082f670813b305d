package pipeline

import (
	"context"
	"os"

	"github.com/neckfrac/neckfrac"
)

// RunnerInput names one file of a RunnerJob, in the order the files are handed over.
type RunnerInput struct {
	Series   neckfrac.SeriesUID   `json:"series"`
	Instance neckfrac.InstanceUID `json:"instance"`
	Size     int64                `json:"size"`
}

// RunnerJob is what a runner is told: files and a folder, nothing of the patient.
type RunnerJob struct {
	Inputs []RunnerInput `json:"inputs"`
	// Dir is the runner's private folder for artefacts.
	Dir string `json:"dir"`
}

// RunnerHello is the first line of a runner: the pack it loaded, or one sentence on why
// it can't work.
type RunnerHello struct {
	Pack neckfrac.PackID `json:"pack"`
	// Syntaxes are the UIDs of the transfer syntaxes that it can decode here: a codec of
	// the system may be missing.
	Syntaxes []string `json:"syntaxes,omitempty"`
	Error    string   `json:"error,omitempty"`
}

// RunnerAnswer is either a prediction with its artefacts or a refusal.
type RunnerAnswer struct {
	Prediction *neckfrac.Prediction `json:"prediction,omitempty"`
	Series     neckfrac.SeriesUID   `json:"series,omitempty"`
	Slices     int                  `json:"slices,omitempty"`
	// ShearDegrees is the gantry tilt that was undone.
	ShearDegrees float64                `json:"shearDegrees,omitempty"`
	Contrast     neckfrac.Contrast      `json:"contrast,omitempty"`
	Limits       []neckfrac.Reason      `json:"limits,omitempty"`
	Candidates   []neckfrac.Candidate   `json:"candidates,omitempty"`
	Artefacts    []RunnerArtefact       `json:"artefacts,omitempty"`
	Refused      *neckfrac.RefusedError `json:"refused,omitempty"`
	// Stages says how long each stage took, in milliseconds.
	Stages map[string]int64 `json:"stages,omitempty"`
	// Fault is the kind of an error that is neither; the text stays in the runner's log.
	Fault string `json:"fault,omitempty"`
}

// RunnerArtefact is an artefact with the name of its file in RunnerJob.Dir.
type RunnerArtefact struct {
	neckfrac.Artefact
	File string `json:"file"`
}

// Runner turns files into an answer. An error means that the runner died, timed out
// or answered nonsense: the job counts a crash. Files stay the caller's.
type Runner interface {
	Run(ctx context.Context, job RunnerJob, files []*os.File) (RunnerAnswer, error)
}
