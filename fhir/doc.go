// Package fhir renders studies and assessments as FHIR R4 resources and serves
// them read-only.
//
//	ledger ─Record→ View ─builders→ Resource ─JSON→ client
//	   Patient JSON ─ReadPatient→ identifiers ─Resolver→ one person or none → Find
//
// The builders are pure: a View holds everything that a study's resources are made
// of, and equal Views make equal bytes. One file per resource. Types of google/fhir
// stay inside the package; callers see Resource, which is JSON.
//
// # Clauses
//
// R4 (4.0.1) DiagnosticReport, Observation, ImagingStudy, Device, Organization,
// CodeSystem, Media, Binary, CapabilityStatement, OperationOutcome, Bundle; R4
// RESTful API §3.1.0.1 read, §3.1.1 search with strict handling.
//
// # Guarantees
//
// A report of ours stays preliminary, has no resultsInterpreter and no
// interpretation. A level outside the field of view has a dataAbsentReason and never
// a value. In the triage profile nothing names a level, a number or a grade. Sentences
// come from the module root, codes from its one list. Every relative reference in a
// served resource can be read. Errors are OperationOutcomes with fixed texts.
//
// # Limits
//
// Query, page size, Binary and Patient JSON are bounded by Limits. A search that
// filters by status looks at a bounded number of studies per page and goes on by the
// next link. The report's conclusion names the read status of the moment, so there are
// no conditional reads: an ETag names the result's revision.
//
// # Not here
//
// No create, update, history, subscriptions or push; no authentication (package api);
// no thresholds, no pixels, no Patient resources: a person is an identifier here.
package fhir
