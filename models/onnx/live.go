package onnx

import (
	"sync/atomic"

	ort "github.com/yalue/onnxruntime_go"
)

// handles counts what the C library holds for us and only we can free: Go's collector
// does not see it. A test wants it to be zero after every kind of run.
var handles struct {
	sessions, options, tensors, bindings atomic.Int64
}

// destroyer is a handle of the C library.
type destroyer interface{ Destroy() error }

// counted is a handle that is counted from its making to its end.
type counted struct {
	destroyer
	in *atomic.Int64
}

func count(d destroyer, in *atomic.Int64) counted {
	in.Add(1)
	return counted{d, in}
}

func (c counted) Destroy() error {
	c.in.Add(-1)
	return c.destroyer.Destroy()
}

// values are the tensors of one run.
type values []ort.Value

// add wraps a tensor's memory, which stays Go's, in a value of the C library.
func (v *values) add(t tensor) error {
	x, err := ort.NewTensor(ort.Shape(t.shape), t.data)
	if err != nil {
		return err
	}
	handles.tensors.Add(1)
	*v = append(*v, x)
	return nil
}

func (v values) destroy() (err error) {
	for _, x := range v {
		handles.tensors.Add(-1)
		if derr := x.Destroy(); err == nil {
			err = derr
		}
	}
	return err
}
