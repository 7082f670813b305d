// Package phantom makes synthetic CT of the cervical spine with ground truth: the
// data that the demonstration models are trained and measured on, and the test
// patient of the service.
//
//	seed → person → posture → fractures → painting → scanner → Study → Form → files
//
// Bones are unions of signed-distance parts with the measures and spreads of adults
// (Panjabi 1991 and 2001, UMTRI-2017-1, Indian CT series for C1 and C2); fractures
// are rough cuts with gaps filled with blood and rigid fragments, wedges, bursts and
// chips, at the level shares of the RSNA 2022 labels; the scanner has a slice
// profile, a kernel, coloured noise, shoulder streaks and partial coverage.
//
// Guarantees: equal Config, equal Study, on every machine of one architecture;
// every stage draws from its own stream, so that Config.Intact gives the same
// patient and scan without the fractures, and nothing about the scan depends on the
// label; a level is labelled broken only if at least three voxels change by more
// than twice the noise and the clutter of bone at this resolution, else it is occult.
//
// A Form says what the scanner makes of the drawn volume and sends: eight patient
// positions, gantry tilt, localizers, the other kernel, reformats, a dose report, lost
// slices, two spacings. Truth and labels stay those of the patient, in LPS.
//
// Limits: a 256 x 256 x 256 study takes some 200 MB and a few seconds of one core.
// Package phantom draws no real patient: its figures prove the machinery, never
// clinical accuracy. Its own bones are no meshes; LoadAnatomy takes those of an atlas, with
// its licence. It has no contrast phases and no healing between fresh and old; Phantom3
// has no metal either, nor does its neck follow a break, as that of Phantom4 does. Forms
// are cut out of one drawn volume: the table stays behind the patient in every position,
// a leaning slice is interpolated, and ends with the volume.
package phantom
