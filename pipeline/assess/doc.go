// Package assess turns a pack's probabilities into an Assessment. It is the only
// place in the project that compares a probability with a threshold; whoever reads an
// Assessment renders it and compares nothing.
//
//	Prediction + Decision + limits → Assess → Assessment → ledger
//	RefusedError                   → NotAnalysed ↗
//
// Guarantees: pure (no clock, no randomness, inputs unchanged); a higher probability
// never gives a level or the patient a lower presence or point, nor a level a lower
// grade (the patient's grade is that of the highest flagged level and, only where none
// is flagged, the band of the patient's own probability); a number that is none (NaN, outside
// 0..1) gives Indeterminate and never "not flagged"; every number in the result can be
// written as JSON. A level that is not wholly in the field is NotImaged; fewer than
// three levels wholly in it are no analysis. Only flagged levels have a grade (W5).
// W13 is applied here: the profile on the result is what it may do outside. A test patient
// limits a result and keeps it at research, the generator's own apart.
//
// It does not choose thresholds (they come signed with the pack), does not decide who
// is told (package alert), and does not number revisions (the ledger).
package assess
