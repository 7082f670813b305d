// Package bench holds the frozen benchmarks of synthetic patients, and shows how hard
// they are.
//
//	v1.json (Recipe) → phantom.Generate, one study at a time → measure → Study
//	v1.tsv  (digest and truth of each study) ──── Compare ──────────┤
//	                                     Study… → Judge → Report: baselines, features, cells
//
// A benchmark is a recipe, which is data, and what the generator made of it on the day
// it was frozen: a digest for each study and one over all, that of phantom.Index. A
// generator that draws anything else no longer makes this benchmark; that one is the
// next version, and both are reported.
//
// The difficulty proof asks what answers without a network: everything but the image,
// the shape of the true mask, each of some thirty hand-made features, and a ridge over
// all of them. Models are logistic, cross-validated by patient; intervals are bootstrap
// by patient. The marks are the true ones, which flatters every baseline.
//
// # Guarantees
//
// One study is in memory at a time. A run that was stopped goes on (progress.jsonl), and
// makes its last study again to see that the generator is still the same; one of another
// recipe is a Conflict. Equal studies give equal figures. A figure that can't be had is
// null, never 0.
//
// # Limits
//
// A recipe has at most MaxStudies studies. Digests hold on amd64 processors with FMA and
// builds with GOAMD64=v1, the default: floating point differs elsewhere.
//
// # Not here
//
// No network and no pack (models/evaluate), nothing about real patients: synthetic
// figures prove machinery, never clinical accuracy.
package bench
