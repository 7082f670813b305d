// Package onnx runs model packs on ONNX Runtime. It is the only package with cgo.
//
//	Volume → input.Field → segmenter → level.Name → crops, slices → classifier, Model I → Scores → Ensemble → Prediction
//
// Open makes a neckfrac.Predictor of a pack. OpenGraphs makes an Examiner of exported
// graphs that have no fit yet: it gives scores and can't predict. OpenSegmenter runs a
// segmenter alone, for `neckfrac dataset prepare` before a pack exists. The library is
// a shared object, loaded at run time: FindLibrary says where it is looked for.
//
// # Guarantees
//
// A Predictor is deterministic for a pack and a device and safe for concurrent use; its
// sessions serve all studies, one at a time unless Options.Parallel says more. It reads
// volumes and never writes them. Every run ends soon after its context or its own
// deadline does (RunOptions.Terminate). Handles of the C library are freed on every
// path. Shapes are stated on both sides of a run, so a graph that answers with another
// shape is an error. A pack that holds a self-test is loaded only where its networks
// answer the frozen input as they did when it was built (models.SelfTest).
//
// # Limits
//
// On a CPU a run has one thread, and as many batches of four are in work as the process
// has processors (Processors: GOMAXPROCS and the cgroup's quota). All sessions share
// one arena of at most 768 MiB on top of their weights; no thread spins.
//
// On CUDA (Options.Device) there are batches of 32 through IO binding, 4 GiB at most
// and no TF32; such a run can't be terminated, and the worker ends a runner that hangs.
// The project's own machines have no GPU: what is tested is the refusal where device or
// provider are missing, and the bound path on the CPU.
//
// # Not here
//
// No preprocessing (models/input), no naming (models/level), no thresholds
// (pipeline/assess).
package onnx
