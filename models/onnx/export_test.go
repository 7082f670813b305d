package onnx

// Handles counts what the C library holds for this process.
func Handles() map[string]int64 {
	return map[string]int64{
		"sessions": handles.sessions.Load(), "options": handles.options.Load(),
		"tensors": handles.tensors.Load(), "bindings": handles.bindings.Load(),
	}
}

// Bind makes runs go through IO binding, as they do on a GPU.
func (e *Examiner) Bind() { e.engine.bind, e.engine.batch, e.engine.ahead = true, batchGPU, 2 }

// CUDAAvailable looks for a device in the folder dev.
var CUDAAvailable = cudaAvailable
