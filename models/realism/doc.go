// Package realism compares synthetic CT of the neck with real CT, by numbers.
//
//	volume → Resample (common grid) → Measure → Profile ─┐
//	labels → Place (head of the neck, canal) ┘           ├→ Compare → Report: distances, gates
//	volume → Resample → Place.Cut → Patch → a classifier ┘
//
// A difference of resolution would hide or feign any other difference, so everything is
// measured on one grid that is at least as coarse as every volume: each of its cells is
// the mean of the voxels it covers, weighted by the covered share. Nothing is ever
// stretched; a volume that is coarser than the grid is refused as Unsupported.
//
// Measures, in millimetres and Hounsfield units: shares of tissue inside the body's
// outline, percentiles of bone round the canal, roughness and radial power spectrum of
// soft tissue and of the spine, outline at distances below the head of the neck. Compare
// gives for each the middle and the 5-95 % range of both sets, the Kolmogorov-Smirnov
// and the Wasserstein distance, and how many synthetic scans lie in the real range. Gates
// are data: a measure and the range that the synthetic median must be in.
//
// Guarantees: pure and deterministic; inputs are not modified. A measure that a volume
// can't give, because it ends before, is absent and never zero.
//
// Limits: axes within 2.5 degrees of the patient's; square pixels of the common grid;
// 2^28 voxels; at most maxPatches spectra a volume. The head of the neck is the end of a
// brainstem contour in organ labels and the top of C1 or the dens in vertebra labels:
// these agree within some 5 mm, so that differences along the neck below that mean
// nothing, and patches are cut with more jitter than that.
//
// It does not read files, does not know who drew a picture or how, and trains nothing:
// the classifier is models/training/realism.py. Likeness of figures is no likeness of
// patients, and no figure here says anything of clinical accuracy.
package realism
