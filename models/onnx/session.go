package onnx

import (
	"context"
	"errors"
	"runtime"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/neckfrac/neckfrac"
)

// Options configure the run time.
type Options struct {
	// Library is the path of the ONNX Runtime library; empty searches (FindLibrary).
	Library string
	// Threads per run. Defaults to the processors that the process may use.
	Threads int
	// AllowSpinning lets idle threads wait busily. It is faster on a machine of one's
	// own and slower, by half and more, on a shared one.
	AllowSpinning bool
	// Parallel is how many studies may be in work at once. Defaults to 1.
	Parallel int
	// Blind also scores with the image channels zeroed after segmentation, into
	// Examination.Blind. Only an evaluation sets it, to see what the ensemble knows
	// without looking.
	Blind bool
}

// batch is how many slices go through a network at once; more gain nothing on a CPU.
const batch = 8

// session is one loaded graph with a single float32 input.
type session struct {
	s       *ort.DynamicAdvancedSession
	outputs int
}

func newSession(graph []byte, o Options, in string, out ...string) (_ *session, err error) {
	const op = "onnx: load graph"
	opts, err := ort.NewSessionOptions()
	if err != nil {
		return nil, neckfrac.E(op, err)
	}
	defer opts.Destroy()
	threads := o.Threads
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	spin := "0"
	if o.AllowSpinning {
		spin = "1"
	}
	err = errors.Join(opts.SetIntraOpNumThreads(threads), opts.SetInterOpNumThreads(1),
		opts.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll),
		opts.SetMemPattern(false), // sizes differ from study to study
		opts.AddSessionConfigEntry("session.intra_op.allow_spinning", spin))
	if err != nil {
		return nil, neckfrac.E(op, err)
	}
	s, err := ort.NewDynamicAdvancedSessionWithONNXData(graph, []string{in}, out, opts)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	return &session{s, len(out)}, nil
}

func (s *session) close() error { return s.s.Destroy() }

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

// run sends in through the graph and fills outs, whose shapes must be those of the
// graph's outputs. It ends early, with the context's error, when ctx does.
func (s *session) run(ctx context.Context, in tensor, outs ...tensor) (err error) {
	const op = "onnx: run"
	if err := ctx.Err(); err != nil {
		return neckfrac.E(op, err)
	}
	values := make([]ort.Value, 0, 1+len(outs))
	defer func() {
		for _, v := range values {
			err = errors.Join(err, v.Destroy())
		}
	}()
	for _, t := range append([]tensor{in}, outs...) {
		v, err := ort.NewTensor(ort.Shape(t.shape), t.data)
		if err != nil {
			return neckfrac.E(op, err)
		}
		values = append(values, v)
	}
	opts, err := ort.NewRunOptions()
	if err != nil {
		return neckfrac.E(op, err)
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		opts.Terminate() // fails only for options that are destroyed, which waits for ended
	})
	err = s.s.RunWithOptions(values[:1], values[1:], opts)
	if !stop() {
		<-ended
	}
	derr := opts.Destroy()
	if cerr := ctx.Err(); cerr != nil {
		return neckfrac.E(op, cerr)
	}
	return neckfrac.E(op, errors.Join(err, derr))
}
