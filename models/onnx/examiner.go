package onnx

import (
	"errors"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/input"
)

// Examiner holds the networks and runs them without judging the result. It is all
// that can be made of graphs that have no fit; a Predictor is one with its pack.
type Examiner struct {
	specs    input.Specs
	segment  *Segmenter
	classify []*session
	patient  []*session
	levels   [neckfrac.Levels][]*session
	engine   *engine
	blind    bool
	places   chan struct{}
}

// graph is a network's file.
type graph struct {
	name  string
	bytes []byte
}

// OpenGraphs loads the library and exported networks. Close the Examiner after use.
// Errors are those of Open.
func OpenGraphs(g *models.Graphs, o Options) (*Examiner, error) {
	specs, err := g.Specs()
	if err != nil {
		return nil, err
	}
	return newExaminer(g.Models(), specs, g.ReadFile, o)
}

func newExaminer(networks []models.Model, specs input.Specs, read func(string) ([]byte, error), o Options) (*Examiner, error) {
	en, err := newEngine(o)
	if err != nil {
		return nil, err
	}
	e := &Examiner{specs: specs, engine: en, blind: o.Blind, places: make(chan struct{}, max(o.Parallel, 1))}
	if err := e.load(networks, read); err != nil {
		e.Close()
		return nil, err
	}
	e.segment.answer = o.Labels
	return e, nil
}

// Device is where the networks run, CPU or CUDA.
func (e *Examiner) Device() Device { return e.engine.device }

func (e *Examiner) load(networks []models.Model, read func(string) ([]byte, error)) error {
	for _, m := range networks {
		var graphs []graph
		for _, name := range m.Files {
			b, err := read(name)
			if err != nil {
				return err
			}
			graphs = append(graphs, graph{name, b})
		}
		var err error
		switch m.Role {
		case models.Segment:
			e.segment, err = newSegmenter(e.specs.Segment, e.engine, graphs)
		case models.Classify:
			e.classify, err = newSessions(graphs, e.engine, "crops", "logit", "slice_logits", "maps")
		case models.Model1Patient:
			e.patient, err = newSessions(graphs, e.engine, "slices", "logit", "map")
		default:
			for _, v := range neckfrac.Vertebrae() {
				if models.Model1Level(v) == m.Role {
					e.levels[v.Index()], err = newSessions(graphs, e.engine, "slices", "logit", "map")
				}
			}
		}
		if err != nil {
			return neckfrac.E(string(m.Role), err)
		}
	}
	return nil
}

func newSessions(graphs []graph, e *engine, in string, out ...string) ([]*session, error) {
	var all []*session
	for _, g := range graphs {
		s, err := newSession(g.name, g.bytes, e, in, out...)
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func closeAll(all []*session) error {
	var errs []error
	for _, s := range all {
		errs = append(errs, s.close())
	}
	return neckfrac.E("onnx: close", errors.Join(errs...))
}

// Close frees the networks. No call may be under way.
func (e *Examiner) Close() error {
	errs := []error{closeAll(e.classify), closeAll(e.patient)}
	if e.segment != nil {
		errs = append(errs, e.segment.Close())
	}
	for _, l := range e.levels {
		errs = append(errs, closeAll(l))
	}
	return errors.Join(errs...)
}
