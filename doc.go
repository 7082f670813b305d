// Package neckfrac is the domain of a clinical decision support service for
// fractures of the cervical spine on CT, and the ports its adapters implement.
//
//	modality ─C-STORE→ dicomnet → pipeline/scp → blob → ledger ··→ queue → worker → runner: volume → predictor
//	   → assess → ledger + outbox → FHIR · CDS Hooks · page
//
// The package holds only types, closed lists and pure rules: who a person is
// (PatientKey), where a voxel lies (Volume), what a model said (Prediction), what
// that means (Assessment), why a study was not analysed (Reason), which words may
// leave the house (wording.go). It imports nothing but the standard library, so
// every adapter can depend on it and it on none of them.
//
// # Guarantees
//
// Zero values are safe: the zero Presence is Indeterminate, never "not flagged".
// Values are plain and comparable where their meaning is; what is handed out by a
// port may be kept, what is passed to a port is not modified by it.
// Every list that other systems rely on (vertebrae, reasons, codes, error kinds)
// exists here once.
//
// # Not here
//
// No I/O, no DICOM elements, no FHIR protos, no SQL, no thresholds (package
// pipeline/assess compares them, the signed model pack states them).
//
// This is research software, not a cleared medical device.
package neckfrac
