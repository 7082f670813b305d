package models

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// Graphs are exported networks before anything is fitted on their scores: no
// calibration, no threshold, no signature. An evaluation runs them to make the table
// that the fit is made from. They are no Pack, so nothing that decides can take them.
type Graphs struct {
	models []Model
	random bool
	dir    string
}

// OpenGraphs finds the graphs in a folder that training wrote: *.onnx and
// models.json. Kinds of error: NotFound, Invalid for an export without segmenter or
// classifier, or with an input that is out of bounds.
func OpenGraphs(dir string) (*Graphs, error) {
	const op = "graphs"
	names, err := graphFiles(dir)
	if err != nil {
		return nil, err
	}
	g := &Graphs{random: strings.HasPrefix(names[0], randomPrefix), dir: dir}
	exported, err := readExport(filepath.Join(dir, prefixIf(g.random)+"models.json"))
	if err != nil {
		return nil, err
	}
	if g.models, err = rolesOf(names, exported); err != nil {
		return nil, err
	}
	m := Manifest{Models: g.models}
	for _, r := range []Role{Segment, Classify} {
		if _, ok := m.Model(r); !ok {
			return nil, neckfrac.Errorf(neckfrac.Invalid, op, "no graph for %s", r)
		}
	}
	_, err = g.Specs()
	return g, err
}

// Models lists the networks with their folds; it must not be modified.
func (g *Graphs) Models() []Model { return g.models }

// RandomWeights says that the networks are untrained.
func (g *Graphs) RandomWeights() bool { return g.random }

// Specs returns the inputs of the networks.
func (g *Graphs) Specs() (input.Specs, error) { return (&Manifest{Models: g.models}).Specs() }

// ReadFile returns the graph of that name.
func (g *Graphs) ReadFile(name string) ([]byte, error) {
	if !graphPattern.MatchString(name) {
		return nil, neckfrac.Errorf(neckfrac.NotFound, "graphs: read", "%.64q", name)
	}
	root, err := os.OpenRoot(g.dir)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.NotFound, "graphs: read", err)
	}
	defer root.Close()
	return readAll(dirStore{root}, name, maxFileBytes)
}

// Digest is the SHA-256 over the names and bytes of the graphs.
func (g *Graphs) Digest() (string, error) {
	h := sha256.New()
	for _, m := range g.models {
		for _, name := range m.Files {
			b, err := g.ReadFile(name)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(h, "%s %d\n", name, len(b))
			h.Write(b)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
