package onnx

import (
	"context"
	"errors"
	"fmt"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/neckfrac/neckfrac"
)

// session is one loaded graph with a single float32 input. Runs may be concurrent.
type session struct {
	s       *ort.DynamicAdvancedSession
	file    string
	input   string
	outputs []string
	engine  *engine
}

// newSession loads a graph. A run has one thread: it is the runs that are parallel
// (engine.each), which costs no waiting at barriers.
func newSession(file string, graph []byte, e *engine, in string, out ...string) (_ *session, err error) {
	op := "onnx: load " + file
	opts, err := ort.NewSessionOptions()
	if err != nil {
		return nil, neckfrac.E(op, err)
	}
	o := count(opts, &handles.options)
	defer o.Destroy()
	err = errors.Join(opts.SetIntraOpNumThreads(1), opts.SetInterOpNumThreads(1),
		opts.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll),
		opts.SetMemPattern(false), // sizes differ from study to study
		opts.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
		opts.AddSessionConfigEntry("session.inter_op.allow_spinning", "0"),
		opts.AddSessionConfigEntry("session.use_env_allocators", "1"), // the arena of Load
		// Weights stay for good: in the arena they would break it into pieces.
		opts.AddSessionConfigEntry("session.use_device_allocator_for_initializers", "1"))
	if err == nil && e.device == CUDA {
		err = appendCUDA(opts)
	}
	if err != nil {
		return nil, neckfrac.E(op, err)
	}
	s, err := ort.NewDynamicAdvancedSessionWithONNXData(graph, []string{in}, out, opts)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	handles.sessions.Add(1)
	return &session{s, file, in, out, e}, nil
}

func (s *session) close() error {
	handles.sessions.Add(-1)
	return s.s.Destroy()
}

// tensor is a float32 array with its shape.
type tensor struct {
	shape []int64
	data  []float32
}

func newTensor(shape ...int64) tensor {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	return tensor{shape, make([]float32, n)}
}

// errSlow is the cause of a run's own deadline.
var errSlow = errors.New("a network took too long")

// run sends in through the graph and fills outs, whose shapes must be those of the
// graph's outputs. It waits for a place among the runs in work, and ends early, with
// the context's error, when ctx does. A run over Options.RunTimeout is Unavailable.
func (s *session) run(ctx context.Context, in tensor, outs ...tensor) (err error) {
	op := "onnx: run " + s.file
	select {
	case s.engine.runs <- struct{}{}:
		defer func() { <-s.engine.runs }()
	case <-ctx.Done():
		return neckfrac.E(op, ctx.Err())
	}
	if err := ctx.Err(); err != nil {
		return neckfrac.E(op, err)
	}
	var vs values
	defer func() { err = errors.Join(err, neckfrac.E(op, vs.destroy())) }()
	for _, t := range append([]tensor{in}, outs...) {
		if err := vs.add(t); err != nil {
			return neckfrac.E(op, err)
		}
	}
	start := time.Now()
	if s.engine.bind {
		err = s.runBound(vs)
	} else {
		err = s.runUntil(ctx, vs)
	}
	if err == nil && s.engine.trace != nil {
		s.engine.trace(Run{s.file, in.shape, time.Since(start)})
	}
	return neckfrac.E(op, err)
}

// runUntil runs with a deadline: what a terminated run wrote is not used.
func (s *session) runUntil(ctx context.Context, vs values) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.engine.timeout, errSlow)
	defer cancel()
	opts, err := ort.NewRunOptions()
	if err != nil {
		return err
	}
	o := count(opts, &handles.options)
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		opts.Terminate() // fails only for options that are destroyed, which waits for ended
	})
	err = s.s.RunWithOptions(vs[:1], vs[1:], opts)
	if !stop() {
		<-ended
	}
	derr := o.Destroy()
	if ctx.Err() != nil {
		if context.Cause(ctx) == errSlow {
			return neckfrac.Wrap(neckfrac.Unavailable, "deadline", fmt.Errorf("%w: over %s", errSlow, s.engine.timeout))
		}
		return ctx.Err()
	}
	return errors.Join(err, derr)
}

// runBound binds memory to the graph's input and outputs, so that the provider copies
// straight from and to it. The library takes no run options here, so such a run can't
// be ended: on a GPU it takes milliseconds, and the worker ends a runner that hangs.
func (s *session) runBound(vs values) error {
	b, err := s.s.CreateIoBinding()
	if err != nil {
		return err
	}
	c := count(b, &handles.bindings)
	err = b.BindInput(s.input, vs[0])
	for i, name := range s.outputs {
		err = errors.Join(err, b.BindOutput(name, vs[1+i]))
	}
	if err == nil {
		err = s.s.RunWithBinding(b)
	}
	return errors.Join(err, c.Destroy())
}
