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
// A Predictor is deterministic for a pack and safe for concurrent use; one study at
// a time is in work unless Options.Parallel says more. It reads volumes and never
// writes them. Every run ends soon after its context does (RunOptions.Terminate).
// Tensors and sessions are freed on every path. Shapes are stated on both sides of
// a run, so a graph that answers with another shape is an error.
//
// # Limits
//
// Batches of eight: on a CPU larger ones cost memory and gain nothing. Threads
// default to the processors that the process may use, which Go takes from the
// cgroup's quota; idle threads do not spin.
//
// # Not here
//
// No preprocessing (models/input), no naming (models/level), no thresholds
// (pipeline/assess), no GPU provider yet: execution is on the CPU.
package onnx
