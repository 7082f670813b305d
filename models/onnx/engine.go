package onnx

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Options configure the run time.
type Options struct {
	// Library is the path of the ONNX Runtime library; empty searches (FindLibrary).
	Library string
	// Device defaults to Auto.
	Device Device
	// Threads is how many runs may be in work at once, each with a thread of its own.
	// Defaults to Processors. A GPU takes one after the other whatever it says.
	Threads int
	// Parallel is how many studies may be in work at once. Defaults to 1.
	Parallel int
	// RunTimeout ends one run of one network. Defaults to DefaultRunTimeout.
	RunTimeout time.Duration
	// Blind also scores with the image channels zeroed after segmentation, into
	// Examination.Blind. Only an evaluation sets it, to see what the ensemble knows
	// without looking.
	Blind bool
	// Trace hears of every run that ended well, from several goroutines at once.
	Trace func(Run)
	// Labels takes the place of what a segmenter answers, after it ran, on fields of
	// this many voxels. Only a speed bench sets it: networks of random weights find no
	// vertebra, and what follows would have nothing to do.
	Labels []uint8
}

// DefaultRunTimeout is a hundred times the slowest run of the full-size graphs.
const DefaultRunTimeout = time.Minute

// Run is one pass of one graph.
type Run struct {
	File  string
	Shape []int64
	Took  time.Duration
}

// Batches: on a CPU larger ones gain nothing and cost memory; on a GPU small ones
// leave it idle.
const (
	batchCPU = 4
	batchGPU = 32
)

// engine is what the sessions of an Examiner share.
type engine struct {
	device  Device
	runs    chan struct{} // a place for each run in work
	batch   int
	bind    bool
	ahead   int // inputs that are made at once
	timeout time.Duration
	trace   func(Run)
}

// newEngine loads the library and chooses the device.
func newEngine(o Options) (*engine, error) {
	path, err := FindLibrary(o.Library)
	if err != nil {
		return nil, err
	}
	if _, err := Load(path); err != nil {
		return nil, err
	}
	e := &engine{batch: batchCPU, timeout: o.RunTimeout, trace: o.Trace}
	device, err := ParseDevice(string(o.Device))
	if err != nil {
		return nil, err
	}
	if e.device, err = device.choose(); err != nil {
		return nil, err
	}
	threads := o.Threads
	if threads <= 0 {
		threads = Processors()
	}
	if e.device == CUDA {
		e.batch, e.bind, e.ahead, threads = batchGPU, true, 2, 1
	}
	if e.timeout <= 0 {
		e.timeout = DefaultRunTimeout
	}
	e.runs = make(chan struct{}, threads)
	return e, nil
}

// each does the parts 0..n-1 on as many goroutines as runs may be in work; on a GPU on
// two, so that the next input is cut while it works. The first failure ends the others
// and is the error.
func (e *engine) each(ctx context.Context, n int, part func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(max(cap(e.runs), e.ahead), n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := part(ctx, i); err != nil {
					cancel(err) // only the first is kept
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
