// Package artefact draws what people and pages see instead of raw pixels: key images
// of each level in three planes, and a small preview volume of the spine with its
// mask.
//
// It runs in the runner, after the predictors and before the worker takes the files:
//
//	Volume + Prediction → key images (PNG), preview and mask (gzip) → private folder
//
// Pictures lie on the patient's own axes in square millimetres, seen as radiologists
// see them: axial from the feet (patient's right on the left), sagittal with anterior
// on the left, coronal from the front. They show a bone window (W 1800, L 400). Burnt
// in are the orientation letters, the level, W9's caption and, for a synthetic pack,
// W13's sentence. A box around the lesion makes a picture Marked.
//
// Guarantees: pure apart from the files; equal inputs give equal bytes; the volume
// and the prediction are only read. No patient data is drawn or named.
//
// Limits: a key image has 320×320 pixels; the preview is cropped to the vertebrae and
// 25 mm around them, with voxels of about 1 mm or the scan's own where it is coarser.
//
// It takes no decision: boxes are drawn where the model points, flagged or not, and
// who shows which picture is decided by whoever reads the Assessment. It makes no
// DICOM objects (package evidence) and gives no artefact its ID (the worker does).
package artefact
