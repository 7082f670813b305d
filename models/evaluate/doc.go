// Package evaluate judges networks and packs on studies whose truth is known.
//
//	DIR/<id>/{dicom, truth.json, labels.nii.gz} → Collect → Case… → WriteScores → scores.jsonl → fit
//	                                                           └→ Calibrate → Judge → Report → text, JSON, HTML
//
// Every study runs from its DICOM files on, by the caller's reader and networks, as in
// service: what the service would refuse is refused here, and counted. A level's truth
// is looked up by the name that the answer gives it, so a level that is misnamed is
// wrong, not forgiven.
//
// # Guarantees
//
// Figures are pure functions of the cases and a fixed seed; the order of work does not
// change them. Fractures that the voxels don't show (occult) are left out and counted.
// A figure that can't be had (one class is missing) is NaN in Go and null in JSON,
// never 0 or 1. The domain of the data stands on top of every form of the report.
//
// # Limits
//
// Those of models/dataset for truth files and numbers of studies.
//
// # Not here
//
// No inference (the caller gives Examine), no DICOM, no training, no thresholds of its
// own: operating points are the pack's.
package evaluate
