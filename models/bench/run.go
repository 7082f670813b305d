package bench

import (
	"context"
	"os"
	"path/filepath"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// Run makes the studies of a recipe one after the other, measures each and drops it.
type Run struct {
	Recipe Recipe
	// Dir holds progress.jsonl, by which a run that was stopped goes on.
	Dir string
	// Count takes the first studies only; 0 takes all.
	Count int
	// Progress, if not nil, is called after every study.
	Progress func(done, count int)
}

// Studies returns the measured studies, in the order of the recipe. Those that an
// earlier run into the same folder made are kept. Conflict if that was another recipe,
// or if the generator has changed since.
func (r Run) Studies(ctx context.Context) ([]Study, error) {
	const op = "bench: run"
	count := r.Count
	if count == 0 {
		count = r.Recipe.Studies
	}
	if err := r.Recipe.check(); err != nil {
		return nil, neckfrac.E(op, err)
	}
	if count < 1 || count > r.Recipe.Studies {
		return nil, neckfrac.Errorf(neckfrac.Invalid, op, "want 1 to %d studies", r.Recipe.Studies)
	}
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return nil, neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	j, err := openJournal(filepath.Join(r.Dir, journalName), r.Recipe)
	if err != nil {
		return nil, neckfrac.E(op, err)
	}
	err = r.fill(ctx, j, count)
	if cerr := j.f.Close(); err == nil && cerr != nil {
		err = neckfrac.Wrap(neckfrac.Unavailable, op, cerr)
	}
	if err != nil {
		return nil, neckfrac.E(op, err)
	}
	return j.done[:count], nil
}

func (r Run) fill(ctx context.Context, j *journal, count int) error {
	if n := len(j.done); n > 0 {
		again, err := phantom.Generate(r.Recipe.Config(n - 1))
		if err != nil {
			return err
		}
		if again.Digest() != j.done[n-1].Digest {
			return neckfrac.Errorf(neckfrac.Conflict, "go on", "the generator has changed since the folder's last study was made")
		}
	}
	for i := len(j.done); i < count; i++ {
		if err := ctx.Err(); err != nil {
			return neckfrac.Wrap(neckfrac.Unavailable, "make studies", err)
		}
		s, err := phantom.Generate(r.Recipe.Config(i))
		if err != nil {
			return err
		}
		if err := j.add(Measure(s)); err != nil {
			return neckfrac.Wrap(neckfrac.Unavailable, "note a study", err)
		}
		if r.Progress != nil {
			r.Progress(i+1, count)
		}
	}
	return nil
}
