package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/blob/fsblob"
	"github.com/neckfrac/neckfrac/pipeline/ledger/sqlite"
)

// VerifyStoreCmd compares what the ledger has promised with what the disk holds. It exits
// with 0 if all is ok, else with 1, and writes nothing.
type VerifyStoreCmd struct {
	Config string `help:"YAML file." type:"existingfile" placeholder:"FILE"`
	Data   string `help:"Data directory (data.dir)." placeholder:"DIR"`
	JSON   bool   `name:"json" help:"One JSON object a line."`
}

// Run prints one line per stored SOP Instance UID, and one for every other blob that is
// missing, altered or an orphan.
func (c VerifyStoreCmd) Run(rt *Runtime) error {
	dir, err := c.dir(rt)
	if err != nil {
		return err
	}
	db, err := sqlite.OpenReadOnly(rt.Context, filepath.Join(dir, "ledger.db"))
	if err != nil {
		return storeErr(dir, err)
	}
	defer db.Close()
	blobs, err := fsblob.OpenReadOnly(filepath.Join(dir, "blobs"))
	if err != nil {
		return storeErr(dir, err)
	}
	defer blobs.Close()

	out := bufio.NewWriter(rt.Stdout)
	p := newProgress(rt, -1, "verify")
	counts := map[pipeline.StoreState]int{}
	err = pipeline.VerifyStore(rt.Context, blobs, db, func(e pipeline.StoreEntry) error {
		counts[e.State]++
		return c.print(out, e)
	}, p.set)
	p.end()
	if ferr := out.Flush(); err == nil {
		err = ferr
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(rt.Stderr, "neckfrac: %d ok, %d missing, %d altered, %d orphans\n", counts[pipeline.StoreOK],
		counts[pipeline.StoreMissing], counts[pipeline.StoreAltered], counts[pipeline.StoreOrphan])
	if len(counts) > 1 || len(counts) == 1 && counts[pipeline.StoreOK] == 0 {
		return &exitError{code: exitFailed}
	}
	return nil
}

func (c VerifyStoreCmd) print(out *bufio.Writer, e pipeline.StoreEntry) error {
	if c.JSON {
		return json.NewEncoder(out).Encode(e)
	}
	name := string(e.Instance)
	if name == "" {
		name = "blob " + e.Digest
	}
	_, err := fmt.Fprintf(out, "%-8s %s\n", e.State, name)
	return err
}

func (c VerifyStoreCmd) dir(rt *Runtime) (string, error) {
	if c.Data != "" {
		return c.Data, nil
	}
	cfg, err := LoadConfig(c.Config, rt.Environ)
	return cfg.Data.Dir, err
}

func storeErr(dir string, err error) error {
	if neckfrac.KindOf(err) == neckfrac.NotFound {
		return neckfrac.Errorf(neckfrac.NotFound, "verify-store", "%s is no data directory of neckfrac", dir)
	}
	return err
}
