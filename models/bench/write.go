package bench

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// TwinsDir is the folder of the twins below that of the studies.
const TwinsDir = "twins"

// Files writes a benchmark as a service receives it: some 30 GB for 500 studies.
type Files struct {
	Recipe Recipe
	Layout phantom.Layout
	// Progress, if not nil, is called after every study.
	Progress func(done, count int)
}

// Write writes all studies into dir, as phantom.Set does, and goes on where a run was
// stopped. The index's digest is the recipe's if the generator still makes the
// benchmark; that is for the caller to compare.
func (f Files) Write(ctx context.Context, dir string) (*phantom.Index, error) {
	return f.set(f.Recipe.Config(0), f.Recipe.Studies, f.Recipe.Acquired, f.Progress).Write(ctx, dir)
}

// WriteTwins writes, into dir/twins, the unfractured twin of every patient of an index
// that has a fracture that can be seen: the same patient, scan and time. Twins are
// folders of studies whatever the layout.
func (f Files) WriteTwins(ctx context.Context, dir string, of *phantom.Index) (*phantom.Index, error) {
	const op = "bench: write twins"
	f.Layout = phantom.LayoutStudies
	dir = filepath.Join(dir, TwinsDir)
	twins := &phantom.Index{Schema: 1, Generator: of.Generator, Anatomy: of.Anatomy, Seed: of.Seed}
	var seeds []uint64
	for _, e := range of.Studies {
		if e.Patient == 1 {
			seeds = append(seeds, e.Seed)
		}
	}
	var list []Entry
	for i, seed := range seeds {
		n := seed - f.Recipe.Seed
		if n >= uint64(f.Recipe.Studies) {
			return nil, neckfrac.Errorf(neckfrac.Invalid, op, "the index is of another recipe")
		}
		c := f.Recipe.Config(int(n))
		c.Intact = true
		one, err := f.set(c, 1, f.Recipe.Acquired.Add(time.Duration(n)*10*time.Minute), nil).Write(ctx, dir)
		if err != nil {
			return nil, neckfrac.E(op, err)
		}
		twins.Studies = append(twins.Studies, one.Studies...)
		list = append(list, Entry{ID: one.Studies[0].ID, Digest: one.Studies[0].Digest})
		if f.Progress != nil {
			f.Progress(i+1, len(seeds))
		}
	}
	twins.Digest = DigestOf(list)
	if len(seeds) == 0 {
		return twins, nil
	}
	b, err := json.MarshalIndent(twins, "", "  ")
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Internal, op, err)
	}
	// Over the index that the last twin's set of one left.
	name := filepath.Join(dir, "index.json")
	if err := os.WriteFile(name+".partial", append(b, '\n'), 0o644); err != nil {
		return nil, neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	return twins, neckfrac.Wrap(neckfrac.Unavailable, op, os.Rename(name+".partial", name))
}

func (f Files) set(c phantom.Config, n int, at time.Time, progress func(done, count int)) phantom.Set {
	return phantom.Set{First: c, Count: n, Acquired: at, Layout: f.Layout, Progress: progress}
}
