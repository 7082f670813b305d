package evaluate

import (
	"context"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/dataset"
)

// leastFull is how many levels wholly in field the service needs (contract: coverage).
const leastFull = 3

// Options configure Collect.
type Options struct {
	// Inputs are folders of studies: DIR/<id>/{dicom, truth.json, labels.nii.gz}.
	Inputs []string
	// Volume reads the DICOM files in a folder, with the reasons that limit them.
	Volume func(ctx context.Context, dir string) (*neckfrac.Volume, []neckfrac.Reason, error)
	// Examine runs the networks. It is called from several goroutines.
	Examine func(ctx context.Context, v *neckfrac.Volume) (Outcome, error)
	// Gate is the pack's out-of-domain gate (models.Manifest.Gate); nil lets all pass.
	Gate func(f map[models.Feature]float64) (limited bool, err error)
	// Labels reads a study's true label volume. Without it there are no mask figures.
	Labels func(path string) (*neckfrac.Labels, error)
	// Workers is how many studies are in work at once. Defaults to the processors.
	Workers int
	// Progress is called after every study, by one goroutine at a time. May be nil.
	Progress func(done, total int)
}

// Collect runs every study of the inputs from its DICOM files on and returns them in
// the order of their folders. A study that the service would refuse is a Case with its
// reason; any other error stops the run and carries the study's folder.
func Collect(ctx context.Context, o Options) ([]Case, error) {
	const op = "evaluate"
	if len(o.Inputs) == 0 || o.Volume == nil || o.Examine == nil {
		return nil, neckfrac.Errorf(neckfrac.Invalid, op, "inputs, a reader of volumes and networks are needed")
	}
	dirs, err := studyDirs(o.Inputs)
	if err != nil {
		return nil, err
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	cases := make([]Case, len(dirs))
	if err := o.each(ctx, dirs, cases); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.Truth.ID] {
			return nil, neckfrac.Errorf(neckfrac.Conflict, op, "study %s occurs twice", c.Truth.ID)
		}
		seen[c.Truth.ID] = true
	}
	return cases, nil
}

func studyDirs(inputs []string) ([]string, error) {
	var out []string
	for _, in := range inputs {
		d, err := dataset.StudyDirs(in)
		if err != nil {
			return nil, neckfrac.E(filepath.Base(in), err)
		}
		out = append(out, d...)
	}
	return out, nil
}

// each fills cases, Workers at a time; the first error ends the others.
func (o Options) each(ctx context.Context, dirs []string, cases []Case) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range min(o.Workers, len(dirs)) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range next {
				c, err := o.study(ctx, dirs[i])
				if err != nil {
					cancel(neckfrac.E("evaluate: "+filepath.Base(dirs[i]), err))
					continue
				}
				mu.Lock()
				cases[i] = c
				done++
				o.Progress(done, len(dirs))
				mu.Unlock()
			}
		}()
	}
	o.Progress(0, len(dirs))
	for i := range dirs {
		select {
		case next <- i:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// study runs one study. Reasons that refuse it are an answer, not an error.
func (o Options) study(ctx context.Context, dir string) (Case, error) {
	truth, err := dataset.ReadTruth(dir)
	if err != nil {
		return Case{}, err
	}
	c := Case{Study: truth.ID, Truth: truth, Scores: models.NoScores(), Blind: models.NoScores()}
	v, limits, err := o.Volume(ctx, filepath.Join(dir, "dicom"))
	if err == nil {
		c.Limits = slices.Clone(limits)
		err = o.examine(ctx, v, dir, &c)
	}
	if r, ok := neckfrac.AsRefused(err); ok {
		c.Refused = r.Reason
		return c, nil
	}
	return c, err
}

// examine fills what the networks say. Its refusals are those of the service.
func (o Options) examine(ctx context.Context, v *neckfrac.Volume, dir string, c *Case) error {
	x, err := o.Examine(ctx, v)
	if err != nil {
		return err
	}
	c.Scores, c.Blind, c.Features = x.Scores, x.Blind, x.Features
	for i, f := range x.Found.Levels {
		c.Levels[i] = LevelCase{Coverage: f.Coverage, Dice: math.NaN()}
	}
	if o.Labels != nil {
		l, err := o.Labels(filepath.Join(dir, "labels.nii.gz"))
		if err != nil {
			return neckfrac.E("labels", err)
		}
		if err := c.compareMasks(x, l); err != nil {
			return err
		}
	}
	if x.Found.Full() < leastFull {
		return neckfrac.Refuse("evaluate", neckfrac.CoverageShort, "")
	}
	if x.Found.Full() < neckfrac.Levels {
		c.Limits = append(c.Limits, neckfrac.CoverageLimited)
	}
	if x.Found.Ambiguous {
		c.Limits = append(c.Limits, neckfrac.LevelAmbiguous)
	}
	if o.Gate == nil {
		return nil
	}
	limited, err := o.Gate(x.Features)
	if limited {
		c.Limits = append(c.Limits, neckfrac.OutOfDomain)
	}
	return err
}
